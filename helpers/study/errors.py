"""What the study wing raises, apart from what Optuna raises itself."""


class StudyError(Exception):
    """One clear sentence on what is wrong with a study or its storage, and what to do."""
