"""The checks of lesson 01, the Transformer that lost."""

import math

from helpers.models import PaperRecipe
from helpers.recipes import EPOCHS
from helpers.recorded import load_table
from helpers.teaching.checks import compare, exercise, need, number

RUN_ON = "Run the next cells and see it happen, then come back."


@exercise("01.1")
def guess_the_gap(answer):
    winner, points = answer
    means = 100 * load_table("untuned").groupby("model")["val_accuracy"].mean()
    gap = means["LSTM"] - means["paper's recipe"]

    name = str(winner).strip().lower()
    need(name in ("lstm", "transformer"), f'your winner is {winner!r}; write "LSTM" or "Transformer".')
    points = number(points, "points is")
    need(points >= 0, f"{points:g} points is negative. The winner gives the direction, points the distance.")
    need(name == ("lstm" if gap > 0 else "transformer"),
         f"most people would guess that, but over five seeds the other one is ahead. {RUN_ON}")
    need(points == 0 or points >= 1,
         f"{points:g} points is less than one right answer in a hundred. If you mean a share, "
         "multiply it by 100: from 0.70 to 0.71 is one point.")
    need(points > abs(gap) - 10,
         f"the winner is right, but the gap is more than 10 points wider than {points:g}. How many points lie "
         f"between the LSTM and always predicting \"pair\"? {RUN_ON}")
    need(points < abs(gap) + 10,
         f"the winner is right, but the gap is more than 10 points narrower than {points:g}. Always predicting "
         f"\"pair\" is right for {means['majority']:.0f} of 100 hands, and no model should do worse. {RUN_ON}")
    return "A good guess, and it holds over five seeds. Now see it happen."


TRAININGS = [(1_000, 300, 120, 0.25), (6_000, 64, 12, 0.1), (6_400, 64, 5, 0.3)]  # rows, batch size, epochs, share


def wrong_steps(rows, size, epochs, share):
    batches = math.ceil(rows / size)
    return {
        "the last batch of an epoch is smaller than the others, but it is still a step.": rows // size * epochs * share,
        "an epoch has no half steps. Its last, smaller batch counts as one, so round up per epoch, before you "
        "multiply.": rows / size * epochs * share,
        "that is a share of one epoch; the training has more.": batches * share,
        "that is all steps of the training; the warm-up gets a share of them.": batches * epochs,
        "that counts rows. One step takes a whole batch of them.": rows * epochs * share,
        "a share of 0.25 is a quarter already, so don't divide it by 100.": batches * epochs * share / 100,
        "that rounds down in each epoch; round once, at the end.": epochs * int(batches * share),
        "that rounds up in each epoch; round once, at the end.": epochs * math.ceil(batches * share),
        "that is one step more than the share.": batches * epochs * share + 1,
    }


@exercise("01.2")
def steps_of_the_warmup(warmup_steps):
    steps = compare(
        warmup_steps, lambda rows, size, epochs, share: math.ceil(rows / size) * epochs * share, TRAININGS, wrong_steps,
        otherwise="how many batches are in an epoch, and how many epochs are there?",
        equal=lambda a, b: abs(a - b) < 1)  # rounded up or down
    for given in steps:
        need(given == int(given), f"it returns {given!r}. Steps are counted, so return a whole number.")
    return "A share of the steps fits every budget; a number of steps fits one."


@exercise("01.3")
def fixed_recipe(fixed):
    need(isinstance(fixed, PaperRecipe), f"fixed is {fixed!r}; pass the PaperRecipe itself.")
    warmup, factor, n_layers = (number(getattr(fixed, name), f"{name} is") for name in ("warmup", "factor", "n_layers"))
    paper = PaperRecipe(width=1 / 8)
    need(fixed.d_model == paper.d_model,
         f"its model is {fixed.d_model} wide, ours is {paper.d_model}; keep width=1 / 8, which we can afford.")
    need(fixed.constant_lr is None and not fixed.norm_first,
         "leave out norm_first and constant_lr; change only the warm-up, the factor and the depth.")
    need(warmup >= 1, f"a warm-up of {warmup:g} steps is no warm-up; give it at least one. (A number, not a share.)")

    n_steps = EPOCHS * math.ceil(6_000 / 64)
    need(warmup < n_steps,
         f"the training has {n_steps} steps, but the warm-up takes {warmup:g}: it never ends. "
         "See section \"Count the steps\".")
    need(warmup <= math.ceil(0.4 * n_steps),
         f"the warm-up takes {100 * warmup / n_steps:.1f} % of the training's {n_steps} steps; use 40 % at most.")

    times = fixed.learning_rate(warmup) / paper.learning_rate(paper.warmup)
    peak = f"the highest learning rate is {times:.2g} times the paper's"
    need(not math.isclose(factor, 1),
         f"{peak}. A shorter warm-up raises the whole curve; lower it again with factor. See the third line in the "
         "picture of section \"Count the steps\".")
    need(not math.isclose(times, paper.warmup / warmup, rel_tol=0.05),
         f"{peak}: factor raises the curve further. It should lower it; invert the fraction.")
    need(not math.isclose(factor, warmup / paper.warmup, rel_tol=0.05),
         f"{peak}: factor lowers it too far. The peak of the paper's formula depends on the square root of the "
         "warm-up, not on the warm-up itself.")
    need(math.isclose(times, 1, rel_tol=0.05), f"{peak}; factor should make them equal.")
    need(n_layers < paper.n_layers,
         f"the schedule fits, but there are still {n_layers} layers. In the list, how did this schedule do "
         "with six layers, and how with two?")
    need(n_layers >= 1 and n_layers == int(n_layers),
         f"n_layers is {n_layers}; a model has a whole number of layers, at least one.")
    return "The warm-up ends in time, at the paper's peak, and the model is less deep."
