"""Mends a journal that is damaged anywhere: `python -m helpers repair FILE`."""

import contextlib
import json
import os
import shlex
import shutil
import traceback
from collections import Counter, defaultdict, namedtuple
from datetime import UTC, datetime

from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend
from optuna.study import StudyDirection
from optuna.trial import TrialState

from helpers.study.errors import StudyError
from helpers.study.journal import CREATE_STUDY, CREATE_TRIAL, DELETE_STUDY, SET_STATE, START, held, whole_record

# A part of the file: the number of its line, its bytes, and its record, which is None for damaged bytes.
Piece = namedtuple("Piece", "line raw record")


def repair(path, name=None, direction=None):
    """Mends a damaged journal, keeps the old file beside it, and returns sentences on what it did.

    Every whole record is kept. Optuna gives trials their ids by counting the records that begin one, so where such a
    record was lost, a failed trial takes its place, and every other trial keeps its id and its values. Two things are
    not made up: a lost step of a trial, like one parameter, and a lost trial of which nothing that is left can tell.
    Stop the workers first: they remember how far into the file they have read. Only for a torn end they may run on.
    name, direction: of the study, needed only where its own record was lost and `repair` asks for them.
    """
    path = os.path.realpath(path)
    with held(path):
        with open(path, "rb") as file:
            data = file.read()
        pieces = _pieces(data)
        kept = sum(piece.record is not None for piece in pieces)
        if not data:
            raise StudyError(f"{path} is empty: there is nothing to repair, and a study can begin in it")
        if not kept:
            raise StudyError(f"{path} holds not one whole record of a journal, so there is nothing to keep; if it is "
                             "the right file, begin the study anew in another one")
        said = [f"line {piece.line}: {len(piece.raw)} bytes that are no record, dropped"
                for piece in pieces if piece.record is None]
        begins, said_of_study = _with_study(path, pieces, name, direction)
        new, said_of_trials = _with_trials(pieces, begins)
        if new == data:
            return [f"{path} is healthy: {kept} records; nothing was changed"]
        backup = _replace(path, new)
    said += said_of_study + said_of_trials
    return [*(said or ["a line end was missing, and is added"]), f"kept {kept} records", f"the old file is {backup}"]


def _with_study(path, pieces, name, direction):
    """Puts the lost beginning of a study back among the pieces. Returns where trials begin, and what was done."""
    place, begins = _studies(pieces)
    if place is None:
        return begins, []
    study, line = _lost_study(path, pieces, place, name, direction), pieces[place].line
    pieces.insert(place, Piece(line, _line(study), study))
    place, begins = _studies(pieces)
    if place is not None:
        raise StudyError(f"{path}: the beginnings of several studies are lost; that is beyond this repair")
    return begins, [f'line {line}: the beginning of "{study["study_name"]}" was lost, and is back']


def _with_trials(pieces, begins):
    """The bytes of the new file, with a failed trial in place of each lost one, and what was done."""
    lost = Counter(_lost_trials(pieces, begins))
    near = pieces[min(begins)].record if begins else {}
    new, said = bytearray(), []
    for place, piece in enumerate(pieces):
        if place in begins:
            near = piece.record
        said += lost[place] * [f"line {piece.line}: a trial's beginning was lost; the trial stands as failed"]
        new += lost[place] * (_line(_failed_trial(near)) + b"\n")
        if piece.record is not None:
            new += piece.raw + b"\n"
    return new, said


def _pieces(data):
    """The file's pieces in order: one a line, more where a whole record stands within a broken line."""
    return [
        Piece(number, raw, whole_record(raw))
        for number, line in enumerate(data.removesuffix(b"\n").split(b"\n"), start=1)
        for raw in ([line] if whole_record(line) else _parts(line))
    ]


def _parts(line):
    """Parts a broken line where a whole record stands in it: the bytes before it, the record, the bytes after it."""
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
    """Counts studies as Optuna does. Returns the place at which one's beginning is missing (None if none is), and the
    places of the records that begin a trial."""
    names, gap, begins = [], None, set()
    for place, (_, _, record) in enumerate(pieces):
        if record is None:
            gap = place
        elif record["op_code"] == CREATE_STUDY:
            if record["study_name"] not in names:  # else a worker opened a study that was there
                names.append(record["study_name"])
        elif "study_id" in record:
            if record["study_id"] >= len(names):
                return place if gap is None else gap, begins
            if record["op_code"] == DELETE_STUDY:
                names[record["study_id"]] = None
            if record["op_code"] == CREATE_TRIAL and names[record["study_id"]] is not None:
                begins.add(place)
    return None, begins


