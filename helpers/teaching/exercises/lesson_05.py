"""The checks of lesson 05, see what happened."""

import math

import numpy as np
import optuna
import torch
from optuna.importance import FanovaImportanceEvaluator, PedAnovaImportanceEvaluator, get_param_importances
from optuna.study import StudyDirection
from optuna.trial import FixedTrial, TrialState
from scipy.special import stdtrit

from helpers.budget import pick
from helpers.evaluation import interval
from helpers.recorded import load_study, load_table
from helpers.search import data
from helpers.study import finished
from helpers.teaching.checks import Wrong, answered, exercise, need
from helpers.training import accuracy, predict

# The statements of 05.1 as the notebook words them. For each: why it is wrong to leave it out, or to choose it.
STATEMENTS = {
    "A": "fANOVA's two longest bars together are longer than all its others together; add them up.",
    "B": "a bar has a length and no direction, so importance does not say which values are good. "
         "The slices above are the picture that does.",
    "C": "nearly all complete trials have learning rates within a narrow range, since the sampler kept to it; "
         "what hardly varied can't show its importance.",
    "D": "look at the two bars of n_heads: one opinion puts it near the top, the other sees next to nothing.",
    "E": "for fANOVA the two bars are about equally long, and for PED-ANOVA it is the other way round. "
         "With FanovaImportanceEvaluator(seed=1) fANOVA changes its mind as well.",
    "F": "both opinions are computed from the complete trials; see the last line that the cell prints.",
}


def supported_by_the_plot():
    """The letters of the statements that hold, computed from the recorded study."""
    study = load_study("transformer")
    fanova, again = (get_param_importances(study, evaluator=FanovaImportanceEvaluator(seed=seed)) for seed in (0, 1))
    ped_anova = get_param_importances(study, evaluator=PedAnovaImportanceEvaluator())
    rates = [trial.params["lr"] for trial in study.get_trials(states=(TrialState.COMPLETE,))]
    narrow = np.quantile(rates, 0.9) < 10 * np.quantile(rates, 0.1)
    opinions = [shares["n_heads"] > shares["dropout"] for shares in (fanova, again, ped_anova)]
    holds = {
        "A": sum(sorted(fanova.values())[-2:]) > 0.5,
        "B": False,  # whatever the shares are
        "C": not narrow,
        "D": "n_heads" in sorted(fanova, key=fanova.get)[-3:] and ped_anova["n_heads"] < 0.05,
        "E": all(opinions),
        "F": True,  # both evaluators leave the others out
    }
    return {letter for letter, true in holds.items() if true}


@exercise("05.1")
def what_the_plot_supports(letters):
    try:
        chosen = set(letters)
    except TypeError:
        chosen = {None}
    need(chosen <= set(STATEMENTS), f'{letters!r} is not a set of letters; write it as {{"A", "B"}}.')
    right = supported_by_the_plot()
    for letter, reason in STATEMENTS.items():
        need(letter in chosen or letter not in right, f"{letter} is missing, though the plot supports it: {reason}")
        need(letter in right or letter not in chosen, f"{letter} is not supported: {reason}")
    return "The rest may be true or not; this plot can't tell."


SAMPLES = [[0.81, 0.86, 0.87, 0.81, 0.82], [0.70, 0.74], [0.91, 0.90, 0.92, 0.88, 0.91, 0.89, 0.90, 0.93]]


def margins(values):
    """Common wrong results for the margin, each with its hint."""
    n, sd, sd_of_all = len(values), np.std(values, ddof=1), np.std(values)
    t = stdtrit(n - 1, 0.975)
    return [
        (1.96 * sd / n**0.5,
         "that is 1.96 standard errors, as for a large sample. With few values the interval has to be wider; "
         "take the factor from stats.t.ppf."),
        (1.96 * sd_of_all / n**0.5,
         "two things are too small: the factor is 1.96, which is for large samples, and np.std divides by n unless "
         "told otherwise."),
        (t * sd, "that is how far single values spread. The mean of n values spreads less, by the square root of n."),
        (t * sd_of_all / n**0.5,
         "np.std divides by n, so for a sample its result is too small; look at its argument ddof."),
        (stdtrit(n, 0.975) * sd / n**0.5,
         "Student's t was used with n degrees of freedom; the mean uses up one."),
        (stdtrit(n - 1, 0.95) * sd / n**0.5,
         "stats.t.ppf(0.95, ...) leaves 5 % on one side. A 95 % interval leaves half of that on each side."),
        (2 * t * sd / n**0.5, "that is the width of the whole interval; the task asks for half of it."),
        (sd / n**0.5, "that is the standard error of the mean; the factor from Student's t is missing."),
    ]


