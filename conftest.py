"""Tests run at the smoke budget, the kernels of the notebooks included."""

import os

os.environ["TUNING_BUDGET"] = "smoke"