def _lost_study(path, pieces, place, name, direction):
    """The record of the lost study: like that of a worker that opened it later, or from the name and the direction."""
    records = [piece.record for piece in pieces if piece.record is not None]
    alone = max(record.get("study_id", 0) for record in records) == 0
    again = next((record for record in records if record["op_code"] == CREATE_STUDY and alone), None)
    if name is None and again:
        return again
    if name is None or direction not in ("maximize", "minimize"):
        raise StudyError(f"{path}, line {pieces[place].line}: the study's name and direction are lost; give both back: "
                         f"python -m helpers repair {shlex.quote(path)} --study NAME --direction maximize")
    directions = [StudyDirection[direction.upper()]]
    return {"op_code": CREATE_STUDY, "worker_id": "repair-0", "study_name": name, "directions": directions}


def _lost_trials(pieces, begins):
    """The places of the damaged pieces in which a trial's beginning was lost, once for each such trial.

    A record can only speak of a trial that was begun before it: this proves how many are lost. Where several places
    are possible, those are taken where trials fit best to what is told of them.
    """
    needed, begun = 0, 0
    for place, (_, _, record) in enumerate(pieces):
        begun += place in begins
        if record is not None and "trial_id" in record:
            needed = max(needed, record["trial_id"] + 1 - begun)
    fit = _Fit(pieces, begins)
    # A beginning takes more than 100 bytes.
    room = sum(1 + len(piece.raw) // 100 for piece in pieces if piece.record is None)
    best, begun = {0: (0, ())}, 0  # for each number of lost trials so far: how well it fits, and the places
    for place, (_, _, record) in enumerate(pieces):
        if record is None:
            for count in range(min(needed + 1, room)):
                if count in best and (count + 1 not in best or best[count][0] > best[count + 1][0]):
                    best[count + 1] = best[count][0], (*best[count][1], place)
        elif place in begins:
            best = {n: (score + fit(place, record, begun + n), places) for n, (score, places) in best.items()}
            begun += 1
        elif "trial_id" in record:
            best = {n: value for n, value in best.items() if record["trial_id"] < begun + n} or best
    return max(best.values(), key=lambda value: (value[0], -len(value[1])))[1]


class _Fit:
    """How well the record that begins a trial fits to a trial's id: 1, 0 or -1, by what other records tell of it."""

    def __init__(self, pieces, begins):
        self.tellers, self.taken = defaultdict(set), set()  # {trial: processes}; trials that came from the queue
        # {place: the trial that a worker speaks of right after it began one: this one, nearly always}
        self.follows = {}
        spoken = {}
        for place, (_, _, record) in reversed(list(enumerate(pieces))):
            if place in begins:
                self.follows[place] = spoken.pop(record["worker_id"], None)
            elif record is not None and "trial_id" in record:
                spoken[record["worker_id"]] = record["trial_id"]
                if record["op_code"] != SET_STATE:
                    self.tellers[record["trial_id"]].add(_process(record))
                elif record["state"] == TrialState.RUNNING:  # a worker took it from the queue
                    self.taken.add(record["trial_id"])

    def __call__(self, place, record, trial):
        state = record.get("state", TrialState.RUNNING)
        if state == TrialState.WAITING:
            return 1 if trial in self.taken else 0
        if state == TrialState.RUNNING and trial not in self.taken:
            if self.follows[place] is not None:
                return 1 if self.follows[place] == trial else -1
            return -1 if self.tellers[trial] - {_process(record)} else 0
        return -1 if trial in self.taken or self.tellers[trial] else 0


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


def _replace(path, new):
    """Puts the new bytes in the file's place, once they are on the disk and Optuna has loaded them. Returns the path
    of a copy of the old file."""
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
        os.replace(draft, path)
    except (ValueError, AssertionError, LookupError, TypeError) as error:
        traceback.clear_frames(error.__traceback__)  # they hold the draft open, and Windows removes no open file
        raise StudyError(f"{path}: its whole records don't make a study ({error!r:.80}); it is as it was") from error
    except OSError:
        with contextlib.suppress(FileNotFoundError):
            os.remove(backup)  # half of it
        raise
    finally:
        with contextlib.suppress(FileNotFoundError):
            os.remove(draft)
    return backup
