"""From texts to token ids: tokenize, number the tokens, count them, pad."""

import itertools
import re
from array import array
from collections import defaultdict
from dataclasses import dataclass

import numpy as np
import torch
from tqdm import tqdm

from helpers.data.readers import DataError, shown

PAD, UNKNOWN = 0, 1
LOOKED_AT = 2_000  # texts, from all over the file
UNSPACED = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]")  # scripts
PER_SIGN = ("the texts have no spaces between words: each character is a token (tokenize=... takes a function that "
            "finds words)")
TOO_LONG = "most texts have no spaces between words, and this tokenizer leaves them whole: say tokenize=list"


@dataclass
class Tokens:
    """All tokens of all texts in one row: their numbers, and how many each text has. words[number] is the token."""

    words: list
    numbers: np.ndarray
    lengths: np.ndarray

    def of(self, rows):
        """The numbers of the tokens of these texts, and how many each has."""
        lengths, starts = self.lengths[rows], (np.cumsum(self.lengths) - self.lengths)[rows]
        offsets = np.cumsum(lengths) - lengths
        return self.numbers[np.repeat(starts - offsets, lengths) + np.arange(lengths.sum())], lengths

    def keep(self, kept):
        return Tokens(self.words, self.of(kept)[0], self.lengths[kept])

    def are_whole_texts(self, texts):
        """True where most texts are one token, each another one, or long tokens in a script without spaces."""
        step = max(1, len(texts) // LOOKED_AT)
        texts, lengths = texts[::step], self.lengths[::step]
        single = (lengths == 1).mean() > 0.5 and len(set(texts)) > len(texts) / 2
        n_unspaced = sum(len(UNSPACED.findall(text)) for text in texts)
        return single or n_unspaced > max(sum(map(len, texts)) / 2, 4 * lengths.sum())

    def texts(self):
        """A number for each text, the same for texts with the same tokens, in the order of their first appearance."""
        content, ends, seen = self.numbers.tobytes(), np.cumsum(self.lengths) * self.numbers.itemsize, {}
        starts = ends - self.lengths * self.numbers.itemsize
        return np.array([seen.setdefault(content[start:end], len(seen))
                         for start, end in zip(starts.tolist(), ends.tolist(), strict=True)])

    def vocabulary(self, rows, size, min_count):
        """Numbers the tokens of these texts from 2 up, the most frequent first, then in the order of the alphabet."""
        counts = np.bincount(self.of(rows)[0], minlength=len(self.words))
        frequent = sorted(np.flatnonzero(counts >= max(min_count, 1)).tolist(), key=self.words.__getitem__)
        order = np.argsort(-counts[frequent], kind="stable")[:size].tolist()
        return {self.words[frequent[place]]: number for number, place in enumerate(order, start=2)}

    def encode(self, rows, vocab, max_length):
        """The ids of the tokens of these texts, (rows, max_length)."""
        ids = np.array([vocab.get(word, UNKNOWN) for word in self.words])
        numbers, lengths = self.of(rows)
        return pad(ids[numbers], lengths, max_length)


def pad(ids, lengths, max_length):
    """ids: of all texts in one row, lengths: of the texts. Returns (texts, max_length), cut and padded with zeros."""
    padded = np.full((len(lengths), max_length), PAD)
    place = np.arange(len(ids)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    padded[np.arange(max_length) < lengths[:, None]] = ids[place < max_length]
    return torch.from_numpy(padded)


def tokenize_rows(rows, tokenize):
    """Sets `rows.tokens`, drops the rows without any, and returns the tokenizer: by default white space, or characters.

    Raises DataError if the tokenizer fails or returns something else than strings.
    """
    chosen = tokenize or str.split
    rows.tokens = _read_tokens(rows, chosen)
    if rows.tokens.are_whole_texts(rows.texts):
        rows.warnings.append(TOO_LONG if tokenize else PER_SIGN)
        if not tokenize:
            chosen = list
            rows.tokens = _read_tokens(rows, chosen)
            rows.said.append("a token for each character")
            rows.guessed = True
    rows.keep(rows.tokens.lengths > 0, "the text has no tokens")
    rows.texts.clear()  # they are large, and all that follows needs the tokens only
    rows.raise_if_most_are_dropped()
    return chosen


def _read_tokens(rows, tokenize):
    number_of = defaultdict(itertools.count().__next__)  # a new token gets the next number
    numbers, lengths = array("i"), []
    for index, text in enumerate(tqdm(rows.texts, desc=f"tokenizing {rows.path}", delay=2, leave=False)):
        words = tokenize(text) if tokenize in (str.split, list) else _checked(rows, index, tokenize)
        numbers.extend(map(number_of.__getitem__, words))
        lengths.append(len(words))
    return Tokens(list(number_of), np.frombuffer(numbers, dtype=np.int32), np.array(lengths, dtype=np.int64))


def _checked(rows, index, tokenize):
    text, where = rows.texts[index], f"{rows.path}, line {rows.lines[index]}{rows.files[index]}"
    try:
        words = tokenize(text)
    except Exception as error:
        raise DataError(f"{where}: tokenize fails on {shown(text)} ({error!r}).") from error
    if not isinstance(words, (list, tuple)) or not all(isinstance(word, str) for word in words):
        raise DataError(f"{where}: tokenize returns {shown(words)} for {shown(text)}; it has to return a list of "
                        "strings.")
    return words
