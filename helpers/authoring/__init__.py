"""For authors of the course: `record` runs its experiments, `run_notebooks` its lessons, `cheat_sheet` prints a page.

No lesson uses it.
"""
