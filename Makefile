# Penstock. `make help` lists the targets. Nothing here needs root.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# Tests that may run side by side do; a machine with two cores gains from four workers, as tests mostly wait.
JOBS ?= 4
.DEFAULT_GOAL := help
.PHONY: help install demo test test-kills test-long check format bench lock clean

help: ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "  make %-11s %s\n", $$1, $$2}'

$(VENV)/.installed: requirements/runtime.txt requirements/dev.txt pyproject.toml
	@uv=$$(PYTHON=$(PYTHON) tools/bring-uv) || exit 1; \
	[ -x $(BIN)/python ] || "$$uv" venv --quiet --python $(PYTHON) $(VENV) || exit 1; \
	"$$uv" pip install --quiet --python $(BIN)/python --require-hashes -r requirements/dev.txt && \
	"$$uv" pip install --quiet --python $(BIN)/python --no-deps --editable . && \
	touch $@

install: $(VENV)/.installed ## build .venv, so that .venv/bin/penstock exists

demo: install ## start Penstock beside a simulated Meta and open the inbox (Ctrl-C ends it)
	@$(BIN)/penstock demo

test: install ## run the tests (the long ones have targets of their own)
	@$(BIN)/pytest -n $(JOBS) -m "not long"

test-kills: install ## a hundred kills under load: nothing lost, nothing doubled (minutes)
	@$(BIN)/pytest -m long tests/journeys/test_kills.py

test-long: install ## every long test
	@$(BIN)/pytest -m long

check: install ## format, lint, types, import floors, then the tests
	@$(BIN)/ruff format --check src tests tools
	@$(BIN)/ruff check src tests tools
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(MAKE) --no-print-directory test

format: install ## put the sources into the house format
	@$(BIN)/ruff format src tests tools && $(BIN)/ruff check --fix src tests tools

bench: install ## the benchmarks, each as a ratio to a floor measured in the same run
	@for part in receive fetch memory answer; do $(BIN)/penstock bench $$part || exit 1; done

lock: ## compile the pinned requirement files anew
	@uv=$$(PYTHON=$(PYTHON) tools/bring-uv) || exit 1; \
	"$$uv" pip compile --quiet --universal --generate-hashes --python-version 3.11 --no-header --no-emit-index-url --extra simulator pyproject.toml -o requirements/runtime.txt && \
	"$$uv" pip compile --quiet --universal --generate-hashes --python-version 3.11 --no-header --no-emit-index-url --extra simulator pyproject.toml requirements/dev.in -c requirements/runtime.txt -o requirements/dev.txt

clean: ## remove what was built (never penstock-data)
	rm -rf $(VENV) .tools build dist .pytest_cache .mypy_cache .ruff_cache
