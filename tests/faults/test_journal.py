"""The journal under real faults: torn lines, kills, a full disk, garbage. What finished stays; writing continues."""

import contextlib
import errno
import itertools
import json
import multiprocessing
import os
import random
import re
import shlex
import shutil
import sqlite3
import subprocess
import tempfile
import time
from pathlib import Path

import optuna
import pytest
from optuna.distributions import FloatDistribution
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend, JournalFileOpenLock, JournalFileSymlinkLock
from optuna.trial import TrialState

from helpers import commands
from helpers.study import StudyError
from helpers.study.journal import Journal, cut_torn_tail, held
from helpers.study.journal_repair import repair
from tests.faults.disks import small_disk
from tests.study.clock import Clock

optuna.logging.set_verbosity(optuna.logging.CRITICAL)
RECORD = b'{"op_code":2,"worker_id":"gone-1","study_id":0,"user_attr":{"half":"written"}}\n'
DAMAGES = {
    "garbage": b"\x8b\x1f\x02\xff not a record \xfe",
    "NULs": b"\0" * 200,
    "blank": b"",
    "JSON that is no record": b'{"epoch":7,"loss":0.5}',
}


def opened(path):
    return optuna.create_study(study_name="mine", storage=JournalStorage(Journal(path)), direction="maximize",
                               load_if_exists=True, sampler=optuna.samplers.RandomSampler())


def plain(path):
    """Optuna's own journal file, with the lock that works on Windows too."""
    return JournalFileBackend(str(path), JournalFileOpenLock(str(path)))


def facts(path):
    """All that a journal says of its trials, by number. Read without a write, as Optuna itself reads it."""
    study = optuna.load_study(study_name="mine", storage=JournalStorage(plain(path)))
    return {
        trial.number: (trial.state, trial.params, trial.values, trial.intermediate_values, trial.user_attrs,
                       trial.system_attrs, trial.datetime_start, trial.datetime_complete)
        for trial in study.trials
    }


def lines_of(path):
    return Path(path).read_bytes().splitlines(keepends=True)


def tear(path, part):
    """Leaves the beginning of a record behind, as a writer does that is killed while it holds the lock."""
    with held(path), open(path, "ab") as file:
        file.write(part)


@pytest.fixture
def path(tmp_path):
    """The journal of two workers that took turns: 8 trials, queued ones among them, one added whole, one unfinished."""
    path = tmp_path / "study.journal"
    ada = opened(path)
    ada.enqueue_trial({"x": 0.5})
    ada.enqueue_trial({"x": 0.25})
    bob = opened(path)
    first, second = bob.ask(), ada.ask()
    for step, study, trial in ((1, bob, first), (2, ada, second)):
        trial.suggest_float("x", 0, 1)
        trial.report(0.125, step)
        study.tell(trial, float(step))
    third, fourth = ada.ask(), bob.ask()
    fourth.suggest_float("x", 0, 1)
    third.suggest_float("x", 0, 1)
    bob.add_trial(optuna.create_trial(value=7.0, params={"x": 0.75}, distributions={"x": FloatDistribution(0, 1)}))
    third.set_user_attr("who", "Ada")
    ada.tell(third, 3.0)
    bob.tell(fourth, state=TrialState.FAIL)
    again = opened(path)
    for study in (again, bob, ada):
        trial = study.ask()
        trial.suggest_categorical("c", ["a", "b"])
        if study is not bob:
            trial.report(0.375, 1)
            study.tell(trial, 0.5)
    return path


def test_a_journal_cut_at_any_byte_of_its_last_two_records_opens_and_is_written_on(path, tmp_path):
    lines = lines_of(path)
    data = b"".join(lines)
    for cut in range(len(data) - len(lines[-1]) - len(lines[-2]), len(data) + 1):
        torn = tmp_path / f"cut{cut}"
        torn.write_bytes(data[:cut])
        whole = data[: data.rfind(b"\n", 0, cut + 1) + 1]  # a line that lacks only its line end is whole
        gone = data[len(whole):cut]
        assert cut_torn_tail(torn) == len(gone)
        assert torn.read_bytes() == whole
        assert not gone or Path(f"{torn}.torn").read_bytes() == gone + b"\n"
        before = facts(torn)
        study = optuna.load_study(study_name="mine", storage=JournalStorage(Journal(torn)))
        study.enqueue_trial({"x": 0.125})
        after = facts(torn)
        assert after.pop(len(before))[0] == TrialState.WAITING
        assert after == before


