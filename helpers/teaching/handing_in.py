"""For graded classes: a learner's progress as a file to hand in, and the files of a class as one table.

`python -m helpers progress --export ada.json --who Ada`, and for the teacher `--gather FOLDER class.csv`.
"""

import datetime
import json
from pathlib import Path

from helpers.classroom.teacher import write, write_table
from helpers.study import StudyError
from helpers.teaching import progress, progress_store


def export(path, who):
    """Writes the learner's name and what is solved, and when, as JSON. Returns a sentence.

    Raises StudyError if there is no name, or if the file can't be written.
    """
    if not who:
        raise StudyError("whose progress is it? Add your name, like --who Ada")
    solved = progress_store.solved()
    exported = datetime.datetime.now().isoformat(timespec="seconds")
    write(path, json.dumps({"who": who, "exported": exported, "solved": solved}, indent=1, ensure_ascii=False))
    return f"{path}: {len(solved)} exercises and questions solved by {who}"


def gather(folder, path):
    """Writes a CSV with one row per exported file: name, number of solved items, and when each item was solved.

    Returns a sentence, which names the .json files that are not exports. Raises StudyError if there is no export in the
    folder, or if the CSV can't be written.
    """
    exports = {file.name: read(file) for file in sorted(Path(folder).glob("*.json"))}
    unread = [name for name, one in exports.items() if one is None]
    if len(unread) == len(exports):
        raise StudyError(f"{folder} holds no exported progress; put there the files that learners wrote with "
                         "python -m helpers progress --export ada.json --who Ada")
    items = [item for names in progress.known().values() for item in names]
    table = [["name", "file", "exported", "solved", "of", *items]]
    for name, one in exports.items():
        if one:
            when = [one["solved"].get(item, "") for item in items]
            table.append([one["who"], name, one["exported"], sum(map(bool, when)), len(items), *when])
    write_table(path, table)
    asked = f"; no valid export, ask again for: {', '.join(unread)}" if unread else ""
    return f"{path}, learners: {len(exports) - len(unread)}{asked}"


def read(file):
    """What `export` wrote to the file, or None if it is something else."""
    try:
        one = json.loads(file.read_text(encoding="utf-8-sig"))  # an editor may have added a mark
        return {"who": one["who"], "exported": one["exported"], "solved": dict(one["solved"])}
    except (OSError, ValueError, KeyError, TypeError):
        return None
