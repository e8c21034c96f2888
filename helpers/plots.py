"""The pictures of the course. Each function draws one with matplotlib and returns its Axes.

The pictures of a study follow its direction and its constraints (`trial.set_constraint`). `label` names its value;
the default is the study's metric name (`study.set_metric_names`), or "value". The title or the legend says what can't
be drawn.
"""

import itertools
from types import SimpleNamespace

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.ticker import MaxNLocator
from optuna.distributions import IntDistribution
from optuna.study import StudyDirection
from optuna.trial import TrialState

from helpers.evaluation import by_model, interval
from helpers.figure_style import COLORS, OTHER, color, legend_beside, new_axes, shortened, whole_numbers
from helpers.study import FINISHED, STATE_NAMES, lifecycle

GREY = "#AAAAAA"
DASHES = ((0, (5, 2)), (0, (2, 2)), (0, (9, 3)))  # for lines that colour alone can't distinguish in every theme


def best_of(study):
    """The best trial of a study, or None; and, if there is none, the reason in words."""
    if len(study.directions) > 1:
        where = "plots.pareto" if len(study.directions) == 2 else "optuna.visualization.plot_pareto_front"
        return None, f"{len(study.directions)} directions, so no single best: see {where}"
    best = lifecycle.best_trial(study)
    return best, "" if best else lifecycle.best_so_far(study)


def results(study, label=None):
    """What the pictures draw of a study with one direction.

    trials: its complete and pruned trials, in order. Arrays with one element per trial: `numbers`; `complete` and
    `feasible`, True or False; `values`, NaN unless complete; `so_far`, the best feasible value up to there, or NaN.
    best, note: as from `best_of`.
    """
    best, note = best_of(study)
    trials = study.get_trials(deepcopy=False, states=FINISHED) if len(study.directions) == 1 else []
    complete = np.array([trial.state == TrialState.COMPLETE for trial in trials], dtype=bool)
    feasible = np.array([max(trial.constraints.values(), default=0) <= 0 for trial in trials], dtype=bool)
    values = np.array([trial.value if trial.state == TrialState.COMPLETE else np.nan for trial in trials], dtype=float)
    minimize = study.directions[0] == StudyDirection.MINIMIZE
    return SimpleNamespace(
        trials=trials, numbers=np.array([trial.number for trial in trials]), complete=complete, feasible=feasible,
        values=values, so_far=better(minimize).accumulate(np.where(feasible, values, np.nan)), best=best, note=note,
        minimize=minimize, label=label or (study.metric_names or ["value"])[0])


def better(minimize):
    """The function that picks the better one of two values, and ignores NaN."""
    return np.fmin if minimize else np.fmax


def dots(ax, x, y, label, **style):
    """Draws points; the label says how many are left out, since they have no value or an infinite one."""
    finite = np.isfinite(x) & np.isfinite(y)
    if not finite.all():
        label += f" ({(~finite).sum()} without a finite value)"
    ax.plot(x[finite], y[finite], "o", label=label, **style)


def function_and_trials(function, study, low, high):
    """Draws a function of one variable, x, and the trials of a study on it, coloured by their order."""
    ax = new_axes()
    x = np.linspace(low, high, 500)
    ax.plot(x, function(x), color=OTHER)
    found = results(study)
    tried = np.array([trial.params.get("x", np.nan) for trial in found.trials], dtype=float)
    drawn = ax.scatter(tried, found.values, c=range(1, len(tried) + 1), s=60, cmap="viridis_r", edgecolor="white",
                       zorder=3)
    ax.figure.colorbar(drawn, label="trial", ticks=MaxNLocator(integer=True, min_n_ticks=1))
    ax.set_ylabel(found.label, parse_math=False)
    ax.set(xlabel="x", title=found.note)
    return ax


def best_so_far(values, ax=None, **style):
    """Draws the best value up to each trial: `values` is (runs, trials); the line is the mean over the runs."""
    ax = ax or new_axes()
    best = np.maximum.accumulate(np.atleast_2d(values), axis=1)
    ax.plot(range(1, best.shape[1] + 1), best.mean(axis=0), **style)
    ax.set(xlabel="trials", ylabel="best value so far")
    whole_numbers(ax)
    return ax


