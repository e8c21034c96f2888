"""Repairs a journal, wherever it is damaged: `python -m helpers repair FILE`."""

import contextlib
import json
import os
import shutil
import traceback
from collections import Counter, defaultdict, namedtuple
from datetime import UTC, datetime

from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend
from optuna.study import StudyDirection
from optuna.trial import TrialState

from helpers.commands import command
from helpers.study.errors import StudyError
from helpers.study.journal import CREATE_STUDY, CREATE_TRIAL, DELETE_STUDY, SET_STATE, START, held, whole_record

# A part of the file: its line number, its bytes, and its record, which is None if the bytes are damaged.
Piece = namedtuple("Piece", "line raw record")


def repair(path, name=None, direction=None):
    """Repairs a damaged journal, keeps the old file beside it, and returns sentences on what it did.

    Every intact record is kept. Optuna numbers trials by counting the records that create one. So if such a record is
    lost, a failed trial takes its place, and every other trial keeps its id and its values. Two things can't be
    restored: a lost step of a trial, such as one parameter, and a lost trial that no other record mentions.
    Stop the workers first: they remember how far into the file they have read. If only the last line is torn, they may
    keep running. name, direction: of the study; needed only if its own record is lost and `repair` asks for them.
    """
    path = os.path.realpath(path)
    with held(path) as lock:
        with open(path, "rb") as file:
            data = file.read()
        pieces = _pieces(data)
        kept = sum(piece.record is not None for piece in pieces)
        if not data:
            raise StudyError(f"{path} is empty: there is nothing to repair, and a new study can use it")
        if not kept:
            raise StudyError(f"{path} holds no intact record of a journal, so there is nothing to keep; if it is the "
                             "right file, start the study again in another one")
        said = [f"line {piece.line}: {len(piece.raw)} bytes that are not a record were dropped"
                for piece in pieces if piece.record is None]
        begins, said_of_study = _with_study(path, pieces, name, direction)
        new, said_of_trials = _with_trials(pieces, begins)
        if new == data:
            return [f"{path} is intact: {kept} records; nothing was changed"]
        backup = _replace(path, new, lambda: lock.is_own() and os.path.getsize(path) == len(data))
    said += said_of_study + said_of_trials
    return [*(said or ["a missing line end was added"]), f"kept {kept} records", f"the old file is {backup}"]


def _with_study(path, pieces, name, direction):
    """Restores the lost first record of a study among the pieces. Returns where trials begin, and what was done."""
    place, begins = _studies(pieces)
    if place is None:
        return begins, []
    study, line = _lost_study(path, pieces, place, name, direction), pieces[place].line
    pieces.insert(place, Piece(line, _line(study), study))
    place, begins = _studies(pieces)
    if place is not None:
        raise StudyError(f"{path}: the first records of several studies are lost; this repair can't restore them")
    return begins, [f'line {line}: the first record of "{study["study_name"]}" was lost and has been restored']


def _with_trials(pieces, begins):
    """The bytes of the new file, with a failed trial in place of each lost one, and what was done."""
    lost = Counter(_lost_trials(pieces, begins))
    near = pieces[min(begins)].record if begins else {}
    new, said = bytearray(), []
    for place, piece in enumerate(pieces):
        if place in begins:
            near = piece.record
        said += lost[place] * [f"line {piece.line}: the first record of a trial was lost; it is kept as a failed trial"]
        new += lost[place] * (_line(_failed_trial(near)) + b"\n")
        if piece.record is not None:
            new += piece.raw + b"\n"
    return new, said


def _pieces(data):
    """The file's pieces in order: one per line, more if a broken line contains an intact record."""
    return [
        Piece(number, raw, whole_record(raw))
        for number, line in enumerate(data.removesuffix(b"\n").split(b"\n"), start=1)
        for raw in ([line] if whole_record(line) else _parts(line))
    ]


def _parts(line):
    """Splits a broken line around the intact records in it: the bytes before one, the record, the bytes after it."""
    text = line.decode(errors="surrogateescape")
    parts, done, at = [], 0, -1
    while (at := text.find(START.decode(), max(at + 1, done))) >= 0:
        try:
            end = json.JSONDecoder().raw_decode(text, at)[1]
            record = text[at:end].encode()
        except (ValueError, RecursionError):
            continue
        if whole_record(record):
            parts += [text[done:at].encode(errors="surrogateescape"), record]
            done = end
    parts.append(text[done:].encode(errors="surrogateescape"))
    return [part for part in parts if part.strip()] or [line]


def _studies(pieces):
    """Counts studies as Optuna does. Returns the place at which a study's first record is missing (None if none is),
    and the places of the records that begin a trial."""
    names, gap, begins = [], None, set()
    for place, (_, _, record) in enumerate(pieces):
        if record is None:
            gap = place
        elif record["op_code"] == CREATE_STUDY:
            if record.get("study_name") not in names:  # else a worker opened a study that existed
                names.append(record.get("study_name"))
        elif "study_id" in record:
            if record["study_id"] >= len(names):
                return place if gap is None else gap, begins
            if record["op_code"] == DELETE_STUDY:
                names[record["study_id"]] = None
            if record["op_code"] == CREATE_TRIAL and names[record["study_id"]] is not None:
                begins.add(place)
    return None, begins


