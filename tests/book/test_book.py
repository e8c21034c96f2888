"""The book: complete, whole without a network, and readable for all, on any screen."""

import re
import urllib.parse
from html.parser import HTMLParser

import nbformat
import pytest

from helpers.authoring import book

RUN = ("00", "01", "03")  # with widgets, pictures and an error that is meant; the others are shown as they are
WIDTHS = {"phone": 390, "laptop": 1280, "projector": 1920}

pytestmark = pytest.mark.slow


@pytest.fixture
def notebook():
    return nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(
        "# NBVAL_CHECK_OUTPUT\nfrom ipywidgets import HTML, Dropdown, FloatProgress, HBox, RadioButtons, VBox\n"
        "display(VBox([HTML('<b>Which?</b>'), RadioButtons(options=['a) this', 'b) <that>']),"
        " Dropdown(options=[('one', 1), ('two', 2)], value=2, description='number'), VBox()]))\n"
        "display(HBox([HTML('100 %'), FloatProgress()]))")])


def test_a_notebook_runs_again_only_when_its_code_has_changed(tmp_path):
    path, cache = tmp_path / "one.ipynb", tmp_path / "cache"

    def shown(words, source):
        cells = [nbformat.v4.new_markdown_cell(words), nbformat.v4.new_code_cell(source)]
        nbformat.write(nbformat.v4.new_notebook(cells=cells), path)
        text, code = book.executed(path, cache).cells
        return text.source, code.outputs[0].text

    words, first = shown("before", "import time\nprint(time.time_ns())")
    assert words == "before"
    assert shown("after", "import time\nprint(time.time_ns())") == ("after", first)
    assert shown("after", "print('changed')") == ("after", "changed\n")


def test_widgets_become_still_pictures(notebook, tmp_path):
    nbformat.write(notebook, tmp_path / "one.ipynb")
    [cell] = book.as_page(book.executed(tmp_path / "one.ipynb", tmp_path / "cache")).cells
    assert cell.source.startswith("from ipywidgets")
    [output] = cell.outputs  # without the progress bar
    words = re.sub(r"\s+", " ", re.sub(r"<.*?>", " ", output.data["text/html"])).strip()
    assert words == ("Which? a) this b) &lt;that&gt; number: two "
                     "A still picture of a widget; it works in the notebook.")


@pytest.fixture(scope="module")
def html(tmp_path_factory):
    """The folder of the pages."""
    pytest.importorskip("sphinx")

    def run(path):
        return book.executed(path) if path.stem.startswith(RUN) else nbformat.read(path, as_version=4)

    index, warnings = book.build(tmp_path_factory.mktemp("book"), run)
    assert warnings == 0
    return index.parent


class Page(HTMLParser):
    """The addresses that a page names, and the names of its places."""

    def __init__(self, path):
        super().__init__()
        self.path, self.addresses, self.places = path, [], set()
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        self.addresses += [attributes[name] for name in ("href", "src") if attributes.get(name)]
        self.places.add(attributes.get("id"))

    def broken(self, pages):
        for address in self.addresses:
            url = urllib.parse.urlsplit(address)
            target = (self.path.parent / urllib.parse.unquote(url.path)).resolve() if url.path else self.path
            lost = url.fragment and target in pages and urllib.parse.unquote(url.fragment) not in pages[target].places
            if not url.scheme and (lost or not target.exists()):
                yield f"{self.path.name}: {address}"


def test_every_link_leads_somewhere(html):
    pages = {path: Page(path) for path in html.rglob("*.html")}
    assert {path.stem for path in (book.ROOT / "notebooks").glob("*.ipynb")} < {path.stem for path in pages}
    assert [link for page in pages.values() for link in page.broken(pages)] == []
    assert "survey_key" not in {path.stem for path in pages}


@pytest.fixture(params=["light", "dark"])
def theme(request):
    return request.param


def test_pages_fit_every_screen_and_are_readable_for_all(html, page, theme):
    from axe_playwright_python.sync_playwright import Axe

    axe, wrong = Axe(), []
    some = "*.html" if theme == "light" else "0[01]*.html"  # in the dark, what has other colours
    for path in sorted(html.rglob(some)):
        page.goto(path.as_uri())
        found = axe.run(page, options={"resultTypes": ["violations"]}).response["violations"]
        wrong += [(path.stem, one["id"], one["nodes"][0]["html"]) for one in found
                  if one["impact"] in ("serious", "critical")]
        for screen, width in WIDTHS.items():
            page.set_viewport_size({"width": width, "height": 800})
            if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
                wrong.append((path.stem, f"too wide for a {screen}"))
    assert wrong == []


def test_it_is_read_and_searched_by_keyboard(html, page):
    page.goto((html / "index.html").as_uri())
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.innerText") == "Skip to content"
    page.get_by_role("searchbox").or_(page.get_by_label("Search")).first.focus()
    page.keyboard.type("warm-up")
    page.keyboard.press("Enter")
    page.locator("ul.search a").first.focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/notebooks/*")
    page.locator(".next-page").focus()
    page.keyboard.press("Enter")
    page.locator("button.copybtn").first.focus()
    page.keyboard.press("Enter")
    page.locator("button.copybtn.success").wait_for()
    theme = page.evaluate("document.body.dataset.theme")
    page.locator(".theme-toggle:visible").focus()
    page.keyboard.press("Enter")
    assert page.evaluate("document.body.dataset.theme") != theme
