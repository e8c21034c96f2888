"""The scripts of notebooks/gallery/ for lesson 08: their code part by part, and tables about them."""

import ast
import re
import tomllib
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
from IPython.display import Code

from helpers import recorded

GALLERY = Path(__file__).resolve().parent.parent / "notebooks" / "gallery"


@dataclass(frozen=True)
class Library:
    """What is not measured about a library: its name, its environment, a caveat, and what to use today."""

    name: str
    environment: str
    caveat: str
    today: str = ""  # the library itself, if empty


LIBRARIES = {
    "xgboost": Library("XGBoost", "one",
                       "its metric merror is an error rate: a maximizing study would prune the best; "
                       "plain xgboost installs a large GPU library, xgboost-cpu does not"),
    "lightgbm": Library("LightGBM", "one", "a metric to minimize (multi_error) in a maximizing study: ValueError"),
    "sklearn": Library("scikit-learn", "one",
                       "only estimators with partial_fit can be pruned; OptunaSearchCV warns in every trial that "
                       "optuna.terminator has moved"),
    "pytorch": Library("PyTorch", "one", "none"),
    "keras": Library("Keras 3 on torch", "one", "KERAS_BACKEND=torch must be set before the import"),
    "fastai": Library("fastai", "one", "fastai.vision fails to import beside the CPU build of torch"),
    "tensorflow": Library("TensorFlow", "tensorflow",
                          "TensorFlowPruningHook is for TensorFlow 1 and fails to import: prune by hand", "Keras 3"),
    "tf_keras": Library("tf.keras", "tensorflow", "tf.keras is Keras 3 under an older name", "Keras 3"),
    "mxnet": Library("MXNet", "mxnet", "retired in 2023; needs numpy below 1.24, hence Python 3.11", "PyTorch"),
    "catboost": Library("CatBoost", "extras", "the callback only stops the training: call check_pruned() after fit"),
    "lightning": Library("Lightning", "extras",
                         "fails to import beside fastai's torchvision: keep them apart; its checkpoints lack the "
                         "state of the random generator: two methods of the script add it"),
    "skorch": Library("skorch", "extras", "none"),
    "transformers": Library("Hugging Face Trainer", "extras",
                            "a trial's value is that of its last evaluation; n_trials counts additional trials"),
}


def script(library):
    """The path of the library's script. Raises KeyError, with the known names, for any other."""
    if library not in LIBRARIES:
        raise KeyError(f"there is no {library!r} in the gallery; there are {', '.join(LIBRARIES)}")
    return GALLERY / f"tune_{library}.py"


def header(library):
    """The requirements at the top of a script (PEP 723): "requires-python" and "dependencies"."""
    block = re.match(r"# /// script\n((?:#.*\n)+?)# ///\n", script(library).read_text(encoding="utf-8"))[1]
    return tomllib.loads(re.sub(r"^# ?", "", block, flags=re.MULTILINE))


def parts(library):
    """The functions and classes of a script, in order: {name: source}."""
    source = script(library).read_text(encoding="utf-8")
    nodes = [node for node in ast.parse(source).body if isinstance(node, (ast.FunctionDef, ast.ClassDef))]
    return {node.name: ast.get_source_segment(source, node) for node in nodes}


def show(library, *names):
    """Shows functions of a script as code; all if none are named."""
    found = parts(library)
    return Code("\n\n\n".join(found[name] for name in names or found), language="python")


def who_prunes(library):
    """The pruning callback that a script imports, the library's own search, or "by hand"."""
    hook = re.search(r"import \w*PruningCallback|\.hyperparameter_search", script(library).read_text(encoding="utf-8"))
    return re.split(r"\W", hook[0])[-1] if hook else "by hand"


def pins():
    """One row per library: the Python and the packages that its script needs, and the environment that has them."""
    rows = []
    for key, library in LIBRARIES.items():
        needs = header(key)
        rows.append({"library": library.name, "python": needs["requires-python"], "environment": library.environment,
                     "pins": ", ".join(pin.replace("==", " ") for pin in needs["dependencies"])})
    return pd.DataFrame(rows).set_index("library")


def table():
    """One row per library: the recorded results of its script, what prunes, a caveat, and what to use today."""
    runs = recorded.load_table("gallery").set_index("library")
    rows = []
    for key, library in LIBRARIES.items():
        run = runs.loc[key]
        rows.append({"library": library.name, "MB installed": round(run["megabytes"]),
                     "seconds for 20 trials": run["seconds"], "best validation accuracy": run["val_accuracy"],
                     "pruned": run["pruned"], "what prunes": who_prunes(key), "caveat": library.caveat,
                     "use today": library.today or library.name})
    return pd.DataFrame(rows).set_index("library")
