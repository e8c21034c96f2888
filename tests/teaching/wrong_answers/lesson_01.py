"""Mistakes that learners of lesson 01 make, each with words of the hint that it must get."""

import math

from helpers.models import PaperRecipe


def recipe(width=1 / 8, warmup=400, factor=(400 / 4_000) ** 0.5, n_layers=2, **changes):
    """The paper's recipe, fixed as in the solution, except for what is given."""
    return PaperRecipe(width=width, warmup=warmup, factor=factor, n_layers=n_layers, **changes)


WRONG = {
    "01.1": [
        (("Transformer", 20), "the other one is ahead"),
        (("Transfomer", 20), 'write "LSTM" or "Transformer"'),
        ((None, 20), "your winner is None"),
        (("LSTM", 0.25), "If you mean a share"),
        (("LSTM", 3), "more than 10 points wider than 3"),
        (("LSTM", 60), "no model should do worse"),
        (("LSTM", -25), "is negative"),
        (("LSTM", "25"), "points is '25'; it should be a number"),
        (("lstm", float("nan")), "points is nan"),
    ],
    "01.2": [
        (lambda n_rows, batch_size, epochs, share: int(share * epochs * (n_rows // batch_size)),
         "the last batch of an epoch is smaller"),
        (lambda n_rows, batch_size, epochs, share: math.ceil(share * epochs * n_rows / batch_size),
         "an epoch has no half steps"),
        (lambda n_rows, batch_size, epochs, share: int(share * math.ceil(n_rows / batch_size)),
         "a share of one epoch"),
        (lambda n_rows, batch_size, epochs, share: epochs * math.ceil(n_rows / batch_size),
         "all steps of the training"),
        (lambda n_rows, batch_size, epochs, share: int(share * epochs * n_rows), "that counts rows"),
        (lambda n_rows, batch_size, epochs, share: share * epochs * math.ceil(n_rows / batch_size),
         "return a whole number"),
        (lambda n_rows, batch_size, epochs, share: 400, "how many batches are in an epoch"),
        (lambda n_rows, batch_size, epochs, share: f"{share:.0%}", "it should be a number"),
        (lambda n_rows, batch_size, epochs, share: int(share / 100 * epochs * math.ceil(n_rows / batch_size)),
         "don't divide it by 100"),
        (lambda n_rows, batch_size, epochs, share: epochs * math.ceil(share * math.ceil(n_rows / batch_size)),
         "that rounds up in each epoch"),
        (lambda n_rows, batch_size, epochs, share: epochs * round(share * math.ceil(n_rows / batch_size)),
         "that rounds down in each epoch"),
        (lambda n_rows, batch_size, epochs, share: 1 + int(share * epochs * math.ceil(n_rows / batch_size)),
         "one step more than the share"),
        (lambda n_rows, share: share * n_rows, "your code raised TypeError"),
    ],
    "01.3": [
        (recipe(factor=1.0), "A shorter warm-up raises the whole curve"),
        (recipe(factor=(4_000 / 400) ** 0.5), "invert the fraction"),
        (recipe(factor=400 / 4_000), "depends on the square root"),
        (recipe(factor=0.5), "factor should make them equal"),
        (recipe(warmup=4_000, factor=1.0), "it never ends"),
        (recipe(warmup=800, factor=(800 / 4_000) ** 0.5), "40 % at most"),
        (recipe(n_layers=6), "there are still 6 layers"),
        (recipe(n_layers=2.5), "a whole number of layers"),
        (recipe(width=1), "512 wide"),
        (recipe(norm_first=True), "leave out norm_first"),
        (recipe(warmup=0), "is no warm-up"),
        (recipe(warmup=0.25), "not a share"),
        (recipe(n_layers="2"), "n_layers is '2'"),
        ({"warmup": 400, "n_layers": 2}, "pass the PaperRecipe itself"),
    ],
}
