import optuna

from helpers import recorded
from helpers.authoring import ten_tries
from helpers.teaching.widgets import HandTuner


def test_they_begin_where_the_sliders_of_lesson_01_begin():
    sliders = HandTuner([{"epoch": 1, "val_accuracy": 0.5}], epochs=12).settings
    begin = {name: slider.value for name, slider in sliders.items()}
    begin["warmup_steps"] = begin.pop("warmup")
    assert begin == ten_tries.PAPER


def test_each_recorded_search_has_ten_whole_trials_from_the_papers_settings():
    searches = recorded.load_ten_tries()
    assert searches
    for study in searches:
        assert [trial.state.name for trial in study.trials] == ["COMPLETE"] * ten_tries.N_TRIALS
        assert study.trials[0].params == ten_tries.PAPER


def test_a_trial_trains_with_what_the_sliders_can_reach():
    study = optuna.create_study(direction="maximize", sampler=optuna.samplers.RandomSampler(seed=0))
    study.enqueue_trial({"n_layers": 1, "d_model": 32})
    study.optimize(ten_tries.objective, n_trials=1)
    assert 0 < study.best_value < 1
    sliders = HandTuner([{"epoch": 1, "val_accuracy": 0.5}], epochs=12).settings
    asked = study.trials[0].distributions
    assert (asked["lr"].low, asked["lr"].high) == (10 ** sliders["lr"].min, 10 ** sliders["lr"].max)
    for name, slider in (("warmup_steps", "warmup"), ("n_layers", "n_layers"), ("dropout", "dropout")):
        assert (asked[name].low, asked[name].high) == (sliders[slider].min, sliders[slider].max)
    for name in ("d_model", "norm_first", "pooling", "optimizer"):
        values = [each[-1] if isinstance(each, tuple) else each for each in sliders[name].options]
        assert list(asked[name].choices) == values
