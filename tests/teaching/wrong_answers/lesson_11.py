"""Mistakes that learners of lesson 11 make, each with words of the hint that has to meet it."""

from optuna.trial import TrialState

COMPLETE, PRUNED = TrialState.COMPLETE, TrialState.PRUNED


def numbers(trials, goes):
    return [trial.number for trial in trials if goes(trial)]


def best_of(trials):
    return max(trial.value for trial in trials if trial.state == COMPLETE)


def trusts_pruned_values(trials):
    best = max(trial.value for trial in trials if trial.value is not None)
    return numbers(trials, lambda trial: trial.state == PRUNED or (trial.state == COMPLETE and trial.value < best))


def keeps_one(trials):
    best = max((trial for trial in trials if trial.state == COMPLETE), key=lambda trial: trial.value)
    return numbers(trials, lambda trial: trial.state in (COMPLETE, PRUNED) and trial.number != best.number)


def deletes_failed(trials):
    best = best_of(trials)
    return numbers(trials, lambda trial: trial.state in (PRUNED, TrialState.FAIL) or (
        trial.state == COMPLETE and trial.value < best))


def deletes_all_others(trials):
    best = best_of(trials)
    return numbers(trials, lambda trial: trial.state in (PRUNED, TrialState.RUNNING, TrialState.WAITING) or (
        trial.state == COMPLETE and trial.value < best))


def forgets_pruned(trials):
    best = best_of(trials)
    return numbers(trials, lambda trial: trial.state == COMPLETE and trial.value < best)


def minimizes(trials):
    best = min(trial.value for trial in trials if trial.state == COMPLETE)
    return numbers(trials, lambda trial: trial.state == COMPLETE and trial.value > best)


WRONG = {
    "11.1": [
        (lambda loss, scale: loss**0.5, "in units of the scaled target"),
        (lambda loss, scale: loss * scale, "the unit of that is squared"),
        (lambda loss, scale: loss * scale**2, "in squared units"),
        (lambda loss, scale: (loss * scale) ** 0.5, "the root belongs to the loss alone"),
        (lambda loss, scale: loss**0.5 / scale, "to come back, multiply"),
        (lambda loss, scale: loss + scale, "not the root mean squared error"),
    ],
    "11.2": [
        (trusts_pruned_values, "it is complete with 0.9, and none has more"),
        (keeps_one, "even if another one is equally good"),
        (deletes_failed, "a failed one; the next section resumes it"),
        (deletes_all_others, "running, so its model is not finished"),
        (forgets_pruned, "pruned, so its model goes"),
        (minimizes, "was beaten by 0.9"),
        (lambda trials: len(trials), "return a list of numbers"),
        (lambda trials: trials, "return the numbers of the trials"),
    ],
    "11.3": [
        (lambda worker, allowed: str(worker), "belongs to another job"),
        (lambda worker, allowed: worker, "an environment variable is a string"),
        (lambda worker, allowed: allowed, "It should be one of the job's GPUs"),
        (lambda worker, allowed: allowed.split(","), "return a string with one GPU"),
        (lambda worker, allowed: allowed.split(",")[worker], "list index out of range"),
        (lambda worker, allowed: allowed.split(",")[0], "take the GPUs in turn"),
        (lambda worker, allowed: allowed[2 * worker % (len(allowed) + 1)], "for worker 7 of a job"),
    ],
}