def test_an_open_study_writes_on_whatever_part_of_a_record_another_worker_left(path):
    study = opened(path)
    before = facts(path)
    for part in range(1, len(RECORD)):
        tear(path, RECORD[:part])
        study.set_user_attr(f"after {part}", part)
    assert facts(path) == before
    attributes = opened(path).user_attrs
    assert attributes.pop("half") == "written"  # of the one that lacked only its line end
    assert list(attributes.values()) == list(range(1, len(RECORD)))


def test_without_the_repair_one_torn_line_costs_the_whole_study(path):
    before = facts(path)
    tear(path, RECORD[:40])
    assert facts(path) == before
    for _ in range(2):
        plain(path).append_logs([json.loads(RECORD)])
    with pytest.raises(json.JSONDecodeError):
        facts(path)
    repair(path)
    assert facts(path) == before


def test_a_repair_leaves_an_empty_file_and_other_peoples_files_alone(tmp_path):
    empty, poem, database = tmp_path / "empty", tmp_path / "poem.txt", tmp_path / "study.db"
    empty.touch()
    assert cut_torn_tail(empty) == 0
    poem.write_text("Two roads diverged\nin a yellow wood")
    with contextlib.closing(sqlite3.connect(database)) as connection:
        connection.execute("create table trials (number)")
    for file in (poem, database):
        before = file.read_bytes()
        for write in (cut_torn_tail, lambda file: Journal(file).append_logs([json.loads(RECORD)])):
            with pytest.raises(StudyError, match="does not begin like a journal, and was left as it is; name"):
                write(file)
        assert file.read_bytes() == before


def test_a_journal_that_vanishes_under_an_open_study_is_missed(path):
    study = opened(path)
    path.unlink()
    with pytest.raises(StudyError, match=r"study\.journal does not exist"):
        study.set_user_attr("n", 1)
    assert not path.exists()


def run_trials(path, enough, finished):
    study = opened(path)
    while not enough.is_set():
        trial = study.ask()
        study.tell(trial, trial.suggest_float("x", 0, 1))
        with finished:
            finished.value += 1


def test_torn_lines_while_other_processes_write_cost_no_trial(tmp_path):
    path = tmp_path / "study.journal"
    enough, finished = multiprocessing.Event(), multiprocessing.Value("i", 0)
    workers = [multiprocessing.Process(target=run_trials, args=(path, enough, finished)) for _ in range(3)]
    for worker in workers:
        worker.start()
    while finished.value < 10:
        assert all(worker.is_alive() for worker in workers)
        time.sleep(0.01)
    for _ in range(20):
        tear(path, RECORD[: random.randrange(1, len(RECORD) - 1)])
        time.sleep(0.005)
    enough.set()
    for worker in workers:
        worker.join()
        assert worker.exitcode == 0
    cut_torn_tail(path)
    trials = opened(path).trials
    assert len(trials) == finished.value >= 10
    assert all(trial.state == TrialState.COMPLETE and trial.params["x"] == trial.value for trial in trials)


def write_and_count(path, counter):
    study = opened(path)
    while True:
        study.set_user_attr(f"n{counter.value}", "x" * 1_000_000)  # a kill in the midst of so much tears the line
        counter.value += 1


def killed(path, seconds):
    """Kills a writer as late after its first write. Returns how many of its writes had returned."""
    counter = multiprocessing.Value("i", 0)
    writer = multiprocessing.Process(target=write_and_count, args=(path, counter))
    writer.start()
    while counter.value == 0:
        assert writer.is_alive()
        time.sleep(0.001)
    time.sleep(seconds)
    writer.kill()
    writer.join()
    assert writer.exitcode != 0
    return counter.value


