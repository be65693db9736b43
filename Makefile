# The one entrance for a person: needs make and Python 3.11 or newer, installs the rest into .venv.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
DEMO := examples/support-assistant

.DEFAULT_GOAL := help
.PHONY: help demo test lint types layers unit test-ml cases bench fuzz docs lock clean

help: ## list the targets
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-10s %s\n", $$1, $$2}'

$(BIN)/python:
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "lading needs Python 3.11 or newer: make PYTHON=python3.12 …")'
	$(PYTHON) -m venv $(VENV)

$(VENV)/.run: $(BIN)/python pyproject.toml requirements/run.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/run.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --editable .
	@touch $@

$(VENV)/.dev: $(VENV)/.run requirements/dev.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.txt
	@touch $@

demo: $(VENV)/.run ## scan a realistic example and show what it inherits
	@$(BIN)/lading scan $(DEMO)
	@$(BIN)/lading scan $(DEMO) --quiet --format html --output build/demo.html
	@$(BIN)/lading scan $(DEMO) --quiet --format cyclonedx --output build/demo.cdx.json
	@echo
	@echo "The same as a page:      build/demo.html"
	@echo "The same as CycloneDX:   build/demo.cdx.json"
	@echo "Now your own repository: $(BIN)/lading scan PATH"

test: lint types layers unit ## everything a change must pass: lint, types, import contracts, tests

lint: $(VENV)/.dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

types: $(VENV)/.dev
	$(BIN)/mypy

layers: $(VENV)/.dev
	$(BIN)/lint-imports

unit: $(VENV)/.dev
	$(BIN)/pytest --numprocesses auto

$(VENV)-ml/.ml: requirements/ml.txt pyproject.toml
	test -x $(VENV)-ml/bin/python || $(PYTHON) -m venv $(VENV)-ml
	$(VENV)-ml/bin/python -m pip install --quiet --disable-pip-version-check -r requirements/ml.txt
	$(VENV)-ml/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --editable .
	@touch $@

test-ml: $(VENV)-ml/.ml ## read files written by the real libraries (installs PyTorch and others)
	$(VENV)-ml/bin/python -m pytest tests/ml

cases: $(VENV)/.dev ## write every expected.json of tests/cases anew; read the difference
	$(BIN)/python tests/cases.py

bench: $(VENV)/.dev ## measure discovery, speed and codecs; writes docs/benchmarks.md
	$(BIN)/python bench/run.py

fuzz: $(VENV)/.dev ## feed changed inputs to every parser for ten minutes; PARSER=name SECONDS=n for one of them
	$(BIN)/python bench/inspection_fuzz.py --parser $(or $(PARSER),all) --seconds $(or $(SECONDS),600)

docs: $(VENV)/.dev ## generate the reference pages
	$(BIN)/python docs/generate.py

lock: ## pin every dependency anew with uv (hashes, no host names)
	uv export --quiet --no-emit-project --no-header --no-default-groups --format requirements-txt --output-file requirements/run.txt
	uv export --quiet --no-emit-project --no-header --format requirements-txt --output-file requirements/dev.txt

clean: ## remove what was built and installed
	rm -rf $(VENV) $(VENV)-ml build dist .cache
