# Everything a person does with a clone. `make` alone says what there is.

PYTHON ?= python3
BIN := .venv/bin
PACKAGES := bailanys bench calls config console demands dialplan dispatch ivr planning rating recordings routing speech storage telephony
SOURCES := $(wildcard $(PACKAGES) phones) tests tools
export PYTHONUNBUFFERED := 1
unexport PYTHONDONTWRITEBYTECODE  # a run starts hundreds of Pythons: each would compile everything anew

.DEFAULT_GOAL := help
.PHONY: help setup install demo run test unit nightly record mutate lint format bench lock clean

help: ## say what there is
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: ## the virtual environment in .venv, Asterisk and SIPp in .cache
	@$(PYTHON) tools/setup.py

install: ## the hotline alone, of a wheel, into a folder of its own: make install PREFIX=/opt/bailanys
	@$(PYTHON) tools/install.py "$(PREFIX)"

demo: setup ## real phones play a scene on a real Asterisk; leaves nothing running
	@$(BIN)/bailanys demo

run: setup ## the hotline, up until Ctrl-C
	@$(BIN)/bailanys run

test: setup lint ## lint, then all the tests: the units, and beside them two scenes per processor
	@$(BIN)/pytest -n auto --durations 10 tests/unit tests/contract tests/asterisk

unit: setup ## the tests that end in seconds
	@$(BIN)/pytest tests/unit -m 'not process'

nightly: setup ## the core's invariants over 10,000 random sequences, half an hour or more
	@BAILANYS_EXAMPLES=10000 $(BIN)/pytest tests/unit/routing/test_invariants.py tests/unit/routing/test_losses.py --timeout 14400

record: setup ## what passes between the controller and a real Asterisk, recorded anew for the replays of dispatch
	@$(BIN)/python tests/asterisk/record_streams.py $(ARGS)

mutate: setup ## would a unit test notice? a sample of small faults, one at a time; ARGS="--only demands" for a part
	@$(BIN)/python tools/mutate.py $(ARGS)

lint: setup ## ruff, mypy, import-linter, codespell; the commands that the pages name
	$(BIN)/ruff check $(SOURCES)
	$(BIN)/ruff format --check $(SOURCES)
	$(BIN)/mypy
	$(BIN)/mypy tools
	$(BIN)/lint-imports
	$(BIN)/codespell
	$(BIN)/python tools/pages.py

format: setup ## let ruff rewrite what it can
	$(BIN)/ruff check --fix $(SOURCES)
	$(BIN)/ruff format $(SOURCES)

bench: setup ## every benchmark, the quick way
	@for name in answer dispatch skills cost kills policy flatness decision estimate target twin coverage chaos drift find ratings reads finalise package verify loop soak counting guesses; do $(BIN)/python -m bench.$$name --quick || exit 1; done

lock: setup ## write requirements.lock anew from pyproject.toml
	@$(BIN)/python tools/lock.py

clean: ## delete the virtual environment and the cache
	rm -rf .venv .cache
