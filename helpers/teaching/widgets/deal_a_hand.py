"""Seven cards on the table, and the predictions of each model."""

import ipywidgets
import numpy as np

from helpers import plots
from helpers.data import cards
from helpers.html import fill
from helpers.models import TransformerClassifier, last_attention
from helpers.training import predict

SYMBOLS = {"c": "♣", "d": "♦", "h": "♥", "s": "♠"}
NAMES = {"c": "clubs", "d": "diamonds", "h": "hearts", "s": "spades"}
SIZE = 7


class DealAHand(ipywidgets.VBox):
    """Deal or choose seven cards; see each model's class probabilities, the right name, and the attention.

    models: {name: model on token ids}; data: the SequenceData they were trained on; seed: of the dealing.
    The cards that the last layer of a Transformer attends to are shaded.
    """

    def __init__(self, models, data, seed=None):
        self.models, self.data = models, data
        self.rng = np.random.default_rng(seed)
        self.chosen = []  # card numbers, in the order of the clicks
        deal = ipywidgets.Button(description="Deal", icon="random", button_style="primary")
        deal.on_click(lambda _: self.deal())
        choose = ipywidgets.ToggleButton(description="Choose the cards", layout={"width": "12em"})
        choose.observe(lambda change: self.open_deck(change["new"]), "value")
        self.deck, self.note = {}, ipywidgets.HTML()
        self.grid = ipywidgets.GridBox(layout={"grid_template_columns": "repeat(13, 3.8em)", "display": "none"})
        self.table = ipywidgets.HTML()
        super().__init__([ipywidgets.HBox([deal, choose, self.note]), self.table, self.grid])
        self.deal()

    def deal(self):
        self.table.layout.visibility = "visible"
        self.show(cards.arrange(cards.deal(1, self.rng))[0])

    def open_deck(self, is_open):
        """Shows or hides the deck; its 52 buttons are created when it is first opened."""
        if not self.deck:
            for card in [rank * 4 + suit for suit in range(4) for rank in range(13)]:
                button = ipywidgets.Button(description=label(card), tooltip=spoken(card),
                                           layout={"width": "3.4em", "padding": "0", "border": "1px solid #777"})
                button.style.text_color = ink(card)
                button.on_click(lambda _, card=card: self.choose(card))
                self.deck[card] = button
            self.grid.children = list(self.deck.values())
            self.mark_chosen()
        self.grid.layout.display = "grid" if is_open else "none"
        self.note.value = "six cards that you hold, then the one that you draw" if is_open else ""
        self.table.layout.visibility = "hidden" if is_open and 0 < len(self.chosen) < SIZE else "visible"

    def choose(self, card):
        """Adds a card to the hand, or removes it if it is there; an eighth one is not taken."""
        if card in self.chosen:
            self.chosen.remove(card)
        elif len(self.chosen) == SIZE:
            self.note.value = f"The hand is full. To take the {spoken(card)}, first click a yellow card to put it back."
            return
        else:
            self.chosen.append(card)
        self.mark_chosen()
        self.note.value = f"{len(self.chosen)} of {SIZE} chosen"
        self.table.layout.visibility = "hidden" if 0 < len(self.chosen) < SIZE else "visible"  # the hand before
        if len(self.chosen) == SIZE:
            self.show(cards.arrange([self.chosen])[0])

    def mark_chosen(self):
        for card, button in self.deck.items():
            button.style.button_color = "#FFD54F" if card in self.chosen else "#FFFFFF"
            button.style.font_weight = "bold" if card in self.chosen else "normal"

    def show(self, hand):
        """Puts seven cards, given as numbers, on the table; the last one is the card just drawn."""
        tokens = self.data.encode(cards.to_text([hand]))
        right = cards.CLASSES[cards.classify([hand])[0]]
        reader = next((model for model in self.models.values() if isinstance(model, TransformerClassifier)), None)
        shares = last_attention(reader, tokens)[0].numpy() if reader else np.zeros(SIZE)
        tints = np.minimum(1, shares * SIZE / 2)  # white: no attention; full yellow: twice the equal share, or more
        on_table = [card_on_table(*one) for one in zip(hand, shares, tints, strict=True)]
        says = [self.what_it_says(name, model, tokens) for name, model in self.models.items()]
        self.table.value = fill("hand.html", cards=on_table, attended=reader is not None, right=right, models=says)

    def what_it_says(self, name, model, tokens):
        """A model's class probabilities, the weakest class first."""
        shares = dict(zip(self.data.classes, predict(model, tokens)[0].tolist(), strict=True))
        by_strength = {one: shares[one] for one in sorted(shares, key=cards.CLASSES.index)}
        return {"name": name, "said": max(shares, key=shares.get), "shares": by_strength, "color": plots.color(name)}


def label(card):
    return cards.RANKS[card // 4] + SYMBOLS[cards.SUITS[card % 4]]


def ink(card):
    return "#C00020" if cards.SUITS[card % 4] in "dh" else "#111111"


def spoken(card):
    return f"{cards.RANKS[card // 4]} of {NAMES[cards.SUITS[card % 4]]}"


def card_on_table(card, attention, tint):
    """What the template shows of a card; tint: 0 leaves it white, 1 makes it yellow."""
    return {"label": label(card), "spoken": spoken(card), "ink": ink(card), "attention": f"{attention:.0%}",
            "blue": 255 - round(200 * tint)}
