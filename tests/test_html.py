"""The HTML of the course: whatever is filled into a template is escaped."""

from pathlib import Path

import pytest
from markupsafe import Markup

from helpers import html

TEMPLATES = sorted((Path(html.__file__).with_name("templates")).iterdir())


def test_values_are_escaped_and_filled_templates_are_not_escaped_again():
    inner = html.fill("verdict.html", label="<b>", color="red", words='"&"')
    assert "<b>&lt;b&gt;</b> &#34;&amp;&#34;</div>" in inner
    assert inner in html.fill("report.html", title="", headline="", sections={"One": [inner]})
    assert "<p>&lt;i&gt;</p>" in html.fill("report.html", title="", headline="", sections={"One": ["<i>"]})


def test_a_filled_template_is_text_for_widgets_and_displays():
    assert isinstance(html.fill("quiz_style.html"), str)
    assert isinstance(html.fill("quiz_style.html"), Markup)


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
def test_no_template_lets_a_value_through_unescaped(path):
    text = path.read_text(encoding="utf-8")
    assert "safe" not in text
    assert "autoescape" not in text
