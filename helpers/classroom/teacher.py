"""The teacher's commands: remove a name or a trial from the class study, while it runs or afterwards; write the leader
board as CSV; and make a card that says how to join."""

import csv
import io
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import optuna
from optuna.storages import get_storage
from optuna.study import StudyDirection

from helpers.classroom.access_control import REMOVED
from helpers.classroom.leaderboard import standings
from helpers.classroom.limits import name_of, same_name
from helpers.classroom.removal import empty
from helpers.classroom.server import address_of, hosts_of, lines_to_join, open_database
from helpers.html import fill
from helpers.study import StudyError


def remove(study="class", storage="class.db", names=(), numbers=()):
    """Empties all trials with one of the names or numbers, and refuses new ones under these names.

    A removed trial counts as failed: best values, plots and samplers no longer use its settings or its value, on the
    server within a second and on a laptop with its next request. Trials that end within this second are emptied by
    the server. Returns a sentence. Raises StudyError if there is no such study, name or trial.
    """
    with open_class(study, storage) as (database, opened):
        trials = opened.get_trials(deepcopy=False)
        names = {same_name(who) for who in names}
        there = {trial.number: name_of(trial) for trial in trials}
        unknown = [f"no trial of {who}" for who in sorted(names - set(there.values()))]
        unknown += [f"no trial {number}" for number in numbers if number not in there]
        if unknown:
            known = ", ".join(sorted(set(there.values()))) or "none yet"
            raise StudyError(f"{' and '.join(unknown)}; there are {len(trials)} trials, and the names are: {known}")
        found = [trial for trial in trials if trial.number in numbers or there[trial.number] in names]
        empty(database, found)
        opened.set_user_attr(REMOVED, [*opened.user_attrs.get(REMOVED, []), sorted(names)])
    some = ", ".join(f"{trial.number} of {there[trial.number]}" for trial in found[:9])
    return f"removed: {len(found)} trial{'s' if len(found) > 1 else ''} ({some}{', ...' if found[9:] else ''})"


def write_csv(path, study="class", storage="class.db"):
    """Writes the leader board, one row per name, for a spreadsheet. Returns a sentence. Raises StudyError."""
    with open_class(study, storage) as (_, opened):
        rows = standings(opened.get_trials(deepcopy=False), [], opened.direction == StudyDirection.MINIMIZE)
    settings = list(dict.fromkeys(name for row in rows if row.best for name in row.best.params))
    table = [["rank", "name", "best", "trials", "number of the best", "last seen", *settings]]
    for rank, row in enumerate(rows, 1):
        best = [row.best.value, row.finished, row.best.number] if row.best else ["", row.finished, ""]
        params = row.best.params if row.best else {}
        seen = "" if row.seen == datetime.min else f"{row.seen:%Y-%m-%d %H:%M:%S}"
        table.append([rank, row.who, *best, seen, *(params.get(name, "") for name in settings)])
    write_table(path, table)
    return f"{path}: the leader board, {len(rows)} names"


def join_card(path, study, host, port, page_port, direction="maximize"):
    """Writes a page to print, as HTML: the lines with which laptops join, and the address of the leader board.

    The options are those of the server. Returns a sentence. Raises StudyError if no other machine can reach the host,
    or if the file can't be written.
    """
    address = address_of(host)
    if address.is_loopback:
        raise StudyError(f"no other machine can reach {host}; add --host 0.0.0.0, as for the server")
    reached, *_ = hosts_of(address)
    _, posix, windows = lines_to_join(study, reached, port, direction)
    lines = {"Linux": posix, "macOS": posix, "Windows": windows}
    write(path, fill("join_card.html", study=study, lines=lines, board=f"http://{reached}:{page_port}/"))
    return f"{path}: open it in a browser, print it, or project it"


def write_table(path, rows):
    """Writes rows of cells as CSV for a spreadsheet. Raises StudyError if the file can't be written."""
    table = io.StringIO()
    csv.writer(table).writerows([as_text(cell) for cell in row] for row in rows)
    write(path, table.getvalue(), "utf-8-sig")  # with a BOM, or Excel takes it for Latin-1


def write(path, text, encoding="utf-8"):
    """Writes a file. Raises StudyError if it can't be written."""
    try:
        Path(path).write_text(text, encoding=encoding, newline="")
    except OSError as error:
        raise StudyError(f"{path} can't be written ({error.strerror}); name another file") from error


def as_text(cell):
    """What a laptop wrote must not become a formula in a spreadsheet."""
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(("=", "+", "-", "@", "\t", "\r")) else cell


@contextmanager
def open_class(study, storage):
    """The storage and the study in it, both Optuna objects. Raises StudyError if there is none."""
    if "://" not in str(storage) and not Path(storage).exists():
        raise StudyError(f"there is no file {storage}; name the one of the class with --storage")
    database = open_database(storage)
    try:
        yield database, optuna.load_study(study_name=study, storage=get_storage(database))
    except KeyError:
        names = ", ".join(optuna.get_all_study_names(database)) or "none"
        raise StudyError(f'there is no study "{study}" in {storage}; name it with --study: {names}') from None
    finally:
        database.engine.dispose()
