"""The survey: ten fair questions, a key for each, and each promise of the lessons met by one or named as not tested."""

import re
from collections import Counter

from helpers.authoring.plans import ROOT, read, sections
from tests.notebooks.tidy_notebooks import HEADING, NOTEBOOKS

KIT = ROOT / "notebooks" / "teaching"
QUESTION = re.compile(r"^\*\*(\d+)\.\*\* (.+)\n\n((?:- [abcd]\) .+\n?)+)", re.MULTILINE)
QUESTIONS = {int(number): re.findall(r"^- [abcd]\) (.+)$", options, re.MULTILINE)
             for number, _, options in QUESTION.findall((KIT / "survey.md").read_text(encoding="utf-8"))}
KEY = (KIT / "survey_key.md").read_text(encoding="utf-8")
RIGHT = {int(number): letter for number, letter in re.findall(r"^\| (\d+) \| ([abcd]) \|", KEY, re.MULTILINE)}


def promises():
    """[(lesson, promise)] of all lessons, from their heads."""
    found = []
    for path in NOTEBOOKS:
        head = read(path.stem[:2]).cells[0].source.partition("**After this lesson you can**\n")[2]
        found += [(path.stem[:2], line.rstrip(",.")) for line in re.findall(r"^- (.+)$", head, re.MULTILINE)]
    return found


def test_there_are_ten_questions_with_four_options_and_a_right_one_each():
    assert list(QUESTIONS) == list(RIGHT) == list(range(1, 11))
    assert {len(set(options)) for options in QUESTIONS.values()} == {4}


def test_neither_place_nor_length_gives_the_right_option_away():
    assert all(2 <= times <= 3 for times in Counter(RIGHT.values()).values())
    assert len(set(RIGHT.values())) == 4
    of_length = Counter(sorted(options, key=len).index(options["abcd".index(RIGHT[number])])
                        for number, options in QUESTIONS.items())
    assert max(of_length.values()) <= 4, of_length


def test_the_key_names_sections_that_are_there():
    named = re.findall(r'(\d\d), "(.+?)"(?= \||;)', KEY)
    assert len(named) >= 10
    for lesson, section in named:
        assert section in sections(read(lesson)), section


def test_each_promise_of_a_lesson_is_tested_or_named_as_not_tested():
    table = KEY.partition("## What the lessons promise")[2]
    rows = re.findall(r"^\| (\d\d) \| (.+) \| (.+) \|$", table, re.MULTILINE)
    assert [(lesson, promise) for lesson, promise, _ in rows] == promises()
    exercises = {found["name"] for path in NOTEBOOKS for cell in read(path.stem[:2]).cells
                 for found in HEADING.finditer(cell.source)}
    used = set()
    for lesson, _, tested_by in rows:
        question, exercise = re.fullmatch(r"question (\d+)", tested_by), re.fullmatch(r"Exercise (.+)", tested_by)
        assert question or exercise or tested_by.startswith("not tested"), tested_by
        assert not exercise or exercise[1] in exercises, tested_by
        assert not exercise or exercise[1].startswith(lesson), tested_by
        used |= {int(question[1])} if question else set()
    assert used == set(QUESTIONS)
