"""Slides: what they take from a lesson, and that each fits its screen and its page."""

import re

import nbformat
import pytest

from helpers.authoring import cheat_sheet, slides
from helpers.figure_style import image_html

PNG = bytes.fromhex("89504e470d0a1a0a0000000d4948445200000001000000010806000000"
                    "1f15c4890000000d49444154789c6360606060000000050001a5f645400000000049454e44ae426082")


@pytest.fixture
def lesson():
    new, shown = nbformat.v4, image_html(PNG, "a curve")
    picture = new.new_output("display_data", {"text/html": str(shown)})
    return new.new_notebook(cells=[
        new.new_markdown_cell("# 12 · A lesson\n\n*Ten minutes.* More words.\n\n**After it you can**\n- tune"),
        new.new_markdown_cell("## What matters?\n\nLong words. **Which of them? Guess.** More. **And `why`?**"),
        new.new_code_cell("plot()", outputs=[picture, new.new_output("stream", text="0.5")]),
        new.new_markdown_cell("*How to read it:* one dot per trial: higher is better. More words.\n\n## Recap\n\n"
                              "- one\n- two\n\nMore words."),
    ])


def test_slides_have_questions_pictures_how_to_read_them_and_lists(lesson):
    found = [(heading, re.sub(r"<.*?>|\n", "", words), bool(picture)) for heading, words, picture in
             slides.slides(lesson)]
    assert found == [
        ("12 · A lesson", "Ten minutes.", False),
        ("What matters?", "Which of them? Guess.And why?", False),
        ("What matters?", "How to read it: one dot per trial: higher is better.", True),
        ("Recap", "onetwo", False),
    ]


def test_slides_turn_by_keyboard_and_print_one_page_each(lesson, page, tmp_path):
    html = slides.write(tmp_path / "12_a_lesson.ipynb", tmp_path, run=lambda path: lesson)
    page.goto(html.as_uri())
    for key, top in [("ArrowRight", 1), (" ", 2), ("PageUp", 1), ("ArrowLeft", 0), ("ArrowLeft", 0)]:
        page.keyboard.press(key)
        page.wait_for_function("top => Math.abs(scrollY - top * innerHeight) < 2", arg=top)
    pdf = html.with_suffix(".pdf")
    assert cheat_sheet.print_to_pdf(html, pdf)
    assert len(re.findall(rb"/Type /Page\b", pdf.read_bytes())) == 4


def test_the_words_of_every_lesson_fit(page, tmp_path):
    too_high = "sections => sections.filter(one => one.scrollHeight > one.clientHeight).map(one => one.innerText)"
    for path in sorted(cheat_sheet.SHEET.parent.glob("*.ipynb")):
        page.goto(slides.write(path, tmp_path, run=lambda path: nbformat.read(path, as_version=4)).as_uri())
        assert page.eval_on_selector_all("section", too_high) == []
