# Every target installs what it needs. Run `make` to list them.
# DURATION=60 ends the demo after 60 s; ARGS="--headless" is passed to the program.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.ONESHELL:

VENV ?= .venv
BIN := $(VENV)/bin
DURATION ?=
DEMO_NAME ?= physiosync-demo
ARGS ?=
INPUTS := pyproject.toml constraints.txt
DEMO_READY := $(VENV)/.ready-demo
ALL_READY := $(VENV)/.ready-all
PIP_INSTALL := $(BIN)/python -m pip install -qq --progress-bar off --disable-pip-version-check

.PHONY: help
help:  ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):[^#]*## /  make \1\t/' | expand -t 22

.PHONY: demo
demo: $(DEMO_READY)  ## run a simulated person live in the dashboard (or in the terminal)
	@if [ "$$(uname -s)" = Linux ] && [ -z "$${DISPLAY:-}$${WAYLAND_DISPLAY:-}" ]; then
	    echo "No display: the terminal view for $(or $(DURATION),30) s, then a picture of the dashboard."
	    options="--headless --duration $(or $(DURATION),30)"
	else
	    options="$(if $(DURATION),--duration $(DURATION))"
	fi
	$(BIN)/physiosync demo $$options --csv $(DEMO_NAME).csv --png $(DEMO_NAME).png $(ARGS)

.PHONY: test
test: $(ALL_READY)  ## all fast tests: live ones first in line for the cores, the others beside them
	@export OMP_NUM_THREADS="$${OMP_NUM_THREADS:-1}"
	unset PYTHONDONTWRITEBYTECODE  # a hundred programs are started: compiled once, not each time
	two="-n 2 --dist loadfile --no-loadscope-reorder"
	others=$$(mktemp)
	nice $(BIN)/python -m pytest -q $$two -m "not slow and not live" $(ARGS) >"$$others" 2>&1 &
	failed=0
	$(BIN)/python -m pytest -q $$two -m "live and not slow" $(ARGS) || failed=$$?
	[ $$failed != 5 ] || failed=0  # 5: no test of this half was asked for
	wait $$! || { second=$$?; [ $$second = 5 ] || failed=$$second; }
	cat "$$others"; rm -f "$$others"
	exit $$failed

.PHONY: test-slow
test-slow: $(ALL_READY)  ## run the slow tests
	@$(BIN)/python -m pytest -q -m slow $(ARGS)

.PHONY: fuzz
fuzz: $(ALL_READY)  ## damage inputs of every format, 4,200 times; fails where one ends badly
	@PYTHONPATH=tests OMP_NUM_THREADS=1 $(BIN)/python -m fuzz.run $(ARGS)

.PHONY: lint
lint: $(ALL_READY)  ## check style, types and import rules
	@$(BIN)/ruff check --quiet .
	$(BIN)/ruff format --quiet --check .
	$(BIN)/mypy --no-error-summary
	$(BIN)/lint-imports --no-cache | tail -n 20

.PHONY: doctor
doctor: $(DEMO_READY)  ## check this computer, and show how to fix what does not work
	@$(BIN)/physiosync doctor

.PHONY: build
build: $(ALL_READY)  ## build wheel and source archive in dist/
	@$(BIN)/python -m build --outdir dist . | tail -n 1

$(BIN)/python:
	@for candidate in python3.11 python3.12 python3.13 python3 python; do
	    if "$$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
	        echo "Creating $(VENV) with $$("$$candidate" --version)"
	        "$$candidate" -m venv $(VENV)
	        exit 0
	    fi
	done
	echo "No Python 3.11 or newer found; install one and run make again." >&2
	exit 1

$(DEMO_READY): $(INPUTS) | $(BIN)/python
	@echo "Installing what the demo needs into $(VENV) (a few minutes, once)"
	$(PIP_INSTALL) -c constraints.txt -e '.[gui]'
	touch $@

$(ALL_READY): $(INPUTS) | $(BIN)/python
	@echo "Installing everything into $(VENV) (a few minutes, once)"
	$(PIP_INSTALL) -c constraints.txt -e '.[gui,devices,train,record,fast,test,dev]'
	touch $(DEMO_READY) $@
