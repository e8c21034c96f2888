# make lab     set up .venv, check it, open the first notebook (PORT=8899, BROWSER=no, EXTRAS=ray)
# make test    every helper, snippet and notebook, the latter at the smoke budget; widgets in Chromium, if there is one
# make walk    the notebooks at full budget, as HTML under build/
# make screenshots  pictures of the notebooks in both themes, under build/screenshots/ (NOTEBOOK=03, BUDGET=full)
# make picture  film the moving picture of README
# make cheat-sheet  the page to print, as HTML and PDF under build/
# make record-table  train the grid of configurations that searches are tried on (half an hour of two cores)
# make numbers  write the numbers of README and data/recorded/README.md from the recordings
# make record  run the experiments behind data/recorded/ again (an hour and more)
# make gallery LIB=xgboost  tune with another library, in an environment of its own; LIB=? names them
# make test-gallery  every script of the gallery, twice, in its environment
# make bench   what the advice is worth, and its price: searches, tuners, layouts, loops (hours); SMALL=--small for a taste
# make bench-gpu  the parts of it that need a GPU (five minutes)
# make soak    kill the workers of studies at random, three hundred times, and look for what was lost

PYTHON ?= python3
PORT ?= 8888
BROWSER ?= yes
BIN = .venv/bin
export PIP_DISABLE_PIP_VERSION_CHECK = 1

.PHONY: lab test lint walk numbers cheat-sheet record record-table bench bench-gpu soak gallery test-gallery screenshots picture clean

lab: .venv/installed $(addprefix .venv/extra-,$(EXTRAS))
	@$(BIN)/python -m helpers doctor
	$(BIN)/jupyter lab --ServerApp.root_dir=. --ip=127.0.0.1 --port=$(PORT) $(if $(filter no,$(BROWSER)),--no-browser) $(if $(filter 0,$(shell id -u)),--allow-root) notebooks/00_start_here.ipynb

test: .venv/tested
	$(BIN)/python -m pytest $(ARGS)

lint: .venv/tested
	$(BIN)/ruff check .
	$(BIN)/lint-imports
	$(BIN)/python tests/notebooks/tidy_notebooks.py

walk: .venv/installed
	$(BIN)/python -m helpers walk $(NOTEBOOK)

cheat-sheet: .venv/installed
	$(BIN)/python -m helpers.authoring.cheat_sheet

numbers: .venv/installed
	$(BIN)/python -m helpers.authoring.numbers

record: .venv/installed
	$(BIN)/python -m helpers record $(PART)

bench: .venv/tested .venv/bench/tuners/installed
	$(BIN)/pip install --quiet cmaes==0.13.1
	$(BIN)/python -m tests.bench.training_loop $(SMALL)
	$(BIN)/python tests/bench/live_study.py
	$(BIN)/python -m tests.bench.load_csv
	$(BIN)/python -m tests.bench.workers
	$(BIN)/python -m tests.bench.storages
	$(BIN)/python -m tests.bench.classroom
	$(BIN)/python -m tests.bench.growth $(SMALL)
	$(BIN)/python -m tests.bench.faster $(SMALL)
	$(BIN)/python -m tests.bench.samplers $(SMALL)
	$(BIN)/python -m tests.bench.wilcoxon $(SMALL)
	$(BIN)/python -m tests.bench.article $(SMALL)
	$(BIN)/python -m tests.bench.tuners $(SMALL)
	$(BIN)/python -m tests.bench.layouts $(SMALL)

bench-gpu: .venv/tested
	$(BIN)/python -m tests.bench.gpu $(SMALL)
	$(BIN)/python -m tests.bench.faster --device cuda $(SMALL)

record-table: .venv/installed
	$(BIN)/python -m tests.bench.table --record $(SMALL)

.venv/bench/tuners/installed: tests/bench/requirements-tuners.txt
	$(PYTHON) -m venv $(@D)
	$(@D)/bin/pip install --quiet $(if $(TORCH_INDEX),--extra-index-url $(TORCH_INDEX)) -r $<
	@touch $@

soak: .venv/tested
	$(BIN)/python -m tests.faults.soak --kills 100 --record

GALLERY = $(patsubst notebooks/gallery/tune_%.py,%,$(wildcard notebooks/gallery/tune_*.py))
GALLERY_OF = $(or $(filter mxnet,$(LIB)),$(if $(filter tensorflow tf_keras,$(LIB)),tensorflow),$(if $(filter catboost lightning skorch,$(LIB)),extras),one)

gallery: $(if $(filter $(GALLERY),$(LIB)),.venv/gallery/$(GALLERY_OF)/installed)
	$(if $^,,$(error Which library? make gallery LIB=NAME, where NAME is one of $(GALLERY)))
	.venv/gallery/$(GALLERY_OF)/bin/python notebooks/gallery/tune_$(LIB).py

test-gallery: .venv/tested $(foreach name,one tensorflow mxnet extras,.venv/gallery/$(name)/installed)
	GALLERY_VENVS=.venv/gallery $(BIN)/python -m pytest tests/gallery -n 0 --durations 12 $(ARGS)

.venv/gallery/%/installed: notebooks/gallery/requirements-%.txt
	@$(PYTHON) -c 'import sys; sys.exit("MXNet needs Python 3.11: make gallery LIB=mxnet PYTHON=python3.11" if "$*" == "mxnet" and sys.version_info[:2] != (3, 11) else None)'
	$(PYTHON) -m venv $(@D)
	$(@D)/bin/pip install --quiet $(if $(TORCH_INDEX),--extra-index-url $(TORCH_INDEX)) -r $<
	@touch $@

screenshots: .venv/tested
	$(BIN)/python -m tests.browser.screenshots $(NOTEBOOK) $(if $(BUDGET),--budget $(BUDGET))

picture: .venv/tested
	$(BIN)/python -m tests.browser.readme_picture

clean:
	rm -rf .venv build .pytest_cache .ruff_cache *.egg-info

.venv/installed: requirements.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(None if sys.version_info >= (3, 11) else f"This course needs Python 3.11 or newer; {sys.executable} is {sys.version.split()[0]}. Name a newer one: make lab PYTHON=python3.12")'
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet $(if $(TORCH_INDEX),--extra-index-url $(TORCH_INDEX)) -r requirements.txt -e .
	@mkdir -p .venv/share/jupyter/lab/settings
	@echo '{"@jupyterlab/apputils-extension:notification": {"fetchNews": "false", "checkForUpdates": false}}' > .venv/share/jupyter/lab/settings/overrides.json
	@touch $@

.venv/tested: .venv/installed
	$(BIN)/pip install --quiet -e '.[test]'
	@touch $@

.venv/extra-%: .venv/installed
	$(BIN)/pip install --quiet -e '.[$*]'
	@touch $@
