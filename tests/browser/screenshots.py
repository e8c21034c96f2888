"""Pictures of every notebook, run in JupyterLab, in the light and in the dark theme, for a person to look at.

`make screenshots` writes build/screenshots/NAME-light-01.png and so on, a screen each; NOTEBOOK=03 takes that one only,
and BUDGET=full runs it at the size that a learner sees.
"""

import argparse
import sys
import tempfile

from tests.browser.lab import DARK, LIGHT, ROOT, Lab, Notebook, new_page, open_browser, what_is_missing
from tests.notebooks.tidy_notebooks import NOTEBOOKS

OUT = ROOT / "build" / "screenshots"
THEMES = {"light": LIGHT, "dark": DARK}
HOUR = 3600


def take(notebook, name, short, theme):
    """Opens and runs a notebook, and writes its pictures in place of older ones; prints what is wrong with it."""
    notebook.open(name, theme=theme)
    notebook.run_all(timeout=HOUR)
    wrong = notebook.errors() + notebook.broken_widgets() + notebook.console_errors
    for old in OUT.glob(f"{name}-{short}-*.png"):
        old.unlink()
    paths = notebook.screenshots(OUT / f"{name}-{short}")
    print(f"{name}, {short}: {len(paths)} screens", *wrong, sep="\n  ", flush=True)


def main():
    parser = argparse.ArgumentParser(prog="python -m tests.browser.screenshots")
    parser.add_argument("names", nargs="*", help="how the names of notebooks begin; without one, all")
    parser.add_argument("--budget", choices=["smoke", "full"], default="smoke")
    chosen = parser.parse_args()
    names = [path.stem for path in NOTEBOOKS if not chosen.names or path.stem.startswith(tuple(chosen.names))]
    missing = what_is_missing() or (None if names else f"no notebook's name begins with {' or '.join(chosen.names)}")
    if missing:
        sys.exit(f"No screenshots: {missing}")
    OUT.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, Lab(folder, chosen.budget) as lab, open_browser() as browser:
        for name in names:
            for short, theme in THEMES.items():
                with new_page(browser) as page:
                    take(Notebook(page, lab), name, short, theme)


if __name__ == "__main__":
    main()