def _lost_study(path, pieces, place, name, direction):
    """The record of the lost study: copied from a worker that opened it later, or made from its name and direction."""
    records = [piece.record for piece in pieces if piece.record is not None]
    alone = max(record.get("study_id", 0) for record in records) == 0
    again = next((record for record in records if record["op_code"] == CREATE_STUDY and alone), None)
    if name is None and again:
        return again
    if name is None or direction not in ("maximize", "minimize"):
        raise StudyError(f"{path}, line {pieces[place].line}: the study's name and direction are lost; give both: "
                         f"{command('-m', 'helpers', 'repair', path)} --study NAME --direction maximize")
    directions = [StudyDirection[direction.upper()]]
    return {"op_code": CREATE_STUDY, "worker_id": "repair-0", "study_name": name, "directions": directions}


def _lost_trials(pieces, begins):
    """The places of the damaged pieces in which a trial's first record was lost, once for each such trial.

    A record can only refer to a trial that began before it: this proves how many are lost. Each is looked for in the
    last damaged piece, and there are at most as many as can have been in the damaged ones so far.
    """
    ids = _ids_of_running(pieces, begins)
    tellers = defaultdict(set)  # {trial: processes that wrote about it}
    for _, _, record in pieces:
        if record is not None and "trial_id" in record and record["op_code"] != SET_STATE:
            tellers[record["trial_id"]].add(_process(record))
    lost, damaged, room, begun = [], None, 0, 0
    for place, (_, raw, record) in enumerate(pieces):
        needed = 0  # trials that began before this record
        if record is None:
            damaged, room = place, room + 1 + len(raw) // 100  # the first record of a trial takes more than 100 bytes
        elif place in begins:
            needed = ids.get(place, begun)
            if record.get("state", TrialState.RUNNING) == TrialState.RUNNING and place not in ids:
                while tellers[needed] - {_process(record)}:  # the trial of this id belongs to another process
                    needed += 1
        elif "trial_id" in record:
            needed = record["trial_id"] + 1
        if begun < needed <= begun + room:
            lost += [damaged] * (needed - begun)
            begun, room = needed, room - (needed - begun)
        begun += place in begins
    return lost


def _ids_of_running(pieces, begins):
    """{place of a record that begins a running trial: its id}, as its worker's next record names it."""
    ids, named = {}, {}
    for place, (_, _, record) in reversed(list(enumerate(pieces))):
        if place in begins:
            named_next = named.pop(record["worker_id"], None)
            if named_next is not None and record.get("state", TrialState.RUNNING) == TrialState.RUNNING:
                ids[place] = named_next
        elif record is not None and "trial_id" in record:
            named[record["worker_id"]] = record["trial_id"]
    return ids


def _process(record):
    return record["worker_id"].rpartition("-")[0]  # what follows is the thread


def _failed_trial(near):
    """A record that begins a trial in place of a lost one, in the study and at the time of the one before it."""
    time = near.get("datetime_start") or datetime.now(UTC).isoformat(timespec="microseconds")
    return {"op_code": CREATE_TRIAL, "worker_id": "repair-0", "study_id": near.get("study_id", 0),
            "datetime_start": time, "datetime_complete": time, "state": TrialState.FAIL, "value": None, "values": None,
            "distributions": {}, "params": {}, "intermediate_values": {}, "system_attrs": {},
            "user_attrs": {"lost": "the record of its beginning was damaged"}}


def _line(record):
    return json.dumps(record, separators=(",", ":")).encode()


def _replace(path, new, untouched):
    """Puts the new bytes in the file's place, once they are on the disk and Optuna has loaded them. Returns the path
    of a copy of the old file. untouched: says whether nobody has written to it meanwhile."""
    backup = f"{path}.backup-{datetime.now():%Y-%m-%d-%H%M%S-%f}"
    draft = f"{backup}.new"
    try:
        with open(draft, "xb") as file:
            file.write(new)
            file.flush()
            os.fsync(file.fileno())
        JournalStorage(JournalFileBackend(draft))
        shutil.copymode(path, draft)
        shutil.copy2(path, backup)
        if not untouched():
            raise StudyError(f"{path}: a worker wrote to it during the repair, and the file was not changed; stop all "
                             "workers, then repair it again")
        os.replace(draft, path)
    except (ValueError, AssertionError, LookupError, TypeError) as error:
        traceback.clear_frames(error.__traceback__)  # they hold the draft open, and Windows can't remove open files
        what = f"its intact records don't form a study ({error!r:.80})"
        raise StudyError(f"{path}: {what}; the file was not changed") from error
    except (OSError, StudyError):
        with contextlib.suppress(FileNotFoundError):
            os.remove(backup)  # incomplete, or of no use
        raise
    finally:
        with contextlib.suppress(FileNotFoundError):
            os.remove(draft)
    return backup
