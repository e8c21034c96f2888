"""The minutes that a lesson takes, for its header and for the table in README: `make numbers` writes them.

Computed for the lessons that `python -m helpers walk` has timed at full budget; another lesson keeps what it says.
"""

import json
import math
import re

import nbformat

from helpers import recorded
from helpers.authoring.provenance import write_provenance
from helpers.teaching import quizzes

WORDS = 200  # that one reads in a minute; code, hints and solutions are not counted
PER_QUESTION = 1  # minutes for a quick question
HEADER = re.compile(r"^\*About \d+ minutes.*\*$", re.MULTILINE)
TASK = re.compile(r"^#+ (.*) · (\d+) minutes$", re.MULTILINE)  # an exercise, or something else to do
NOT_READ = re.compile(r"```.*?```|<details>.*?</details>|<!--.*?-->", re.DOTALL)


def measured():
    """{lesson: minutes of computing}, of the lessons that were timed."""
    path = recorded.RECORDED / "minutes.json"
    return json.loads(path.read_text(encoding="utf-8"))["lessons"] if path.exists() else {}


def write_measured(rows, start):
    """Adds what a walk measured to what was known. rows: from `walk`; start: time.perf_counter() at its beginning."""
    lessons = measured() | {name[:2]: round(minutes, 1) for name, minutes, _, errors in rows if not errors}
    what = "Minutes of computing in each lesson, without background runs; date and machine are of the last walk."
    write_provenance("minutes", what, "python -m helpers walk", start, workers=1, lessons=dict(sorted(lessons.items())))


def prose(notebook):
    return "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")


def words(notebook):
    """How many words a lesson has to read."""
    return len(NOT_READ.sub("", HEADER.sub("", prose(notebook))).split())


def sentence(notebook, lesson, computing):
    """(the total, rounded up to five minutes; the header of the lesson)."""
    reading = round(words(notebook) / WORDS)
    tasks = TASK.findall(prose(notebook))
    to_do = ["exercises", *(f'"{name}"' for name, _ in tasks if not name.startswith("Exercise"))]
    doing = sum(int(each) for _, each in tasks)
    questions = PER_QUESTION * len(quizzes.all_questions().get(lesson, []))
    total = 5 * math.ceil((reading + doing + questions + computing) / 5)
    parts = {"to read": reading, f"for {' and '.join(to_do)}": doing, "for quick questions": questions}
    said = ", ".join(f"{minutes} {what}" for what, minutes in parts.items() if minutes)
    return total, f"*About {total} minutes: {said}, and {max(1, round(computing))} while the machine computes.*"


def with_header(path):
    """The notebook, with its header computed if the lesson was timed."""
    notebook, lesson = nbformat.read(path, as_version=4), path.stem[:2]
    if lesson in measured():
        _, header = sentence(notebook, lesson, measured()[lesson])
        notebook.cells[0].source = HEADER.sub(header, notebook.cells[0].source)
    return notebook


def totals(notebooks):
    """{lesson: its minutes}, of the lessons that were timed. notebooks: paths of the lessons."""
    computing = measured()
    return {path.stem[:2]: sentence(nbformat.read(path, as_version=4), path.stem[:2], computing[path.stem[:2]])[0]
            for path in notebooks if path.stem[:2] in computing}


def with_totals(text, minutes):
    """The text with these minutes in its table of lessons, as README and notebook 00 have one. minutes: of `totals`."""
    for lesson, total in minutes.items():
        text = re.sub(rf"^(\| (?:\[|\*\*){lesson}\b.*? \|) \d+ \|", rf"\1 {total} |", text, flags=re.MULTILINE)
    return text
