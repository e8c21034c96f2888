"""How Sphinx makes the book. No page asks for anything at another address."""

from helpers.budget import pick

project = html_title = "Hands-Free Tuning"
extensions = ["myst_nb", "sphinx_copybutton"]
nb_execution_mode = "off"  # make book has run the notebooks
nb_ipywidgets_js = {}  # this would come from another address
myst_heading_anchors = 3
html_theme = "furo"
html_static_path = ["book.css", "book.js"]
html_css_files = ["book.css"]
html_js_files = [("book.js", {"defer": "defer"})]
html_theme_options = pick({}, smoke={"announcement": "Made with the small sizes of a test: its numbers say nothing."})
html_copy_source = html_show_copyright = False
highlight_language = "none"  # of code without a name, like the commands in README
suppress_warnings = ["misc.highlighting_failure"]  # an error message that is no traceback
pygments_style, pygments_dark_style = "a11y-high-contrast-light", "a11y-high-contrast-dark"
copybutton_selector = "div.cell_input pre, div.highlight-python pre, section > div.highlight-none pre"
