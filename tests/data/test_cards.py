import itertools

import numpy as np
import pytest

from helpers.data import cards

# How many of the 2,598,960 hands of five cards belong to each category: counted by the binomial coefficients
# that every textbook on combinatorics gives for poker.
KNOWN = [1_302_540, 1_098_240, 123_552, 54_912, 10_200, 5_108, 3_744, 624, 40]


def all_five_card_hands():
    chosen = itertools.chain.from_iterable(itertools.combinations(range(52), 5))
    return np.fromiter(chosen, dtype=np.int8, count=5 * 2_598_960).reshape(-1, 5)


@pytest.mark.slow
def test_every_five_card_hand_is_named_right():
    counts = sum(np.bincount(cards.categorize(part), minlength=9) for part in np.array_split(all_five_card_hands(), 20))
    assert counts.tolist() == KNOWN


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("2c 4d 6h 8s 10c Qd Ah", "high card"),
        ("2c 2d 6h 8s 10c Qd Ah", "pair"),
        ("2c 2d 6h 6s 10c 10d Ah", "two pair"),
        ("2c 2d 2h 8s 10c Qd Ah", "three of a kind"),
        ("Ac 2d 3h 4s 5c Jd Kh", "straight"),
        ("10c Jd Qh Ks Ac 2d 3h", "straight"),
        ("Qc Kd Ah 2s 3c 4d 9h", "high card"),
        ("2h 5h 7h 9h Kh 3c 4d", "flush"),
        ("2c 2d 2h 8s 8c Qd Ah", "full house"),
        ("2c 2d 2h 8s 8c 8d Ah", "full house"),
        ("2c 2d 2h 2s 8c 8d 8h", "four of a kind"),
        ("3h 4h 5h 6h 7h 7c 7d", "straight flush"),
        ("3h 4h 5h 6h Kh 7c 2d", "flush"),
    ],
)
def test_a_seven_card_hand_is_named_right(text, name):
    assert cards.CATEGORIES[cards.categorize([cards.from_text(text)])[0]] == name


def test_seven_cards_are_worth_the_best_five_of_them():
    hands = cards.deal(500, np.random.default_rng(0))
    best = np.max([cards.categorize(hands[:, five]) for five in itertools.combinations(range(7), 5)], axis=0)
    assert cards.categorize(hands).tolist() == best.tolist()


def test_rare_categories_are_one_class():
    hands = [cards.from_text(text) for text in ("2c 2d 2h 8s 8c", "2c 2d 2h 2s 8c", "3h 4h 5h 6h 7h")]
    assert [cards.CLASSES[label] for label in cards.classify(hands)] == ["full house or better"] * 3


def test_dealt_hands_hold_seven_different_cards_and_no_hand_comes_twice():
    hands = cards.deal_distinct(5_000, np.random.default_rng(0))
    assert hands.shape == (5_000, 7)
    assert all(len(set(hand)) == 7 for hand in hands.tolist())
    assert len({tuple(sorted(hand)) for hand in hands.tolist()}) == 5_000


@pytest.mark.parametrize(
    ("layout", "expected"),
    [
        ("as dealt", "Ah 2c 9h 3d 2h Ks 4c"),
        ("by suit", "2c 4c 3d 2h 9h Ah Ks"),
        ("six and one", "2c 2h 3d 9h Ks Ah 4c"),
        ("by rank", "2c 2h 3d 4c 9h Ks Ah"),
    ],
)
def test_layouts(layout, expected):
    hand = cards.from_text("Ah 2c 9h 3d 2h Ks 4c")
    assert cards.to_text(cards.arrange([hand], layout)) == [expected]
    assert layout in cards.LAYOUTS


def test_arranging_leaves_the_dealt_hands_alone():
    hands = cards.deal(10, np.random.default_rng(0))
    before = hands.copy()
    cards.arrange(hands, "by rank")
    assert (hands == before).all()


def test_bad_input_is_named():
    with pytest.raises(ValueError, match="'1h' is not a card"):
        cards.from_text("1h 2c")
    with pytest.raises(ValueError, match="duplicate card"):
        cards.from_text("2c 3c 2c")
    with pytest.raises(ValueError, match="layout 'upside down' is not known"):
        cards.arrange(cards.deal(1, np.random.default_rng(0)), "upside down")


def test_the_committed_file_is_what_the_module_writes(tmp_path):
    from helpers.data import CARD_HANDS

    cards.write_csv(tmp_path / "again.csv")
    assert (tmp_path / "again.csv").read_bytes() == CARD_HANDS.read_bytes()
