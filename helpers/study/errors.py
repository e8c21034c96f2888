"""The errors that helpers.study raises, apart from Optuna's own."""


class StudyError(Exception):
    """One clear sentence on what is wrong with a study or its storage, and what to do."""


class NotWritable(StudyError):
    """The study can't be written: a read-only file, a full disk. It may still be readable."""


class DriveAway(StudyError):
    """The drive of a study's file does not answer, as after a network fault. A run waits for it."""
