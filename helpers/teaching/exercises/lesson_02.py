"""The checks of lesson 02, define the model."""

import torch
from torch import nn

from helpers.teaching.checks import Wrong, compare, exercise, need, number, returned


def batch_of_states():
    """Random states (4, 5, 3) of four texts, and which of their five positions are tokens.

    The padding holds large numbers. All numbers of the second text are far below zero.
    """
    is_token = torch.arange(5) < torch.tensor([3, 4, 5, 1]).unsqueeze(1)
    states = torch.rand(4, 5, 3, generator=torch.Generator().manual_seed(0)) + 0.1
    states[1] -= 2_000
    states[~is_token] = 9.0
    return states, is_token


@exercise("02.1")
def maximum_without_padding(masked_max):
    states, is_token = batch_of_states()
    untouched, padding = states.clone(), ~is_token.unsqueeze(-1)
    try:
        given = returned(masked_max, states, is_token)
    except RuntimeError as error:
        need("must match" not in str(error), f"the shapes don't fit: is_token is {tuple(is_token.shape)}, and states "
             f"{tuple(states.shape)}. Give is_token a last dimension of one, with unsqueeze(-1).")
        raise
    need(not (isinstance(given, tuple) and len(given) == 2),
         "it returns two things. max(dim=...) gives the values and their indices; return only the values.")
    need(isinstance(given, torch.Tensor), f"it returns a {type(given).__name__}; return a tensor, one row per text.")
    need(torch.equal(states, untouched),
         "it overwrites the states that it was given, but the caller still needs them. "
         "Work on a copy: masked_fill makes one, masked_fill_ and states[...] = ... don't.")
    need(given.shape != (4, 1, 3), "it returns (4, 1, 3), with a dimension of one from keepdim; leave keepdim out.")
    need(tuple(given.shape) == (4, 3),
         f"for states {tuple(states.shape)} it returns {tuple(given.shape)}, not one row per text, (4, 3). "
         "Over which dimension does masked_mean sum?")
    if torch.equal(given.to(states.dtype), states.masked_fill(padding, -torch.inf).amax(dim=1)):
        return "One row per text, and no padding in it."
    filled = given[1].max().item()
    hints = {
        "the padding counts: for padded texts it returns the padding's number, which must never be the "
        "largest.": states,
        f"for a text whose numbers are all below {filled:g} it returns {filled:g}, which is none of them: you gave the "
        "padding this number. With which number would the padding never win?": states.masked_fill(padding, filled),
        "it hides the tokens and keeps the padding: is_token is True for words.":
            states.masked_fill(~padding, -torch.inf),
    }
    raise Wrong(next((hint for hint, kept in hints.items() if torch.equal(given, kept.amax(dim=1))),
                     "the numbers are not the largest of each text's own tokens; go through a text of two words and "
                     "one padding position."))


@exercise("02.2")
def shapes_of_an_lstm(answer):
    lstm = nn.LSTM(32, 50, num_layers=3, batch_first=True, bidirectional=True)
    states, (last, _) = lstm(torch.zeros(16, 30, 32))
    both = "it reads in two directions and returns both"
    reasons = {
        "states_shape": {
            (16, 30, 50): f"{both}, side by side in the last dimension.",
            (30, 16, 100): "with batch_first=True the texts come first, then the positions.",
            (16, 30, 300): "only the topmost of the three layers returns its states.",
            (16, 30, 32): "32 is what goes in at each position; what comes out has the size of the state.",
            (16, 100): "that is one row per text, but states holds one per position.",
        },
        "last_shape": {
            (16, 6, 50): "batch_first does not apply here: the layers and directions come before the texts.",
            (3, 16, 50): f"{both}, so there are more than three last states.",
            (2, 16, 50): "each of the three layers has a last state, in each direction.",
            (3, 16, 100): f"{both}, but not side by side here. Each direction of each layer has its own row.",
            (1, 16, 50): "that counts one layer and one direction; look at both arguments.",
            (16, 100): "that is what LSTMClassifier makes of it later, with torch.cat.",
        },
    }
    for (name, known), given, right in zip(reasons.items(), answer, (states.shape, last.shape), strict=True):
        need(isinstance(given, (tuple, list)),
             f"{name} is of type {type(given).__name__}; write a tuple, such as (16, 30, 32).")
        given = tuple(number(size, f"one size in {name} is") for size in given)
        need(len(given) == 3 or given in known,
             f"{name} is {given}, but what an LSTM returns for a batch has three dimensions.")
        reason = known.get(given, "compare with the comments in LSTMClassifier.forward, number by number.")
        need(given == right, f"{name} is not {given}: {reason}")
    return "The shapes of your next LSTM will be no surprise."


TRAININGS = [([0.61, 0.64, 0.70, 0.66, 0.70, 0.62],), ([0.50],), ([0.43, 0.43, 0.43],), ([0.40, 0.55, 0.72],),
             ([0.72, 0.55, 0.40],)]


def last_best(values):
    return len(values) - values[::-1].index(max(values))


def wrong_epochs(values):
    return {
        "that counts the epochs from 0. The first epoch is number 1, as in run.": last_best(values) - 1,
        "that epoch has the best accuracy, but so does another: what does the rule say about a tie?":
            values.index(max(values)) + 1,
        "two things are off: epochs count from 1, and in a tie another one is kept.": values.index(max(values)),
        "that is the last epoch. The rule asks for the best.": len(values),
        "that is the accuracy; the task asks for the number of its epoch.": max(values),
    }


@exercise("02.3")
def epoch_that_counts(best_epoch):
    compare(
        best_epoch, last_best, TRAININGS, wrong_epochs,
        otherwise="go through run with these numbers by hand: when does it copy the weights for the last time?")
    return "That is the epoch whose weights run keeps."
