"""What TPE knows after each trial, and how the next proposal follows from it."""

import ipywidgets
import numpy as np
import optuna

from helpers.figure_style import COLORS
from helpers.plots import GREY
from helpers.study.optuna_internals import WatchedTPE
from helpers.teaching.widgets.picture import Picture

GOOD = COLORS["paper's recipe"]


class HowTPEChooses(ipywidgets.VBox):
    """A slider over the trials of one study; the picture shows how TPE chose the next value of x.

    function: of an array x between low and high, to be maximized; n_trials: more than ten, since TPE draws its first
    ten at random; seed: of the sampler.
    """

    def __init__(self, function, low, high, n_trials, seed):
        self.function, self.low, self.high = function, low, high
        sampler = WatchedTPE(seed=seed)
        self.study = optuna.create_study(direction="maximize", sampler=sampler)
        self.study.optimize(lambda trial: function(trial.suggest_float("x", low, high)), n_trials=n_trials)
        self.first, self.proposals = n_trials - len(sampler.proposals), sampler.proposals
        self.slider = ipywidgets.IntSlider(min=self.first, max=n_trials - 1, description="trials so far",
                                           style={"description_width": "8em"}, layout={"width": "36em"})
        self.slider.observe(lambda _: self.draw(), "value")
        self.words, self.picture = ipywidgets.HTML(), Picture(width=9)
        self.densities = self.picture.axes.twinx()
        self.picture.axes.set(zorder=self.densities.get_zorder() + 1, facecolor="none")  # dots above areas
        super().__init__([self.slider, self.picture, self.words])
        self.draw()

    def draw(self):
        """Draws what was known after as many trials as the slider says."""
        n = self.slider.value
        proposal, trials = self.proposals[n - self.first], self.study.trials[:n]
        chosen = self.study.trials[n].params["x"]
        self.draw_trials(trials, proposal.good_trials, chosen)
        self.draw_densities(proposal)
        self.picture.draw()
        self.words.value = (
            f"The best {len(proposal.good_trials)} of {n} trials count as good. TPE draws "
            f"{len(proposal.candidates['x'])} candidates from the curve of the good ones, and proposes the one where "
            f"that curve is highest compared with the curve of the rest: <b>x = {chosen:.2f}</b>. The value there is "
            f"{self.study.trials[n].value:.3f}; the best so far is {max(one.value for one in trials):.3f}.")

    def draw_trials(self, trials, good, chosen):
        ax, x = self.picture.axes, np.linspace(self.low, self.high, 500)
        ax.clear()
        ax.plot(x, self.function(x), ":", color="#555555", label="the function (hidden)")
        for label, color, wanted in [("good trials", GOOD, True), ("the rest", GREY, False)]:
            points = [(one.params["x"], one.value) for one in trials if (one.number in good) == wanted]
            ax.plot(*zip(*points, strict=True), "o", color=color, markersize=9, label=label)
        ax.axvline(chosen, color=COLORS["tuned Transformer"], linestyle="--", label="next proposal")
        ax.set(xlabel="x", ylabel="value", xlim=(self.low, self.high))
        ax.legend(loc="upper left", bbox_to_anchor=(1, 1), frameon=False)

    def draw_densities(self, proposal):
        ax, x = self.densities, np.linspace(self.low, self.high, 500)
        ax.clear()
        for label, color, log_density in [("good", GOOD, proposal.good), ("rest", GREY, proposal.rest)]:
            y = np.exp(log_density({"x": x}))
            ax.plot(x, y, color=color)
            ax.fill_between(x, y, color=color, alpha=0.25, label=f"density of the {label}")
        ax.plot(proposal.candidates["x"], np.zeros(len(proposal.candidates["x"])), "|", color=GOOD, markersize=18,
                label="candidates")
        ax.set(ylim=(0, None), yticks=[])
        ax.legend(loc="lower left", bbox_to_anchor=(1, 0), frameon=False)
