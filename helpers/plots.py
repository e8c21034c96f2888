"""The pictures of the course. Each function draws one with matplotlib and returns its Axes."""

import itertools

import matplotlib.pyplot as plt
import numpy as np
from optuna.trial import TrialState

from helpers.evaluation import by_model, interval
from helpers.figure_style import COLORS, OTHER, color, legend_beside, new_axes
from helpers.study import STATE_NAMES


def function_and_trials(function, study, low, high):
    """Draws a function of one variable and the trials of a study on it, coloured by their order."""
    ax = new_axes()
    x = np.linspace(low, high, 500)
    ax.plot(x, function(x), color=OTHER)
    tried = [trial.params["x"] for trial in study.trials]
    dots = ax.scatter(tried, [trial.value for trial in study.trials], c=range(1, len(tried) + 1), s=60,
                      cmap="viridis_r", edgecolor="white", zorder=3)
    ax.figure.colorbar(dots, label="trial")
    ax.set(xlabel="x", ylabel="value")
    return ax


def best_so_far(values, ax=None, **style):
    """Draws the best value up to each trial: `values` is (runs, trials); the line is the mean over the runs."""
    ax = ax or new_axes()
    best = np.maximum.accumulate(np.atleast_2d(values), axis=1)
    ax.plot(range(1, best.shape[1] + 1), best.mean(axis=0), **style)
    ax.set(xlabel="trials", ylabel="best value so far")
    return ax


def hand_against_study(accuracies, study):
    """Draws the best value so far of a learner's manual tries, in order, and of a study."""
    ax = new_axes()
    values = [trial.value if trial.state == TrialState.COMPLETE else 0.0 for trial in study.trials]
    best_so_far(values, ax, color=COLORS["tuned Transformer"], label="Optuna")
    if accuracies:
        best_so_far(accuracies, ax, color="#D55E00", marker="o", label="you")
    ax.set(xscale="log", xlabel="tries", ylabel="best validation accuracy so far")
    ax.xaxis.set_major_formatter("{x:g}")
    ax.legend(loc="lower right")
    return ax


def class_shares(labels):
    """Draws the share of each class, as horizontal bars."""
    ax = new_axes(height=3)
    shares = labels.value_counts(normalize=True).sort_values()
    share_bars(ax, shares.index, shares)
    ax.set(xlabel="share of the hands (%)")
    return ax


def share_bars(ax, names, shares):
    ax.bar_label(ax.barh(names, 100 * shares, color=OTHER), fmt="%.1f %%", padding=3)
    ax.grid(axis="y", visible=False)


def classes_and_lengths(data):
    """Draws, for the training part of a `SequenceData`, the share of each class and the lengths of its texts."""
    left, right = new_axes(width=11, height=max(3, min(8, 0.35 * data.n_classes + 1)), columns=2)
    counts = np.bincount(data.y_train, minlength=data.n_classes)
    lengths = (data.x_train != 0).sum(dim=1).numpy()
    order = np.argsort(counts)[-20:]  # at most the 20 most frequent classes
    names = [str(data.classes[number])[:30] for number in order]
    share_bars(left, names, counts[order] / counts.sum())
    left.set(xlabel="share of the texts (%)", xlim=(0, 115 * counts.max() / counts.sum()))
    right.boxplot([lengths[data.y_train.numpy() == number] for number in order], orientation="horizontal",
                  positions=range(len(order)), manage_ticks=False, flierprops={"markersize": 3, "alpha": 0.3})
    right.set(xlabel="tokens in a text")
    return left, right


def learning_curves(curves, x="epoch", majority=None):
    """Draws validation accuracy against epochs (or x="seconds"): one thin line per seed, a thick one for their mean.

    curves: a data frame with the columns model, seed, epoch, seconds and val_accuracy, one row per epoch.
    """
    ax = new_axes()
    for model, group in curves.groupby("model", sort=False):
        for _, seed in group.groupby("seed"):
            ax.plot(seed[x], seed["val_accuracy"], color=color(model), alpha=0.3, linewidth=1)
        mean = group.drop(columns="model").groupby("epoch", as_index=False).mean()
        ax.plot(mean[x], mean["val_accuracy"], color=color(model), linewidth=2.5, label=model)
    if majority is not None:
        ax.axhline(majority, color=COLORS["majority"], linestyle="--", label="majority")
    ax.set(xlabel="seconds of training" if x == "seconds" else x, ylabel="validation accuracy")
    legend_beside(ax)
    return ax


