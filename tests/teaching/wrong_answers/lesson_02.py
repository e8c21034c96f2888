"""Mistakes that learners of lesson 02 make, each with words of the hint that it must get."""

import numpy as np
import torch

from helpers.models import masked_mean


def filled(states, is_token, value):
    return states.masked_fill(~is_token.unsqueeze(-1), value)


def overwrites_the_states(states, is_token):
    states[~is_token] = -torch.inf
    return states.max(dim=1).values


def keeps_the_first_of_equals(accuracies):
    best, kept = 0.0, None
    for epoch, accuracy in enumerate(accuracies, start=1):
        if accuracy > best:
            best, kept = accuracy, epoch
    return kept


WRONG = {
    "02.1": [
        (lambda states, is_token: states.max(dim=1).values, "the padding counts"),
        (lambda states, is_token: filled(states, is_token, 0).max(dim=1).values, "it returns 0, which is none of them"),
        (lambda states, is_token: filled(states, is_token, -100).max(dim=1).values, "it returns -100, which is none"),
        (lambda states, is_token: filled(states, is_token, -torch.inf).max(dim=1), "return only the values"),
        (lambda states, is_token: filled(states, is_token, -torch.inf).max(dim=2).values,
         "(4, 5), not one row per text"),
        (lambda states, is_token: filled(states, is_token, -torch.inf).max(dim=0).values,
         "(5, 3), not one row per text"),
        (lambda states, is_token: filled(states, ~is_token, -torch.inf).max(dim=1).values, "it hides the tokens"),
        (lambda states, is_token: filled(states, is_token, -torch.inf).amax(dim=1, keepdim=True), "leave keepdim out"),
        (overwrites_the_states, "it overwrites the states"),
        (masked_mean, "not the largest of each text's own tokens"),
        (lambda states, is_token: [1.0, 2.0], "return a tensor"),
        (lambda states, is_token: states.masked_fill(~is_token, -torch.inf), "with unsqueeze(-1)"),
    ],
    "02.2": [
        (((30, 16, 100), (6, 16, 50)), "the texts come first, then the positions"),
        (((16, 30, 50), (6, 16, 50)), "side by side in the last dimension"),
        (((16, 30, 300), (6, 16, 50)), "only the topmost"),
        (((16, 30, 32), (6, 16, 50)), "what goes in at each position"),
        (((16, 100), (6, 16, 50)), "states holds one per position"),
        (((16, 30, 64), (6, 16, 50)), "number by number"),
        ((100, (6, 16, 50)), "write a tuple"),
        (((16, 30, 100), (16, 6, 50)), "batch_first does not apply here"),
        (((16, 30, 100), (3, 16, 50)), "more than three last states"),
        (((16, 30, 100), (2, 16, 50)), "each of the three layers has a last state"),
        (((16, 30, 100), (3, 16, 100)), "has its own row"),
        (((16, 30, 100), (1, 16, 50)), "look at both arguments"),
        (((16, 30, 100), (16, 100)), "with torch.cat"),
        (((16, 30, 100), (300,)), "has three dimensions"),
        (((16, 30, 100), (6, 16, "50")), "it should be a number"),
    ],
    "02.3": [
        (lambda accuracies: len(accuracies) - 1 - accuracies[::-1].index(max(accuracies)), "counts the epochs from 0"),
        (keeps_the_first_of_equals, "what does the rule say about a tie?"),
        (np.argmax, "two things are off"),
        (len, "that is the last epoch"),
        (max, "that is the accuracy"),
        (lambda accuracies: accuracies[::-1].index(max(accuracies)), "copy the weights for the last time"),
        (lambda accuracies: [3, 5], "it should be a number"),
    ],
}
