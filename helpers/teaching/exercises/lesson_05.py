"""The checks of lesson 05, see what happened."""

import numpy as np
import optuna
import torch
from optuna.study import StudyDirection
from optuna.trial import FixedTrial, TrialState
from scipy.special import stdtrit

from helpers.budget import pick
from helpers.evaluation import difference, interval
from helpers.models import TransformerClassifier
from helpers.recorded import load_table
from helpers.search import data
from helpers.study import finished
from helpers.teaching.checks import Wrong, compare, exercise, need, number, returned
from helpers.teaching.exercises.lesson_03 import random_trials
from helpers.training import accuracy, predict


@exercise("05.1", seconds=60)
def second_space(define_model):
    trials = random_trials(60)
    models = [returned(define_model, trial) for trial in trials]
    for model in models:
        need(isinstance(model, TransformerClassifier),
             f"it returns a {type(model).__name__}; return a TransformerClassifier, as define_transformer does.")
    layers = [model.encoder.layers for model in models]
    widths = {layer[0].self_attn.embed_dim for layer in layers}
    need(max(widths) > 96,
         f"the widest of its models has d_model {max(widths)}. In round one the best value lay at the upper end of the "
         "range, 96: widen the range there.")
    need(max(widths) <= 192,
         f"the widest of its models has d_model {max(widths)}. The cost of training grows faster than the width, "
         "so a trial would take minutes. Go up to 128 first, and look again.")
    need(min(widths) >= 64,
         f"the narrowest of its models has d_model {min(widths)}; even 64 was worse than 96. Begin at 64 or above.")
    heads = {layer[0].self_attn.num_heads for layer in layers}
    need(heads == {8}, f"its models have {' or '.join(map(str, sorted(heads)))} heads; leave n_heads at 8.")
    depths = {len(layer) for layer in layers}
    need(min(depths) >= 2,
         "some of its models have one layer, which was never good. Two and three could not be told apart; more may be "
         "better.")
    dropouts = [layer[0].dropout.p for layer in layers]
    need(max(dropouts) <= 0.2,
         f"dropout goes up to {max(dropouts):.2f}. Dropout 0 was better than 0.1: end the range low.")
    need(min(dropouts) < 0.05,
         f"dropout is never below {min(dropouts):.2f}, and 0 was better than 0.1. (The default is 0.1.)")
    space = dict.fromkeys(name for trial in trials for name in trial.params)
    need(space, "it asks the trial for nothing, so all twenty trials would be the same training. Ask at least for "
                "d_model, whose range ended too early.")
    need(len(space) <= 6,
         f"it asks for {len(space)} settings: {', '.join(space)}. Twenty trials are few; fix what made no difference, "
         "or what you have no question about.")
    if len(space) == 1:
        return "1 parameter of the model is left."
    return f"{len(space)} parameters of the model are left, each for a reason."


SAMPLES = [([0.81, 0.86, 0.87, 0.81, 0.82],), ([0.70, 0.74],), ([0.91, 0.90, 0.92, 0.88, 0.91, 0.89, 0.90, 0.93],)]


def wrong_margins(values):
    n, sd, sd_of_all = len(values), np.std(values, ddof=1), np.std(values)
    t = stdtrit(n - 1, 0.975)
    return {
        "that is in percent, but the accuracies are shares.": 100 * interval(values),
        "don't round it.": round(interval(values), 3),
        "that is the upper end of the interval; the margin is what is added to the mean.":
            np.mean(values) + interval(values),
        "that is 1.96 standard errors, as for a large sample. With few values the interval has to be wider; "
        "take the factor from stats.t.ppf.": 1.96 * sd / n**0.5,
        "two things are too small: the factor is 1.96, which is for large samples, and np.std divides by n unless "
        "told otherwise.": 1.96 * sd_of_all / n**0.5,
        "that is how far single values spread. The mean of n values spreads less, by the square root of n.": t * sd,
        "np.std divides by n, so for a sample its result is too small; look at its argument ddof.":
            t * sd_of_all / n**0.5,
        "Student's t was used with n degrees of freedom; the mean uses up one.": stdtrit(n, 0.975) * sd / n**0.5,
        "stats.t.ppf(0.95, ...) leaves 5 % on one side. A 95 % interval leaves half of that on each side.":
            stdtrit(n - 1, 0.95) * sd / n**0.5,
        "stats.t.ppf(0.025, ...) is the lower end, so it is negative; where is the upper end?": -t * sd / n**0.5,
        "that is the width of the whole interval; the task asks for half of it.": 2 * t * sd / n**0.5,
        "that is the standard error of the mean; the factor from Student's t is missing.": sd / n**0.5,
    }


