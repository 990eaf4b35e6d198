# Targets are described after `##`; `make` alone lists them.
# Everything runs in .venv, built from pyproject.toml and the pins of constraints.txt.

PYTHON ?= python3
BIN := .venv/bin
PY := $(BIN)/python

# The pins hold for the build environment too. Older pips read the first variable for it, newer
# ones the second. Both are relative paths: pip splits them at blanks, and a checkout's may have some.
PINS := PIP_CONSTRAINT=constraints.txt PIP_BUILD_CONSTRAINT=constraints.txt
PIP := $(PINS) PIP_DISABLE_PIP_VERSION_CHECK=1 $(PY) -m pip

SOURCES := $(wildcard src bench tests)

# Tests wait for processes, pages and disks: with three workers for two cores these are kept busy.
WORKERS := $(shell $(PYTHON) -c 'import os; print(max(2, (os.cpu_count() or 1) * 3 // 2))')
PYTEST := $(PY) -m pytest -q -n $(WORKERS) --dist worksteal

# On a disk, tests wait much of their time for writes to be safe. No test cuts the power: the folders
# of `make test` lie in memory where a gigabyte of it is free, and go with each test that passes.
MEMORY := $(shell test -w /dev/shm && df -Pk /dev/shm | awk 'NR == 2 && $$4 > 1048576 { print $$6 }')
IN_MEMORY := $(if $(filter /dev/shm,$(MEMORY)),PYTEST_DEBUG_TEMPROOT=/dev/shm)

# The tests start hundreds of processes; what one of them compiles the next need not.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help demo serve test long lint wheel check bench sim dist format clean
.DELETE_ON_ERROR:

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' Makefile

demo: .venv/.run ## curate and link a sample vault, offline and for nothing
	$(BIN)/notemill demo
	@echo "make serve                        the dashboard of that vault, in your browser"

# Its folder is a copy, its state has a folder of its own, and no key of yours is looked at.
serve: .venv/.run ## show the dashboard of a sample vault with proposals to review, for nothing
	@at=$$(mktemp -d) && cp -R src/notemill/sample_vault "$$at/vault" && \
	export TWOLANE_HOME="$$at/home" TWOLANE_PROVIDER=offline && \
	echo "a copy of the sample vault: $$at/vault" && \
	$(BIN)/notemill curate "$$at/vault" --yes >"$$at/log" 2>&1 && \
	$(BIN)/notemill link "$$at/vault" --embedding off >>"$$at/log" 2>&1 || \
	{ cat "$$at/log"; exit 1; }; trap : INT; \
	$(BIN)/notemill serve "$$at/vault" $(if $(PORT),--port $(PORT)); \
	code=$$?; rm -rf "$$at"; test $$code -eq 0 -o $$code -eq 4

test: .venv/.dev ## run the tests, but for those that take long
	$(IN_MEMORY) $(PYTEST) -m "not long" -o tmp_path_retention_policy=failed

long: .venv/.dev ## run the tests that take long: the simulation, whole vaults, growth of time
	$(PYTEST) -m long

# Checks the JSDoc types of the dashboard's JavaScript, where npm is installed.
TYPESCRIPT := 5.9.3

lint: .venv/.dev ## check format, rules, types and layers
	$(BIN)/ruff format --check $(SOURCES)
	$(BIN)/ruff check $(SOURCES)
	$(BIN)/mypy $(SOURCES)
	$(BIN)/lint-imports --no-logo
	@if command -v npx >/dev/null; then npx --yes --package typescript@$(TYPESCRIPT) tsc -p tsconfig.json; \
	else echo "npx is not installed: the types of the dashboard's JavaScript are not checked"; fi

wheel: .venv/.dev ## build the wheel and test it as installed
	$(PINS) PYTHON=$(PY) bash .ci/wheel

check: lint test long wheel ## all of the above

bench: .venv/.dev ## run the benchmarks, bench/bench_*.py
	@for script in bench/bench_*.py; do echo "$$script"; $(PY) "$$script" || exit 1; done

# SEED=7 replays one seed, MUTANTS=1 shows that the simulation catches engines that lack a
# safeguard, JOBS=2 uses two cores; otherwise every seed below SEEDS is played, once.
SIM := $(if $(SEED),--seed $(SEED),$(if $(MUTANTS),--mutants 500,--seeds $(or $(SEEDS),1000)))

sim: .venv/.dev ## simulate SEEDS=1000 runs with faults, crashes and restarts
	$(PY) -m tests.twolane.chaos $(SIM) --jobs $(or $(JOBS),1)

dist: .venv/.dev ## build the wheel and the source distribution into dist
	rm -rf dist
	$(PINS) $(PY) -m build --outdir dist

format: .venv/.dev ## format the code and fix what can be fixed
	$(BIN)/ruff format $(SOURCES)
	$(BIN)/ruff check --fix $(SOURCES)

clean: ## remove the environment, build products and caches
	rm -rf .venv .sim build dist .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	find src $(wildcard bench tests) -name __pycache__ -type d -prune -exec rm -rf {} +

.venv/.base:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "notemill needs Python 3.11 or newer, which '$(PYTHON)' is not." \
			"Name one that is: make PYTHON=python3.12" >&2; exit 1; }
	$(PYTHON) -m venv --clear .venv
	@touch $@

.venv/.run: .venv/.base pyproject.toml constraints.txt
	$(PIP) install -qq -e '.[embed]'
	@touch $@

.venv/.dev: .venv/.base pyproject.toml constraints.txt
	$(PIP) install -qq -e '.[dev]'
	@touch .venv/.run $@
