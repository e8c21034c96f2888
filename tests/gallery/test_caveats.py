"""What lesson 08 says one has to know of a library, tried in its environment. `make test-gallery` runs it."""

import json
import os
import re
import subprocess
import textwrap
from pathlib import Path

import pytest

from helpers.gallery import GALLERY, LIBRARIES
from tests.gallery.scripts import ROOT

if "GALLERY_VENVS" not in os.environ:
    pytest.skip("make test-gallery runs these tests", allow_module_level=True)
VENVS = Path(os.environ["GALLERY_VENVS"]).absolute()

TRIED = {  # library: (code, what Python says of it)
    "xgboost": ("""
import numpy, optuna, xgboost
from optuna_integration import XGBoostPruningCallback
x, y = numpy.random.default_rng(0).random((200, 4)), numpy.arange(200) % 3
def objective(trial):
    good = trial.number == 5
    pruning = XGBoostPruningCallback(trial, "validation_0-merror")
    model = xgboost.XGBClassifier(n_estimators=5, max_depth=8 if good else 1, learning_rate=1 if good else 1e-9,
                                  eval_metric="merror", callbacks=[pruning])
    return model.fit(x, y, eval_set=[(x, y)], verbose=False).score(x, y)
study = optuna.create_study(direction="maximize")
study.optimize(objective, n_trials=6)
print([trial.state.name for trial in study.trials])
""", "'COMPLETE', 'PRUNED']"),
    "lightgbm": ("""
import lightgbm, numpy, optuna
from optuna_integration import LightGBMPruningCallback
x, y = numpy.random.default_rng(0).random((200, 4)), numpy.arange(200) % 3
def objective(trial):
    pruning = LightGBMPruningCallback(trial, "multi_error")
    model = lightgbm.LGBMClassifier(verbose=-1)
    return model.fit(x, y, eval_set=[(x, y)], eval_metric="multi_error", callbacks=[pruning]).score(x, y)
optuna.create_study(direction="maximize").optimize(objective, n_trials=1)
""", "ValueError"),
    "sklearn": ("""
from optuna.distributions import FloatDistribution
from optuna_integration import OptunaSearchCV
from sklearn.datasets import load_iris
from sklearn.svm import SVC
OptunaSearchCV(SVC(), {"C": FloatDistribution(1, 2)}, n_trials=1).fit(*load_iris(return_X_y=True))
""", "FutureWarning: `optuna.terminator`"),
    "fastai": ("import fastai.vision.all", "torchvision"),
    "tensorflow": ("from optuna_integration import TensorFlowPruningHook; TensorFlowPruningHook(None, None, '', 1)",
                   "ImportError"),
    "tf_keras": ("import tensorflow; print('version', tensorflow.keras.__version__)", "version 3."),
    "catboost": ("""
import catboost, numpy, optuna
from optuna_integration import CatBoostPruningCallback
x, y = numpy.random.default_rng(0).random((200, 4)), numpy.arange(200) % 3
class Never(optuna.pruners.NopPruner):
    def prune(self, study, trial):
        return True
def objective(trial):
    model = catboost.CatBoostClassifier(iterations=9, eval_metric="Accuracy", verbose=0, allow_writing_files=False)
    model.fit(x, y, eval_set=(x, y), callbacks=[CatBoostPruningCallback(trial, "Accuracy")])
    print("trees:", model.tree_count_)
    return 0.5
study = optuna.create_study(direction="maximize", pruner=Never())
study.optimize(objective, n_trials=1)
print(study.trials[0].state.name)
""", "COMPLETE"),
    "keras": ("import keras", "No module named 'tensorflow'"),
    "lightning": ("""
import optuna, tune_lightning
class InTheMiddle(optuna.pruners.NopPruner):
    def prune(self, study, trial):
        return trial.number == 0 and trial.last_step == 6
study = optuna.create_study(pruner=InTheMiddle())
for folder in ("cut off", "cut off", "unbroken"):
    study.enqueue_trial({"hidden_size": 32, "dropout": 0.3, "lr": 0.003})
    study.optimize(lambda trial: tune_lightning.train(trial, folder)[1], n_trials=1)
before, after, unbroken = (trial.intermediate_values for trial in study.trials)
print("resumed at", min(after), "as if unbroken:", before | after == unbroken)
""", "resumed at 6 as if unbroken: True"),
    "transformers": ("""
import tune_transformers
trainer, values = tune_transformers.define_trainer(tune_transformers.define_model), iter([1.0, 3.0, 2.0])
trainer.args.num_train_epochs = 3
best = trainer.hyperparameter_search(tune_transformers.define_settings, lambda metrics: next(values), n_trials=1,
                                     direction="maximize", backend="optuna")
print("the value is", best.objective)
""", "the value is 2.0"),
}


@pytest.mark.parametrize("library", TRIED)
def test_what_there_is_to_know_is_still_so(library, tmp_path):
    code, words = TRIED[library]
    python = VENVS / LIBRARIES[library].environment / "bin" / "python"
    done = subprocess.run([python, "-W", "default", "-c", code], cwd=tmp_path, capture_output=True, text=True,
                          env=os.environ | {"PYTHONPATH": str(GALLERY)})  # fmt: skip
    assert words in done.stdout + done.stderr


WITH_HYDRA = """
import hydra, optuna
def objective(trial):
{}
    print(cfg.width, cfg.lr == trial.params["lr"])
    return cfg.lr
optuna.create_study().optimize(objective, n_trials=2)
"""


def test_hydras_lines_in_lesson_11_compose_what_the_trial_suggests(tmp_path):
    lesson = json.loads((ROOT / "notebooks" / "11_in_your_own_project.ipynb").read_text(encoding="utf-8"))
    [lines] = re.findall(r"```python\n(with hydra.+?)```", "".join("".join(cell["source"]) for cell in lesson["cells"]),
                         re.DOTALL)  # fmt: skip
    (tmp_path / "tune.py").write_text(WITH_HYDRA.format(textwrap.indent(lines, "    ")), encoding="utf-8")
    (tmp_path / "conf").mkdir()
    (tmp_path / "conf" / "config.yaml").write_text("lr: 1\nwidth: 64\n", encoding="utf-8")
    python = VENVS / "extras" / "bin" / "python"
    done = subprocess.run([python, "tune.py"], cwd=tmp_path, capture_output=True, text=True)
    assert done.stdout == "64 True\n64 True\n", done.stderr


def test_what_is_not_tried_is_a_matter_of_versions():
    assert {key for key, about in LIBRARIES.items() if about.caveat != "none"} - set(TRIED) == {"mxnet"}