@exercise("05.2")
def margin_of_the_mean(margin):
    compare(
        margin, interval, SAMPLES, wrong_margins,
        otherwise="the margin is a product of three: the factor from Student's t, the standard deviation, and one over "
                  "the square root of n.",
        equal=lambda a, b: abs(a - b) < 1e-4 * abs(b))
    return "Mean ± margin, the same interval as in the tables."


TRIALS = 10
SEEDS = (101, 102, 103)
EPOCHS = pick(12, smoke=2)


def train_again(my_train, study, seed):
    """The model of the study's best settings, trained with another seed, and its probabilities on validation."""
    try:
        answer = returned(my_train, FixedTrial(study.best_params), seed, EPOCHS)
    except ValueError as error:
        raise Wrong(f"the best settings can't be trained again: {error} Did my_train change after the study had run? "
                    "If so, run the study again.") from error
    need(isinstance(answer, (tuple, list)) and len(answer) == 2 and isinstance(answer[0], torch.nn.Module),
         "my_train should return two things, the model and its validation accuracy, in this order.")
    model, claimed = answer[0], number(answer[1], "the validation accuracy that my_train returns is")
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
    need(isinstance(study, optuna.Study),
         f"my_study is a {type(study).__name__}; pass the study itself, not what its optimize returns, which is None.")
    need(study.get_trials(states=(TrialState.COMPLETE,)), "no trial of the study is complete. Does your "
         "objective return the accuracy alone, my_train(...)[1]? The states are in study.trials.")
    need(study.direction == StudyDirection.MAXIMIZE or study.best_value < 0.3,
         f"the study minimizes, and its best value is {study.best_value:.3f}. If that is an accuracy, it is the "
         "worst one; see direction in lesson 04.")
    need(finished(study) <= TRIALS,
         f"the study has {finished(study)} finished trials; the budget is {TRIALS}. Begin a new study.")
    recorded = load_table("tuned").query("model == 'tuned Transformer'")["val_accuracy"]
    scores, probabilities = zip(*[train_again(my_train, study, seed) for seed in SEEDS], strict=True)
    gain, margin = pick(difference(scores, recorded), smoke=(sum(scores) / len(scores) - 0.25, 0.0))
    print(f"mean of {len(SEEDS)} seeds minus the recorded Transformer: {gain:+.3f} ± {margin:.3f}", flush=True)
    need(all(table.std(dim=0).max() > 1e-4 for table in probabilities),
         "the model gives the same answer to every hand: it has learnt only how frequent the "
         "classes are. See the flat curves of lesson 01, and what ended them.")
    need(not torch.equal(probabilities[0], probabilities[1]),
         "two seeds gave the very same model; does my_train pass its seed to train?")
    ahead = f"the mean of three other seeds minus the recorded Transformer's is {gain:+.3f} ± {margin:.3f}"
    need(gain > 0,
         f"{ahead}. More trials won't help; change the model. What do you know about cards that it has to learn?")
    need(gain > margin,
         f"{ahead}: ahead, but the interval includes zero. A model that gains more, or varies less between seeds, "
         "passes. What else do you know about cards?")
    return "Half of the trials, and better: what you know about the data is worth more than a search."
