"""python keep_trials.py SCRIPT FILE: runs a script as Python would, and writes the trials of its study to a file."""

import json
import runpy
import sys
from pathlib import Path

script, file = map(Path, sys.argv[1:])
sys.argv = [str(script)]
sys.path[0] = str(script.parent)  # what the script sees when it runs alone
study = runpy.run_path(str(script), run_name="__main__")["study"]
trials = [
    {
        "number": trial.number,
        "state": trial.state.name,
        "value": trial.value,
        "params": trial.params,
        "reported": list(trial.intermediate_values.values()),
    }
    for trial in study.trials
]
file.write_text(json.dumps(trials))
