"""The grammar behind data/messages.csv: short messages to a shop, labelled with the team that must answer.

A message reports one thing that went wrong, which decides the label, and up to two things that went well.
So it often names the things of several teams, and the word order tells which team is needed.
"""

import numpy as np
import pandas as pd

# For each team: what goes wrong with it alone, what goes well with it alone, and its things, which fill the
# sentences in WRONG and WELL.
TEAMS = {
    "delivery": (
        ["my {item} has not arrived", "the courier left my {item} at the wrong house"],
        ["my {item} arrived on {day}", "the {item} came {days} days early"],
        ["the parcel", "the courier", "the tracking page", "the delivery date"],
    ),
    "billing": (
        ["i was charged twice for the {item}", "i have not been sent a bill for order {number}"],
        ["i was charged once for the {item}", "i have been sent a bill for order {number}"],
        ["the invoice", "the voucher", "the card payment", "the price"],
    ),
    "returns": (
        ["i want to send the {item} back", "i sent the {item} back on {day} and nobody has answered"],
        ["i do not want to send the {item} back", "i sent the {item} back on {day} and it went fast"],
        ["the refund", "the return label", "the exchange", "the {item}"],
    ),
    "account": (
        ["i can not log in since {day}", "please delete my account"],
        ["i can log in since {day}", "please leave my account as it is"],
        ["the password", "the login page", "the address", "the newsletter"],
    ),
    "stock": (
        ["is the {item} in stock", "when will you have the {item} again"],
        ["the {item} is in stock", "now you have the {item} again"],
        ["the size table", "the waiting list", "the catalogue", "the shop in town"],
    ),
}
WRONG = ["{thing} is not right", "{thing} is wrong again", "i have a problem with {thing}", "{thing} does not work",
         "since {day} {thing} is a mess", "nobody can tell me about {thing}"]
WELL = ["{thing} is right", "{thing} is not wrong this time", "i have no problem with {thing}", "{thing} does work",
        "since {day} {thing} is fine", "somebody could tell me about {thing}"]
SIZES = {"train": 1_800, "val": 600, "test": 1_200}  # messages in each part of the data set
MISFILED = 0.05  # the share of messages with the wrong label, as in real life: nobody can get these right
SLOTS = {
    "item": ["kettle", "lamp", "jacket", "tent", "bicycle", "sofa", "printer", "camera", "blender", "backpack",
             "carpet", "mirror", "radio", "scarf", "suitcase", "headset", "teapot", "drill", "helmet", "mattress"],
    "day": ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"],
    "days": ["two", "three", "four", "five", "six", "seven"],
    "number": [str(number) for number in range(4100, 4400)],
}
OPENINGS = ["", "", "hello ,", "good morning ,", "dear team ,", "hi ,", "to whom it may concern ,"]
CLOSINGS = ["", "", ".", "thank you .", "please help .", "kind regards", "what can i do ?"]
LINKS = ["and", "but", ".", ", also", "; by the way ,"]


def _clause(team, well, rng):
    """A clause on what goes well or wrong for the team, in its own words or in words that all teams share."""
    wrong_clauses, well_clauses, things = TEAMS[team]
    if rng.random() < 0.3:
        return rng.choice(well_clauses if well else wrong_clauses)
    return rng.choice(WELL if well else WRONG).replace("{thing}", rng.choice(things))


def write_message(team, rng):
    """One message that the given team must answer."""
    others = [name for name in TEAMS if name != team]
    clauses = [_clause(team, False, rng)]
    clauses += [_clause(other, True, rng) for other in rng.choice(others, size=rng.integers(0, 3), replace=False)]
    rng.shuffle(clauses)
    body = clauses[0]
    for clause in clauses[1:]:
        body += f" {rng.choice(LINKS)} {clause}"
    for slot, words in SLOTS.items():
        while "{" + slot + "}" in body:
            body = body.replace("{" + slot + "}", rng.choice(words), 1)
    return " ".join(f"{rng.choice(OPENINGS)} {body} {rng.choice(CLOSINGS)}".split())


def write_csv(path):
    """Writes the data set: different messages with the columns text, label and split."""
    rng = np.random.default_rng(2026)
    teams = list(TEAMS)
    messages = {}
    while len(messages) < sum(SIZES.values()):
        team = teams[rng.integers(len(teams))]
        pile = teams[rng.integers(len(teams))] if rng.random() < MISFILED else team
        messages[write_message(team, rng)] = pile
    splits = np.repeat(list(SIZES), list(SIZES.values()))
    table = pd.DataFrame({"text": messages.keys(), "label": messages.values(), "split": splits})
    table.to_csv(path, index=False, lineterminator="\n")