def test_a_writer_killed_at_any_moment_loses_nothing_that_it_had_written(tmp_path):
    for attempt in range(12):
        path = tmp_path / f"{attempt}.journal"
        written = killed(path, random.uniform(0, 0.03))
        with contextlib.suppress(FileNotFoundError):
            os.remove(f"{path}.lock")  # its owner is dead; the next test waits for a lock like it
        cut_torn_tail(path)
        study = opened(path)
        assert {f"n{n}" for n in range(written)} <= study.user_attrs.keys()
        study.ask()
        assert len(facts(path)) == 1
        path.unlink()


def hold(path, is_held):
    with held(path):
        is_held.set()
        time.sleep(100)


def test_the_lock_of_a_killed_worker_is_taken_over_after_five_seconds(path, monkeypatch):
    monkeypatch.chdir(path.parent.parent)
    relative = path.relative_to(path.parent.parent)  # Optuna alone waits for ever for a lock under such a path
    study, is_held = opened(relative), multiprocessing.Event()
    holder = multiprocessing.Process(target=hold, args=(path, is_held))
    holder.start()
    assert is_held.wait(180)
    holder.kill()
    holder.join()
    clock = Clock()
    monkeypatch.setattr("helpers.study.journal.time", clock)
    study.set_user_attr("waited", True)
    assert 5 <= clock.now < 10  # Optuna alone would take over after 30
    assert opened(path).user_attrs == {"waited": True}


@pytest.mark.parametrize("the_next", ["writes", "has written"])
def test_who_lost_the_lock_while_it_wrote_has_written_and_leaves_that_of_the_next_alone(path, monkeypatch, the_next):
    study, lock = opened(path), Path(f"{path}.lock")

    def stopped(file):
        lock.unlink()
        if the_next == "writes":
            lock.touch()
            os.utime(lock, (1, 1))

    with monkeypatch.context() as while_stopped:
        while_stopped.setattr(os, "fsync", stopped)
        study.set_user_attr("late", True)
    assert lock.exists() == (the_next == "writes")
    lock.unlink(missing_ok=True)
    assert opened(path).user_attrs == {"late": True}


def test_a_write_that_fails_after_its_lock_was_lost_cuts_off_nothing_of_others(path, monkeypatch):
    study, other = opened(path), opened(path)

    def stopped(file):
        Path(f"{path}.lock").unlink()
        monkeypatch.undo()
        other.set_user_attr("other", True)
        raise OSError(errno.EIO, "")

    monkeypatch.setattr(os, "fsync", stopped)
    with pytest.raises(StudyError, match="can't be reached"):
        study.set_user_attr("late", True)
    assert opened(path).user_attrs["other"]


def test_a_torn_line_that_another_has_cut_off_meanwhile_is_not_cut_off_again(path, monkeypatch):
    tear(path, RECORD[:40])
    other = optuna.load_study(study_name="mine", storage=JournalStorage(Journal(path)))

    def stopped(raw):
        Path(f"{path}.lock").unlink()
        monkeypatch.undo()
        other.set_user_attr("other", True)

    monkeypatch.setattr("helpers.study.journal.whole_record", stopped)
    cut_torn_tail(path)
    assert opened(path).user_attrs == {"other": True}


@pytest.mark.skipif(os.name == "nt", reason="Windows makes no symbolic links")
def test_of_two_that_wait_behind_a_dead_lock_the_slower_waits_for_the_faster(path, monkeypatch):
    dead, lock = JournalFileSymlinkLock(str(path)), f"{path}.lock"  # of a worker of Optuna's
    dead.acquire()
    os.utime(lock, (1, 1), follow_symlinks=False)
    clock, faster, inside = Clock(), contextlib.ExitStack(), []

    def sleep(seconds):
        clock.now += seconds
        if clock.now > 4 and not inside:
            dead.release()
            inside.append(faster.enter_context(held(path)))
        elif clock.now > 8:
            faster.close()

    clock.sleep = sleep
    monkeypatch.setattr("helpers.study.journal.time", clock)
    with held(path):
        assert 8 < clock.now < 10


def test_an_interrupt_while_it_waits_leaves_the_lock_to_its_holder(path, monkeypatch):
    lock = Path(f"{path}.lock")
    lock.touch()

    def interrupted(file, *mode):
        if file == str(lock):
            raise KeyboardInterrupt
        return open(file, *mode)

    monkeypatch.setattr("helpers.study.journal.open", interrupted, raising=False)
    with pytest.raises(KeyboardInterrupt), held(path):
        pass
    assert lock.exists()


