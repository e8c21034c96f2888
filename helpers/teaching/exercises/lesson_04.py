"""The checks of lesson 04, run a study."""

import operator

import optuna
from optuna.trial import TrialState

from helpers.recorded import load_study, load_table
from helpers.study import count_trials, finished
from helpers.teaching.checks import Wrong, answered, exercise, need


def study_with(complete=0, pruned=0, failed=0, running=0):
    """A study in memory with the given number of trials in each state."""
    study = optuna.create_study(direction="maximize")
    for state, n in [(TrialState.COMPLETE, complete), (TrialState.PRUNED, pruned), (TrialState.FAIL, failed)]:
        value = 0.5 if state == TrialState.COMPLETE else None
        study.add_trials([optuna.trial.create_trial(state=state, value=value) for _ in range(n)])
    for _ in range(running):
        study.ask()
    return study


@exercise("04.1")
def how_many_more(function):
    studies = [(study_with(), 10), (study_with(complete=3), 10), (study_with(complete=3, pruned=4), 10),
               (study_with(complete=3, pruned=2, failed=1), 10), (study_with(complete=8, pruned=6), 10),
               (study_with(complete=4, running=1), 6)]
    for study, total in studies:
        given = function(study, total)
        answered(given)
        complete = len(study.get_trials(states=(TrialState.COMPLETE,)))
        right = max(0, total - finished(study))
        reasons = {
            total: "which is the total, but optimize(n_trials=...) means how many more.",
            total - len(study.trials): "which counts every trial. One that failed, or is still running, has no result.",
            total - complete: "which counts only the complete ones. A pruned trial did its work too.",
            total - finished(study): "a negative number, which optimize refuses. There is nothing left to do.",
        }
        wrong = reasons.get(given, "not the number that is missing.")
        need(given == right, f"{count_trials(study)}, and {total} wanted: your function returns {given}, {wrong}")
    return "Failed trials are replaced, pruned ones count, and a full study is left as it is."


class WatchedTrial:
    """Stands in for a trial: records what is reported, and asks to be pruned after epoch `stop`."""

    def __init__(self, stop=None):
        self.stop, self.reported = stop, {}

    def report(self, value, step):
        self.reported[step] = value

    def should_prune(self):
        return self.stop in self.reported


TRAININGS = [  # losses and accuracies by epoch: two poor training runs, a fair one and a good one
    ([1.9, 1.8, 1.8], [0.30, 0.35, 0.34]),
    ([1.8, 1.7, 1.7], [0.32, 0.40, 0.41]),
    ([1.5, 1.2, 1.3], [0.50, 0.60, 0.58]),
    ([1.1, 0.7, 0.5], [0.70, 0.85, 0.90]),
]


@exercise("04.2")
def direction_trap(objective):
    for losses, accuracies in TRAININGS:
        trial = WatchedTrial()
        value = objective(trial, losses, accuracies)
        answered(value)
        need(value != losses[-1],
             f"it returns {value}, the loss of the last epoch, but the study maximizes: it would look for the worst "
             "model. Return what was returned before.")
        need(value == accuracies[-1], f"it returns {value}; it should return {accuracies[-1]}, the last accuracy.")
        reported = list(trial.reported.values())
        need(reported, "it reports nothing, so the pruner has nothing to judge by; it should report after each epoch.")
        need(reported[0] != losses[0],
             "it reports the loss and returns the accuracy: in good training the loss falls, and the pruner takes that "
             "as a bad sign. The two have to be the same quantity.")
        need(reported[0] != -losses[0],
             "it reports the loss with its sign flipped. That points the right way, but your learning curves would no "
             "longer show what trials are judged by; report the number that you return.")
        need(reported == accuracies,
             f"it reports {reported} for a run with the accuracies {accuracies}; report each, after its epoch.")
        stopped = WatchedTrial(stop=sorted(trial.reported)[1])
        try:
            objective(stopped, losses, accuracies)
        except optuna.TrialPruned:
            need(len(stopped.reported) == 2, "it was told to stop after the second epoch and stopped later; "
                                             "call should_prune() after each report.")
        else:
            raise Wrong("it was told to stop after the second epoch and ran to the end; call trial.should_prune(), "
                        "and raise optuna.TrialPruned if it returns True.")
    return "What you report and what you return point the same way."


@exercise("04.3")
def on_its_way_up(answer):
    study = load_study("transformer")
    ends = load_table("pruned").set_index("trial")["val_accuracy"]
    try:
        number = operator.index(answer)
    except TypeError:
        raise Wrong(f"{answer!r} is not the number of a trial; give a whole number, as in the first column.") from None
    need(0 <= number < len(study.trials), f"the study has no trial {number}; its first trial is number 0.")
    trial, start = study.trials[number], study.trials[0].value
    need(trial.state == TrialState.PRUNED, f"trial {number} was not pruned, it ran to the end; look in the table.")
    need(trial.last_step <= 5,
         f"trial {number} was stopped only after epoch {trial.last_step}; choose one that was stopped earlier.")
    cut, end = trial.intermediate_values[trial.last_step], ends[number]
    need(end > 0.5,
         f"trial {number} was cut at {cut:.3f}. Trained to the end it reaches {end:.3f}: it stays near the majority "
         "baseline. Look for a row that has left it.")
    need(end > start,
         f"trial {number} was cut at {cut:.3f} and does rise, to {end:.3f}, but the start reached {start:.3f}. "
         "A near miss: look at the level and at how fast it was rising.")
    return "It was stopped early; trained to the end, it passes the start."
