"""Importing a module of helpers is cheap: it reads no data and changes nothing in the notebook."""

import json
import pkgutil
import subprocess
import sys

import pytest

import helpers
from helpers.data import DATA_DIR

IMPORT_ALL = """
import importlib, json, sys
from IPython.core.interactiveshell import InteractiveShell

shell, opened, changed = InteractiveShell.instance(), [], []
sys.addaudithook(lambda event, arguments: event == "open" and opened.append(str(arguments[0])))
for name in sys.argv[1:]:
    before = [list(each.type_printers) for each in shell.display_formatter.formatters.values()]
    importlib.import_module(name)
    if before != [list(each.type_printers) for each in shell.display_formatter.formatters.values()]:
        changed.append(name)
print(json.dumps([opened, changed]))
"""


@pytest.mark.slow
def test_importing_helpers_opens_no_data_and_changes_no_formatter():
    names = [module.name for module in pkgutil.walk_packages(helpers.__path__, "helpers.")]
    assert {"helpers.plots", "helpers.search", "helpers.teaching.exercises.lesson_03"} <= set(names)
    done = subprocess.run([sys.executable, "-c", IMPORT_ALL, *names], capture_output=True, text=True, check=True)
    opened, changed = json.loads(done.stdout)
    assert [path for path in opened if path.startswith(str(DATA_DIR))] == []
    assert changed == []


def test_the_imports_that_people_have_in_their_own_notebooks_stay():
    exec("""
from helpers import plots
from helpers.data import DataError, load_csv
from helpers.study import open_study, run_until, run_workers, summarize
""", {})
    command = [sys.executable, "-m", "helpers", "--help"]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert "doctor,worker,repair,classroom" in said
