# Every target sets up what it needs in .venv; `make demo` and `make test` work on a fresh clone.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: demo test portable package site pages soak fuzz lint types check sample-data pictures clean bench

demo: .venv/runtime  ## install, train on sample_data/, detect, show the table
	@mkdir -p demo-out
	$(BIN)/lstm-anomaly train sample_data/normal.csv --model demo-out/pump.model
	$(BIN)/lstm-anomaly inspect demo-out/pump.model
	$(BIN)/lstm-anomaly detect sample_data/week.csv --model demo-out/pump.model --exit-zero

test: .venv/dev  ## install, run the whole suite, on as many as four processor cores
	$(BIN)/python -m pytest -n auto --maxprocesses 4 --dist worksteal

portable: .venv/dev  ## the numeric tests under each OpenBLAS kernel, the lowest versions allowed, and each Python
	$(BIN)/python tests/portable.py

package:  ## build sdist and wheel, check both, run the wheel where nothing else is installed
	PYTHON=$(PYTHON) .ci/package

site: .venv/docs  ## build docs/ and a page for each command as a site into build/site; a warning is an error
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet

pages: .venv/dev  ## the notebook and the commands of README and docs, with models as `train` chooses them: two minutes
	$(BIN)/python -m pytest -n auto --maxprocesses 2 -m soak tests/docs tests/evaluation/test_sample_faults.py

soak: .venv/dev  ## the long forms of fault injection: hours
	$(BIN)/python -m pytest -m soak

fuzz: .venv/dev  ## 10,000 mutated files through detect, and every limit of memory
	$(BIN)/python -m pytest -m fuzz tests/commands/test_fuzz.py  # alone: what other tests import counts as its memory
	$(BIN)/python -m pytest -m fuzz tests/reading

lint: .venv/dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: .venv/dev
	$(BIN)/mypy

check: lint types test

bench: .venv/dev  ## the table of speed, about ten minutes on two idle cores, and the plot of docs/speed.md
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[bench]'
	$(BIN)/python benchmarks/speed --plots docs

sample-data: .venv/runtime  ## make sample_data/ again; the same bytes each time
	$(BIN)/python sample_data/make_sample_data.py

pictures: .venv/docs  ## make docs/pictures/ again; needs chromium and chromedriver
	$(BIN)/python docs/make_pictures.py

.venv/runtime: pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable .
	@touch $@

.venv/dev: .venv/runtime
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@touch $@

.venv/docs: .venv/dev
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[docs]'
	@touch $@

clean:
	rm -rf .venv demo-out build *.egg-info