@pytest.fixture
def disk(tmp_path):
    """A disk of 64 kB, with a file on it that leaves 8 kB."""
    with small_disk(tmp_path, kilobytes=64):
        (tmp_path / "filler").write_bytes(b"x" * 56 * 1024)
        yield tmp_path


def test_a_full_disk_is_named_and_leaves_no_torn_line_and_writing_goes_on_when_there_is_room(disk):
    path = disk / "study.journal"
    study = opened(path)
    study.tell(study.ask(), 0.5)
    before = facts(path), path.read_bytes()
    for _ in range(2):
        with pytest.raises(StudyError, match=r"study\.journal: no space left on the disk; .* free some space"):
            study.set_user_attr("long", "x" * 10_000)
    assert (facts(path), path.read_bytes()) == before
    (disk / "filler").unlink()
    study.set_user_attr("long", "x" * 10_000)
    study.tell(study.ask(), 0.75)
    values = [trial.value for trial in opened(path).trials]
    assert values == [0.5, 0.75]


def test_a_line_that_a_full_disk_tore_is_repaired_once_there_is_room(disk):
    path = disk / "study.journal"
    opened(path)
    whole = path.read_bytes()
    with pytest.raises(OSError, match="No space left"):
        plain(path).append_logs([{**json.loads(RECORD), "user_attr": {"long": "x" * 10_000}}])
    torn = path.read_bytes()
    assert len(torn) > len(whole)  # what Optuna leaves behind
    for fix in (cut_torn_tail, repair):
        with pytest.raises(StudyError, match="no space left on the disk"):
            fix(path)
        assert path.read_bytes() == torn
    (disk / "filler").unlink()
    assert cut_torn_tail(path) == len(torn) - len(whole)
    assert path.read_bytes() == whole


def test_a_repair_for_which_there_is_no_room_leaves_the_file_and_nothing_else(disk):
    path, filler = disk / "study.journal", disk / "filler"
    filler.unlink()
    opened(path).set_user_attr("long", "x" * 20_000)
    path.write_bytes(path.read_bytes() + b"garbage\n\n")
    before = path.read_bytes()
    for room in (8, 28):  # in kB: enough for nothing, or for the new file and not for the copy of the old one
        filler.write_bytes(b"x" * (64 - 24 - room) * 1024)
        with pytest.raises(StudyError, match="no space left on the disk"):
            repair(path)
        assert sorted(disk.iterdir()) == [filler, path]
        assert path.read_bytes() == before
    filler.unlink()
    assert len(repair(path)) == 4


