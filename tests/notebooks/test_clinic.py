"""The error clinic: each message that it quotes is what the pinned versions say, and each fix works."""

import re
from dataclasses import dataclass
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

pytestmark = pytest.mark.slow
NOTEBOOK = Path(__file__).resolve().parents[2] / "notebooks" / "10_the_error_clinic.ipynb"
CELLS = nbformat.read(NOTEBOOK, as_version=4).cells
THREADS = {  # what users trip over most
    "optuna/optuna": [293, 328, 433, 497, 820, 837, 841, 1224, 1532, 1671, 1839, 1859, 1862, 2021, 2527, 2564, 2638,
                      2722, 2727, 2733, 2744, 2757, 2769, 2808, 2872, 2972, 3050, 3148, 3243, 3247, 3361, 3479, 3770,
                      3826, 3992, 4209, 4412, 4562, 4584, 4951, 4985, 4994, 5183, 5184, 5248, 5963, 6283, 6344],
    "optuna/optuna-dashboard": [957, 1178],
    "computationalmodelling/nbval": [54, 56],
    "open-mmlab/mmaction2": [1271],
    "facebookresearch/hydra": [964],
    "pytorch/pytorch": [44687],
}


@dataclass
class Entry:
    heading: str
    quote: str
    provoke: int  # the cell that shows the error
    fix: int  # the cell that runs the fix


def entries():
    found = []
    for number, cell in enumerate(CELLS):
        if cell.cell_type == "markdown" and cell.source.startswith("### "):
            quote = re.search(r"```text\n(.+?)\n```", cell.source, re.DOTALL)
            assert CELLS[number + 2].source.startswith("**Fix.** ")
            found.append(Entry(cell.source.partition("\n")[0][4:], quote[1], number + 1, number + 3))
    return found


ENTRIES = entries()
INDEX = re.findall(r"^\| ([A-Z]\w+) \| (.+?) \| \[(.+?)\]\(#(.+?)\) \|$", CELLS[0].source, re.MULTILINE)


@pytest.fixture(scope="module")
def ran(tmp_path_factory):
    """The cells after a run in which no error stops it."""
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    folder = tmp_path_factory.mktemp("clinic")
    NotebookClient(notebook, timeout=300, allow_errors=True, resources={"metadata": {"path": folder}}).execute()
    return notebook.cells


def said(cell):
    """All that a cell showed, without colours: what it printed, logged, warned of, raised."""
    parts = []
    for output in cell.outputs:
        if output.output_type == "error":
            parts += [f"{output.ename}: {output.evalue}", *output.traceback]
        elif output.output_type == "stream":
            parts.append(output.text)
    return re.sub(r"\x1b\[[\d;]*m", "", "\n".join(parts))


def holds(words, quote):
    """Whether each line of a quote is in the words; … stands for what differs from run to run."""
    lines = [line.strip() for line in quote.splitlines()]
    return all(re.search(".*?".join(re.escape(part) for part in line.split("…")), words) for line in lines)


def raised(cell):
    return any(output.output_type == "error" for output in cell.outputs)


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.heading)
def test_the_message_is_what_the_pinned_versions_say(entry, ran):
    assert holds(said(ran[entry.provoke]), entry.quote)


def test_a_message_that_changed_would_be_noticed(ran):
    first = ENTRIES[0]
    assert not holds(said(ran[first.provoke]), first.quote.replace("dynamic", "static"))
    assert not holds("", first.quote)


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.heading)
def test_a_cell_raises_if_it_is_meant_to_and_its_fix_does_not(entry, ran):
    assert raised(ran[entry.provoke]) == ("raises-exception" in CELLS[entry.provoke].metadata.get("tags", []))
    assert not raised(ran[entry.fix])
    assert ran[entry.fix].outputs


def test_no_other_cell_raises(ran):
    meant = {entry.provoke for entry in ENTRIES}
    assert [n for n, cell in enumerate(ran) if cell.cell_type == "code" and n not in meant and raised(cell)] == []


def test_the_index_has_each_entry_under_its_own_words_and_leads_to_it():
    assert [heading for _, _, heading, _ in INDEX] == [entry.heading for entry in ENTRIES]
    for (_, words, heading, anchor), entry in zip(INDEX, ENTRIES, strict=True):
        assert words in entry.quote
        assert anchor == heading.replace(" ", "-")
        assert re.fullmatch(r"[\w -]+", heading)  # so that JupyterLab makes this anchor of it


def test_the_groups_of_the_index_are_the_sections():
    sections = [cell.source.partition("\n")[0][3:] for cell in CELLS
                if cell.cell_type == "markdown" and cell.source.startswith("## ")]
    groups = list(dict.fromkeys(group for group, *_ in INDEX))
    assert groups == ["Space", "Objective", "Storage", "Pruning", "Parallel", "Plots", "Reproducibility"]
    assert sections[: len(groups)] == groups


def test_every_thread_that_users_trip_over_is_answered():
    text = "\n".join(cell.source for cell in CELLS if cell.cell_type == "markdown")
    named = set(re.findall(r"([\w-]+/[\w-]+#\d+)", text))
    assert named == {f"{repository}#{number}" for repository, numbers in THREADS.items() for number in numbers}


def test_every_old_line_warns_or_is_gone_and_every_new_one_runs(ran):
    [cell] = [cell for cell in ran if "what_it_says(old)" in cell.source]
    rows = re.findall(r"<tr>(.+?)</tr>", cell.outputs[0].data["text/html"], re.DOTALL)[1:]
    table = [re.findall(r"<t[hd]>(.*?)</t[hd]>", row) for row in rows]
    assert len(table) >= 20
    still_fine = {"all parameters together", "all cores"}
    for what, _, old, _, new in table:
        assert new == "runs"
        assert (old == "runs") == (what in still_fine)
        assert old in ("runs", "runs, with a warning", "gone: AttributeError", "gone: ImportError")
