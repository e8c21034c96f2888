"""The checks of lesson 06, your own data."""

import torch

from helpers.teaching.checks import answered, exercise, need

LABELS = [([0, 0, 0, 1], 2), ([0, 1, 1, 2, 2, 2, 2, 2, 2, 2], 3), ([0, 1], 2)]


@exercise("06.1")
def weights(function):
    for labels, n_classes in LABELS:
        given = function(torch.tensor(labels), n_classes)
        answered(given)
        need(isinstance(given, torch.Tensor) and given.shape == (n_classes,),
             f"for {n_classes} classes it returns {given!r}; return a tensor with one weight per class.")
        given = given.tolist()
        counts = [labels.count(number) for number in range(n_classes)]
        shares = [weight * count for weight, count in zip(given, counts, strict=True)]
        where = f"the classes have {counts} rows, and your weights are {[round(weight, 3) for weight in given]}"
        need(len(set(counts)) == 1 or given != counts,
             f"{where}: the frequent class weighs most. A single row of which class should count more?")
        need(max(shares) - min(shares) < 1e-4,
             f"{where}. The total weight of a class is its weight times its rows: "
             f"{[round(share, 3) for share in shares]}. These should be equal.")
        need(abs(sum(shares) - len(labels)) < 1e-3,
             f"{where}, and over all {len(labels)} rows the weights add up to {sum(shares):.3f}. They should add up to "
             f"{len(labels)}, as without weights: otherwise the learning rate means something else.")
    return "A rare class counts as much as a frequent one."


CURVES = [  # validation by epoch, patience, the epoch after which training stops
    ([0.5, 0.6, 0.7, 0.69, 0.68, 0.67, 0.66, 0.9], 3, 6),
    ([0.5, 0.6, 0.7, 0.8], 2, 4),
    ([0.5, 0.4, 0.3, 0.2, 0.1], 2, 3),
    ([0.5, 0.4, 0.6, 0.5, 0.7, 0.6, 0.5], 2, 7),
    ([0.5, 0.5, 0.5, 0.5], 2, 3),
    ([0.9, 0.1], 5, 2),
]


@exercise("06.2")
def last_epoch(function):
    for curve, patience, right in CURVES:
        given = function(list(curve), patience)
        answered(given)
        where = f"the curve is {curve}, the patience {patience}, and your training stops after epoch {given!r}"
        best = curve.index(max(curve[:right])) + 1
        need(given != best or given == right,
             f"{where}: that is the best epoch. You know that only after {patience} more epochs.")
        need(given != right - 1, f"{where}: one too early. Epochs count from 1, and it waits {patience} full epochs.")
        need(given != right + 1, f"{where}: one too late. {patience} epochs without a new best are enough.")
        need(given is not False and (given != len(curve) or right == len(curve)),
             f"{where}: it ran to the end. After epoch {right} the best was {right - best} epochs old.")
        need(given == right, f"{where}; it should be {right}. The best may be beaten in between: then the wait starts "
                             "again. An equal value is not a new best.")
    return "Patience counts from the last best, not from the start."


CASES = [  # baseline, network, margin, what to do
    (0.80, 0.90, 0.05, "take the network"),
    (0.80, 0.82, 0.05, "keep the baseline"),
    (0.86, 0.82, 0.05, "keep the baseline"),
    (0.90, 0.80, 0.05, "keep the baseline"),
    (0.50, 0.58, 0.10, "keep the baseline"),
    (0.50, 0.58, 0.01, "take the network"),
]


@exercise("06.3")
def advise(function):
    for baseline, network, margin, right in CASES:
        given = function(baseline, network, margin)
        answered(given)
        where = f"baseline {baseline}, network {network} ± {margin}, and your function returns {given!r}"
        need(given in ("take the network", "keep the baseline"),
             f"{where}; return 'take the network' or 'keep the baseline'.")
        if given == right:
            continue
        need(network < baseline or network - baseline > margin,
             f"{where}: the baseline lies inside the interval. A network that may not even be better "
             "still has to be trained, explained and maintained.")
        need(network > baseline, f"{where}: the baseline is better.")
        need(False, f"{where}: the network is better by more than its margin.")
    return "The simple model keeps its place until something is clearly better."
