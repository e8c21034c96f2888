"""What the gallery says about the packages that it needs, checked without installing them."""

import html
import re
import subprocess
import sys

import nbformat
import pytest

from helpers import recorded
from helpers.gallery import GALLERY, LIBRARIES, header, script
from tests.gallery.scripts import ENVIRONMENT_OF, ENVIRONMENTS, ROOT, requirements

NOTEBOOK = ROOT / "notebooks" / "08_in_the_library_you_use.ipynb"
MODULES = {"pytorch": "torch", "tf_keras": "tensorflow"}  # the others are imported under the script's name
WITHOUT = "import runpy, sys; sys.modules[sys.argv[1]] = None; runpy.run_path(sys.argv[2], run_name='__main__')"


def test_every_script_and_requirements_file_belongs_to_an_environment():
    assert set(GALLERY.glob("*.py")) == {script(library) for library in ENVIRONMENT_OF}
    assert {path.name for path in GALLERY.glob("*.txt")} == {f"requirements-{name}.txt" for name in ENVIRONMENTS}


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_the_scripts_and_the_requirements_file_have_the_same_pins(environment):
    pins = requirements(environment)
    assert len(pins) == len(set(pins))
    assert all(re.fullmatch(r"[\w-]+==[\d.]+", pin) for pin in pins)
    of_scripts = {pin for library in ENVIRONMENTS[environment] for pin in header(library)["dependencies"]}
    assert {pin for pin in pins if not pin.startswith("hydra-core")} == of_scripts


@pytest.mark.parametrize("library", ENVIRONMENT_OF)
def test_what_was_recorded_ran_with_the_pins_of_today(library):
    row = recorded.load_table("gallery").set_index("library").loc[library]
    assert row["pins"].split() == header(library)["dependencies"]
    assert row["environment"] == ENVIRONMENT_OF[library]


def test_notebook_08_shows_the_pins_of_the_scripts():
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    [cell] = [cell for cell in notebook.cells if cell.source.endswith("gallery.pins()")]
    cells = r"<th>(.+?)</th>" + 3 * r"\s*<td>(.+?)</td>"
    rows = re.findall(cells, cell.outputs[0].data["text/html"])
    assert [[html.unescape(text) for text in row] for row in rows] == [
        [about.name, header(key)["requires-python"], about.environment,
         ", ".join(pin.replace("==", " ") for pin in header(key)["dependencies"])] for key, about in LIBRARIES.items()]


@pytest.mark.slow
@pytest.mark.parametrize("library", ENVIRONMENT_OF)
def test_a_missing_library_gives_one_sentence_with_the_command_that_installs_it(library):
    module = MODULES.get(library, library)
    done = subprocess.run([sys.executable, "-c", WITHOUT, module, script(library)], capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stdout == ""
    reason, _, command = done.stderr.strip().partition("; in a new venv: pip install ")
    assert module in reason
    assert "\n" not in reason
    assert command.split() == header(library)["dependencies"]


@pytest.mark.parametrize("library", ENVIRONMENT_OF)
def test_make_gallery_runs_the_script_in_its_environment(library):
    plan = ["make", "-n", "--no-print-directory", "gallery", f"LIB={library}"]
    planned = subprocess.run(plan, cwd=ROOT, capture_output=True, text=True)
    python = f".venv/gallery/{ENVIRONMENT_OF[library]}/bin/python"
    assert planned.stdout.splitlines()[-1] == f"{python} notebooks/gallery/tune_{library}.py"


@pytest.mark.parametrize("arguments", [[], ["LIB=theano"]])
def test_make_gallery_names_its_libraries(arguments):
    done = subprocess.run(["make", "gallery", *arguments], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode != 0
    for library in ENVIRONMENT_OF:
        assert library in done.stderr