def ten_tries(tries, searches):
    """Draws the best accuracy so far: of a learner's tries, in order, and of searches from the same first settings.

    tries: a list, may be empty. searches: (runs, trials); a thin line each, and a thick one for their mean.
    """
    ax = new_axes()
    for values in searches:
        best_so_far(values, ax, color=COLORS["tuned Transformer"], alpha=0.6, linewidth=1.5)
    best_so_far(searches, ax, color=COLORS["tuned Transformer"], label="Optuna")
    if tries:
        best_so_far(tries, ax, color="#D55E00", marker="o", label="you")
    ax.set(xlabel="tries", ylabel="best validation accuracy so far")
    legend_beside(ax)
    return ax


def class_shares(labels):
    """Draws the share of each class, as horizontal bars."""
    ax = new_axes(height=3)
    shares = labels.value_counts(normalize=True).sort_values()
    share_bars(ax, shares.index, shares)
    ax.set(xlabel="share of the hands (%)")
    return ax


def share_bars(ax, names, shares):
    ax.bar_label(ax.barh(range(len(names)), 100 * shares, color=OTHER), fmt="%.1f %%", padding=3)
    ax.set_yticks(range(len(names)), [shortened(name) for name in names], parse_math=False)
    ax.grid(axis="y", visible=False)


def classes_and_lengths(data):
    """Draws, for the training part of a `SequenceData`, the share of each class and the lengths of its texts."""
    left, right = new_axes(width=11, height=max(3, min(8, 0.35 * data.n_classes + 1)), columns=2)
    counts = np.bincount(data.y_train, minlength=data.n_classes)
    lengths = (data.x_train != 0).sum(dim=1).numpy()
    order = np.argsort(counts)[-20:]  # at most the 20 most frequent classes
    share_bars(left, [data.classes[number] for number in order], counts[order] / counts.sum())
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
    whole_numbers(ax)
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
    for (name, recipe), shade in zip(recipes.items(), (COLORS["paper's recipe"], OTHER, "#CC79A7"), strict=False):
        ax.plot(steps, [recipe.learning_rate(int(step)) for step in steps], color=shade, linewidth=2.5, label=name)
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


def history(study, reference=None, ax=None, label=None):
    """Draws the value of each complete trial, the best value so far, and a grey tick per pruned trial.

    reference: {name: value}, drawn as dashed lines.
    """
    ax = ax or new_axes()
    found = results(study, label)
    feasible, infeasible = found.complete & found.feasible, found.complete & ~found.feasible
    dots(ax, found.numbers[feasible], found.values[feasible], "complete", color=OTHER, alpha=0.5)
    if infeasible.any():
        dots(ax, found.numbers[infeasible], found.values[infeasible], "infeasible", color="#D55E00", fillstyle="none")
    failed = [trial.number for trial in study.get_trials(deepcopy=False, states=(TrialState.FAIL,))]
    later = [number for number in failed[-1:] if len(found.numbers) and number > found.numbers[-1]]
    ax.plot([*found.numbers, *later], [*found.so_far, *(found.so_far[-1] for _ in later)], color="black",
            drawstyle="steps-post", label="best so far")
    pruned = found.numbers[~found.complete]
    ax.plot(pruned, np.full(len(pruned), 0.03), "|", color=GREY, markersize=10, label="pruned",
            transform=ax.get_xaxis_transform())  # at the bottom, whatever the values are
    for (name, value), dashes in zip((reference or {}).items(), itertools.cycle(DASHES)):
        ax.axhline(value, color=color(name), linestyle=dashes, label=name)
    ax.set_ylabel(found.label, parse_math=False)
    ax.set(xlabel="trial", title=found.note)
    whole_numbers(ax)
    legend_beside(ax)
    return ax


def trial_curves(study, newest=None, ax=None, label=None):
    """Draws the learning curve of each finished trial: grey if pruned, thick for the best one.

    newest: draw only that many of the latest trials, and the best one.
    """
    ax = ax or new_axes()
    found = results(study, label)
    trials = [trial for trial in found.trials if trial.intermediate_values]
    for trial in trials[-(newest or 0) :]:
        grey = trial.state == TrialState.PRUNED
        draw_reports(ax, trial, linewidth=1, color=GREY if grey else COLORS["tuned Transformer"], alpha=0.6,
                     zorder=1 if grey else 2)
    if found.best and found.best.intermediate_values:
        draw_reports(ax, found.best, color="black", linewidth=3, zorder=3,
                     label=f"best trial, number {found.best.number}")
    ax.plot([], [], color=COLORS["tuned Transformer"], label="complete")
    ax.plot([], [], color=GREY, label="pruned")
    ax.set_ylabel(found.label, parse_math=False)
    ax.set(xlabel="epoch", title=found.note or ("" if trials else "no trial has reported a value"))
    whole_numbers(ax)
    legend_beside(ax)
    return ax


