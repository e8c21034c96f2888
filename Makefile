# make lab        set up .venv, check it, open the first notebook (PORT=8899, BROWSER=no, EXTRAS=ray or logs, WHEELS=folder)
# make test       run the lessons at the smoke budget, and test what they use
# make gallery    tune with another library, in an environment of its own: LIB=xgboost; without LIB it names them
# make cheat-sheet  the page to print, as HTML and PDF under build/
#
# For those who teach:
# make rehearse   run what a plan runs, and time its rows (PLAN="90 minutes")
# make book       the course as a web site with all outputs, under build/; runs what has changed, at first for half an hour
# make slides     slides of each lesson, from the notebooks that the book shows, as HTML and PDF under build/
# make wheelhouse  the packages for Linux, macOS and Windows, for a room without internet (WHEELS=folder, TORCH_INDEX)
# make handout    for graded classes: the course without its solutions, in build/handout/
# make solutions  and the lessons with their exercises solved, run, in build/solutions/ (NOTEBOOK=03)
#
# For those who change the course:
# make test-all   make test, then make test-slow: browser, PostgreSQL, kills, and whatever takes long
# make test-gallery  every script of the gallery, twice, in its environment
# make lint       ruff, the order of imports, the rules for notebooks
# make walk       run the notebooks at full budget, record their minutes, keep them for the book (NOTEBOOK=04)
# make screenshots  pictures of the notebooks in both themes, under build/screenshots/ (NOTEBOOK=03, BUDGET=full)
# make numbers    write the numbers and the picture of README, the lessons, and data/recorded/README.md from the recordings
# make record     run the experiments behind data/recorded/ again (an hour and more)
# make bench PART=samplers  what a piece of advice is worth, or a tool costs: a file of tests/bench, whose first lines
#                 say how long it takes and which ARGS it has, like ARGS=--record to keep the result

PYTHON ?= python3
PORT ?= 8888
BROWSER ?= yes
BIN = .venv/bin
OFFLINE = $(if $(WHEELS),--no-index --find-links $(WHEELS))
INSTALL = pip install --quiet $(OFFLINE) $(if $(TORCH_INDEX),--extra-index-url $(TORCH_INDEX))
PYTEST = $(BIN)/python -m pytest --nbval-lax -n 2 --dist loadscope --no-loadscope-reorder
export PIP_DISABLE_PIP_VERSION_CHECK = 1

.PHONY: lab test test-slow test-all test-gallery gallery lint walk cheat-sheet book slides wheelhouse handout solutions rehearse screenshots numbers record bench clean

lab: .venv/installed $(addprefix .venv/extra-,$(EXTRAS))
	@$(BIN)/python -m helpers doctor
	$(BIN)/jupyter lab --ServerApp.root_dir=. --ip=127.0.0.1 --port=$(PORT) $(if $(filter no,$(BROWSER)),--no-browser) $(if $(filter 0,$(shell id -u)),--allow-root) notebooks/00_start_here.ipynb

test: .venv/extra-test
	$(PYTEST) -m "not slow and not browser and not postgres" $(ARGS)

test-slow: $(addprefix .venv/extra-,test book wheelhouse ray logs)
	$(PYTEST) -m "slow or browser or postgres" $(ARGS)

test-all: test test-slow

GALLERY = $(patsubst notebooks/gallery/tune_%.py,%,$(wildcard notebooks/gallery/tune_*.py))
GALLERY_OF = $(or $(filter mxnet,$(LIB)),$(if $(filter tensorflow tf_keras,$(LIB)),tensorflow),$(if $(filter catboost lightning skorch transformers,$(LIB)),extras),one)

gallery: $(if $(filter $(GALLERY),$(LIB)),.venv/gallery/$(GALLERY_OF)/installed)
	$(if $^,,$(error Which library? make gallery LIB=NAME, where NAME is one of $(GALLERY)))
	.venv/gallery/$(GALLERY_OF)/bin/python notebooks/gallery/tune_$(LIB).py

test-gallery: .venv/extra-test $(foreach name,one tensorflow mxnet extras,.venv/gallery/$(name)/installed)
	GALLERY_VENVS=.venv/gallery $(BIN)/python -m pytest tests/gallery --durations 12 $(ARGS)

lint: .venv/extra-test
	$(BIN)/ruff check .
	$(BIN)/lint-imports
	$(BIN)/python tests/notebooks/tidy_notebooks.py

walk: .venv/installed
	$(BIN)/python -m helpers walk $(NOTEBOOK)

cheat-sheet: .venv/installed
	$(BIN)/python -m helpers.authoring.cheat_sheet

handout: .venv/installed
	$(BIN)/python -m helpers.authoring.handout handout

solutions: .venv/installed
	$(BIN)/python -m helpers.authoring.handout solutions $(NOTEBOOK)

rehearse: .venv/installed
	$(BIN)/python -m helpers.authoring.plans "$(PLAN)"

book: .venv/extra-book
	$(BIN)/python -m helpers.authoring.book

slides: .venv/installed
	$(BIN)/python -m helpers.authoring.slides $(NOTEBOOK)

wheelhouse: .venv/extra-wheelhouse
	$(BIN)/python -m helpers.authoring.wheelhouse $(or $(WHEELS),build/wheels) $(if $(TORCH_INDEX),--torch-index $(TORCH_INDEX))

screenshots: .venv/extra-test
	$(BIN)/python -m tests.browser.screenshots $(NOTEBOOK) $(if $(BUDGET),--budget $(BUDGET))

numbers: .venv/installed
	$(BIN)/python -m helpers.authoring.numbers

record: .venv/installed
	$(BIN)/python -m helpers record $(PART)

BENCHMARKS = $(filter-out racers,$(patsubst tests/bench/%.py,%,$(wildcard tests/bench/*.py)))

bench: $(if $(filter $(BENCHMARKS),$(PART)),$(addprefix .venv/extra-,test bench ray) $(if $(filter race,$(PART)),.venv/bench/tuners/installed))
	$(if $^,,$(error Which one? make bench PART=NAME, where NAME is one of $(BENCHMARKS)))
	$(BIN)/python -m tests.bench.$(PART) $(ARGS)

clean:
	rm -rf .venv build .pytest_cache .ruff_cache *.egg-info

# What the targets need.

.venv/installed: requirements.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(None if sys.version_info >= (3, 11) else f"This course needs Python 3.11 or newer; {sys.executable} is {sys.version.split()[0]}. Name a newer one: make lab PYTHON=python3.12")'
	$(PYTHON) -m venv .venv
	$(BIN)/$(INSTALL) -r requirements.txt -e .
	@mkdir -p .venv/share/jupyter/lab/settings
	@echo '{"@jupyterlab/apputils-extension:notification": {"fetchNews": "false", "checkForUpdates": false}}' > .venv/share/jupyter/lab/settings/overrides.json
	@touch $@

.venv/extra-%: .venv/installed
	$(BIN)/$(INSTALL) -e '.[$*]'
	@touch $@

.venv/bench/tuners/installed: tests/bench/requirements-tuners.txt
	$(PYTHON) -m venv $(@D)
	$(@D)/bin/$(INSTALL) -r $<
	@touch $@

.venv/gallery/%/installed: notebooks/gallery/requirements-%.txt
	@$(PYTHON) -c 'import sys; sys.exit("MXNet needs Python 3.11: make gallery LIB=mxnet PYTHON=python3.11" if "$*" == "mxnet" and sys.version_info[:2] != (3, 11) else None)'
	$(PYTHON) -m venv $(@D)
	$(@D)/bin/$(INSTALL) -r $<
	@touch $@
