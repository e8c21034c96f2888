"""A game of ask and tell: find the maximum of a hidden function, against two samplers."""

import ipywidgets
import numpy as np
import optuna
from optuna.distributions import FloatDistribution
from optuna.trial import TrialState

from helpers import plots
from helpers.teaching.widgets.picture import Picture

SPACE = {"x": FloatDistribution(0, 10)}
RIVALS = {
    "Random": lambda seed: optuna.samplers.RandomSampler(seed=seed),
    "TPE": lambda seed: optuna.samplers.TPESampler(n_startup_trials=5, seed=seed),
}
COLORS = {"Random": "#888888", "TPE": "#009E73", "you": "#D55E00"}


class YouAreTheObjective(ipywidgets.VBox):
    """The study asks, you decide: take its proposal or move the slider, then look at the value there.

    looks: the number of values you may see; then the function is shown, and the best value that Random and TPE find
    with as many looks, as the mean of `rivals` studies each. seed: of the first function; "New game" takes the next.
    """

    def __init__(self, looks=12, rivals=20, seed=0):
        self.looks, self.rivals, self.seed = looks, rivals, seed
        self.slider = ipywidgets.FloatSlider(min=0, max=10, step=0.05, description="x", layout={"width": "40em"})
        self.look_button = ipywidgets.Button(description="Look here", icon="eye", button_style="primary")
        self.follow_button = ipywidgets.Button(description="Take the proposal", layout={"width": "14em"})
        new_game = ipywidgets.Button(description="New game", icon="refresh")
        self.look_button.on_click(lambda _: self.look(self.slider.value))
        self.follow_button.on_click(lambda _: self.look(self.proposal.params["x"]))
        new_game.on_click(lambda _: self.begin(self.seed + 1))
        self.words, self.picture = ipywidgets.HTML(), Picture(width=11, columns=2)
        buttons = ipywidgets.HBox([self.look_button, self.follow_button, new_game])
        super().__init__([self.picture, self.slider, buttons, self.words])
        self.begin(seed)

    def begin(self, seed):
        self.seed, self.function = seed, hidden_function(seed)
        self.study = optuna.create_study(direction="maximize", sampler=RIVALS["TPE"](seed))
        self.xs, self.values = [], []
        self.look_button.disabled = self.follow_button.disabled = False
        self.ask()

    def ask(self):
        self.proposal = self.study.ask(SPACE)
        x = self.proposal.params["x"]
        self.words.value = (f"{self.looks - len(self.xs)} looks left. The study asks for x = {x:.2f}. "
                            "Follow it, or look where you like.")
        self.draw()

    def look(self, x):
        """Looks at the value at x and tells the study; a proposal that was not followed is reported as failed."""
        trial = self.proposal
        if x != trial.params["x"]:
            self.study.tell(trial, state=TrialState.FAIL)
            self.study.enqueue_trial({"x": x})
            trial = self.study.ask(SPACE)
        self.study.tell(trial, float(self.function(x)))
        self.xs.append(x)
        self.values.append(float(self.function(x)))
        if len(self.xs) < self.looks:
            self.ask()
        else:
            self.end()

    def end(self):
        """Shows the function and the rivals, and the result in words."""
        self.look_button.disabled = self.follow_button.disabled = True
        rivals = {name: self.play(make_sampler) for name, make_sampler in RIVALS.items()}
        self.draw(rivals)
        ends = {name: np.max(values, axis=1).mean() for name, values in rivals.items()}
        top = self.function(np.linspace(0, 10, 2_001)).max()
        self.words.value = (
            f"<b>Your best: {max(self.values):.3f}.</b> The top is {top:.3f}. With as many looks, mean of "
            f"{self.rivals} studies: Random {ends['Random']:.3f}, TPE {ends['TPE']:.3f}. "
            "One game proves little: play another."
        )

    def play(self, make_sampler):
        """The values that a sampler sees on the same function: (rivals, looks)."""
        rows = []
        for seed in range(self.rivals):
            study = optuna.create_study(direction="maximize", sampler=make_sampler(seed))
            study.optimize(lambda trial: self.function(trial.suggest_float("x", 0, 10)), n_trials=self.looks)
            rows.append([trial.value for trial in study.trials])
        return rows

    def draw(self, rivals=None):
        left, right = self.picture.axes
        left.clear()
        right.clear()
        if rivals:
            x = np.linspace(0, 10, 500)
            left.plot(x, self.function(x), color="#555555", label="the function")
        else:
            left.axvline(self.proposal.params["x"], color=COLORS["TPE"], linestyle="--", label="the study asks")
        left.plot(self.xs, self.values, "o", color=COLORS["you"], label="your looks")
        for number, point in enumerate(zip(self.xs, self.values, strict=True), start=1):
            left.annotate(str(number), point, xytext=(4, 4), textcoords="offset points")
        left.set(xlabel="x", ylabel="value", xlim=(0, 10), ylim=(-0.1, 1.3))
        left.legend(loc="upper right")
        for name, values in (rivals or {}).items():
            plots.best_so_far(values, right, color=COLORS[name], label=name)
        if self.values:
            plots.best_so_far(self.values, right, color=COLORS["you"], label="you", marker="o")
            right.legend(loc="lower right")
        right.set(xlabel="looks", ylabel="best value so far", xlim=(0.5, self.looks + 0.5))
        self.picture.draw()


def hidden_function(seed):
    """Three hills of random position, height and width on [0, 10], the highest of height 1."""
    rng = np.random.default_rng(seed)
    centers, widths = rng.uniform(0.5, 9.5, 3), rng.uniform(0.3, 1.2, 3)
    heights = np.array([1.0, *rng.uniform(0.4, 0.8, 2)])

    def function(x):
        x = np.asarray(x, dtype=float)[..., None]
        return (heights * np.exp(-((x - centers) ** 2) / (2 * widths**2))).max(axis=-1)

    return function