def compare(table, metric="val_accuracy"):
    """Draws one line per model: a dot per training, the mean over seeds, and its 95 % interval as a bar."""
    summary = by_model(table, (metric,))
    ax = new_axes(height=0.5 * len(summary) + 1)
    for height, (model, row) in enumerate(summary.iterrows()):
        runs = table.loc[table["model"] == model, metric]
        ax.plot(runs, [height] * len(runs), "o", color=color(model), alpha=0.4, markeredgewidth=0)
        ax.errorbar(row[metric], height, xerr=row.filter(like="±").iloc[0], color=color(model), fmt="|",
                    markersize=16, markeredgewidth=3, capsize=5, linewidth=2.5)
    ax.set_yticks(range(len(summary)), summary.index)
    label = metric.replace("val", "validation").replace("_", " ").replace("auc", "AUC")
    ax.set(ylim=(-0.5, len(summary) - 0.5), xlabel=label)
    return ax


def schedules(recipes, n_steps):
    """Draws the learning rate of each recipe over its first steps, and shades the steps of our training.

    recipes: {name: PaperRecipe}; n_steps: the number of steps of our training.
    """
    ax = new_axes()
    steps = np.arange(1, 8_001)
    for name, recipe in recipes.items():
        ax.plot(steps, [recipe.learning_rate(int(step)) for step in steps], linewidth=2.5, label=name)
    ax.axvspan(0, n_steps, color="#FFE9A8", label="the steps that we train")
    ax.set(xlabel="step", ylabel="learning rate")
    ax.legend()
    return ax


def compare_draws(even, log):
    """Draws evenly and log-uniformly sampled learning rates on a log axis; the band is where models learn."""
    ax = new_axes(height=2.5)
    rng = np.random.default_rng(0)
    for height, draws in enumerate([log, even]):
        ax.plot(draws, height + rng.uniform(-0.3, 0.3, len(draws)), ".", color=OTHER, alpha=0.3)
    ax.axvspan(1e-4, 1e-2, color="#FFE9A8")
    ax.set_yticks([0, 1], ["log scale", "even"])
    ax.set(xscale="log", xlabel="learning rate")
    return ax


def history(study, reference=None, ax=None):
    """Draws the value of each complete trial, the best value so far, and a grey tick for each pruned trial.

    reference: {name: value}, drawn as dashed lines.
    """
    ax = ax or new_axes()
    complete = [trial for trial in study.trials if trial.state == TrialState.COMPLETE]
    pruned = [trial.number for trial in study.trials if trial.state == TrialState.PRUNED]
    numbers, values = [trial.number for trial in complete], [trial.value for trial in complete]
    ax.plot(numbers, values, "o", color=OTHER, alpha=0.5, label="complete")
    best = np.maximum.accumulate(values) if values else []
    ax.plot(numbers, best, color="black", drawstyle="steps-post", label="best so far")
    below = min(values, default=0.03) - 0.03
    ax.plot(pruned, [below] * len(pruned), "|", color="#AAAAAA", markersize=10, label="pruned")
    for name, value in (reference or {}).items():
        ax.axhline(value, color=color(name), linestyle="--", label=name)
    ax.set(xlabel="trial", ylabel="validation accuracy")
    legend_beside(ax)
    return ax


