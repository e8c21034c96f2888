"""The interactive parts of the lessons, made with ipywidgets. Each is shown when it is the last line of a cell."""

from helpers.teaching.widgets.deal_a_hand import DealAHand
from helpers.teaching.widgets.hand_tuner import HandTuner
from helpers.teaching.widgets.how_tpe_chooses import HowTPEChooses
from helpers.teaching.widgets.live_study import LiveStudy
from helpers.teaching.widgets.you_are_the_objective import YouAreTheObjective, many_games

__all__ = ["DealAHand", "HandTuner", "HowTPEChooses", "LiveStudy", "YouAreTheObjective", "many_games"]
