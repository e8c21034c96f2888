"""From texts to token ids: tokenize, number the tokens, pad."""

import re
from collections import Counter

import torch
from tqdm import tqdm

from helpers.data.readers import DataError, lines_of, plural, shown

PAD, UNKNOWN = 0, 1
LOOKED_AT = 2_000  # texts, from all over the file
UNSPACED = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]")  # scripts
PER_SIGN = ("the texts have no spaces between words: each character is a token (tokenize=... takes a function that "
            "finds words)")
HTML = re.compile("&(?:#x?[0-9a-f]+|amp|lt|gt|quot|apos|nbsp|[aeou]uml|[lr][sd]quo|[mn]dash|hellip);"
                  "|</?(?:a|b|i|p|br|div|em|h[1-6]|li|ol|ul|span|strong)/?>", re.IGNORECASE)
CLEAN = "re.sub('</?[a-zA-Z][^<>]*>', ' ', html.unescape(text))"
TOO_LONG = "most texts have no spaces between words, and this tokenizer doesn't split them: say tokenize=list"


def tokenize_rows(rows, tokenize):
    """Sets `rows.tokens`, drops rows without tokens, and returns the tokenizer: by default white space, or characters.

    Raises DataError if the tokenizer fails or returns anything but strings.
    """
    chosen = tokenize or str.split
    rows.tokens = _read_tokens(rows, chosen)
    if _are_whole_texts(rows):
        rows.warnings.append(TOO_LONG if tokenize else PER_SIGN)
        if not tokenize:
            chosen = list
            rows.tokens = _read_tokens(rows, chosen)
            rows.said.append("a token for each character")
            rows.guessed = True
    if found := [line for line, words in zip(rows.lines, rows.tokens, strict=True) if HTML.search("".join(words))]:
        name = {str.split: "str.split", list: "list"}.get(chosen, "your_function")
        rows.warnings.append(f"HTML becomes tokens in {plural(len(found), 'text')} ({lines_of(found)}): import html "
                             f"and re, and say `tokenize=lambda text: {name}({CLEAN})`")
    rows.keep(list(map(bool, rows.tokens)), "the text has no tokens")
    rows.texts.clear()  # they are large, and all that follows needs the tokens only
    rows.raise_if_most_are_dropped()
    return chosen


def _read_tokens(rows, tokenize):
    """The tokens of each text, a tuple."""
    known = {}  # each token is kept once, since a large file repeats them often
    tokens = []
    for index, text in enumerate(tqdm(rows.texts, desc=f"tokenizing {rows.path}", delay=2, leave=False)):
        words = tokenize(text) if tokenize in (str.split, list) else _checked(rows, index, tokenize)
        tokens.append(tuple(known.setdefault(word, word) for word in words))
    return tokens


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


def _are_whole_texts(rows):
    """True where most texts are one token, each different, or long tokens in a script without spaces."""
    step = max(1, len(rows.texts) // LOOKED_AT)
    texts, lengths = rows.texts[::step], list(map(len, rows.tokens[::step]))
    single = lengths.count(1) > len(texts) / 2 and len(set(texts)) > len(texts) / 2
    n_unspaced = sum(len(UNSPACED.findall(text)) for text in texts)
    return single or n_unspaced > max(sum(map(len, texts)) / 2, 4 * sum(lengths))


def build_vocabulary(tokens, size, min_count):
    """Numbers the tokens of these texts from 2 up, the most frequent first, then alphabetically."""
    counts = Counter(word for words in tokens for word in words)
    frequent = sorted((word for word in counts if counts[word] >= (min_count or 1)),
                      key=lambda word: (-counts[word], word))
    return {word: number for number, word in enumerate(frequent[:size], start=2)}


def encode(tokens, vocab, max_length):
    """The ids of the tokens of these texts, (texts, max_length) int64, cut and padded with zeros."""
    ids = torch.full((len(tokens), max_length), PAD)
    for row, words in zip(ids.numpy(), tokens, strict=True):
        row[: len(words)] = [vocab.get(word, UNKNOWN) for word in words[:max_length]]
    return ids