def trial_curves(study, newest=None, ax=None):
    """Draws the learning curve of each trial: grey if pruned, thick for the best one.

    newest: draw only this number of trials, the last ones, and the best one.
    """
    ax = ax or new_axes()
    complete = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
    trials = [trial for trial in study.get_trials(deepcopy=False) if trial.intermediate_values]
    for trial in trials[-(newest or 0) :]:
        grey = trial.state == TrialState.PRUNED
        ax.plot(*zip(*sorted(trial.intermediate_values.items()), strict=True), linewidth=1,
                color="#AAAAAA" if grey else COLORS["tuned Transformer"], alpha=0.6, zorder=1 if grey else 2)
    if complete and study.best_trial.intermediate_values:
        best = study.best_trial
        ax.plot(*zip(*sorted(best.intermediate_values.items()), strict=True), color="black", linewidth=3, zorder=3,
                label=f"best trial, number {best.number}")
    ax.plot([], [], color=COLORS["tuned Transformer"], label="complete")
    ax.plot([], [], color="#AAAAAA", label="pruned")
    ax.set(xlabel="epoch", ylabel="validation accuracy")
    ax.legend(loc="upper left")
    return ax


def slices(study, params):
    """Draws, for each parameter, the best accuracy of each trial against its value; pruned trials are grey."""
    axes = new_axes(width=11, height=3.5, columns=len(params))
    for ax, param in zip(axes, params, strict=True):
        for state, style in ((TrialState.PRUNED, "#BBBBBB"), (TrialState.COMPLETE, COLORS["tuned Transformer"])):
            trials = [trial for trial in study.trials if trial.state == state and param in trial.params]
            values = [max(trial.intermediate_values.values()) for trial in trials]
            ax.plot([trial.params[param] for trial in trials], values, "o", color=style, alpha=0.7,
                    label=STATE_NAMES[state])
        ax.set(xlabel=param, xscale="log" if param == "lr" else "linear")
    axes[0].set(ylabel="best validation accuracy")
    legend_beside(axes[-1])
    return axes


def importances(first, second, names):
    """Draws two sets of importances, {parameter: share}, side by side."""
    ax = new_axes(height=5)
    order = sorted(first, key=first.get)
    place = np.arange(len(order))
    ax.barh(place + 0.2, [first[name] for name in order], 0.4, color="#0072B2", label=names[0])
    ax.barh(place - 0.2, [second.get(name, 0) for name in order], 0.4, color="#E69F00", label=names[1])
    ax.set_yticks(place, order)
    ax.set(xlabel="importance (share)")
    ax.legend()
    return ax


def selection(values, test_values):
    """Draws the values of a study's complete trials, and the winner's test values over seeds."""
    ax = new_axes(height=2.5)
    ax.plot(values, np.zeros(len(values)), "o", color=OTHER, alpha=0.4, label="trials, on validation")
    ax.plot(max(values), 0, "o", color="black", markersize=10, label="the best of them")
    ax.plot(test_values, np.full(len(test_values), -1), "o", color=COLORS["tuned Transformer"],
            label="its settings, trained again, on test")
    ax.set_yticks([])
    ax.set(xlabel="accuracy", ylim=(-1.7, 2.4))
    ax.legend(ncols=1, loc="upper left")
    return ax


def work_of_trials(trials, names):
    """Draws one row per library, one dot per trial: its area is the share of a full training; grey if pruned.

    trials: a data frame with the columns library, number, state and reported (rounds), one row per trial.
    names: {library: label of its row}, from the top down.
    """
    ax = new_axes(height=0.35 * len(names) + 1.2)
    rounds = trials.groupby("library")["reported"].transform("max")
    trials = trials.assign(share=trials["reported"] / rounds, row=trials["library"].map(list(names).index))
    for state, colour in (("COMPLETE", COLORS["tuned Transformer"]), ("PRUNED", "#AAAAAA")):
        some = trials[trials["state"] == state]
        ax.scatter(some["number"], some["row"], s=130 * some["share"], color=colour, label=state.lower())
    ax.set_yticks(range(len(names)), names.values())
    ax.set(ylim=(len(names) - 0.5, -0.5), xlabel="trial", xticks=range(0, 20, 5))
    legend_beside(ax)
    return ax


