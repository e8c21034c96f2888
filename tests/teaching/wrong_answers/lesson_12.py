"""Mistakes that learners of lesson 12 make, each with words of the hint that has to meet it."""

import math


def silent(is_silent, of=lambda trial: trial["number"]):
    return lambda trials, now, grace: [of(trial) for trial in trials if is_silent(trial, now, grace)]


def right(trial, now, grace):
    return trial["state"] == "RUNNING" and trial["heartbeat"] is not None and now - trial["heartbeat"] > grace


WRONG = {
    "12.1": [
        (silent(lambda trial, now, grace: trial["state"] == "RUNNING"), "its worker is alive"),
        (silent(lambda trial, now, grace: now - (trial["heartbeat"] or now) > grace), "it is complete"),
        (silent(lambda trial, now, grace: trial["state"] == "RUNNING" and now - (trial["heartbeat"] or 0) > grace),
         "it has no heartbeat"),
        (silent(lambda trial, now, grace: trial["state"] == "RUNNING" and now - (trial["heartbeat"] or now) > grace),
         "not the same as None"),
        (silent(lambda trial, now, grace: trial["state"] == "RUNNING" and now - trial["heartbeat"] > grace),
         "TypeError"),
        (silent(lambda trial, now, grace: right(trial, now + 1, grace)), "exactly 60 seconds old"),
        (silent(lambda trial, now, grace: right(trial, now, 60)), "Does it use `grace`"),
        (silent(right, of=lambda trial: trial["heartbeat"]), "holds 800, which is not a trial number"),
        (lambda trials, now, grace: len(trials), "return a list of numbers"),
    ],
    "12.2": [
        (lambda n_trials, workers: 10, "that is not their number"),
        (lambda n_trials, workers: min(n_trials, 10), "that holds for one worker"),
        (lambda n_trials, workers: min(n_trials, workers), "the trials of the first round"),
        (lambda n_trials, workers: min(n_trials, max(10, workers)), "draw another trial at random"),
        (lambda n_trials, workers: min(n_trials, 9 + workers), "end together here"),
        (lambda n_trials, workers: min(n_trials, workers * (10 // workers)), "round up"),
        (lambda n_trials, workers: workers * math.ceil(10 / workers), "more than the study has"),
    ],
}
