"""The glossary: each term is in its lesson, and no term that a lesson introduces is missing.

A lesson sets a word in italics where it introduces it, and also where it stresses it. So each word in italics is in the
glossary, or below among those that are only stressed.
"""

import re

from helpers.authoring.minutes import NOT_READ
from helpers.authoring.plans import ROOT, read
from tests.notebooks.tidy_notebooks import NOTEBOOKS

PAGE = (ROOT / "notebooks" / "teaching" / "glossary.md").read_text(encoding="utf-8")
ROWS = re.findall(r'(?m)^\| <a id="(.+)"></a>(.+) \| (.+) \| (\d\d) \|$', PAGE)
TERMS = {term: (words, lesson) for _, term, words, lesson in ROWS}
IN_ITALICS = re.compile(r"(?<![\w*])\*(?! )([^*\n]+?)\*(?![\w*])")
STRESSED = {
    "above the start", "additional", "after", "all", "all combinations", "and", "are", "asks", "before", "behind",
    "blank", "complete", "conclusion", "connections", "cross", "error", "failed", "fails", "highest", "in all",
    "in total", "interact", "last", "learning", "looks up", "maximize", "maximum", "more", "name", "not", "nothing",
    "one", "optuna-dashboard", "other", "possible", "process", "pruned", "range", "returns", "round 1", "running",
    "same", "same quantity", "scaled", "share", "slower", "so far", "table", "tells", "text", "that seed",
    "the sampler chose", "these weights", "time", "unknown", "while it runs", "within each seed", "word", "worst",
    "yet",
}


def prose(lesson):
    cells = read(lesson).cells
    text = NOT_READ.sub("", "\n".join(c.source for c in cells if c.cell_type == "markdown"))
    return re.sub("`[^`]*`", "", re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", text))


def in_italics(text):
    """The words in italics that can be a term: up to three, no sentence, no label such as *Ours*."""
    found = [words.strip() for words in IN_ITALICS.findall(text)]
    return {words for words in found
            if len(words.split()) <= 3 and words[-1].isalnum() and (words[0].islower() or words.isupper())}


def test_there_are_at_least_forty_terms_in_order_with_one_sentence_each():
    assert len(TERMS) >= 40
    assert list(TERMS) == sorted(TERMS, key=str.lower)
    assert len(TERMS) == PAGE.count("\n| ") - 1
    assert [term for term, (words, _) in TERMS.items() if ". " in words or words.endswith(".")] == []


def test_each_term_is_met_in_its_lesson():
    texts = {path.stem[:2]: prose(path.stem[:2]).lower().replace("*", "") for path in NOTEBOOKS}
    assert [term for term, (_, lesson) in TERMS.items() if term.lower() not in texts[lesson]] == []


def test_each_term_leads_from_its_lesson_to_the_glossary():
    links = {path.stem[:2]: re.findall(r"\(teaching/glossary\.md#([^)]+)\)", path.read_text(encoding="utf-8"))
             for path in NOTEBOOKS}
    assert {lesson: sorted(anchors) for lesson, anchors in links.items() if anchors} == {
        lesson: sorted(anchor for anchor, _, _, met in ROWS if met == lesson) for lesson in {row[3] for row in ROWS}}


def test_what_a_lesson_introduces_in_italics_is_in_the_glossary():
    known = {term.lower() for term in TERMS} | STRESSED
    missing = {path.stem[:2]: sorted(words for words in in_italics(prose(path.stem[:2])) if words.lower() not in known)
               for path in NOTEBOOKS}
    missing = {lesson: words for lesson, words in missing.items() if words}
    assert missing == {}, "put each into the glossary, or into STRESSED if it is no term"


def test_a_new_term_would_be_found():
    assert in_italics("It is called a *hypernetwork*, *Ours* and *see below.*, **bold**; 2 * 3 * 4") == {"hypernetwork"}
