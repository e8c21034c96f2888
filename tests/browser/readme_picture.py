"""Makes the moving picture in README: two real tries with the tuner by hand, filmed in JupyterLab.

`make picture` writes notebooks/hand_tuner.gif, in about two minutes.
"""

import io
import re
import sys
import tempfile

from PIL import Image

from tests.browser.lab import ROOT, Lab, Notebook, new_page, open_browser, what_is_missing

OUT = ROOT / "notebooks" / "hand_tuner.gif"
WIDTH = 900  # pixels
CELL = """from helpers import recorded
from helpers.teaching.widgets import HandTuner

curves = recorded.load_table("untuned_curves")
lstm = curves[(curves["model"] == "LSTM") & (curves["seed"] == 0)]
HandTuner(lstm.to_dict("records"), 12)"""


def film(notebook):
    """Runs the tuner with the paper's settings, then with fewer layers and less warm-up; (picture, milliseconds)."""
    notebook.open("picture")
    notebook.run_cell(0)
    assert notebook.broken_widgets() == []
    shown = notebook.cell(0).locator(".jp-Cell-outputArea")
    frames = []

    def shoot(milliseconds):
        picture = Image.open(io.BytesIO(shown.screenshot()))
        frames.append((picture, milliseconds))

    for number, settings in enumerate([{}, {"layers": "2", "warm-up steps": "400"}], start=1):
        for name, value in settings.items():
            slider = shown.locator(".widget-slider").filter(has_text=name)
            slider.locator(".noUi-handle").focus()
            while slider.locator(".widget-readout").inner_text() != value:
                notebook.page.keyboard.press("ArrowLeft")
        shoot(1_500)
        shown.get_by_role("button", name="Train").click()
        for epoch in range(1, 12):
            shown.filter(has_text=re.compile(rf"epoch {epoch} of 12")).wait_for(timeout=60_000)
            shoot(350)
        shown.filter(has_text=f"try {number} done").wait_for(timeout=60_000)
        shoot(3_000)
    return frames


def write(frames):
    """Writes the frames as one GIF, all as high as the highest."""
    height = max(picture.height for picture, _ in frames)
    pages = []
    for picture, _ in frames:
        page = Image.new("RGB", (min(picture.width, WIDTH), height), "white")
        page.paste(picture.convert("RGB"))
        pages.append(page.quantize(48, dither=Image.Dither.NONE))
    pages[0].save(OUT, save_all=True, append_images=pages[1:], duration=[time for _, time in frames], loop=0)
    print(f"{OUT.relative_to(ROOT)}: {len(pages)} frames, {OUT.stat().st_size / 1e3:.0f} kB")


def main():
    if missing := what_is_missing():
        sys.exit(f"No picture: {missing}")
    with tempfile.TemporaryDirectory() as folder, Lab(folder, "full") as lab, open_browser() as browser:
        lab.add("picture", CELL)
        with new_page(browser) as page:
            write(film(Notebook(page, lab)))


if __name__ == "__main__":
    main()
