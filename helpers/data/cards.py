"""Card hands: deal them, name them by the rules, write them as sentences.

A card is a number from 0 to 51: `card // 4` is its rank (0 is the two, 12 the ace), `card % 4` its suit.
A hand is a row of such numbers. Everything here works on arrays of hands.
"""

import numpy as np
import pandas as pd

RANKS = ["2", "3", "4", "5", "6", "7", "8", "9", "10", "J", "Q", "K", "A"]
SUITS = ["c", "d", "h", "s"]  # clubs, diamonds, hearts, spades
CARDS = [rank + suit for rank in RANKS for suit in SUITS]

# From the weakest to the strongest. The last three are so rare that the data set makes one class of them.
CATEGORIES = ["high card", "pair", "two pair", "three of a kind", "straight", "flush",
              "full house", "four of a kind", "straight flush"]
CLASSES = [*CATEGORIES[:6], "full house or better"]

SIZES = {"train": 6_000, "val": 2_000, "test": 4_000}  # hands in each part of the data set
LAYOUTS = {  # how many of the first cards are put in order of rank
    "as dealt": 0, "five and two": 5, "by rank": 7,
    "six and one": 6,  # the six that you hold, then the one that you just drew
    "by suit": None,  # all seven in order of suit, then of rank
}


def deal(n, rng):
    """Deals `n` hands of seven different cards, an (n, 7) array of card numbers."""
    return rng.random((n, 52)).argsort(axis=1)[:, :7]


def deal_distinct(n, rng):
    """Deals `n` hands of seven cards, no two of which hold the same cards."""
    hands = deal(n + n // 50 + 10, rng)
    _, first = np.unique(np.sort(hands, axis=1), axis=0, return_index=True)
    return hands[np.sort(first)[:n]]


def _has_straight(present):
    """True where five ranks are consecutive. `present` is (..., 13) and boolean; the ace also counts as one."""
    with_low_ace = np.concatenate([present[..., 12:], present], axis=-1)
    runs = [with_low_ace[..., start : start + 10] for start in range(5)]
    return np.logical_and.reduce(runs).any(axis=-1)


def categorize(hands):
    """Names the best five-card hand in each row of five to seven cards.

    `hands` is an (n, 5..7) array of card numbers; returns n indices into `CATEGORIES`.
    """
    hands = np.asarray(hands)
    held = np.zeros((len(hands), 13, 4), dtype=bool)
    held[np.arange(len(hands))[:, None], hands // 4, hands % 4] = True
    of_rank = held.sum(axis=2)
    most, second = np.sort(of_rank, axis=1)[:, [-1, -2]].T
    # Weakest first: a stronger category overwrites a weaker one.
    rules = [
        most == 2,
        (most == 2) & (second == 2),
        most == 3,
        _has_straight(held.any(axis=2)),
        (held.sum(axis=1) >= 5).any(axis=1),
        (most == 3) & (second >= 2),
        most == 4,
        _has_straight(held.transpose(0, 2, 1)).any(axis=1),
    ]
    category = np.zeros(len(hands), dtype=int)
    for index, holds in enumerate(rules, start=1):
        category[holds] = index
    return category


def classify(hands):
    """The data set's label of each hand: n indices into `CLASSES`."""
    return np.minimum(categorize(hands), len(CLASSES) - 1)


def arrange(hands, layout="six and one"):
    """Puts the seven cards of each hand in one of the orders of `LAYOUTS`."""
    if layout not in LAYOUTS:
        raise ValueError(f"layout {layout!r} is not known; choose one of {list(LAYOUTS)}")
    hands = np.array(hands)
    if layout == "by suit":
        return np.take_along_axis(hands, np.argsort(hands % 4 * 13 + hands // 4, axis=1), axis=1)
    hands[:, : LAYOUTS[layout]].sort(axis=1)
    return hands


def to_text(hands):
    """Writes each hand as a sentence: "2h 9c 9d Ks Ah As 4d"."""
    return [" ".join(CARDS[card] for card in hand) for hand in hands]


def from_text(text):
    """The card numbers of one sentence. Raises ValueError if a word is not a card or a card is repeated."""
    words = text.split()
    unknown = [word for word in words if word not in CARDS]
    if unknown:
        raise ValueError(f"{unknown[0]!r} is not a card: write a rank ({' '.join(RANKS)}) and suit (c d h s), like 10h")
    if len(set(words)) < len(words):
        raise ValueError(f"duplicate card in {text!r}")
    return np.array([CARDS.index(word) for word in words])


def write_csv(path, layout="six and one"):
    """Writes the data set: distinct seven-card hands with the columns text, label and split."""
    hands = deal_distinct(sum(SIZES.values()), np.random.default_rng(2026))
    splits = np.repeat(list(SIZES), list(SIZES.values()))
    labels = [CLASSES[label] for label in classify(hands)]
    table = pd.DataFrame({"text": to_text(arrange(hands, layout)), "label": labels, "split": splits})
    table.to_csv(path, index=False, lineterminator="\n")
