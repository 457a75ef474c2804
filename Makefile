# Every target sets up what it needs in .venv, from the locked and hash-checked requirements.
# PYTHON chooses the interpreter (3.11 or newer); pip's own settings in the environment apply.

PYTHON    ?= python3
VENV      ?= .venv
TEST_JOBS ?= logical
# Who races with us holds common libraries back, so they have an environment of their own. BENCH_FLAGS: --quick, --write, --only race
BENCH_VENV  ?= .venv-bench
BENCH_FLAGS ?=

BIN   := $(VENV)/bin
READY := $(VENV)/.ready
DEV   := $(VENV)/.ready-dev
PIP   := $(BIN)/python -m pip --disable-pip-version-check --quiet install

.PHONY: help demo demo-once test check bench soak lock clean

help:
	@echo "make demo       the main job on a small scripted city, with a live board"
	@echo "make demo-once  one recorded day, its orders checked, a score card"
	@echo "make test       check, then the whole test suite"
	@echo "make check      ruff, mypy --strict, import rules"
	@echo "make bench      the figures of docs/performance.md; BENCH_FLAGS=--quick for a first look"
	@echo "make soak       the long runs"
	@echo "make lock       resolve the dependencies anew (needs the package registry)"
	@echo "make clean      remove everything that make made"

demo: $(READY)
	@exec $(BIN)/fraud-guard demo

demo-once: $(READY)
	@exec $(BIN)/fraud-guard demo --once

test: check
	@echo "· pytest"
	@$(BIN)/python -m pytest -n $(TEST_JOBS) --dist worksteal

check: $(DEV)
	@echo "· ruff"
	@$(BIN)/ruff check --quiet --output-format concise .
	@echo "· mypy --strict"
	@$(BIN)/mypy --no-error-summary
	@echo "· import rules"
	@PYTHONPATH=. $(BIN)/lint-imports --no-logo

bench: $(BENCH_VENV)/.ready
	@exec $(BENCH_VENV)/bin/python -m benchmarks $(BENCH_FLAGS)

soak: $(DEV)
	@exec $(BIN)/python -m pytest -m soak --timeout 0

# $(1): more arguments, $(2): the lock
define compile
$(BIN)/uv pip compile pyproject.toml $(1) --output-file $(2) --universal --python-version 3.11 --upgrade --quiet \
	--generate-hashes --no-emit-index-url --no-emit-find-links --custom-compile-command "make lock"
endef

lock: $(DEV)
	@echo "· resolving requirements.lock, requirements-dev.lock and requirements-bench.lock"
	@$(call compile,--group build,requirements.lock)
	@$(call compile,--group dev --constraint requirements.lock,requirements-dev.lock)
	@$(call compile,--group bench,requirements-bench.lock)

clean:
	rm -rf $(VENV) $(BENCH_VENV) build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "Python 3.11 or newer is needed: make PYTHON=/path/to/python3.11"; exit 3; }
	@echo "· creating $(VENV)"
	@$(PYTHON) -m venv $(VENV)

$(READY): requirements.lock pyproject.toml | $(BIN)/python
	@echo "· installing requirements.lock (hash-checked)"
	@$(PIP) --require-hashes -r requirements.lock
	@$(PIP) --no-deps --no-build-isolation --editable .
	@touch $@

$(DEV): requirements-dev.lock $(READY)
	@echo "· installing requirements-dev.lock (hash-checked)"
	@$(PIP) --require-hashes -r requirements-dev.lock
	@touch $@

$(BENCH_VENV)/.ready: requirements-bench.lock pyproject.toml | $(BIN)/python
	@echo "· installing requirements-bench.lock in $(BENCH_VENV) (hash-checked)"
	@$(BIN)/python -m venv $(BENCH_VENV)
	@$(BENCH_VENV)/bin/python -m pip --disable-pip-version-check --quiet install --require-hashes -r requirements-bench.lock
	@$(BENCH_VENV)/bin/python -m pip --disable-pip-version-check --quiet install --no-deps --no-build-isolation --editable .
	@touch $@