def draw_reports(ax, trial, **style):
    """Draws what a trial has reported: a line, or a dot if it is a single value."""
    steps, values = zip(*sorted(trial.intermediate_values.items()), strict=True)
    ax.plot(steps, values, marker="o" if len(steps) == 1 else "", **style)


def slices(study, params, label=None):
    """Draws, for each parameter, the best value of each trial against its setting; pruned trials are grey.

    The value is the best one that the trial reported; without reports, the one that it returned.
    params: names of parameters. Raises ValueError if no trial has one of them.
    """
    params = [params] if isinstance(params, str) else list(params)
    how = how_searched(study, params)
    found = results(study, label)
    values = np.array([best_report(trial, found.minimize) for trial in found.trials], dtype=float)
    axes = np.atleast_1d(new_axes(width=max(11, 2.5 * len(params)), height=3.5, columns=len(params)))
    for ax, name in zip(axes, params, strict=True):
        places = places_on_axis(ax, found.trials, name, how[name])
        has = np.array([name in trial.params for trial in found.trials], dtype=bool)
        for state, which, style in ((TrialState.PRUNED, ~found.complete, "#BBBBBB"),
                                    (TrialState.COMPLETE, found.complete, COLORS["tuned Transformer"])):
            if which.any():
                dots(ax, places[has & which], values[has & which], STATE_NAMES[state], color=style, alpha=0.7)
        ax.set_xlabel(shortened(name), parse_math=False)
    axes[0].set_ylabel(f"best {found.label}", parse_math=False)
    axes[0].set_title(found.note)
    legend_beside(axes[-1])
    return axes


def how_searched(study, params):
    """{name: distribution} of all parameters of a study. Raises ValueError if one of `params` is not among them."""
    how = {name: each for trial in study.get_trials(deepcopy=False) for name, each in trial.distributions.items()}
    wrong = [f"no trial has a parameter {name!r}" for name in params if name not in how]
    if wrong or not params:
        wrong = wrong[0] if wrong else "name the parameters to draw"
        raise ValueError(f"{wrong}; this study's are: {', '.join(how) or 'none yet'}")
    return how


def best_report(trial, minimize):
    """The best value that a trial reported, NaN left out; without reports its own value, or NaN."""
    reports = list(trial.intermediate_values.values()) or [np.nan if trial.value is None else trial.value]
    return better(minimize).reduce(reports)


def places_on_axis(ax, trials, name, distribution):
    """Each trial's position on the x axis, NaN if it lacks the parameter; categories get a tick each."""
    if not hasattr(distribution, "choices"):
        ax.set_xscale("log" if distribution.log else "linear")
        places = np.array([trial.params.get(name, np.nan) for trial in trials], dtype=float)
        if isinstance(distribution, IntDistribution) and not distribution.log:
            whole_numbers(ax)
            if len(values := np.unique(places[np.isfinite(places)])) <= 6:
                ax.set_xticks(values)
        return places
    choices = [repr(choice) for choice in distribution.choices]  # True, 1 and 1.0 are equal, their reprs are not
    names = [shortened(choice, 12) for choice in distribution.choices]
    ax.set_xticks(range(len(names)), names, rotation=90 if max(map(len, names)) > 5 else 0, parse_math=False)
    ax.set_xlim(-0.5, len(choices) - 0.5)
    return np.array([choices.index(repr(trial.params[name])) if name in trial.params else np.nan for trial in trials])


def interactions(table, name, others, label):
    """Draws the mean of the column `label` against the parameter `name`: a panel per other parameter, a line per value.

    table: a data frame, one row per training; `name` is on a log scale. others: names of two or more columns.
    """
    axes = new_axes(11, 3.5, columns=len(others))
    for ax, other in zip(axes, others, strict=True):
        for value, rows in table.groupby(other):
            means = rows.groupby(name)[label].mean()
            ax.plot(means.index, means, "o-", label=str(value))
        ax.set(xscale="log", xlabel=name)
        ax.legend(title=other, loc="upper left")
    axes[0].set_ylabel(f"mean {label}")
    return axes


