"""Mistakes that learners of lesson 09 make, each with words of the hint that has to meet it."""

import numpy as np
import optuna


def good_enough(trials, limit):
    best = max(trial.values[0] for trial in trials)
    return [trial for trial in trials if trial.values[0] >= best - limit - 1e-12]


def smallest(trials):
    return min(trials, key=lambda trial: trial.values[1])


def over_seeds(told=np.mean, returned=np.mean, step=lambda number: number, train_them=lambda seeds: seeds,
               stop=optuna.TrialPruned, when=lambda number, seeds: True, ask=lambda trial: None):
    """The solution of 09.3, with one part replaced."""

    def objective(trial, train, seeds):
        ask(trial)
        values = []
        for number, seed in enumerate(train_them(seeds)):
            values.append(train(trial, seed))
            if when(number, seeds):
                trial.report(told(values), step(number))
                if stop and trial.should_prune():
                    raise stop
        return returned(values)

    return objective


def asks_too_early(trial, train, seeds):
    values = []
    for number, seed in enumerate(seeds):
        values.append(train(trial, seed))
        if trial.should_prune():
            raise optuna.TrialPruned
        trial.report(np.mean(values), number)
    return np.mean(values)


WRONG = {
    "09.1": [
        (lambda values: values.mean(), "A search reports its best"),
        (lambda values: values.max(axis=1), "it should be a number"),
        (lambda values: values.max(), "Each search (a row)"),
        (lambda values: values.min(axis=1).mean(), "the mean of the worst"),
        (lambda values: values.max(axis=0).mean(), "A search is a row"),
        (lambda values: np.median(values.max(axis=1)), "not their mean"),
        (lambda values: values.max(axis=1).sum(), "the sum of the best"),
        (lambda values: values.mean(axis=1).max(), "the best of the means"),
        (lambda values: values.max(axis=1).mean() - values.mean(), "the gain over the mean"),
        (lambda values: values.mean() + 2 * values.std(), "not the mean of the best value"),
    ],
    "09.2": [
        (lambda trials, points: smallest(trials), "One point is 0.01"),
        (lambda trials, points: smallest(good_enough(trials, points)), "One point is 0.01"),
        (lambda trials, points: max(trials, key=lambda trial: trial.values[0]), "a smaller one"),
        (lambda trials, points: good_enough(trials, points / 100), "return one of the trials"),
        (lambda trials, points: smallest(good_enough(trials, points / 100)).values[1], "return one of the trials"),
        (lambda trials, points: good_enough(trials, points / 100)[-1], "a smaller one"),
        (lambda trials, points: smallest([one for one in trials if one.values[0] >= (1 - points / 100) * max(
            trial.values[0] for trial in trials)]), "good enough: size 100"),
    ],
    "09.3": [
        (over_seeds(ask=lambda trial: trial.suggest_int("seed", 0, 9)), "it asks the trial for 'seed'"),
        (over_seeds(train_them=lambda seeds: seeds[:1]), "Train each of them once"),
        (over_seeds(train_them=lambda seeds: list(seeds) * 2), "Train each of them once"),
        (over_seeds(when=lambda number, seeds: False), "got 0 reports"),
        (over_seeds(when=lambda number, seeds: number == len(seeds) - 1), "got 1 reports in 4 rounds"),
        (over_seeds(told=lambda values: values[-1]), "One seed alone may be lucky"),
        (over_seeds(step=lambda number: 0), "the steps of its reports are [0, 0, 0, 0]"),
        (over_seeds(told=np.median), "0.625, 0.5, 0.625]; the means so far are"),
        (over_seeds(told=sum), "2.375]; the means so far are"),
        (over_seeds(train_them=lambda seeds: range(len(seeds))), "it trained [0, 1, 2, 3]"),
        (over_seeds(returned=max), "their mean is"),
        (over_seeds(stop=None), "Ask trial.should_prune()"),
        (asks_too_early, "it trained to round 3"),
    ],
}