@pytest.mark.parametrize("damage", [*DAMAGES, "half", "half, glued to the next"])
def test_any_one_line_may_be_damaged_and_every_trial_keeps_its_number_and_its_values(path, damage):
    lines = lines_of(path)
    sound = facts(path)
    begins = [number for number, line in enumerate(lines) if json.loads(line)["op_code"] == 4]
    assert len(begins) == len(sound) == 8
    for number, line in enumerate(lines):
        bad = DAMAGES.get(damage, line[: len(line) // 2]) + (b"" if "glued" in damage else b"\n")
        others = lines[:number], lines[number + 1:]
        damaged = b"".join([*others[0], bad, *others[1]])
        path.write_bytes(damaged)
        said = repair(path)
        backup = Path(said[-1].removeprefix("the old file is "))
        assert backup.read_bytes() == damaged
        backup.unlink()
        repaired, kept = lines_of(path), [*others[0], *others[1]]
        if number in begins:
            lost = repaired.pop(number)
            assert said[1] == f"line {number + 1}: the first record of a trial was lost; it is kept as a failed trial"
            assert "lost" in json.loads(lost)["user_attrs"]
            trials = facts(path)
            state, params, values, *_ = trials.pop(begins.index(number))
            assert (state, params, values) == (TrialState.FAIL, {}, None)
            assert trials == {trial: fact for trial, fact in sound.items() if trial != begins.index(number)}
        elif number == 0:
            assert said[1] == 'line 1: the first record of "mine" was lost and has been restored'
            assert repaired.pop(0) == lines[3]  # like that of the worker that came second
            assert facts(path) == sound
        else:
            now = facts(path)
            without = path.with_name("without")  # a line that is not there does no harm, except to its own trial
            without.write_bytes(b"".join(kept))
            assert now == facts(without)
            own = json.loads(line).get("trial_id")
            assert {trial: now[trial] for trial in now if trial != own} == {
                trial: sound[trial] for trial in sound if trial != own}
        assert repaired == kept
        assert said[0].startswith(f"line {number + 1}: ")
        assert said[0].endswith("bytes that are not a record were dropped")
        assert said[-2] == f"kept {len(kept)} records"
        assert repair(path) == [f"{path} is intact: {len(lines_of(path))} records; nothing was changed"]
    assert not list(path.parent.glob("*.backup*"))


def test_any_two_lines_may_be_damaged_and_every_whole_trial_keeps_its_number_and_its_values(tmp_path):
    path = tmp_path / "study.journal"
    study = opened(path)
    for number in range(5):
        trial = study.ask()
        trial.suggest_float("x", 0, 1)
        study.tell(trial, number)
    path.chmod(0o640)
    mode = path.stat().st_mode
    sound, lines = facts(path), lines_of(path)
    for pair in itertools.combinations(range(1, len(lines)), 2):
        path.write_bytes(b"".join(b"garbage\n" if number in pair else line for number, line in enumerate(lines)))
        repair(path)
        trials = facts(path)
        for whole in set(range(5)) - {(number - 1) // 3 for number in pair}:
            assert trials[whole] == sound[whole], pair
    assert path.stat().st_mode == mode


def test_a_trial_lost_before_a_worker_that_died_at_once_does_not_give_it_its_values(tmp_path):
    path = tmp_path / "study.journal"
    ada, bob = opened(path), opened(path)
    lost = ada.ask()
    bob.ask()
    ada.tell(lost, lost.suggest_float("x", 0, 1))
    sound = facts(path)
    lines = lines_of(path)
    path.write_bytes(b"".join([*lines[:2], b"\0\0\n", *lines[3:]]))
    repair(path)
    trials = facts(path)
    assert trials[1] == sound[1]
    assert trials[0][0] == TrialState.FAIL


def test_a_lost_trial_of_the_queue_does_not_give_its_values_to_one_that_was_added_whole(tmp_path):
    path = tmp_path / "study.journal"
    study = opened(path)
    study.set_user_attr("note", "lost as well")
    study.add_trial(optuna.create_trial(value=7.0))
    study.enqueue_trial({"x": 0.5})
    study.enqueue_trial({"x": 0.25})
    for _ in range(2):
        trial = study.ask()
        study.tell(trial, trial.suggest_float("x", 0, 1))
    sound, lines = facts(path), lines_of(path)
    lines[1] = lines[3] = b"garbage\n"
    path.write_bytes(b"".join(lines))
    repair(path)
    trials = facts(path)
    assert trials.pop(1)[0] == TrialState.FAIL
    assert trials == {0: sound[0], 2: sound[2]}


def test_a_lost_trial_stays_in_its_study_where_several_share_a_journal_and_one_was_deleted(path):
    storage = JournalStorage(Journal(path))
    other = optuna.create_study(study_name="other", storage=storage)
    optuna.create_study(study_name="gone", storage=storage)
    gone = storage.get_study_id_from_name("gone")
    optuna.delete_study(study_name="gone", storage=storage)
    with pytest.raises(KeyError):  # a worker that did not know: Optuna writes its record, and counts no trial
        JournalStorage(Journal(path)).create_new_trial(gone)
    for value in (0.5, 0.75):
        trial = other.ask()
        trial.suggest_float("y", 0, 1)
        other.tell(trial, value)
    sound = facts(path)
    lines = lines_of(path)
    assert json.loads(lines[-3])["op_code"] == 4
    path.write_bytes(b"".join([*lines[:-3], b"garbage\n", *lines[-2:]]))
    repair(path)
    assert facts(path) == sound
    trials = optuna.load_study(study_name="other", storage=JournalStorage(Journal(path))).trials
    assert [trial.value for trial in trials] == [0.5, None]


def test_a_record_that_speaks_of_a_trial_far_off_begins_no_trials(path):
    sound = facts(path)
    far = b'{"op_code":8,"worker_id":"a-1","trial_id":100,"user_attr":{"far":"off"}}\n'
    path.write_bytes(path.read_bytes() + b"garbage\n" + far)
    assert len(repair(path)) == 3
    assert facts(path) == sound


def begin(fix, path, begun):
    begun.set()
    fix(path)


@pytest.mark.parametrize("fix", [cut_torn_tail, repair])
def test_a_repair_waits_until_a_worker_has_written(path, fix):
    begun = multiprocessing.Event()
    repairer = multiprocessing.Process(target=begin, args=(fix, path, begun))
    with held(path), open(path, "ab") as file:
        file.write(RECORD[:30])
        file.flush()
        repairer.start()
        assert begun.wait(180)
        repairer.join(timeout=0.3)
        assert repairer.is_alive()
        file.write(RECORD[30:])
    repairer.join()
    assert lines_of(path)[-1] == RECORD
    assert len(list(path.parent.iterdir())) == 1


def test_a_repair_that_took_so_long_that_a_worker_broke_its_lock_and_wrote_drops_nothing(path, monkeypatch):
    study = opened(path)
    tear(path, RECORD[:30])

    def slow(draft):
        Path(f"{path}.lock").unlink()
        monkeypatch.undo()
        study.set_user_attr("meanwhile", True)
        return JournalStorage(draft)

    monkeypatch.setattr("helpers.study.journal_repair.JournalStorage", slow)
    with pytest.raises(StudyError, match="a worker wrote to it during the repair, and the file was not changed"):
        repair(path)
    assert opened(path).user_attrs == {"meanwhile": True}
    assert not list(path.parent.glob("*.backup*"))


def test_a_lost_trial_that_nothing_speaks_of_leaves_the_others_as_they_are(path):
    sound = facts(path)
    opened(path).enqueue_trial({"x": 0.5})
    path.write_bytes(b"".join([*lines_of(path)[:-1], b"garbage\n"]))
    assert repair(path)[0] == f"line {len(lines_of(path)) + 1}: 7 bytes that are not a record were dropped"
    assert facts(path) == sound


def test_much_damage_at_once_is_repaired_and_reported_line_by_line(path):
    sound = facts(path)
    lines = lines_of(path)
    begins = [number for number, line in enumerate(lines) if json.loads(line)["op_code"] == 4]
    block = lines[begins[2]:begins[5]]  # with the beginnings of trials 2, 3 and 4, as one hole without line ends
    middle = begins[5] + 1
    glued = lines[middle][:-1] + lines[middle + 1]
    damaged = b"".join([
        b"\xff\xfe\n\n", *lines[:begins[2]], b"\0" * len(b"".join(block)), lines[begins[5]], glued, *lines[middle + 2:],
        b"\n", RECORD[:-1].replace(b"written", b"writt\xffen"), b"\n", RECORD[:30]])
    path.write_bytes(damaged)
    said = repair(path)
    trials = facts(path)
    for number in (2, 3, 4):
        assert trials[number][0] == TrialState.FAIL
    for number in (0, 1, 5, 6, 7):
        assert trials[number] == sound[number]
    hole = begins[2] + 3
    assert said == [
        "line 1: 2 bytes that are not a record were dropped",
        "line 2: 0 bytes that are not a record were dropped",
        f"line {hole}: {len(b''.join(block))} bytes that are not a record were dropped",
        f"line {len(lines) - len(block) + 2}: 0 bytes that are not a record were dropped",
        f"line {len(lines) - len(block) + 3}: {len(RECORD)} bytes that are not a record were dropped",
        f"line {len(lines) - len(block) + 4}: 30 bytes that are not a record were dropped",
        *[f"line {hole}: the first record of a trial was lost; it is kept as a failed trial"] * 3,
        f"kept {len(lines) - len(block)} records",
        said[-1],
    ]
    assert Path(said[-1].removeprefix("the old file is ")).read_bytes() == damaged
    assert "is intact" in repair(path)[0]
    opened(path).enqueue_trial({"x": 0.5})
    assert len(facts(path)) == len(trials) + 1


def test_a_missing_line_end_at_the_end_is_added(path):
    whole = path.read_bytes()
    path.write_bytes(whole[:-1])
    assert repair(path)[0] == "a missing line end was added"
    assert path.read_bytes() == whole


def test_a_study_whose_own_record_is_lost_is_asked_for_and_given_back(tmp_path):
    path = tmp_path / "study.journal"
    study = opened(path)
    study.tell(study.ask(), 0.5)
    sound = facts(path)
    damaged = b"garbage\n" + b"".join(lines_of(path)[1:])
    path.write_bytes(damaged)
    command = commands.command("-m", "helpers", "repair", path)
    said = f"line 1: the study's name and direction are lost; .*: {re.escape(command)} "
    for wrong in ({}, {"name": "mine"}, {"name": "mine", "direction": "up"}):
        with pytest.raises(StudyError, match=said):
            repair(path, **wrong)
    assert path.read_bytes() == damaged
    assert list(tmp_path.iterdir()) == [path]
    options = ["--study", "mine", "--direction", "maximize"]
    said = subprocess.run([*shlex.split(command), *options], capture_output=True, text=True).stdout
    assert 'line 1: the first record of "mine" was lost and has been restored\n' in said
    assert facts(path) == sound
    assert opened(path).direction == optuna.study.StudyDirection.MAXIMIZE


def test_the_second_study_of_a_journal_is_asked_for_too(path):
    other = optuna.create_study(study_name="other", storage=JournalStorage(Journal(path)))
    other.tell(other.ask(), 0.5)
    sound, lines = facts(path), lines_of(path)
    path.write_bytes(b"".join([*lines[:-3], b"garbage\n", *lines[-2:]]))
    with pytest.raises(StudyError, match=f"line {len(lines) - 2}: the study's name and direction are lost"):
        repair(path)
    repair(path, name="other", direction="minimize")
    assert facts(path) == sound
    assert optuna.load_study(study_name="other", storage=JournalStorage(Journal(path))).best_value == 0.5


def test_what_is_no_journal_gets_a_sentence_and_stays_as_it_is(tmp_path):
    (tmp_path / "empty").touch()
    (tmp_path / "poem").write_text("Two roads diverged\nin a yellow wood\n")
    (tmp_path / "NULs").write_bytes(b"\0" * 5000)
    strange = b'{"op_code":0,"worker_id":"a-1","study_name":"mine","directions":["up"]}\nx\n'
    (tmp_path / "strange").write_bytes(strange)
    (tmp_path / "of the future").write_bytes(b'{"op_code":77,"worker_id":"a-1"}\nx\n')
    (tmp_path / "nameless").write_bytes(b'{"op_code":0,"worker_id":"a-1"}\nx\n')
    sentences = {
        "missing": "missing does not exist; name the file of a study",
        "": "is a directory; name the file of a study",
        "empty": "empty is empty: there is nothing to repair",
        "poem": "poem holds no intact record of a journal",
        "NULs": "NULs holds no intact record of a journal",
        "strange": "strange: its intact records don't form a study",
        "of the future": "of the future: its intact records don't form a study",
        "nameless": "nameless: its intact records don't form a study",
    }
    before = {file: file.read_bytes() for file in tmp_path.iterdir()}
    for name, sentence in sentences.items():
        with pytest.raises(StudyError, match=sentence):
            repair(tmp_path / name)
    assert {file: file.read_bytes() for file in tmp_path.iterdir()} == before


def repair_as_nobody(path, message):
    if os.getuid() == 0:
        os.setuid(65534)
    try:
        repair(path)
    except StudyError as error:
        message.put(str(error))


@pytest.mark.skipif(os.name == "nt", reason="Windows has other permissions")
def test_a_file_that_may_not_be_read_gets_a_sentence(path):
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o777)
        locked = shutil.copy(path, folder)
        os.chmod(locked, 0)
        message = multiprocessing.Queue()
        child = multiprocessing.Process(target=repair_as_nobody, args=(locked, message))
        child.start()
        assert f"{locked} can't be read or written (Permission denied); no finished trial" in message.get(timeout=180)
        child.join()
        assert os.listdir(folder) == ["study.journal"]
