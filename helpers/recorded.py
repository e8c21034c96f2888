"""Reads data/recorded/: results of runs that are too long for a class, for the notebooks to quote.

Each part is one or two tables (CSV) or a study (an Optuna journal), and a JSON file that says how it was made.
`helpers.authoring.record` makes them.
"""

import json
import textwrap

import optuna
import pandas as pd

from helpers.data import DATA_DIR
from helpers.study.errors import StudyError

RECORDED = DATA_DIR / "recorded"


def study_path(name):
    return RECORDED / f"study_{name}.journal"


def study_storage(name):
    return optuna.storages.JournalStorage(optuna.storages.journal.JournalFileBackend(str(study_path(name))))


def load_study(name):
    """The recorded study of that name: transformer (the first try) or small."""
    return optuna.load_study(study_name=name, storage=_there(name))


def load_round(name, kind, seed=0):
    """A recorded study of the search in rounds.

    name: transformer, lstm or trees. kind: "round 1", "round 2", or "random", which is round two by random search.
    seed: of the search.
    """
    return optuna.load_study(study_name=f"{kind}, seed {seed}", storage=_there(f"{name}_rounds"))


def _there(name):
    """The storage of a recorded study. Raises StudyError if there is no such file: Optuna would create an empty one."""
    if not study_path(name).exists():
        known = ", ".join(sorted(path.stem.removeprefix("study_") for path in RECORDED.glob("study_*.journal")))
        raise StudyError(f"there is no recorded study {name}: {study_path(name)} does not exist; there are: "
                         f"{known or 'none; download the whole course again'}")
    return study_storage(name)


def load_ten_tries():
    """The recorded searches of ten trials from the paper's settings, one per seed."""
    storage = _there("ten_tries")
    return [optuna.load_study(study_name=name, storage=storage) for name in optuna.get_all_study_names(storage)]


def chosen(name):
    """The trial of round two that a search chose: by its mean over the seeds of the re-ranking, if there was one."""
    study, table = load_round(name, "round 2"), load_table("reranked")
    means = table[table["search"] == name].groupby("trial")["val_accuracy"].mean()
    return study.trials[means.idxmax()] if len(means) else study.best_trial


def load_table(name, test=False):
    """A recorded table as a data frame, without the columns of the test part unless `test` is True."""
    table = pd.read_csv(RECORDED / f"{name}.csv")
    return table if test else table[[column for column in table if not column.startswith("test_")]]


def load_test_results():
    """All rows of the test evaluation, test columns included: untuned models, fixed by hand, first try, and tuned."""
    fixed = load_table("schedule", test=True)
    fixed = fixed[fixed["model"] == "the same with 2 layers"].assign(model="recipe fixed by hand")
    parts = [load_table(name, test=True) for name in ("untuned", "patience", "first_try", "tuned")]
    return pd.concat([*parts, fixed])


def seconds_of_search(name):
    """Core-seconds that a search in rounds took: both rounds, and the re-ranking if there was one."""
    table = load_table("reranked")
    rounds = (load_round(name, kind).user_attrs["seconds"] for kind in ("round 1", "round 2"))
    return sum(rounds) + table.loc[table["search"] == name, "seconds"].sum()


def load_provenance(name):
    """How a recorded part was made, as a dict: command, date, seconds, machine and so on."""
    return json.loads((RECORDED / f"{name}.json").read_text(encoding="utf-8"))


def provenance(name):
    """How a recorded part was made, in lines that a small screen does not break."""
    facts = load_provenance(name)
    seconds = facts["seconds"]
    time_taken = f"{seconds / 60:.0f} minutes" if seconds >= 120 else f"{seconds} seconds"
    each = "1 worker with {} thread" if facts["workers"] == 1 else f"{facts['workers']} workers with {{}} thread each"
    words = (f"recorded on {facts['date']} with `{facts['command']}`, "
             f"{each.format(facts['threads_per_worker'])} on {facts['machine']}, in {time_taken};")
    lines = textwrap.fill(words, 90, break_long_words=False, break_on_hyphens=False)
    return f"{lines}\ntorch {facts['versions']['torch']}, optuna {facts['versions']['optuna']}"
