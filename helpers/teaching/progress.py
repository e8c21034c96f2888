"""`show()` draws how far the learner is; `reset()` forgets it; `tries()` are those by hand of lesson 01."""

from IPython import get_ipython
from IPython.display import display

from helpers.teaching import checks, progress_store, quizzes
from helpers.teaching.progress_store import reset, tries

__all__ = ["reset", "show", "tries"]


def show():
    """Shows how much of each lesson is solved, as bars or as text, and what is open in the lesson that you are in."""
    lessons, solved = known(), progress_store.solved()
    counts = {lesson: (len(set(names) & set(solved)), len(names)) for lesson, names in lessons.items()}
    words = [
        what_next(lessons, solved),
        f"Your progress is kept in {progress_store.PATH.name}, on this machine only. To begin anew: progress.reset()",
    ]
    lines = [f"lesson {lesson}  {'#' * done + '.' * (total - done)}  {done} of {total}"
             for lesson, (done, total) in counts.items()]
    text = "\n".join([*lines, *words])
    if get_ipython() is None:
        print(text)
        return
    bars = "".join(bar(lesson, *count) for lesson, count in counts.items())
    notes = "".join(f"<p>{sentence}</p>" for sentence in words)
    display({"text/plain": text, "text/html": f"<div>{bars}{notes}</div>"}, raw=True)


def known():
    """The names of all exercises and questions that there are: {lesson: names}."""
    checks.load_exercises()
    names = sorted(checks.EXERCISES) + [name for lesson in quizzes.all_questions() for name in quizzes.names(lesson)]
    return {lesson: [name for name in names if name[:2] == lesson] for lesson in sorted({name[:2] for name in names})}


def what_next(lessons, solved):
    """One sentence on what is open in the lesson of the latest solution; if nothing is, in the next one where it is.

    lessons: {lesson: names}; solved: the names of what is solved, the latest last.
    """
    begun = [lesson for name in solved for lesson, names in lessons.items() if name in names]
    if not begun:
        return f"What you solve will show here. The first exercises and questions wait in lesson {min(lessons)}."
    for lesson in sorted(lessons, key=lambda lesson: (lesson < begun[-1], lesson)):
        still_open = [name for name in lessons[lesson] if name not in solved]
        if still_open:
            return f"Still open in lesson {lesson}: {', '.join(still_open)}."
    return "All exercises and questions are solved."


def bar(lesson, done, total):
    """A bar in HTML, with its numbers in words beside it and for screen readers."""
    return (
        '<div style="display: flex; align-items: center; gap: 12px">'
        f'<span>lesson {lesson}</span><div role="progressbar" aria-label="lesson {lesson}" aria-valuemin="0" '
        f'aria-valuemax="{total}" aria-valuenow="{done}" aria-valuetext="{done} of {total}" '
        'style="width: 16em; height: 0.8em; border: 1px solid var(--jp-border-color1, #888)">'
        f'<div style="width: {done / total:.0%}; height: 100%; background: var(--jp-success-color1, #2e7d32)"></div>'
        f"</div><span>{done} of {total}</span></div>"
    )
