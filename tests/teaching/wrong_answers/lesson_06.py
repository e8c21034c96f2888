"""Common mistakes in lesson 06, each with words that its hint has to contain."""

import re


def cost(probabilities, y, missed=10, alarm=1):
    named = probabilities.argmax(axis=1)
    return (missed * ((y == 1) & (named == 0)).sum() + alarm * ((y == 0) & (named == 1)).sum()) / len(y)


WRONG = {
    "06.1": [
        ({"text": 3, "label": 4}, "with text=3, label=4 the model reads what the shop answered"),
        ({"text": [2, 3], "label": 4}, "with text=[2, 3], label=4 the model reads what the shop answered"),
        ({"text": [0, 2], "label": 4}, "a date or a number says nothing"),
        ({"text": 2, "label": 0}, "the classes are ['2026"),
        ({"text": 3, "label": 5}, "load_csv refuses: tickets.txt"),
        (2, "write a dict"),
    ],
    "06.2": [
        (str.split, "'Bad' and 'bad' are still two tokens"),
        (lambda text: text.lower().split(), "a word and a mark"),
        (lambda text: re.findall(r"\w+", text.lower()), "the punctuation is gone"),
        (lambda text: re.findall(r"\w+|\W", text.lower()), "white space is no part"),
        (lambda text: list(text.lower()), "Keep the letters of a word together"),
        (lambda text: re.findall(r"[a-z0-9]+|[^\w\s]", text.lower()), "it should be ['größe'"),
        (lambda text: text.lower(), "return a list"),
    ],
    "06.3": [
        (cost, "the highest cost"),
        (lambda probabilities, y: -cost(probabilities, y) * len(y), "for all messages together"),
        (lambda probabilities, y: -cost(probabilities, y, missed=1, alarm=10), "the expensive one"),
        (lambda probabilities, y: -cost(probabilities, y, missed=1), "Both mistakes cost the same"),
        (lambda probabilities, y: (probabilities.argmax(axis=1) == y).mean(), "it should be"),
        (lambda probabilities, y: probabilities.argmax(axis=1) == y, "return one number"),
    ],
}
