"""The checks of lesson 01, the Transformer that lost."""

import math
from numbers import Integral, Real

from helpers.models import PaperRecipe
from helpers.recipes import EPOCHS
from helpers.recorded import load_table
from helpers.teaching.checks import Wrong, answered, exercise, need

RUN_ON = "Run on and see it happen, then come back."


@exercise("01.1")
def guess_the_gap(answer):
    winner, points = answer
    answered(winner, points)
    means = 100 * load_table("untuned").groupby("model")["val_accuracy"].mean()
    gap = means["LSTM"] - means["paper's recipe"]

    need(winner in ("LSTM", "Transformer"),
         f'the winner is {winner!r}; write "LSTM" or "Transformer", with the quotation marks.')
    need(isinstance(points, Real), f"points is {points!r}; write a number.")
    need(points >= 0, f"{points:g} points is negative. The winner says in which direction; points says how far.")
    need(winner == ("LSTM" if gap > 0 else "Transformer"),
         f"most people would guess so, and over five seeds the other one is ahead. {RUN_ON}")
    need(points == 0 or points >= 1,
         f"{points:g} points is less than one more right answer in a hundred. If you mean a share, "
         "multiply it by 100: from 0.70 to 0.71 is one point.")
    need(points > abs(gap) - 10,
         f"the winner is right, but the gap is wider than {points:g} points, by more than 10. How many points lie "
         f"between the LSTM and a model that always says \"pair\"? {RUN_ON}")
    need(points < abs(gap) + 10,
         f"the winner is right, but the gap is narrower than {points:g} points, by more than 10. A model that always "
         f"says \"pair\" is right in {means['majority']:.0f} of 100 hands, and falls no lower. {RUN_ON}")
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
        need(isinstance(given, Real), f"{call} gives {given!r}; return a number.")
        an_epoch = math.ceil(n_rows / batch_size)
        reasons = [
            (n_rows // batch_size * epochs * share,
             "the last batch of an epoch is smaller than the others, and it is a step all the same."),
            (n_rows / batch_size * epochs * share,
             "an epoch has no half steps. Its last batch is smaller and counts as one, so round up in each epoch, "
             "before you multiply."),
            (an_epoch * share, f"that is a share of one epoch, and the training has {epochs}."),
            (an_epoch * epochs, "those are all steps of the training; the warm-up gets a share of them."),
            (n_rows * epochs * share, f"those are rows. A step takes a whole batch of them, {batch_size} rows."),
        ]
        if abs(given - an_epoch * epochs * share) >= 1:
            other = "how many batches has an epoch, and how many epochs are there?"
            why = next((reason for value, reason in reasons if abs(given - value) < 1), other)
            raise Wrong(f"{call} gives {given:g}: {why}")
        need(isinstance(given, Integral), f"{call} gives {given!r}. Steps are counted, so return a whole number.")
    return "A share of the steps fits every budget; a number of steps fits one."


@exercise("01.3")
def mended_recipe(mended):
    need(isinstance(mended, PaperRecipe), f"mended is {mended!r}; hand over the PaperRecipe itself.")
    answered(mended.warmup, mended.factor, mended.n_layers)
    paper = PaperRecipe(width=1 / 8)
    need(mended.d_model == paper.d_model,
         f"its model is {mended.d_model} wide, ours {paper.d_model}; keep width=1 / 8, which we can afford.")
    need(mended.constant_lr is None, "with constant_lr there is no warm-up any more; leave it out.")
    need(not mended.norm_first, "it has the norm first, which is another change; change the schedule and the depth.")
    need(mended.warmup >= 1, f"a warm-up of {mended.warmup} steps is none; let it take at least one.")

    n_steps = EPOCHS * math.ceil(6_000 / 64)
    need(mended.warmup < n_steps,
         f"the training has {n_steps} steps, and the warm-up takes {mended.warmup}: it is not over when the training "
         "is. See \"Count the steps\".")
    need(mended.warmup <= 0.4 * n_steps,
         f"the warm-up takes {100 * mended.warmup / n_steps:.0f} % of the training's {n_steps} steps; 40 % at most.")

    times = mended.learning_rate(mended.warmup) / paper.learning_rate(paper.warmup)
    peak = f"the highest learning rate is {times:.2g} times the paper's"
    need(not math.isclose(mended.factor, 1),
         f"{peak}. A shorter warm-up lifts the whole curve; bring it down again with factor. See the third line in the "
         "picture of \"Count the steps\".")
    need(not math.isclose(times, paper.warmup / mended.warmup, rel_tol=0.05),
         f"{peak}: factor lifts the curve once more. It should bring it down; turn its fraction over.")
    need(not math.isclose(mended.factor, mended.warmup / paper.warmup, rel_tol=0.05),
         f"{peak}: factor brings it down too far. The peak of the paper's formula goes with the root of the warm-up, "
         "not with the warm-up.")
    need(math.isclose(times, 1, rel_tol=0.05), f"{peak}; factor should make them equal.")
    need(mended.n_layers < paper.n_layers,
         f"the schedule fits, but there are still {mended.n_layers} layers. In the list, what did this schedule do "
         "with six of them, and what with two?")
    need(isinstance(mended.n_layers, Integral) and mended.n_layers >= 1,
         f"n_layers is {mended.n_layers}; a model has a whole number of layers, at least one.")
    return "Warm-up, peak and depth fit this budget, and one another."
