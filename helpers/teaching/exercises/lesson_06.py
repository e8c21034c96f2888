"""The checks of lesson 06, your own data."""

import itertools
import tempfile
from pathlib import Path

import numpy as np

from helpers.data import DataError, load_csv
from helpers.teaching.checks import NotAnswered, compare, exercise, need, returned

TEAMS = {"billing": ["i was charged twice for the", "please send an invoice for the", "the price is wrong for the"],
         "delivery": ["nobody has brought the", "the courier broke the", "please deliver it today , the"]}
THINGS = ["lamp", "tent", "sofa", "radio", "scarf", "drill", "mirror", "carpet", "helmet", "teapot"]
ANSWERS = {"billing": "we have paid back your money for the", "delivery": "our driver will ring at your door with the"}


def tickets():
    """The file of the exercise, as the notebook describes it: date; number; message; answer; team."""
    messages = [(words, thing, team) for thing, (team, some) in itertools.product(THINGS, TEAMS.items())
                for words in some]
    return "".join(f"2026-03-{1 + number % 9:02};{4_000 + number};{words} {thing};{ANSWERS[team]} {thing};{team}\n"
                   for number, (words, thing, team) in enumerate(messages))


@exercise("06.1")
def columns(arguments):
    need(isinstance(arguments, dict), f"your answer is {arguments!r}; write a dict of arguments of load_csv.")
    if any(value is ... for value in arguments.values()):
        raise NotAnswered
    need("text" in arguments, "it leaves the choice of the text to load_csv, which can't know what was written later. "
                              "Say text=..., the number of a column.")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "tickets.txt"
        path.write_text(tickets(), encoding="utf-8")
        try:
            data = load_csv(path, **arguments)
        except DataError as error:
            need(False, f"load_csv refuses: {str(error).replace(str(path), path.name)} "
                        "(There is no header line, so columns have numbers, from 0.)")
    given = ", ".join(f"{name}={value!r}" for name, value in arguments.items())
    need(set(data.classes) == set(TEAMS), f"with {given} the classes are {data.classes[:3]}. Which column should "
                                          "the model predict?")
    need(not set(TEAMS) & set(data.vocab), f"with {given} the model reads the team itself, which it has to predict.")
    found = {word for word in data.vocab if word[0].isdigit()}
    need(not found, f"with {given} the model reads {min(found, default='')!r}: a date or a number says nothing "
                    "about what the next message is about.")
    need("your" not in data.vocab,  # a word of the answers alone
         f"with {given} the model reads what the shop answered. Is that there when a new message "
         "comes in?")
    return "The model sees what is known when a message comes in, and nothing that was written later."


CASES = [  # a text, its tokens
    ("Red lamp", ["red", "lamp"]),
    ("Bad, bad lamp!", ["bad", ",", "bad", "lamp", "!"]),
    ("  Not bad.\nNot good?", ["not", "bad", ".", "not", "good", "?"]),
    ("Größe 42 (zu klein)", ["größe", "42", "(", "zu", "klein", ")"]),
    ("Why?!", ["why", "?", "!"]),
    ("Lamp/tent: 5% off;", ["lamp", "/", "tent", ":", "5", "%", "off", ";"]),
]


@exercise("06.2")
def words(tokenize):
    for text, right in CASES:
        given = returned(tokenize, text)
        where = f"from {text!r} it makes {given!r}"
        need(isinstance(given, list) and all(isinstance(token, str) for token in given),
             f"{where}; return a list of strings.")
        need("" not in given, f"{where}: an empty string is not a token.")
        need(not given or any(len(token) > 1 for token in given),
             f"{where}: single characters. Keep the letters of a word together.")
        need([token.lower() for token in given] == given,
             f"{where}: 'Bad' and 'bad' are still two tokens, each of them rarer than the word.")
        need(not any(letter.isspace() for token in given for letter in token),
             f"{where}: white space is not part of a token.")
        need(any(not token.isalnum() for token in given) or not any(not token.isalnum() for token in right),
             f"{where}: the punctuation is gone. A question mark may say more than the words before it.")
        need(not any(len(token) > 1 and not token.isalnum() for token in given),
             f"{where}: a word and a mark, or two marks, are still one token.")
        need(given in (right, [token.casefold() for token in right]), f"{where}; it should be {right!r}.")
    return "A word is one token, whatever stands beside it."


OUTCOMES = [  # the model's probability of harmful, and the true class
    ([0.1, 0.2, 0.8, 0.9], [0, 0, 1, 1]),
    ([0.7, 0.2, 0.1, 0.9, 0.1, 0.1, 0.1, 0.1], [1, 1, 1, 0, 0, 0, 0, 0]),
    ([0.9, 0.8, 0.7, 0.1, 0.6], [0, 0, 0, 0, 1]),
    ([0.1, 0.2, 0.3, 0.4], [0, 0, 0, 1]),
]
MESSAGES = [(np.stack([1 - np.array(harmful), harmful], axis=1), np.array(y)) for harmful, y in OUTCOMES]


def count_mistakes(probabilities, y):
    """How many messages are missed, and how many alarms are false."""
    alarm = probabilities[:, 1] > 0.5
    return int((~alarm & (y == 1)).sum()), int((alarm & (y == 0)).sum())


def wrong_costs(probabilities, y):
    missed, alarms = count_mistakes(probabilities, y)
    cost = 10 * missed + alarms
    return {
        "the study maximizes: it would look for the highest cost.": cost / len(y),
        "the study maximizes, and that is the cost of all messages together.": cost,
        "that is for all messages together: a larger validation part would look worse.": -cost,
        "which of the two mistakes is the expensive one?": -(missed + 10 * alarms) / len(y),
        "both mistakes cost the same there.": -(missed + alarms) / len(y),
        "a false alarm costs something too.": -10 * missed / len(y),
        "a missed message costs something too.": -alarms / len(y),
        "that is the mean over the harmful messages alone.": -cost / (y == 1).sum(),
        "that weighs each message by its probability, but the model decides for one class.":
            -(10 * y * probabilities[:, 0] + (1 - y) * probabilities[:, 1]).mean(),
    }


def describe(probabilities, y):
    missed, alarms = count_mistakes(probabilities, y)
    return f"{len(y)} messages, {missed} missed, false alarms: {alarms}; your function returns"


def value_of(probabilities, y):
    missed, alarms = count_mistakes(probabilities, y)
    return -(10 * missed + alarms) / len(y)


@exercise("06.3")
def value(function):
    compare(function, value_of, MESSAGES, wrong_costs, what=describe, otherwise="not minus the mean cost of a message.")
    return "The study can now maximize what matters to you."
