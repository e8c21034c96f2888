"""`Quiz("03")` asks the quick questions of a lesson; each answer, right or wrong, gets a reason.

Without widgets, the same questions appear as text, and `answer("03", 1, "b")` gives the reason.
"""

import functools
import re
import textwrap
import tomllib
from dataclasses import dataclass
from pathlib import Path

import ipywidgets
from markupsafe import Markup, escape

from helpers.html import fill
from helpers.teaching import progress_store
from helpers.teaching.feedback import say, verdict_html

FILE = Path(__file__).with_name("quiz_questions.toml")


@dataclass(frozen=True)
class Question:
    text: str
    right: str  # the letter of the right option
    lettered: dict  # letter: (option, reason)


@functools.cache
def all_questions():
    """{lesson: [Question, ...]}; line breaks within a text count as spaces."""

    def line(text):
        return " ".join(text.split())

    return {
        lesson: [
            Question(line(one["text"]), one["right"],
                     {letter: (line(each["option"]), line(each["reason"]))
                      for letter, each in zip("abcd", one["options"], strict=False)})
            for one in questions
        ]
        for lesson, questions in tomllib.loads(FILE.read_text(encoding="utf-8")).items()
    }


class Quiz(ipywidgets.VBox):
    """The quick questions of a lesson: choose with Tab and Space or the mouse, press Answer, read the reason.

    lesson: "01", "02", ... Raises ValueError if the lesson has no questions.
    """

    def __init__(self, lesson):
        self.lesson = lesson
        style, numbers = ipywidgets.HTML(fill("quiz_style.html")), range(1, len(questions(lesson)) + 1)
        super().__init__([style, *(one_question(lesson, number) for number in numbers)])
        self.add_class("quick-questions")

    def __str__(self):
        """The questions as text."""
        blocks = [f'Quick questions of lesson {self.lesson}. To answer: quizzes.answer("{self.lesson}", 1, "a")']
        for number, question in enumerate(questions(self.lesson), start=1):
            options = [f"  {letter}) {option}" for letter, (option, _) in question.lettered.items()]
            lines = [f"Question {number}. {question.text}", *options]
            blocks.append("\n".join(textwrap.fill(line, 100, subsequent_indent="     ") for line in lines))
        return "\n\n".join(blocks)

    def _repr_mimebundle_(self, **options):
        return super()._repr_mimebundle_(**options) | {"text/plain": str(self)}


def answer(lesson, number, letter):
    """Shows whether the option with that letter is right, and why; a right answer marks the question as solved."""
    say(f"{lesson} question {number}, {letter}", *grade(lesson, number, letter))


def names(lesson):
    """The names under which the questions of a lesson are recorded: "03 question 1", ..."""
    return [f"{lesson} question {number}" for number in range(1, len(questions(lesson)) + 1)]


def questions(lesson):
    if lesson not in all_questions():
        raise ValueError(f"there are no questions for lesson {lesson!r}; the lessons are {', '.join(all_questions())}")
    return all_questions()[lesson]


def grade(lesson, number, letter):
    """The verdict on an option, "right" or "not yet", and the reason; a right answer is recorded.

    Raises ValueError if there is no such lesson, question or option.
    """
    if number not in range(1, len(questions(lesson)) + 1):
        raise ValueError(f"lesson {lesson} has questions 1 to {len(questions(lesson))}, not {number!r}")
    question = questions(lesson)[number - 1]
    if letter not in question.lettered:
        raise ValueError(f"question {number} has the options {', '.join(question.lettered)}, not {letter!r}")
    if letter == question.right:
        progress_store.solve(names(lesson)[number - 1])
    return "right" if letter == question.right else "not yet", question.lettered[letter][1]


def one_question(lesson, number):
    """The widgets of one question."""
    question = questions(lesson)[number - 1]
    text = ipywidgets.HTML(Markup("<b>Question {}.</b> {}").format(number, as_html(question.text)))
    options = ipywidgets.RadioButtons(
        options=[(f"{letter}) {option}", letter) for letter, (option, _) in question.lettered.items()], value=None)
    button = ipywidgets.Button(description="Choose an option", tooltip=f"Answer question {number}", disabled=True)
    reason = ipywidgets.HTML()

    def on_choice(_change):
        button.description, button.disabled, reason.value = "Answer", False, ""

    def on_answer(_button):
        verdict, words = grade(lesson, number, options.value)
        # role: an alert, since screen readers do not announce a status that is new on the page
        reason.value = verdict_html(f"{options.value}: {verdict}.", verdict, as_html(words), role="alert")

    options.observe(on_choice, "value")
    button.on_click(on_answer)
    return ipywidgets.VBox([text, options, button, reason], layout={"margin": "0 0 16px 0"})


def as_html(text):
    """A text as HTML: escaped, and code between backticks as code."""
    return Markup(re.sub("`(.+?)`", r"<code>\1</code>", str(escape(text))))
