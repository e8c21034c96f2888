"""The one place where a test run is made small.

A learner gets the full sizes. With TUNING_BUDGET=smoke in the environment, as under test, the small ones.
"""

import os


def pick(full, smoke):
    """Returns `full`, or `smoke` where the environment says TUNING_BUDGET=smoke."""
    budget = os.environ.get("TUNING_BUDGET", "full")
    if budget not in ("full", "smoke"):
        raise ValueError(f"TUNING_BUDGET is {budget!r} in the environment; set it to full or smoke, or unset it.")
    return smoke if budget == "smoke" else full
