"""The checks of lesson 04, run a study."""

import optuna
from optuna.trial import TrialState

from helpers.recorded import load_study, load_table
from helpers.study import count_trials, finished
from helpers.teaching.checks import compare, exercise, nearly, need, number
from helpers.teaching.exercises.watched_trial import need_pruned, need_reports, to_the_end

COMPLETE, PRUNED, FAIL, RUNNING = TrialState.COMPLETE, TrialState.PRUNED, TrialState.FAIL, TrialState.RUNNING
STATES = [([], 10), ([COMPLETE] * 3, 10), ([COMPLETE] * 3 + [PRUNED] * 4, 10), ([COMPLETE] * 8 + [PRUNED] * 6, 10),
          ([COMPLETE] * 3 + [PRUNED] * 2 + [FAIL], 10), ([COMPLETE] * 4 + [RUNNING], 6)]


def study_with(trials):
    """A study in memory with a trial for each (state, value)."""
    study = optuna.create_study(direction="maximize")
    study.add_trials([optuna.trial.create_trial(state=state, value=value) for state, value in trials])
    return study


def wrong_counts(study, total):
    return {
        "that is the total, but optimize(n_trials=...) means how many more.": total,
        "a trial that failed, or is still running, has no result and doesn't count.": total - len(study.trials),
        "that counts only the complete ones. A pruned trial did its work too.":
            total - len(study.get_trials(states=[COMPLETE])),
        "that is how many there are, not how many are missing.": finished(study),
    }


@exercise("04.1")
def how_many_more(function):
    studies = [(study_with([(state, 0.5 if state == COMPLETE else None) for state in states]), total)
               for states, total in STATES]
    compare(
        function, lambda study, total: total - finished(study), studies, wrong_counts,
        otherwise="not the number that is missing.",
        what=lambda study, total: f"{count_trials(study).partition(' since')[0]}, and {total} wanted: it returns",
        equal=lambda a, b: max(0, a) == max(0, b))  # optimize takes a negative number for none
    return "Failed trials are replaced, pruned ones count, and a full study is left as it is."


TRAININGS = [  # losses and accuracies by epoch: two poor training runs, a fair one and a good one
    ([1.9, 1.8, 1.8], [0.30, 0.35, 0.34]),
    ([1.8, 1.7, 1.7], [0.32, 0.40, 0.41]),
    ([1.5, 1.2, 1.3], [0.50, 0.60, 0.58]),
    ([1.1, 0.7, 0.5], [0.70, 0.85, 0.90]),
]


@exercise("04.2")
def direction_trap(objective):
    reports = []
    for losses, accuracies in TRAININGS:
        value, trial = to_the_end(objective, list(losses), list(accuracies))
        need(not nearly(value, losses[-1]),
             f"it returns {value}, the loss of the last epoch, but the study maximizes: it would look for the worst "
             "model. Return what was returned before.")
        need(nearly(value, accuracies[-1]),
             f"it returns {value}; it should return {accuracies[-1]}, the last accuracy.")
        need_reports(trial, len(losses))
        reports.append(trial.values)
    for epoch, values in enumerate(zip(*reports, strict=True), start=1):
        need(list(values) == sorted(set(values)),
             f"after epoch {epoch}, four training runs, from the poorest to the best, report "
             f"{', '.join(format(value, 'g') for value in values)}. The study maximizes, so its pruner takes a larger "
             "number for a better one.")
    need_pruned(2, lambda trial: len(trial.values), objective, *TRAININGS[0])
    return "What you report and what you return point the same way."


@exercise("04.3")
def on_its_way_up(answer):
    study = load_study("transformer")
    ends = load_table("pruned").set_index("trial")["val_accuracy"]
    chosen = number(answer, "the number of the trial is")
    need(chosen in range(len(study.trials)),
         f"the study has no trial {chosen}; its trials are numbered 0 to {len(study.trials) - 1}.")
    trial, start = study.trials[int(chosen)], study.trials[0].value
    need(trial.state == PRUNED,
         f"trial {trial.number} was not pruned, it ran to the end; look in the table.")
    need(trial.last_step <= 5,
         f"trial {trial.number} was stopped only after epoch {trial.last_step}; choose one that was stopped earlier.")
    cut, end = trial.intermediate_values[trial.last_step], ends[trial.number]
    need(end > 0.5,
         f"trial {trial.number} was cut at {cut:.3f}. Trained to the end it reaches {end:.3f}: it stays near the "
         "majority baseline. Look for a row that has left it.")
    need(end > start,
         f"trial {trial.number} was cut at {cut:.3f} and does rise, to {end:.3f}, but the start reached {start:.3f}. "
         "Look at the level and at how fast it was rising.")
    return "It was stopped early; trained to the end, it passes the start."
