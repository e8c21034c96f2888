"""The checks of lesson 12, many machines, and a class."""

from math import ceil

from helpers.teaching.checks import compare, compare_numbers, exercise, need, returned

NOW, GRACE = 1000, 60


def trial(number, heartbeat, state="RUNNING"):
    return {"number": number, "state": state, "heartbeat": heartbeat}


TRIALS = [  # and what is wrong with an answer that counts it in, or leaves it out
    (trial(0, 700, state="COMPLETE"), "it is complete: no worker writes heartbeats for it any more."),
    (trial(1, 995), "its last heartbeat is 5 seconds old: its worker is alive."),
    (trial(2, 800), "its last heartbeat is 200 seconds old, and a worker may be silent for 60."),
    (trial(3, None), "it has no heartbeat, so nobody knows how long its worker has been silent. Leave it alone."),
    (trial(4, 700, state="FAIL"), "it failed already: nobody has to end it."),
    (trial(5, 0), "its last heartbeat was in second 0. That is long ago, and not the same as None."),
    (trial(6, 710, state="PRUNED"), "it is pruned: no worker writes heartbeats for it any more."),
    (trial(7, None, state="WAITING"), "it waits in the queue: nobody has begun it."),
    (trial(8, 940), "its last heartbeat is exactly 60 seconds old, and a worker may be silent that long."),
]
REASONS = {one["number"]: reason for one, reason in TRIALS}
SILENT = {2, 5}


@exercise("12.1")
def find_silent(function):
    given = returned(function, [one.copy() for one, _ in TRIALS], NOW, GRACE)
    compare_numbers(given, REASONS, SILENT, f"now is {NOW}, ")
    patient = list(returned(function, [one.copy() for one, _ in TRIALS], NOW, 300))
    need(patient == [5], f"if a worker may be silent for 300 seconds, only trial 5 is to be run again, but your "
                         f"function says {patient}. Does it use `grace`?")
    return "Only what fell silent is run again."


STUDIES = [(100, 1), (100, 4), (100, 7), (100, 10), (100, 16), (100, 64), (100, 1000), (5, 1), (20, 15)]


def wrong_numbers(n_trials, workers):
    return {
        "more than the study has.": workers * ceil(10 / workers),
        "when fewer than ten trials have ended, all workers draw another trial at random.": min(
            n_trials, max(10, workers)),
        "that holds for one worker. The others begin at the same moment, and know no more.": min(n_trials, 10),
        "those are the trials of the first round. Have ten ended when the second begins?": min(n_trials, workers),
        "the trials of a round end together here, so the next ones begin together too.": min(
            n_trials, 10 + workers - 1),
        "the last random round begins before ten trials have ended: round up.": min(
            n_trials, workers * (10 // workers)),
    }


@exercise("12.2")
def drawn_at_random(function):
    compare(
        function, lambda n_trials, workers: min(n_trials, workers * ceil(10 / workers)), STUDIES, wrong_numbers,
        otherwise="that is not their number. How many trials have ended when each round begins?")
    return "With enough workers, every search is random search."
