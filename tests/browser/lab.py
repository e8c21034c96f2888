"""A copy of the course, served by `make lab`, and its notebooks in a headless Chromium.

The fixtures in conftest.py and screenshots.py are both made of this. JupyterLab writes outputs into the notebooks that
it has open, so it gets a copy; and settings, data and records of its own, so that nothing of the person who runs the
tests plays a part.
"""

import importlib.util
import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.parse
import urllib.request
from contextlib import contextmanager, suppress
from pathlib import Path

import nbformat
import psutil
import pytest

from helpers.authoring.cheat_sheet import find_chromium

ROOT = Path(__file__).resolve().parent.parent.parent
SCREEN = {"width": 1480, "height": 1110}  # the notebook itself gets some 1,400 x 1,000 of it
WITHOUT_RAY = ROOT / "tests" / "notebooks" / "without_ray"
KERNEL = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
PATIENCE = 600  # seconds: what takes two on an idle machine may take minutes on one that does much else
POLLING = 200  # milliseconds; by default Playwright looks at each frame, and the browser draws frames for that alone
OVERLAP = 40  # pixels of one screen that the next repeats, so that no line is cut in two
LIGHT, DARK = "JupyterLab Light", "JupyterLab Dark"


def what_is_missing():
    """What the browser tests need and this machine lacks, with the remedy; None if nothing is missing."""
    if importlib.util.find_spec("playwright") is None:
        return "playwright is not installed; `make test` installs it, or: python -m pip install -e '.[test]'"
    if find_chromium() is None:
        named = f"CHROMIUM names {os.environ['CHROMIUM']}, but no" if os.environ.get("CHROMIUM") else "no"
        return f"{named} Chromium was found; on Debian: apt-get install chromium; elsewhere: CHROMIUM=/path/to/chrome"
    for program in ("make", "git"):
        if shutil.which(program) is None:
            return f"{program} was not found; install it"
    if not (ROOT / ".git").exists():
        return "this is no clone of the course's repository; the browser tests copy the files that git lists"
    return None


@contextmanager
def open_browser():
    """A headless Chromium, which finds no machine but this one; a test without one is skipped, or under CI fails."""
    if missing := what_is_missing():
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(f"no browser tests: {missing}")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=find_chromium(),
            args=["--disable-gpu", "--disable-quic", "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"],
        )
        yield browser
        browser.close()


@contextmanager
def new_page(browser):
    """An empty page, with cookies and storage of its own, that agrees to every question ("Leave the site?")."""
    context = browser.new_context(viewport=SCREEN)
    context.set_default_timeout(PATIENCE * 1000)
    page = context.new_page()
    page.on("dialog", lambda dialog: dialog.accept())
    yield page
    context.close()


def expect(locator):
    """Playwright's assertions about what a locator shows; each waits until it holds."""
    from playwright.sync_api import expect

    expect.set_options(timeout=PATIENCE * 1000)
    return expect(locator)


def wait_for(condition, seconds, what):
    """Returns what the condition returns as soon as that is true; raises TimeoutError if it never is."""
    end = time.monotonic() + seconds
    while not (value := condition()):
        if time.monotonic() > end:
            raise TimeoutError(f"{what}: nothing after {seconds} s")
        time.sleep(0.1)
    return value


def copy_course(folder):
    """Copies what git tracks, or would track after `git add`, as it is in the work tree."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    for name in subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.split("\0"):
        if name and (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / name, folder / name)


def processes_with(name, value):
    """The processes in whose environment the variable has this value."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.environ().get(name) == value:
                found.append(process)
        except psutil.Error:  # ended in the meantime, or another user's
            continue
    return found


