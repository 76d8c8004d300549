# Penstock. `make help` lists the targets. Nothing here needs root.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# Tests that may run side by side do; a machine with two cores gains from four workers, as tests mostly wait.
JOBS ?= 4
SOURCES := src tests tools conftest.py
COMPILE = pip compile --quiet --universal --generate-hashes --python-version 3.11 --no-header --no-emit-index-url
# uv believes the machine's own certificates where there are some: behind a company's proxy no others will do.
ifneq ($(wildcard /etc/ssl/certs/ca-certificates.crt),)
export UV_SYSTEM_CERTS ?= 1
endif
export UV_PYTHON_DOWNLOADS ?= never

.DEFAULT_GOAL := help
.PHONY: help install demo test test-kills test-ha test-long check check-wheel format docs bench lock clean

help: ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "  make %-12s %s\n", $$1, $$2}'

$(VENV)/.installed: requirements/runtime.txt requirements/dev.txt pyproject.toml
	@echo "building $(VENV) from the pinned requirements (once, about a minute)"
	@uv=$$(PYTHON="$(PYTHON)" tools/bring-uv) || exit 1; \
	[ -x $(BIN)/python ] || "$$uv" venv --quiet --clear --python "$$(command -v "$(PYTHON)")" $(VENV) || exit 1; \
	"$$uv" pip sync --quiet --python $(BIN)/python --require-hashes requirements/dev.txt && \
	"$$uv" pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable . && \
	touch $@

install: $(VENV)/.installed ## build .venv, so that .venv/bin/penstock exists
	@:

demo: install ## start Penstock beside a simulated Meta and open the inbox (Ctrl-C ends it)
	@$(BIN)/penstock demo

test: install ## run the tests (the long ones have targets of their own)
	@$(BIN)/pytest -n $(JOBS) --dist worksteal -m "not long"

test-kills: install ## a hundred kills under load: nothing lost, nothing doubled (minutes)
	@$(BIN)/pytest -m long tests/journeys/test_kills.py

test-ha: install ## PostgreSQL with a synchronous standby, failed over under load: nothing acknowledged is lost
	@$(BIN)/pytest -m long tests/journeys/test_failover.py

test-long: install ## every long test
	@$(BIN)/pytest -m long

check: install ## format, lint, types, import floors, then the tests
	@$(BIN)/ruff format --check $(SOURCES)
	@$(BIN)/ruff check $(SOURCES)
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(MAKE) --no-print-directory test

check-wheel: install ## build the wheel and try it in an environment of its own
	@uv=$$(PYTHON="$(PYTHON)" tools/bring-uv) && UV="$$uv" tools/check-wheel

format: install ## put the sources into the house format
	@$(BIN)/ruff format $(SOURCES) && $(BIN)/ruff check --fix $(SOURCES)

docs: install ## write anew what docs/ draws from the source
	@$(BIN)/python tools/draw_docs.py --write

bench: install ## the benchmarks, each as a ratio to a floor measured in the same run
	@for part in receive fetch memory answer check claim fair gates watch rollouts "watch --cost"; do $(BIN)/penstock bench $$part || exit 1; done

lock: ## compile the pinned requirement files anew
	@uv=$$(PYTHON="$(PYTHON)" tools/bring-uv) || exit 1; \
	"$$uv" $(COMPILE) --extra simulator pyproject.toml -o requirements/runtime.txt && \
	"$$uv" $(COMPILE) --extra simulator pyproject.toml requirements/dev.in -c requirements/runtime.txt -o requirements/dev.txt && \
	"$$uv" $(COMPILE) requirements/uv.in -o requirements/uv.txt

clean: ## remove what was built (never penstock-data)
	rm -rf $(VENV) .tools build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
