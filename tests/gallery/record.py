"""Each script of the gallery in a venv of its own: how large that is, what the script finds, and how long it takes.

python -m tests.gallery.record [LIBRARY ...] (--record writes gallery.csv and gallery_trials.csv to data/recorded)
python -m tests.gallery.record --environments does the same for the environments that `make gallery` builds
(gallery_environments.csv).
"""

import argparse
import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pandas as pd

from helpers import recorded
from helpers.authoring.provenance import write_provenance
from helpers.gallery import header
from tests.gallery.scripts import ENVIRONMENT_OF, ENVIRONMENTS, finish, requirements, start


def install(pins, folder):
    """A new venv with these packages; returns its Python."""
    subprocess.run([sys.executable, "-m", "venv", folder], check=True)
    python = folder / "bin" / "python"
    subprocess.run([python, "-m", "pip", "install", "--quiet", *pins], check=True, stderr=subprocess.DEVNULL)
    return python


def megabytes(folder):
    return sum(path.lstat().st_size for path in folder.rglob("*")) / 1e6


def measure(library, folder):
    """The row of the table for one library, and its trials."""
    pins = header(library)["dependencies"]
    begin = time.perf_counter()
    python = install(pins, folder / "venv")
    row = {"library": library, "environment": ENVIRONMENT_OF[library], "pins": " ".join(pins),
           "install_seconds": time.perf_counter() - begin, "megabytes": megabytes(folder / "venv")}
    begin = time.perf_counter()
    file = folder / "trials.json"
    printed, _, trials = finish(start(library, python, file), file)
    row["seconds_with_imports"] = time.perf_counter() - begin
    row["seconds"], row["test_accuracy"] = re.search(r"in (\S+) seconds\n(?:.*\n)*?.*, test (\S+)\n", printed).groups()
    row["pruned"] = sum(trial["state"] == "PRUNED" for trial in trials)
    row["val_accuracy"] = max(trial["value"] for trial in trials if trial["state"] == "COMPLETE")
    return row, [{"library": library} | trial | {"reported": len(trial["reported"])} for trial in trials]


def measure_environment(name, folder):
    """The row of the table for one of the environments that several libraries share."""
    begin = time.perf_counter()
    install(requirements(name), folder / "venv")
    return {"environment": name, "libraries": " ".join(ENVIRONMENTS[name]),
            "install_seconds": time.perf_counter() - begin, "megabytes": megabytes(folder / "venv")}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("libraries", nargs="*", default=list(ENVIRONMENT_OF))
    parser.add_argument("--environments", action="store_true", help="the environments in place of the scripts")
    parser.add_argument("--record", action="store_true", help="write the tables to data/recorded")
    arguments = parser.parse_args()
    os.environ |= dict.fromkeys(("OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS"), "1")
    if arguments.environments:
        record_environments(arguments.record)
    else:
        record_libraries(arguments.libraries, arguments.record)


def record_environments(to_file):
    begin, rows = time.perf_counter(), []
    for name in ENVIRONMENTS:
        with tempfile.TemporaryDirectory() as folder:
            rows.append(measure_environment(name, Path(folder)))
    table = pd.DataFrame(rows)
    print(table.round().to_string(index=False))
    if to_file:
        table.to_csv(recorded.RECORDED / "gallery_environments.csv", index=False, float_format="%.5g")
        write_provenance("gallery_environments", "The environments of the gallery, installed from nothing.",
                                  "python -m tests.gallery.record --environments --record", begin, workers=1)


def record_libraries(libraries, to_file):
    begin, rows, all_trials = time.perf_counter(), [], []
    for library in libraries:
        with tempfile.TemporaryDirectory() as folder:
            row, trials = measure(library, Path(folder))
        print(row, flush=True)
        rows.append(row)
        all_trials += trials
    table = pd.DataFrame(rows)
    print(table.drop(columns="pins").round(3).to_string(index=False))
    if to_file:
        table.to_csv(recorded.RECORDED / "gallery.csv", index=False, float_format="%.5g")
        pd.DataFrame(all_trials).to_csv(recorded.RECORDED / "gallery_trials.csv", index=False, float_format="%.5g")
        what = "20 trials of each script of the gallery, each in a venv of its own, one after the other."
        write_provenance("gallery", what, "python -m tests.gallery.record --record", begin, workers=1,
                                  seeds="0 for the sampler and for each training")


if __name__ == "__main__":
    main()
