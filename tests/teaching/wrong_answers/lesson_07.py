"""Mistakes that learners of lesson 07 make, each with words of the hint that has to meet it."""

import math

import optuna


def orphans(is_orphan, of=lambda trial: trial["number"]):
    return lambda trials, here, alive: [of(trial) for trial in trials if is_orphan(trial, here, alive)]


def is_running(trial):
    return trial["state"] == "RUNNING"


def right(trial, here, alive):
    return is_running(trial) and trial["machine"] == here and alive.get(trial["process"]) != trial["start"]


def orphans_but_for(*states):
    return orphans(lambda trial, here, alive: trial["state"] not in states and right(trial | {"state": "RUNNING"},
                                                                                     here, alive))


def guarded(instead):
    """Passes finite values on, and returns instead(value) for the others."""

    def guard(objective):
        def guarded_objective(trial):
            value = objective(trial)
            return value if value is None or math.isfinite(value) else instead(value)

        return guarded_objective

    return guard


def prunes(value):
    raise optuna.TrialPruned


def raises(value):
    raise ValueError(f"{value} is not finite")


def only_upwards(objective):
    def guarded_objective(trial):
        value = objective(trial)
        return prunes(value) if value is not None and not value < math.inf else value

    return guarded_objective


def prunes_none_too(objective):
    def guarded_objective(trial):
        value = objective(trial)
        return prunes(value) if value is None or not math.isfinite(value) else value

    return guarded_objective


def only_up_to_a_million(objective):
    def guarded_objective(trial):
        value = objective(trial)
        return value if value is None or abs(value) < 1e6 else prunes(value)

    return guarded_objective


def trips_over_none(objective):
    def guarded_objective(trial):
        value = objective(trial)
        return value if math.isfinite(value) else prunes(value)

    return guarded_objective


def calls_twice(objective):
    return guarded(prunes)(lambda trial: (objective(trial), objective(trial))[1])


def eats_errors(objective):
    def guarded_objective(trial):
        try:
            value = objective(trial)
        except optuna.TrialPruned:
            raise
        except Exception:
            return None
        return guarded(prunes)(lambda trial: value)(trial)

    return guarded_objective


def eats_pruned(objective):
    def guarded_objective(trial):
        try:
            value = objective(trial)
        except Exception:
            return None
        return guarded(prunes)(lambda trial: value)(trial)

    return guarded_objective


WRONG = {
    "07.1": [
        (orphans(lambda trial, here, alive: is_running(trial)), "must be left alone"),
        (orphans(lambda trial, here, alive: is_running(trial) and trial["process"] not in alive), "Compare both"),
        (orphans(lambda trial, here, alive: is_running(trial) and alive.get(trial["process"]) != trial["start"]),
         "it may be alive"),
        (orphans(lambda trial, here, alive: trial["process"] not in alive), "it is complete"),
        (orphans(right, of=lambda trial: trial), "'state': 'RUNNING'"),
        (orphans(right, of=lambda trial: trial["process"]), "holds 12, which is not a trial number"),
        (lambda trials, here, alive: len(trials), "return a list of numbers"),
        (orphans_but_for("COMPLETE", "PRUNED"), "it failed already"),
        (orphans_but_for("COMPLETE", "PRUNED", "FAIL"), "nobody has begun it"),
        (orphans(lambda trial, here, alive: is_running(trial) and trial["machine"] == here
                 and trial["start"] not in alive.values()), "look up the trial's own"),
        (orphans(lambda trial, here, alive: right(trial, "here", alive)), "Does it use `here`"),
    ],
    "07.2": [
        (lambda objective: objective, "TPE ignores failed trials"),
        (guarded(lambda value: math.inf), "the trial is complete with the value inf"),
        (lambda objective: 0.5, "return the new objective"),
        (only_upwards, "the trial is complete with the value -inf"),
        (guarded(lambda value: 0.0), "Nobody measured that number"),
        (prunes_none_too, "A forgotten `return` is a bug"),
        (guarded(raises), "the study ended"),
        (only_up_to_a_million,
         "A finite value must come through"),
        (trips_over_none, "the objective returned None, yours raised TypeError"),
        (eats_errors, "Let errors through"),
        (calls_twice, "was called 14 times"),
        (lambda objective: lambda trial: objective, "was called 0 times"),
        (eats_pruned, "let its optuna.TrialPruned come through"),
    ],
    "07.3": [
        (lambda seconds, per_second: per_second / seconds, "smaller for longer trials"),
        (lambda seconds, per_second: int(seconds + per_second), "not the number that fits"),
        (lambda seconds, per_second: seconds / per_second, "smaller for a faster storage"),
        (lambda seconds, per_second: seconds * per_second, "not a whole number of workers"),
        (lambda seconds, per_second: math.ceil(seconds * per_second), "one too many"),
        (lambda seconds, per_second: int(per_second), "does not finish one each second"),
        (lambda seconds, per_second: int(seconds / per_second), "How many trials per second does one worker finish?"),
    ],
}
