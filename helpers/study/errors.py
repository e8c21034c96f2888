"""What the study wing raises, apart from what Optuna raises itself."""


class StudyError(Exception):
    """One clear sentence on what is wrong with a study or its storage, and what to do."""


class NotWritable(StudyError):
    """The study can't be written: a file that is read-only, a full disk. It may be read all the same."""


class DriveAway(StudyError):
    """The drive of a study's file does not answer, as after a fault of the network. A run waits for it."""
