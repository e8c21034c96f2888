"""From a file or an address to rows, and from rows to tensors: `load_csv`.

Every lesson uses it. `readers` reads rows, `quality` looks for what makes results worthless, `dataset` splits and
encodes; `cards` deals the course's own data set, `messages` writes its second one.
"""

from helpers.data.dataset import CARD_HANDS, DATA_DIR, MESSAGES, LazyData, SequenceData, load_csv
from helpers.data.readers import DataError

__all__ = ["CARD_HANDS", "DATA_DIR", "MESSAGES", "DataError", "LazyData", "SequenceData", "load_csv"]
