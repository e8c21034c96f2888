"""`show()` draws the learner's progress; `reset()` clears it; `tries()` are the manual tries of lesson 01."""

from helpers.html import fill
from helpers.teaching import checks, feedback, progress_store, quizzes
from helpers.teaching.progress_store import reset, tries

__all__ = ["reset", "show", "tries"]


def show():
    """Shows how much of each lesson is solved, as bars or as text, and what is still open in the current lesson."""
    lessons, solved = known(), progress_store.solved()
    counts = {lesson: (len(set(names) & set(solved)), len(names)) for lesson, names in lessons.items()}
    sentences = [
        what_next(lessons, solved),
        f"Your progress is kept in {progress_store.PATH.name}, on this machine only. To start again: progress.reset()",
    ]
    lines = [f"lesson {lesson}  {'#' * done + '.' * (total - done)}  {done} of {total}"
             for lesson, (done, total) in counts.items()]
    feedback.show("\n".join([*lines, *sentences]), fill("progress.html", counts=counts, sentences=sentences))


def known():
    """The names of all exercises and questions: {lesson: names}."""
    checks.load_exercises()
    names = sorted(checks.EXERCISES) + [name for lesson in quizzes.all_questions() for name in quizzes.names(lesson)]
    return {lesson: [name for name in names if name[:2] == lesson] for lesson in sorted({name[:2] for name in names})}


def what_next(lessons, solved):
    """One sentence on what is open in the lesson of the latest solution, or else in the next lesson with open items.

    lessons: {lesson: names}; solved: the names of solved items, the latest last.
    """
    begun = [lesson for name in solved for lesson, names in lessons.items() if name in names]
    if not begun:
        return f"What you solve will appear here. The first exercises and questions are in lesson {min(lessons)}."
    for lesson in sorted(lessons, key=lambda lesson: (lesson < begun[-1], lesson)):
        still_open = [name for name in lessons[lesson] if name not in solved]
        if still_open:
            return f"Still open in lesson {lesson}: {', '.join(still_open)}."
    return "All exercises and questions are solved."
