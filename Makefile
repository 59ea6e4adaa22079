# `make report` and `make test` do all the set-up on a machine that has only Python (>= 3.11) and make.
# PYTHON chooses the interpreter, TORCH the build of torch (default: the CPU build).

PYTHON ?= python3
TORCH ?= torch==2.13.0+cpu
TORCH_INDEX ?= https://download.pytorch.org/whl/cpu
VENV := .venv
BIN := $(VENV)/bin
RUN ?= sample_logs/saturating_tanh

.PHONY: help report test check bench samples docs zoo torture clean

help:
	@echo "make report   environment without torch, and a report on a sample run (RUN=...)"
	@echo "make test     environment with torch, and every test"
	@echo "make check    types, style, import contracts, generated docs"
	@echo "make bench    what recording costs, beside TensorBoard and wandb (BENCH='--jobs mlp --seconds 30')"
	@echo "make samples  record the sample runs anew"
	@echo "make docs     print the reference pages from headers and schema"
	@echo "make zoo      accuracy on planted faults and healthy runs (long)"
	@echo "make torture  crashes, damage and long runs (long)"

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade "pip>=25.1"

$(VENV)/analyzer: $(BIN)/python pyproject.toml
	$(BIN)/python -m pip install --quiet --editable .
	@touch $@

# The CPU build is looked for where pip already looks, then on PyTorch's own index; a CUDA build is never taken by accident: the file made here
# holds torch's version, and binds what is installed later.
$(VENV)/torch: $(BIN)/python
	$(BIN)/python -c "import torch" 2>/dev/null \
	|| $(BIN)/python -m pip install --quiet "$(TORCH)" 2>/dev/null \
	|| $(BIN)/python -m pip install --quiet --extra-index-url $(TORCH_INDEX) "$(TORCH)" \
	|| $(BIN)/python -m pip install --quiet --index-url $(TORCH_INDEX) torch
	@$(BIN)/python -c "from importlib.metadata import version; print('torch==' + version('torch'))" > $@

$(VENV)/dev: $(VENV)/analyzer $(VENV)/torch
	$(BIN)/python -m pip install --quiet --constraint $(VENV)/torch --group dev --editable ".[torch]"
	@touch $@

# What the benchmark compares with.
$(VENV)/bench: $(VENV)/dev
	$(BIN)/python -m pip install --quiet --constraint $(VENV)/torch --group bench
	@touch $@

report: $(VENV)/analyzer
	$(BIN)/analyze report $(RUN) -o report/$(notdir $(RUN)).html
	@echo "$(CURDIR)/report/$(notdir $(RUN)).html"

test: $(VENV)/dev
	$(BIN)/python -m pytest -m "not slow" -n 2

check: $(VENV)/dev
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python scripts/print_docs.py --check

bench: $(VENV)/bench
	$(BIN)/python -m tests.benchmarks.bench $(BENCH)

samples: $(VENV)/dev
	for script in sample_logs/record_*.py; do $(BIN)/python $$script || exit 1; done

docs: $(VENV)/dev
	$(BIN)/python scripts/print_docs.py

zoo: $(VENV)/dev
	$(BIN)/python -m tests.zoo.sweep

torture: $(VENV)/dev
	$(BIN)/python -m pytest -m slow tests/torture

clean:
	rm -rf $(VENV) report