def luck(val, test):
    """Draws runs that differ only in their seed: accuracy on test against accuracy on validation."""
    ax = new_axes()
    ax.plot(val, test, "o", color=OTHER, alpha=0.5, label="a run")
    ax.plot(np.mean(val), np.mean(test), "P", color="#0072B2", markersize=14, label="the mean of all")
    best = np.argmax(val)
    ax.plot(val[best], test[best], "o", color="#D55E00", markersize=12, label="the best on validation")
    ax.set(xlabel="accuracy on validation", ylabel="accuracy on test")
    legend_beside(ax)
    return ax


def pareto(study, accuracy, size):
    """Draws a study with two directions, accuracy (up) and size (down): its trials, and the Pareto front.

    accuracy, size: the names of the two values.
    """
    ax = new_axes()
    trials = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
    ax.plot([trial.values[1] for trial in trials], [trial.values[0] for trial in trials], "o", color=OTHER, alpha=0.4,
            label="a trial")
    front = sorted({tuple(trial.values) for trial in study.best_trials}, key=lambda values: values[1])
    ax.plot([values[1] for values in front], [values[0] for values in front], "o-", color="#009E73", markersize=8,
            drawstyle="steps-post", label="the Pareto front")
    ax.set(xscale="log", xlabel=size, ylabel=accuracy)
    legend_beside(ax)
    return ax


def layouts(table):
    """Draws four ways to write the same hands: one dot per training, and the means of each model, untuned and tuned.

    table: a data frame with the columns layout, model, tuned, seed and test_accuracy, one row per training.
    """
    axes = new_axes(width=11, columns=2)
    names = list(table["layout"].unique())
    for ax, tuned in zip(axes, (False, True), strict=True):
        for model, line, colour in (("LSTM", "o-", "#0072B2"), ("Transformer", "s--", "#009E73")):
            rows = table[(table["model"] == model) & (table["tuned"] == tuned)]
            ax.plot(rows["layout"].map(names.index), rows["test_accuracy"], line[0], color=colour, alpha=0.3)
            means = rows.groupby("layout", sort=False)["test_accuracy"].mean()
            ax.plot(range(len(names)), means[names], line, color=colour, label=model)
        ax.set_xticks(range(len(names)), names)
        ax.set(xlabel="tuned" if tuned else "untuned", ylabel="" if tuned else "test accuracy")
    legend_beside(axes[-1])
    return axes


def bands(runs, xlabel, ylabel="best value so far"):
    """Draws for each name the mean over its runs and, as a band, the 95 % interval of that mean.

    runs: {name: data frame}, one row per run; the names of the columns are the points on the x axis.
    """
    ax = new_axes()
    colours = [*plt.rcParams["axes.prop_cycle"].by_key()["color"], "black"]
    styles = zip(itertools.cycle(["-", "--", "-.", ":"]), itertools.cycle(colours), strict=False)
    for (name, table), (line, colour) in zip(runs.items(), styles, strict=False):
        mean, half = table.mean(), table.apply(interval)
        ax.plot(table.columns, mean, line, color=colour, label=name)
        ax.fill_between(table.columns, mean - half, mean + half, color=colour, alpha=0.12, linewidth=0)
    ax.set(xlabel=xlabel, ylabel=ylabel)
    legend_beside(ax)
    return ax


def medians(table, x, y, by, xlabel, ylabel):
    """Draws the median of the column y against the column x, both on log scales: one line per value of `by`."""
    ax = new_axes()
    for (name, rows), mark in zip(table.groupby(by, sort=False), "os^DvPX", strict=False):
        median = rows.groupby(x)[y].median()
        ax.plot(median.index, median, f"{mark}-", label=name)
    ax.set(xscale="log", yscale="log", xlabel=xlabel, ylabel=ylabel)
    ax.set_xticks(sorted(table[x].unique()), minor=False)
    ax.set_xticks([], minor=True)
    for axis in (ax.xaxis, ax.yaxis):
        axis.set_major_formatter("{x:,g}")
    legend_beside(ax)
    return ax
