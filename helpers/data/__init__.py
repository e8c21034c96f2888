"""From a file or an address to rows, and from rows to tensors: `load_csv`.

Lessons 01 to 09 use it. `readers` reads bytes, `tables`, `separated` and `json_tables` find rows in them, `columns` and
`rows` the texts and labels, `splits` and `tokens` make tensors of these, `dataset` holds them, `quality` reports
duplicates and leakage; `cards` deals the course's first data set, `messages` writes its second.
"""

from helpers.data.dataset import CARD_HANDS, DATA_DIR, MESSAGES, LazyData, SequenceData, load_csv
from helpers.data.readers import DataError

__all__ = ["CARD_HANDS", "DATA_DIR", "MESSAGES", "DataError", "LazyData", "SequenceData", "load_csv"]
