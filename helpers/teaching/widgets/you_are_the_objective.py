"""A game of ask and tell: find the highest of three hidden hills, against two samplers."""

import ipywidgets
import numpy as np
import optuna
from optuna.distributions import FloatDistribution
from optuna.trial import TrialState

from helpers import plots
from helpers.figure_style import whole_numbers
from helpers.teaching.widgets.picture import Picture

SPACE = {"x": FloatDistribution(0, 1), "y": FloatDistribution(0, 1)}
LOOKS = 15
RIVALS = {
    "Random": lambda seed: optuna.samplers.RandomSampler(seed=seed),
    "TPE": lambda seed: optuna.samplers.TPESampler(n_startup_trials=5, seed=seed),
}
COLORS = {"Random": "#888888", "TPE": "#009E73", "you": "#D55E00"}


class YouAreTheObjective(ipywidgets.VBox):
    """The study asks, you decide: take its proposal or move the sliders, then look at the value there.

    looks: the number of values you may see; then the function is shown, and the best value that Random and TPE find
    with as many looks, as the mean of `rivals` studies each. The function is different each time.
    """

    def __init__(self, looks=LOOKS, rivals=20):
        self.looks, self.rivals = looks, rivals
        self.sliders = {name: ipywidgets.FloatSlider(0.5, min=0, max=1, step=0.01, description=name) for name in SPACE}
        self.look_button = ipywidgets.Button(description="Look here", icon="eye", button_style="primary")
        self.follow_button = ipywidgets.Button(description="Take the proposal", layout={"width": "14em"})
        new_game = ipywidgets.Button(description="New game", icon="refresh")
        self.look_button.on_click(lambda _: self.look({name: one.value for name, one in self.sliders.items()}))
        self.follow_button.on_click(lambda _: self.look(self.proposal.params))
        new_game.on_click(lambda _: self.begin(self.seed + 1))
        self.words, self.picture = ipywidgets.HTML(), Picture(width=11, columns=2)
        buttons = ipywidgets.HBox([self.look_button, self.follow_button, new_game])
        super().__init__([self.picture, ipywidgets.HBox(list(self.sliders.values())), buttons, self.words])
        self.begin(int(np.random.default_rng().integers(1_000_000)))

    def begin(self, seed):
        self.seed, self.function = seed, hidden_function(seed)
        self.study = optuna.create_study(direction="maximize", sampler=RIVALS["TPE"](seed))
        self.places, self.values = [], []
        self.look_button.disabled = self.follow_button.disabled = False
        self.ask()

    def ask(self):
        self.proposal = self.study.ask(SPACE)
        place = ", ".join(f"{name} = {value:.2f}" for name, value in self.proposal.params.items())
        best = f" Your best so far: {max(self.values):.3f}." if self.values else ""
        self.words.value = (f"Looks left: {self.looks - len(self.values)}. The study asks for {place}. "
                            f"Follow it, or look where you like.{best}")
        self.draw()

    def look(self, place):
        """Looks at the value there and tells the study; a proposal that was not followed is reported as failed."""
        trial = self.proposal
        if place != trial.params:
            self.study.tell(trial, state=TrialState.FAIL)
            self.study.enqueue_trial(place)
            trial = self.study.ask(SPACE)
        self.places.append(tuple(trial.params.values()))
        self.values.append(float(self.function(**trial.params)))
        self.study.tell(trial, self.values[-1])
        if len(self.values) < self.looks:
            self.ask()
        else:
            self.end()

    def end(self):
        """Shows the function and the rivals, and the result in words."""
        self.look_button.disabled = self.follow_button.disabled = True
        self.words.value = "The game is over. The two samplers are playing now ..."
        rivals = {name: [play(self.function, make_sampler(seed), self.looks) for seed in range(self.rivals)]
                  for name, make_sampler in RIVALS.items()}
        self.draw(rivals)
        ends = {name: np.max(values, axis=1).mean() for name, values in rivals.items()}
        self.words.value = (
            f"<b>Your best: {max(self.values):.3f}.</b> The highest hill is 1. With as many looks, the mean best of "
            f"{self.rivals} studies: Random {ends['Random']:.3f}, TPE {ends['TPE']:.3f}. "
            "One game proves little: press New game for another."
        )

    def draw(self, rivals=None):
        left, right = self.picture.axes
        left.clear()
        right.clear()
        if rivals:
            grid = np.linspace(0, 1, 100)
            left.contourf(grid, grid, self.function(*np.meshgrid(grid, grid)), np.linspace(0, 1, 11), alpha=0.6)
        else:
            left.plot(*self.proposal.params.values(), "*", color=COLORS["TPE"], markersize=16, label="the study asks")
            left.legend(loc="upper left", bbox_to_anchor=(0, 1.15), frameon=False)
        if self.places:
            left.scatter(*zip(*self.places, strict=True), c=self.values, s=80, vmin=0, vmax=1, edgecolor="#555555")
        for place, value in zip(self.places, self.values, strict=True):
            left.annotate(f"{value:.2f}", place, xytext=(5, 5), textcoords="offset points", fontsize=10)
        left.set(xlabel="x", ylabel="y", xlim=(0, 1), ylim=(0, 1))
        for name, values in (rivals or {}).items():
            plots.best_so_far(values, right, color=COLORS[name], label=name)
        if self.values:
            plots.best_so_far(self.values, right, color=COLORS["you"], label="you", marker="o")
            right.legend(loc="lower right")
        right.set(xlabel="looks", ylabel="best value so far", xlim=(0.5, self.looks + 0.5), ylim=(0, 1.05))
        whole_numbers(right)
        self.picture.draw()


def hidden_function(seed):
    """Three hills of random position, height and width in the unit square, the highest of height 1."""
    rng = np.random.default_rng(seed)
    centers, widths = rng.uniform(0.1, 0.9, (3, 2)), rng.uniform(0.15, 0.25, 3)
    heights = np.array([1.0, *rng.uniform(0.4, 0.8, 2)])

    def function(x, y):
        distances = (np.asarray(x)[..., None] - centers[:, 0]) ** 2 + (np.asarray(y)[..., None] - centers[:, 1]) ** 2
        return (heights * np.exp(-distances / (2 * widths**2))).max(axis=-1)

    return function


def play(function, sampler, looks):
    """The values that a sampler sees: a list of `looks` numbers."""
    study = optuna.create_study(direction="maximize", sampler=sampler)
    study.optimize(lambda trial: function(**{name: trial.suggest_float(name, 0, 1) for name in SPACE}), n_trials=looks)
    return [trial.value for trial in study.trials]


def many_games(games, looks=LOOKS):
    """One Random and one TPE study on each of many functions; returns the best value of each: {name: (games,)}."""
    return {name: np.array([max(play(hidden_function(seed), make_sampler(seed), looks)) for seed in range(games)])
            for name, make_sampler in RIVALS.items()}