def price(ways):
    """Draws the cost of each way to an accuracy: my minutes and the machine's, on a log scale.

    ways: a data frame, one row per way, with the columns accuracy, "my minutes" and "the machine's" (minutes).
    """
    ways = ways.sort_values("accuracy")
    ax = new_axes(height=3)
    rows = range(len(ways))
    mine, machine = ways["my minutes"], ways["the machine's"]
    ax.hlines(rows, np.minimum(mine, machine), np.maximum(mine, machine), color=GREY, zorder=1)
    ax.plot(mine, rows, "o", color="#D55E00", markersize=10, label="my minutes")
    ax.plot(machine, rows, "s", color="#0072B2", markersize=9, label="the machine's")
    ax.set_yticks(rows, [f"{way}: {accuracy:.3f}" for way, accuracy in ways["accuracy"].items()])
    ax.set(xscale="log", xlabel="minutes", ylabel="test accuracy", ylim=(-0.5, len(ways) - 0.5))
    ax.xaxis.set_major_formatter("{x:g}")
    legend_beside(ax)
    return ax


def selection(values, test_values, minimize=False, label="value"):
    """Draws the values of a study's complete trials, and the winner's test values over seeds.

    minimize: whether smaller is better. label: what the values are.
    """
    ax = new_axes(height=2.5)
    values = np.asarray(values, dtype=float)
    dots(ax, values, np.zeros(len(values)), "trials, on validation", color=OTHER, alpha=0.4)
    best = better(minimize).accumulate(values)[-1:]  # empty if there is no value
    ax.plot(best, np.zeros(len(best)), "o", color="black", markersize=10, label="the best of them")
    ax.plot(test_values, np.full(len(test_values), -1), "o", color=COLORS["tuned Transformer"],
            label="its settings, trained again, on test")
    ax.set_yticks([])
    ax.set(xlabel=label, ylim=(-1.7, 2.4))
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
    for state, colour in (("COMPLETE", COLORS["tuned Transformer"]), ("PRUNED", GREY)):
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


def pareto(study, first, second):
    """Draws a study with two directions: its trials, and the Pareto front.

    first, second: the names of the two values; the second is on the x axis, on a log scale if all are positive.
    Raises ValueError if the study has another number of directions.
    """
    if len(study.directions) != 2:
        instead = "plots.history(study)" if len(study.directions) == 1 else "optuna.visualization.plot_pareto_front"
        raise ValueError(f"plots.pareto draws two values, and this study has {len(study.directions)}; see {instead}")
    ax = new_axes()
    trials = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
    values = np.array([trial.values for trial in trials], dtype=float).reshape(-1, 2)
    dots(ax, values[:, 1], values[:, 0], "a trial", color=OTHER, alpha=0.4)
    front = sorted({tuple(trial.values) for trial in study.best_trials}, key=lambda values: values[1])
    steps = "steps-post" if study.directions[1] == StudyDirection.MINIMIZE else "steps-pre"
    ax.plot([values[1] for values in front], [values[0] for values in front], "o-", color="#009E73", markersize=8,
            drawstyle=steps, label="the Pareto front")
    ax.set(xscale="log" if (values[:, 1] > 0).all() else "linear", xlabel=second, ylabel=first)
    ax.set(title="" if front else "none feasible yet" if trials else "none complete yet")
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


def bands(runs, xlabel):
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
    ax.set(xlabel=xlabel, ylabel="best value so far")
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


def effects(means):
    """Draws, for each parameter, the mean result of each of its values, joined by a line.

    means: {name: series of mean results, indexed by the parameter's value}.
    """
    ax = new_axes(11, 4)
    for place, by_value in enumerate(means.values()):
        where = place + np.linspace(-0.25, 0.25, len(by_value))
        ax.plot(where, by_value, "o-", color=COLORS["tuned Transformer"])
        for x, value, mean in zip(where, by_value.index, by_value, strict=True):
            above = 8 if mean == by_value.max() else -18  # points; where the line does not cross it
            ax.annotate(str(value), (x, mean), (0, above), textcoords="offset points", ha="center", fontsize=11)
    ax.set_xticks(range(len(means)), list(means))
    ax.margins(y=0.2)
    ax.set_ylabel("validation accuracy, mean")
    return ax