@exercise("05.2")
def margin_of_the_mean(margin):
    for values in SAMPLES:
        given = margin(values)
        answered(given)
        for wrong, hint in margins(values):
            need(not math.isclose(given, wrong, rel_tol=1e-4), f"for {values} it gives {given:.4f}: {hint}")
        need(math.isclose(given, interval(values), rel_tol=1e-4),
             f"for {values} it gives {given:.4f}. The margin is a product of three: the factor from Student's t, "
             "the standard deviation, and one over the square root of n.")
    return "Mean ± margin, the same interval as in the tables."


TRIALS = 20
SEEDS = (101, 102, 103)
EPOCHS = pick(12, smoke=2)


def train_again(my_train, study, seed):
    """The model of the study's best settings, trained with another seed, and its probabilities on validation."""
    try:
        answer = my_train(FixedTrial(study.best_params), seed, EPOCHS)
    except ValueError as error:
        raise Wrong(f"the best settings can't be trained again: {error} Did my_train change after the study had run? "
                    "If so, run the study again.") from error
    answered(answer)
    need(isinstance(answer, tuple) and len(answer) == 2 and isinstance(answer[0], torch.nn.Module),
         "my_train should return two things, the model and its validation accuracy, as train does.")
    model, claimed = answer
    scored = accuracy(model, data.x_val, data.y_val)
    print(f"seed {seed}: validation accuracy {scored:.3f}", flush=True)
    need(abs(scored - claimed) < 0.002,
         f"my_train returns {claimed:.3f}, but its model scores {scored:.3f} on the validation part; "
         "return the validation accuracy of the weights that the model keeps.")
    return scored, predict(model, data.x_val)


@exercise("05.3", seconds=pick(900, smoke=60))
def challenge(answer):
    need(isinstance(answer, tuple) and len(answer) == 2, "pass two things: check(name, (my_train, my_study)).")
    my_train, study = answer
    answered(my_train, study)
    need(isinstance(study, optuna.Study), f"my_study is a {type(study).__name__}; pass the study itself.")
    need(study.direction == StudyDirection.MAXIMIZE,
         "the study minimizes, so its best trial is the worst one; see direction in lesson 04.")
    need(study.get_trials(states=(TrialState.COMPLETE,)), "no trial of the study is complete; see study.trials.")
    need(finished(study) <= TRIALS,
         f"the study has {finished(study)} finished trials; the budget is {TRIALS}. Begin a new study.")
    recorded = load_table("tuned").query("model == 'tuned Transformer'")["val_accuracy"]
    target = pick(recorded.mean() + interval(recorded), smoke=0.25)
    scores, probabilities = zip(*[train_again(my_train, study, seed) for seed in SEEDS], strict=True)
    mean = sum(scores) / len(scores)
    print(f"mean of {len(SEEDS)} seeds: {mean:.3f}; to beat: {target:.3f}", flush=True)
    need(all(table.std(dim=0).max() > 1e-4 for table in probabilities),
         "the model gives the same answer to every hand: it has learnt how frequent the classes are, and nothing "
         "about cards. See the flat curves of lesson 01, and what ended them.")
    need(not torch.equal(probabilities[0], probabilities[1]),
         "two seeds gave the very same model; does my_train pass its seed to train?")
    need(mean > target,
         f"the mean of three other seeds is {mean:.3f}, and the interval of the recorded Transformer reaches up to "
         f"{target:.3f}. More trials won't help; change the space. What did lesson 01 find, and what did the study "
         "never try?")
    return "Fewer trials, better settings: what you knew made the space smaller."
