"""The sizes of a run: full for a learner, small with TUNING_BUDGET=smoke in the environment, as in the tests."""

import os


def pick(full, smoke):
    """Returns `full`, or `smoke` if TUNING_BUDGET=smoke is in the environment."""
    budget = os.environ.get("TUNING_BUDGET", "full")
    if budget not in ("full", "smoke"):
        raise ValueError(f"TUNING_BUDGET is {budget!r} in the environment; set it to full or smoke, or unset it.")
    return smoke if budget == "smoke" else full
