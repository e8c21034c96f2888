"""Common mistakes in lesson 06, each with words that its hint has to contain."""

import torch


def stops(best=lambda value, top: value > top, early=0, reset=True):
    """The solution of 06.2, with one part replaced."""

    def last_epoch(curve, patience):
        top, waited = float("-inf"), 0
        for epoch, value in enumerate(curve, start=1):
            waited = 0 if best(value, top) and (reset or top == float("-inf")) else waited + 1
            top = max(top, value)
            if waited >= patience - early:
                return epoch
        return len(curve)

    return last_epoch


WRONG = {
    "06.1": [
        (lambda labels, n_classes: torch.bincount(labels, minlength=n_classes).float(), "frequent class weighs most"),
        (lambda labels, n_classes: torch.ones(n_classes), "These should be equal"),
        (lambda labels, n_classes: 1 / torch.bincount(labels, minlength=n_classes), "learning rate means something"),
        (lambda labels, n_classes: 1.0, "one weight per class"),
    ],
    "06.2": [
        (lambda curve, patience: curve.index(max(curve[:6])) + 1, "that is the best epoch"),
        (stops(early=1), "one too early"),
        (stops(early=-1), "one too late"),
        (lambda curve, patience: len(curve), "it ran to the end"),
        (stops(reset=False), "the wait starts again"),
    ],
    "06.3": [
        (lambda baseline, network, margin: network > baseline, "return 'take the network' or"),
        (lambda baseline, network, margin: "take the network" if network > baseline else "keep the baseline",
         "lies inside the interval"),
        (lambda baseline, network, margin: "keep the baseline", "better by more than its margin"),
        (lambda baseline, network, margin: "take the network" if abs(network - baseline) > margin
         else "keep the baseline", "the baseline is better"),
    ],
}
