"""For authors of the course: `record` runs its experiments, `run_notebooks` its lessons, `cheat_sheet` prints a page.
For teachers: `handout` makes what a graded class needs, `plans` rehearses a plan.

No lesson uses it.
"""
