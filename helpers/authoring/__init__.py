"""For those who make the course: `record` runs its experiments, `run_notebooks` its lessons, `cheat_sheet` its page.

No lesson uses it.
"""
