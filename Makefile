# make demo   set up, make data, train, test, draw: about 12 minutes on two CPU cores, after the set-up's downloads
# make test   set up and run all tests
# make mutants   set up and measure how many small mistakes the tests see: about 90 minutes of one core
# make lint   set up and check style, rooms and types
# make docs   set up and build the documentation site in build/site
# make lite-test   install monfap_mm-lite without PyTorch and compare its answer
# make release-check   set up, build what a release would be, upload it to an index on this machine, and try it
# make clean  remove what the above made, the virtual environment included
#
# PYTHON=python3.12 chooses the interpreter (3.10 or later), DEMO_FLAGS=--quick shortens the demo, TORCH=cpu takes PyTorch
# without CUDA, a far smaller download, from PyTorch's own index (TORCH_INDEX=URL: from another one).

PYTHON ?= python3
DEMO_FLAGS ?=
TEST_FLAGS ?=
TORCH ?=
TORCH_INDEX ?= https://download.pytorch.org/whl/cpu
MUTANTS_FLAGS ?=
# A file's tests stay together, for its fixtures and ports; the order is that of tests/conftest.py.
TEST_WORKERS ?= --numprocesses auto --maxprocesses 4 --dist loadfile --no-loadscope-reorder

VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

.DEFAULT_GOAL := help
ifneq ($(filter-out cpu,$(TORCH)),)
$(error TORCH=$(TORCH): it is cpu, or left out)
endif

.PHONY: help announce setup demo test mutants lint docs mim-test lite-test release-check clean

help:
	@sed -n '/^$$/q; s/^# \{0,1\}//p' Makefile

setup: $(READY)

$(READY): requirements.txt setup.py
	@$(PYTHON) -c 'import sys; sys.exit(None if sys.version_info >= (3, 10) else "Python 3.10 or later is needed, but $(PYTHON) is " + sys.version.split()[0] + ": run make PYTHON=python3.12")'
	@echo '--- Setting up $(VENV) (once; $(if $(TORCH),PyTorch without CUDA,PyTorch with CUDA is a download of gigabytes: TORCH=cpu does without))'
	$(PYTHON) -m venv $(VENV)
ifeq ($(TORCH),cpu)
	grep -E '^torch(vision)?==' requirements.txt > $(VENV)/torch.txt
	$(BIN)/python -m pip install --progress-bar on --index-url $(TORCH_INDEX) -r $(VENV)/torch.txt
endif
	$(BIN)/python -m pip install --progress-bar on -r requirements.txt
	$(BIN)/python -m pip install --no-deps --no-build-isolation -e .
	@touch $@

announce:
	@echo '--- Demo: sets up $(VENV) if it is not there, then trains and tries a small model (tools/run_demo.py tells the steps)'

demo: announce $(READY)
	$(BIN)/python tools/run_demo.py $(DEMO_FLAGS)

test: $(READY)
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest tests $(TEST_WORKERS) $(TEST_FLAGS)

mutants: $(READY)
	OMP_NUM_THREADS=1 $(BIN)/python tests/mutation/run.py $(MUTANTS_FLAGS)

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports --no-cache
	$(BIN)/mypy
	$(BIN)/hadolint Containerfile

# Material announces its successor at each build unless it is told not to.
docs: $(READY)
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict

mim-test: $(READY)
	bash .ci/mim_test.sh $(BIN)/python

lite-test: $(READY)
	bash .ci/lite_test.sh $(BIN)/python

release-check: $(READY)
	bash .ci/release_check.sh $(BIN)/python

clean:
	rm -rf $(VENV) build dist *.egg-info monfap_mm/.mim work_dirs/demo work_dirs/demo_quick data/demo data/demo_quick
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