class Lab:
    """`make lab` in a copy of the course below `folder`, an empty folder. Use it in a `with` statement.

    budget: TUNING_BUDGET of the kernels. `course` is the copy, `originals` its notebooks as they are before anything
    runs, `progress` the learner's record; `url` and `token` are the server's.
    """

    def __init__(self, folder, budget="smoke"):
        self.folder, self.budget = Path(folder), budget
        self.course, self.originals = self.folder / "course", self.folder / "originals"
        self.progress, self.log = self.folder / "progress.json", self.folder / "lab.log"

    def __enter__(self):
        copy_course(self.course)
        shutil.copytree(self.course / "notebooks", self.originals)
        (self.course / ".venv").symlink_to(sys.prefix)
        config = {"LabApp": {"expose_app_in_browser": True}}  # as window.jupyterapp, see Notebook
        (self.folder / "config").mkdir()
        (self.folder / "config" / "jupyter_lab_config.json").write_text(json.dumps(config))
        # Off the screen, JupyterLab would not lay out cells, and they would have neither text nor size.
        self.set("@jupyterlab/notebook-extension", "tracker", windowingMode="none")
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        with self.log.open("w") as log:
            self.make = subprocess.Popen(
                # .venv is not the copy's own: whatever its age, it must not be installed again from there
                ["make", "--old-file=.venv/installed", "lab", "BROWSER=no", f"PORT={port}"],
                cwd=self.course,
                env=self.environment(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        try:
            server = wait_for(self.find_server, PATIENCE, "make lab")
        except TimeoutError as error:
            for process in self.processes():
                process.kill()
            raise AssertionError(f"{error}\n{self.log.read_text()}") from None
        self.url, self.token, self.pid = server["url"], server["token"], server["pid"]
        return self

    def __exit__(self, *error):
        with suppress(psutil.NoSuchProcess):
            psutil.Process(self.pid).terminate()  # the server then ends its kernels
        self.stop()

    def environment(self):
        own = {f"JUPYTER_{name.upper()}_DIR": self.folder / name for name in ("config", "data", "runtime")}
        own |= {
            "IPYTHONDIR": self.folder / "ipython",
            "OMP_NUM_THREADS": 1,
            "PYTHONPATH": f"{self.course}{os.pathsep}{WITHOUT_RAY}",  # the copy's helpers, not those of .venv
            "TUNING_BUDGET": self.budget,
            "TUNING_PROGRESS": self.progress,
        }
        return os.environ | {name: str(value) for name, value in own.items()}

    def find_server(self):
        """What the server writes down when it is ready; None before. Raises AssertionError if make has ended."""
        assert self.make.poll() is None, f"make lab ended:\n{self.log.read_text()}"
        for path in (self.folder / "runtime").glob("jpserver-*.json"):
            if text := path.read_text():
                return json.loads(text)
        return None

    def set(self, extension, schema, **settings):
        """Writes a user's settings of JupyterLab, which hold from the next load of the page on."""
        path = self.folder / "config" / "lab" / "user-settings" / extension / f"{schema}.jupyterlab-settings"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(settings))

    def ask(self, method, path):
        """A request to the server's API; returns the answer, read from JSON."""
        headers = {"Authorization": f"token {self.token}"}
        request = urllib.request.Request(f"{self.url}api/{path}", method=method, headers=headers)
        with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
            return json.loads(answer.read() or "null")

    def add(self, name, *cells):
        """Adds a notebook to the course, of code cells; each is its source, or the source and a list of tags."""
        pairs = [(cell, []) if isinstance(cell, str) else cell for cell in cells]
        code = [nbformat.v4.new_code_cell(source, metadata={"tags": tags}) for source, tags in pairs]
        nbformat.write(nbformat.v4.new_notebook(cells=code, metadata=KERNEL), self.originals / f"{name}.ipynb")

    def stop_kernels(self):
        for session in self.ask("GET", "sessions"):
            self.ask("DELETE", f"sessions/{session['id']}")

    def start_afresh(self):
        """Makes everything as on the first day: no kernel, the notebooks as committed, nothing solved."""
        self.stop_kernels()
        shutil.rmtree(self.course / "notebooks")
        shutil.copytree(self.originals, self.course / "notebooks")
        self.progress.unlink(missing_ok=True)

    def processes(self):
        """make, the server, the kernels and whatever they started."""
        return processes_with("TUNING_PROGRESS", str(self.progress))

    def stop(self):
        """Waits until all processes of the lab are gone, and kills what stays behind.

        Raises AssertionError if a notebook left it; Jupyter's own server hangs now and then while it ends.
        """
        _, alive = psutil.wait_procs(self.processes(), timeout=120)
        left = [" ".join(process.cmdline()) for process in alive if process.pid not in (self.pid, self.make.pid)]
        for process in alive:
            process.kill()
        self.make.wait()
        assert not left, f"these processes outlived the server: {left}"


# Functions that run in the page.

IS_READY = """([path, theme]) => {
    const panel = window.jupyterapp?.shell?.currentWidget;
    return panel?.context?.path === path && panel.context.isReady
        && panel.sessionContext.isReady && panel.sessionContext.session?.kernel?.status === "idle"
        && document.querySelectorAll(".jp-Notebook .jp-Cell").length === panel.content.model.cells.length
        && document.body.dataset.jpThemeName === theme;
}"""

# JupyterLab's command to run cells is over at the first error, even where a tag says that the error is meant and the
# cells below still run. The kernel answers in turn, so its next answer shows that all of them have ended.
WATCH_RUNS = """() => {
    window.runs = {started: 0, ended: 0};
    const {session} = jupyterapp.shell.currentWidget.sessionContext;
    jupyterapp.commands.commandExecuted.connect(async (_, {id, result}) => {
        if (!id.startsWith("notebook:run"))
            return;
        runs.started += 1;
        await result.catch(() => null);  // a kernel that dies; the cells that it leaves have not run
        await session.kernel.requestKernelInfo();
        runs.ended += 1;
    });
}"""

CELLS = "() => jupyterapp.shell.currentWidget.content.widgets.map(({model}) => model.toJSON())"

# Of each output that holds a widget: the cell's number, its text, and whether there is something to see. Where a
# widget was closed by its program, JupyterLab hides the output.
WIDGETS = """() => jupyterapp.shell.currentWidget.content.widgets.flatMap((cell, number) =>
    (cell.outputArea?.widgets ?? []).flatMap((output, place) => {
        const {data} = cell.model.outputs.get(place);
        const box = output.node.querySelector(".jp-OutputArea-output");
        if (!("application/vnd.jupyter.widget-view+json" in data) || box.classList.contains("lm-mod-hidden"))
            return [];
        const widget = box.querySelector(".jupyter-widgets");
        const {width = 0, height = 0} = widget?.getBoundingClientRect() ?? {};
        const broken = /Error displaying widget/.test(box.textContent)
            || box.querySelector(".jupyter-widgets-error-widget") !== null;
        return [{number, text: box.innerText, broken, shown: width > 0 && height > 0 && !broken}];
    }))"""

# Scrolls to a height; returns how far one screen and the last cell reach.
SCROLL = """async (box, top) => {
    box.scrollTo(0, top);
    await new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)));
    const cells = document.querySelectorAll(".jp-Notebook .jp-Cell");
    const end = cells[cells.length - 1].getBoundingClientRect().bottom - box.getBoundingClientRect().top;
    return {screen: box.clientHeight, end: end + box.scrollTop};
}"""


class Notebook:
    """A notebook of the course, open in JupyterLab.

    A cell is named by its number, from 0, or by words that the source of exactly one code cell holds.
    `console_errors` lists the page's errors since it was opened, `strangers` is the set of addresses elsewhere that it
    asked for. What a cell holds is read from JupyterLab's own model, what is to be seen from the page.
    """

    def __init__(self, page, lab):
        self.page, self.lab = page, lab
        page.on("console", lambda message: message.type == "error" and self.console_errors.append(message.text))
        page.on("pageerror", lambda error: self.console_errors.append(str(error)))
        page.on("request", lambda request: self.note_address(request.url))

    def note_address(self, url):
        if urllib.parse.urlsplit(url).scheme in ("http", "https") and not url.startswith(self.lab.url):
            self.strangers.add(url)

    def open(self, name, theme=LIGHT):
        """Opens a notebook of a fresh copy of the course, with a fresh kernel; name: without .ipynb."""
        self.page.goto("about:blank")
        self.name, self.console_errors, self.strangers = name, [], set()
        self.lab.start_afresh()
        self.lab.set("@jupyterlab/apputils-extension", "themes", theme=theme)
        path = f"notebooks/{name}.ipynb"
        self.page.goto(f"{self.lab.url}lab/tree/{path}?reset&token={self.lab.token}")
        self.page.wait_for_function(IS_READY, arg=[path, theme], polling=POLLING)
        self.page.evaluate(WATCH_RUNS)

    def run_all(self, timeout=3 * PATIENCE):
        """Chooses "Run All Cells" in the Run menu and waits until all have run; timeout: seconds."""
        self.page.get_by_role("menuitem", name="Run", exact=True).click()
        self.page.get_by_role("menuitem", name="Run All Cells", exact=True).click()
        self.wait_until_run(timeout)

    def run_cell(self, cell, wait=True, timeout=PATIENCE):
        """Selects a cell and presses Ctrl+Enter; with wait=False it does not wait for the end: see wait_until_run."""
        self.cell(cell).locator(".jp-InputArea-prompt").click()
        self.page.keyboard.press("Control+Enter")
        if wait:
            self.wait_until_run(timeout)

    def clear(self):
        """Clears all outputs, and with them which cells have run."""
        self.page.evaluate("jupyterapp.commands.execute('notebook:clear-all-cell-outputs')")

    def wait_until_run(self, timeout=PATIENCE):
        """Waits until all that was started has run, to its end or to an error."""
        from playwright.sync_api import TimeoutError as TooLate

        try:
            self.page.wait_for_function("runs.started > 0 && runs.ended === runs.started", timeout=timeout * 1000,
                                        polling=POLLING)  # fmt: skip
        except TooLate:
            raise AssertionError(f"{self.name}: after {timeout} s, cells {self.not_run()} had not ended") from None

    def cells(self):
        """All cells as they are now, as nbformat has them."""
        return self.page.evaluate(CELLS)

    def number_of(self, cell):
        """The number of the cell that a number or words name. Raises LookupError if it is not one."""
        if isinstance(cell, int):
            return cell
        found = [n for n, one in enumerate(self.cells()) if one["cell_type"] == "code" and cell in one["source"]]
        if len(found) != 1:
            raise LookupError(f"{self.name}: {cell!r} must be in exactly one code cell; it is in {found or 'none'}")
        return found[0]

    def cell(self, cell):
        """The locator of a cell: its source, and what it shows below."""
        return self.page.locator(".jp-Notebook .jp-Cell").nth(self.number_of(cell))

    def errors(self):
        """A line for each error of a cell that is not meant to raise one."""
        return [
            f"cell {number}: {output['ename']}: {output['evalue']}"
            for number, cell in enumerate(self.cells())
            if cell["cell_type"] == "code" and "raises-exception" not in cell["metadata"].get("tags", [])
            for output in cell["outputs"]
            if output["output_type"] == "error"
        ]

    def not_run(self):
        """The numbers of the code cells that have not run."""
        return [
            number
            for number, cell in enumerate(self.cells())
            if cell["cell_type"] == "code" and cell["source"].strip() and not cell["execution_count"]
        ]

    def broken_widgets(self, timeout=PATIENCE):
        """A line for each widget that is not to be seen; waits until those that still load are there."""
        from playwright.sync_api import TimeoutError as TooLate

        rendered = f"({WIDGETS})().every(({{shown, broken}}) => shown || broken)"
        with suppress(TooLate):  # those that still load then count as broken
            self.page.wait_for_function(rendered, timeout=timeout * 1000, polling=POLLING)
        widgets = self.page.evaluate(WIDGETS)
        return [f"cell {w['number']}: {w['text'] or 'nothing to see'}" for w in widgets if not w["shown"]]

    def pictures_without_words(self):
        """The beginning of each picture that has no alt text, but for the hidden ones of plotly."""
        without_words = "all => all.filter(one => !one.alt).map(one => one.outerHTML.slice(0, 80))"
        return self.page.eval_on_selector_all(".jp-OutputArea-output img:not(.plot-img)", without_words)

    def screenshot(self, path):
        """Writes what is on the screen now as PNG."""
        self.page.screenshot(path=path)

    def screenshots(self, stem):
        """Writes the whole notebook, screen by screen, as STEM-01.png and so on; returns the paths."""
        self.page.evaluate("jupyterapp.shell.collapseLeft()")
        box = self.page.locator(".jp-WindowedPanel-outer")
        paths, top, end = [], 0, 1
        while top < end:
            seen = box.evaluate(SCROLL, top)
            paths.append(Path(f"{stem}-{len(paths) + 1:02}.png"))
            box.screenshot(path=paths[-1])
            top, end = top + seen["screen"] - OVERLAP, seen["end"]
        return paths
