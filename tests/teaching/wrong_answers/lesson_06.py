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
        ({"text": [2, 4], "label": 4}, "reads the team itself"),
        ({"label": 4}, "leaves the choice of the text"),
        ({"text": 3, "label": 5}, "load_csv refuses: tickets.txt"),
        (2, "write a dict"),
    ],
    "06.2": [
        (str.split, "'Bad' and 'bad' are still two tokens"),
        (lambda text: text.lower().split(), "a word and a mark"),
        (lambda text: re.findall(r"\w+", text.lower()), "the punctuation is gone"),
        (lambda text: re.findall(r"\w+|\W", text.lower()), "white space is not part"),
        (lambda text: list(text.lower()), "Keep the letters of a word together"),
        (lambda text: re.findall(r"[a-z0-9]+|[^\w\s]", text.lower()), "it should be ['größe'"),
        (lambda text: text.lower(), "return a list"),
        (lambda text: re.split(r"\W+", text.lower()), "an empty string"),
        (lambda text: re.findall(r"\w+|[.,!?()]", text.lower()), "from 'Lamp/tent: 5% off;'"),
        (["bad", "lamp"], "pass the function itself"),
    ],
    "06.3": [
        (cost, "the highest cost"),
        (lambda probabilities, y: -cost(probabilities, y) * len(y), "for all messages together"),
        (lambda probabilities, y: -cost(probabilities, y, missed=1, alarm=10), "the expensive one"),
        (lambda probabilities, y: -cost(probabilities, y, missed=1), "both mistakes cost the same"),
        (lambda probabilities, y: cost(probabilities, y) * len(y), "the cost of all messages"),
        (lambda probabilities, y: -cost(probabilities, y, alarm=0), "a false alarm costs something"),
        (lambda probabilities, y: -cost(probabilities, y, missed=0), "a missed message costs something"),
        (lambda probabilities, y: -cost(probabilities, y) * len(y) / y.sum(), "the harmful messages alone"),
        (lambda probabilities, y: -(probabilities[:, 0] * 10 * y + probabilities[:, 1] * (1 - y)).mean(),
         "decides for one class"),
        (lambda probabilities, y: (probabilities.argmax(axis=1) == y).mean(), "not minus the mean cost"),
        (lambda probabilities, y: probabilities.argmax(axis=1) == y, "it should be a number"),
    ],
}
