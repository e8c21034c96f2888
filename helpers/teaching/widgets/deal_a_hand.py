"""Seven cards on the table, and what each model thinks of them."""

import html

import ipywidgets
import numpy as np

from helpers import plots
from helpers.data import cards
from helpers.models import TransformerClassifier, last_attention
from helpers.training import predict

SYMBOLS = {"c": "♣", "d": "♦", "h": "♥", "s": "♠"}
NAMES = {"c": "clubs", "d": "diamonds", "h": "hearts", "s": "spades"}
SIZE = 7


class DealAHand(ipywidgets.VBox):
    """Deal or choose seven cards; see each model's class probabilities, the right name, and the attention.

    models: {name: model on token ids}; data: the SequenceData that they were trained on; seed: of the dealing.
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
        super().__init__([ipywidgets.HBox([deal, choose, self.note]), self.grid, self.table])
        self.deal()

    def deal(self):
        self.show(cards.arrange(cards.deal(1, self.rng))[0])

    def open_deck(self, is_open):
        """Shows or hides the deck; its 52 buttons are made when it is first opened."""
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
        self.note.value = "six that you hold, then the one that you draw" if is_open else ""

    def choose(self, card):
        """Puts a card into the hand, or back if it is there; the eighth one pushes out the first."""
        if card in self.chosen:
            self.chosen.remove(card)
        else:
            self.chosen = [*self.chosen, card][-SIZE:]
        self.mark_chosen()
        self.note.value = f"{len(self.chosen)} of {SIZE} chosen"
        if len(self.chosen) == SIZE:
            self.show(cards.arrange([self.chosen])[0])

    def mark_chosen(self):
        for card, button in self.deck.items():
            button.style.button_color = "#FFD54F" if card in self.chosen else "#FFFFFF"
            button.style.font_weight = "bold" if card in self.chosen else "normal"

    def show(self, hand):
        """Puts seven card numbers on the table, the last of them the one that was drawn."""
        tokens = self.data.encode(cards.to_text([hand]))
        right = cards.CLASSES[cards.classify([hand])[0]]
        attention = [last_attention(model, tokens)[0].tolist() for model in self.models.values()
                     if isinstance(model, TransformerClassifier)]
        shares = np.array(attention[0] if attention else [0.0] * SIZE)
        tints = (shares - shares.min()) / max(np.ptp(shares), 1e-9)
        drawn = "".join(card_html(*one) for one in zip(hand, shares, tints, strict=True))
        bars = "".join(self.bars(name, model, tokens, right) for name, model in self.models.items())
        legend = "<p>The more yellow a card, the more the Transformer's last layer looks at it.</p>" * bool(attention)
        self.table.value = (
            f'<div style="display: flex; gap: 6px; margin: 8px 0">{drawn}</div>{legend}'
            f"<p>By the rules: <b>{right}</b></p><div style='display: flex; flex-wrap: wrap; gap: 24px'>{bars}</div>"
        )

    def bars(self, name, model, tokens, right):
        """One model's class probabilities."""
        probabilities = predict(model, tokens)[0].tolist()
        of_class = dict(zip(self.data.classes, probabilities, strict=True))
        said = max(of_class, key=of_class.get)
        by_strength = sorted(of_class, key=cards.CLASSES.index)
        rows = "".join(bar_html(one, of_class[one], plots.color(name), one == right) for one in by_strength)
        verdict = "right" if said == right else "wrong"
        return f"<div style='min-width: 24em'><b>{html.escape(name)}</b> says {said}: {verdict}{rows}</div>"


def label(card):
    return cards.RANKS[card // 4] + SYMBOLS[cards.SUITS[card % 4]]


def ink(card):
    return "#C00020" if cards.SUITS[card % 4] in "dh" else "#111111"


def spoken(card):
    return f"{cards.RANKS[card // 4]} of {NAMES[cards.SUITS[card % 4]]}"


def card_html(card, attention, tint):
    """A card on a white ground, whatever the theme; tint: 0 leaves it white, 1 makes it yellow."""
    share = f"<small style='color: #333'>{attention:.0%}</small>" if attention else ""
    style = (f"width: 3.6em; padding: 10px 0 4px; text-align: center; border: 1px solid #777; border-radius: 8px; "
             f"line-height: 1.4; color: {ink(card)}; background: rgb(255, 255, {255 - round(200 * tint)})")
    return (
        f'<div role="img" aria-label="{spoken(card)}, attention {attention:.0%}" style="{style}">'
        f'<span style="font-size: 1.4em; font-weight: bold">{label(card)}</span><br>{share}</div>'
    )


def bar_html(name, share, color, is_right):
    """A class, its probability as a bar and in figures; the right class carries a tick."""
    return (
        f"<div style='display: flex; align-items: center; gap: 6px'><span style='width: 11em; text-align: right'>"
        f"{'✓ ' if is_right else ''}{html.escape(name)}</span><span style='width: {8 * share:.2f}em; height: 0.9em; "
        f"background: {color}'></span><span>{share:.0%}</span></div>"
    )
