"""The checks of lesson 01, the Transformer that lost."""

import math
from numbers import Integral, Real

from helpers.models import PaperRecipe
from helpers.recipes import EPOCHS
from helpers.recorded import load_table
from helpers.teaching.checks import Wrong, answered, exercise, need

RUN_ON = "Run the next cells and see it happen, then come back."


@exercise("01.1")
def guess_the_gap(answer):
    winner, points = answer
    answered(winner, points)
    means = 100 * load_table("untuned").groupby("model")["val_accuracy"].mean()
    gap = means["LSTM"] - means["paper's recipe"]

    need(winner in ("LSTM", "Transformer"),
         f'the winner is {winner!r}; write "LSTM" or "Transformer", with the quotation marks.')
    need(isinstance(points, Real), f"points is {points!r}; write a number.")
    need(points >= 0, f"{points:g} points is negative. The winner gives the direction, points the distance.")
    need(winner == ("LSTM" if gap > 0 else "Transformer"),
         f"most people would guess so, but over five seeds the other one is ahead. {RUN_ON}")
    need(points == 0 or points >= 1,
         f"{points:g} points is less than one right answer in a hundred. If you mean a share, "
         "multiply it by 100: from 0.70 to 0.71 is one point.")
    need(points > abs(gap) - 10,
         f"the winner is right, but the gap is wider than {points:g} points, by more than 10. How many points lie "
         f"between the LSTM and always predicting \"pair\"? {RUN_ON}")
    need(points < abs(gap) + 10,
         f"the winner is right, but the gap is narrower than {points:g} points, by more than 10. Always predicting "
         f"\"pair\" is right for {means['majority']:.0f} of 100 hands, and no model should do worse. {RUN_ON}")
    return "A good guess, and it holds over five seeds. Now see it happen."


TRAININGS = [  # rows, batch size, epochs, share
    (1_000, 300, 120, 0.25),
    (6_000, 64, 12, 0.1),
    (6_400, 64, 5, 0.3),
]


@exercise("01.2")
def steps_of_the_warmup(warmup_steps):
    for n_rows, batch_size, epochs, share in TRAININGS:
        given = warmup_steps(n_rows, batch_size, epochs, share)
        answered(given)
        call = f"warmup_steps({n_rows}, {batch_size}, {epochs}, {share})"
        need(isinstance(given, Real), f"{call} returns {given!r}; return a number.")
        an_epoch = math.ceil(n_rows / batch_size)
        reasons = [
            (n_rows // batch_size * epochs * share,
             "the last batch of an epoch is smaller than the others, but it is still a step."),
            (n_rows / batch_size * epochs * share,
             "an epoch has no half steps. Its last, smaller batch counts as one, so round up per epoch, before you "
             "multiply."),
            (an_epoch * share, f"that is a share of one epoch, but the training has {epochs}."),
            (an_epoch * epochs, "that is all steps of the training; the warm-up gets a share of them."),
            (n_rows * epochs * share, f"that counts rows. One step takes a whole batch of {batch_size} rows."),
        ]
        if abs(given - an_epoch * epochs * share) >= 1:
            other = "how many batches are in an epoch, and how many epochs are there?"
            why = next((reason for value, reason in reasons if abs(given - value) < 1), other)
            raise Wrong(f"{call} returns {given:g}: {why}")
        need(isinstance(given, Integral), f"{call} returns {given!r}. Steps are counted, so return a whole number.")
    return "A share of the steps fits every budget; a number of steps fits one."


@exercise("01.3")
def fixed_recipe(fixed):
    need(isinstance(fixed, PaperRecipe), f"fixed is {fixed!r}; pass the PaperRecipe itself.")
    answered(fixed.warmup, fixed.factor, fixed.n_layers)
    paper = PaperRecipe(width=1 / 8)
    need(fixed.d_model == paper.d_model,
         f"its model is {fixed.d_model} wide, ours is {paper.d_model}; keep width=1 / 8, which we can afford.")
    need(fixed.constant_lr is None, "with constant_lr there is no warm-up; leave it out.")
    need(not fixed.norm_first,
         "it has the norm first, which is one change too many; change only the schedule and the depth.")
    need(fixed.warmup >= 1, f"a warm-up of {fixed.warmup} steps is no warm-up; give it at least one.")

    n_steps = EPOCHS * math.ceil(6_000 / 64)
    need(fixed.warmup < n_steps,
         f"the training has {n_steps} steps, but the warm-up takes {fixed.warmup}: it never ends. "
         "See section \"Count the steps\".")
    need(fixed.warmup <= 0.4 * n_steps,
         f"the warm-up takes {100 * fixed.warmup / n_steps:.0f} % of the training's {n_steps} steps; use 40 % at most.")

    times = fixed.learning_rate(fixed.warmup) / paper.learning_rate(paper.warmup)
    peak = f"the highest learning rate is {times:.2g} times the paper's"
    need(not math.isclose(fixed.factor, 1),
         f"{peak}. A shorter warm-up raises the whole curve; lower it again with factor. See the third line in the "
         "picture of section \"Count the steps\".")
    need(not math.isclose(times, paper.warmup / fixed.warmup, rel_tol=0.05),
         f"{peak}: factor raises the curve further. It should lower it; invert the fraction.")
    need(not math.isclose(fixed.factor, fixed.warmup / paper.warmup, rel_tol=0.05),
         f"{peak}: factor lowers it too far. The peak of the paper's formula depends on the square root of the "
         "warm-up, not on the warm-up itself.")
    need(math.isclose(times, 1, rel_tol=0.05), f"{peak}; factor should make them equal.")
    need(fixed.n_layers < paper.n_layers,
         f"the schedule fits, but there are still {fixed.n_layers} layers. In the list, how did this schedule do "
         "with six layers, and how with two?")
    need(isinstance(fixed.n_layers, Integral) and fixed.n_layers >= 1,
         f"n_layers is {fixed.n_layers}; a model has a whole number of layers, at least one.")
    return "Warm-up, peak and depth fit this budget, and one another."
