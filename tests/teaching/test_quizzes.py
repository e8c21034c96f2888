"""The quick questions: their form, and their answers, with widgets and without."""

import re
from collections import Counter

import ipywidgets
import nbformat
import pytest

from helpers.teaching import Quiz, progress_store, quizzes
from helpers.teaching.quizzes import answer
from tests.notebooks.tidy_notebooks import NOTEBOOKS

QUESTIONS = quizzes.all_questions()
ALL = [(lesson, number, question) for lesson in QUESTIONS for number, question in enumerate(QUESTIONS[lesson], start=1)]
each_question = pytest.mark.parametrize(
    ("lesson", "question"), [(lesson, question) for lesson, _, question in ALL],
    ids=[f"{lesson}-{number}" for lesson, number, _ in ALL])


def headings(lesson):
    path = next(path for path in NOTEBOOKS if path.stem.startswith(lesson))
    text = "\n".join(cell.source for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "markdown")
    return re.findall("^#+ (.+)$", text, re.MULTILINE)


def sections(reason):
    """The sections that a reason names."""
    return re.findall('section "(.+?)"', reason, re.IGNORECASE)


def test_each_lesson_with_exercises_has_two_or_three_questions():
    assert {lesson: 2 <= len(QUESTIONS[lesson]) <= 3 for lesson in QUESTIONS} == dict.fromkeys(
        ("01", "02", "03", "04", "05", "06", "07", "08", "09", "11", "12"), True)


@each_question
def test_a_question_has_three_or_four_options_one_right_and_a_reason_for_each(lesson, question):
    assert 3 <= len(question.lettered) <= 4
    assert question.right in question.lettered
    assert all(len(reason.split()) >= 12 for _, reason in question.lettered.values())
    for texts in zip(*question.lettered.values(), strict=True):
        assert len(set(texts)) == len(question.lettered)
    assert not any("`" in option for option, _ in question.lettered.values())  # an option is shown as plain text


@each_question
def test_reasons_of_wrong_options_send_the_reader_to_sections_that_exist(lesson, question):
    wrong = [reason for letter, (_, reason) in question.lettered.items() if letter != question.right]
    assert all(sections(reason) for reason in wrong)
    named = {section for _, reason in question.lettered.values() for section in sections(reason)}
    assert named <= set(headings(lesson))


def test_the_right_option_can_not_be_guessed_from_its_place_or_its_length():
    places = Counter(question.right for _, _, question in ALL)
    assert set(places) >= {"a", "b", "c"}
    assert max(places.values()) <= len(ALL) / 2
    assert all(len({question.right for question in QUESTIONS[lesson]}) > 1 for lesson in QUESTIONS)
    longest = [max(question.lettered, key=lambda letter, options=question.lettered: len(options[letter][0]))
               == question.right for _, _, question in ALL]
    assert sum(longest) <= len(ALL) / 2


def parts(quiz, number):
    """The radio buttons, the button and the reason of a question."""
    _, options, button, reason = quiz.children[number].children
    assert isinstance(options, ipywidgets.RadioButtons)
    return options, button, reason


def test_a_question_is_answered_wrong_then_right_and_then_counts_as_solved():
    question = QUESTIONS["01"][0]
    options, button, reason = parts(Quiz("01"), 1)
    wrong = next(letter for letter in question.lettered if letter != question.right)
    assert options.value is None
    assert button.disabled
    assert button.description == "Choose an option"

    options.value = wrong
    assert not button.disabled
    assert button.description == "Answer"
    button.click()
    assert f"{wrong}: not yet." in reason.value
    assert quizzes.as_html(question.lettered[wrong][1]) in reason.value
    assert 'role="alert"' in reason.value
    assert not progress_store.solved()

    options.value = question.right
    assert reason.value == ""  # the old reason is not shown beside the new choice
    button.click()
    assert f"{question.right}: right." in reason.value
    assert quizzes.as_html(question.lettered[question.right][1]) in reason.value
    assert list(progress_store.solved()) == ["01 question 1"]


def test_a_question_does_not_answer_for_its_neighbour():
    quiz = Quiz("02")
    options, button, _ = parts(quiz, 2)
    options.value = QUESTIONS["02"][1].right
    button.click()
    assert list(progress_store.solved()) == ["02 question 2"]
    assert parts(quiz, 1)[1].disabled
    assert parts(quiz, 1)[2].value == ""


def test_options_are_shown_with_letters_and_in_full():
    options, _, _ = parts(Quiz("03"), 3)
    assert [label for label, _ in options.options] == [
        f"{letter}) {option}" for letter, (option, _) in QUESTIONS["03"][2].lettered.items()
    ]


def test_where_there_are_no_widgets_the_questions_are_shown_as_text():
    bundle = Quiz("04")._repr_mimebundle_()
    assert "application/vnd.jupyter.widget-view+json" in bundle
    text = " ".join(bundle["text/plain"].split())
    assert 'quizzes.answer("04", 1, "a")' in text
    for question in QUESTIONS["04"]:
        assert question.text in text
        for letter, (option, reason) in question.lettered.items():
            assert f"{letter}) {option}" in text
            assert reason not in text


@pytest.mark.parametrize(("lesson", "number", "question"), ALL)
def test_answer_gives_the_reason_of_each_option_without_widgets(lesson, number, question, capsys):
    for letter, (_, reason) in question.lettered.items():
        answer(lesson, number, letter)
        verdict = "right." if letter == question.right else "not yet:"
        assert capsys.readouterr().out == f"{lesson} question {number}, {letter}: {verdict} {reason}\n"
    assert list(progress_store.solved()) == [f"{lesson} question {number}"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("99", 1, "a"), "there are no questions for lesson '99'; the lessons are 01, 02"),
        (("01", 0, "a"), "lesson 01 has questions 1 to 3, not 0"),
        (("01", "1", "a"), "lesson 01 has questions 1 to 3, not '1'"),
        (("01", 1, "e"), "question 1 has the options a, b, c, not 'e'"),
    ],
)
def test_what_does_not_exist_is_named(arguments, words):
    with pytest.raises(ValueError, match=re.escape(words)):
        answer(*arguments)
    with pytest.raises(ValueError, match="no questions for lesson '99'"):
        Quiz("99")


def test_text_is_shown_as_text_and_code_as_code():
    assert quizzes.as_html("if `a < b` & c") == "if <code>a &lt; b</code> &amp; c"
