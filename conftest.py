"""Tests run at the smoke budget and with one thread each, the kernels of the notebooks included."""

import os
import signal
import tempfile
from pathlib import Path

PROJECT = Path(__file__).parent / "notebooks" / "project"
os.environ["TUNING_BUDGET"] = "smoke"
os.environ["OMP_NUM_THREADS"] = "1"  # two test processes with two threads each would wait for one another
os.environ["TUNING_PROGRESS"] = os.path.join(tempfile.mkdtemp(), "progress.json")  # never the learner's own
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell that starts us in the background has it ignored


def pytest_collection_modifyitems(items):
    for item in items:
        if item.path.parent == PROJECT:  # its tests are for whoever copies it, so they know no marker of ours
            item.add_marker("slow")
