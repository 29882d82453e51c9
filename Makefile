# munihub: `make` lists what can be done. Nothing has to be installed first but Python ≥ 3.11 and make.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
PIP := $(BIN)/python -m pip --disable-pip-version-check --no-input --quiet --quiet

.PHONY: help
help: ## This list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  \033[1mmake %-10s\033[0m %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: venv
venv: $(INSTALLED) ## The environment in .venv, as requirements.lock says (the others call it)

# Made again when a dependency changed. A folder that was moved or whose Python is gone is made from scratch.
$(INSTALLED): requirements.lock pyproject.toml
	@if ! $(BIN)/python -c '' 2>/dev/null || ! $(BIN)/python -m pip --version >/dev/null 2>&1; then \
	  python=''; \
	  for candidate in $${PYTHON:-python3.11 python3.12 python3.13 python3.14 python3}; do \
	    if "$$candidate" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; \
	    then python="$$candidate"; break; fi; \
	  done; \
	  if [ -z "$$python" ]; then \
	    echo 'munihub needs Python 3.11 or newer with venv (Debian: apt-get install python3-venv).' \
	      'If yours is not on the PATH: make PYTHON=/path/to/python3' >&2; \
	    exit 1; \
	  fi; \
	  echo "Making $(VENV) with $$("$$python" --version) …"; \
	  if $(BIN)/python -c '' 2>/dev/null; then "$$python" -m venv $(VENV); else "$$python" -m venv --clear $(VENV); fi; \
	fi
	@echo 'Installing what requirements.lock lists …'
	@$(PIP) install --require-hashes --requirement requirements.lock
	@$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@

.PHONY: demo
demo: $(INSTALLED) ## Two towns with simulated back offices, until Ctrl-C
	@$(BIN)/munihub demo

.PHONY: demo-once
demo-once: $(INSTALLED) ## The same as a guided tour that ends by itself
	@$(BIN)/munihub demo --once

.PHONY: test
test: $(INSTALLED) ## All tests: no network but loopback, warnings are errors, random order
	@$(BIN)/pytest --numprocesses 3 --dist worksteal $(TESTS)

.PHONY: peers
peers: ## What tests/peers needs of node: services that others have written
	@npm --prefix tests/peers/node install --ignore-scripts --no-audit --no-fund --no-package-lock --silent

.PHONY: check
check: $(INSTALLED) ## Format, lint, types, import contracts
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-cache --no-logo

.PHONY: authorisation
authorisation: $(INSTALLED) ## docs/authorisation.md again, after a route or its rule changed
	@$(BIN)/python -m portal_api.authorisation docs/authorisation.md

.PHONY: tables
tables: $(INSTALLED) ## Diagrams and tables of states in docs/ again, after a state or an edge changed
	@$(BIN)/python -m hub.delivery.table docs/deliveries.md
	@$(BIN)/python -m hub.gateways.table docs/gateways.md
	@$(BIN)/python -m hub.payments.table docs/payments.md
	@$(BIN)/python -m hub.postings.table docs/postings.md
	@$(BIN)/python -m hub.statements.table docs/reconciliation.md

# The generator writes down when and where it ran; neither belongs into what is kept.
.PHONY: bindings
bindings: $(INSTALLED) ## bindings/ again, after the contract of the SOAP push door (hub/intake/push.xsd) changed
	@rm -f bindings/push.py && mkdir -p bindings
	@$(BIN)/pyxbgen --schema-location hub/intake/push.xsd --module push --module-prefix bindings --binding-root . >/dev/null
	@sed -i -e 's|$(CURDIR)/||g' -e '/^# Generated /d' bindings/push.py
	@printf '%s\n' '"""Made by `make bindings` from the contract of the SOAP push door (pyxb); not edited by hand."""' '' \
	  "XSD_SHA256 = \"$$(sha256sum hub/intake/push.xsd | cut -d' ' -f1)\"" >bindings/__init__.py

.PHONY: schema
schema: $(INSTALLED) ## docs/mapping.schema.json again, after a word of the mapping language changed
	@$(BIN)/munihub mapping schema >docs/mapping.schema.json

.PHONY: bench
bench: $(INSTALLED) ## Numbers against a floor or a peer in the same run (BENCH=--quick: only that they run)
	@$(BIN)/python -m benchmarks $(BENCH)

.PHONY: chaos
chaos: $(INSTALLED) ## Everything goes wrong at random, and nothing is lost (SEEDS=20, or SEED=7 alone)
	@$(BIN)/python -m tests.chaos $(if $(SEED),--seed $(SEED),--first $(or $(FIRST),1) --seeds $(or $(SEEDS),20))

.PHONY: lock
lock: ## requirements.lock again, after pyproject.toml changed (needs uv)
	@uv pip compile pyproject.toml --extra dev --universal --python-version 3.11 --generate-hashes \
	  --no-emit-index-url --no-emit-find-links --no-annotate --quiet \
	  --custom-compile-command 'make lock' --output-file requirements.lock
	@if grep -nE '[a-z]+://' requirements.lock; then echo 'requirements.lock names an address' >&2; exit 1; fi

.PHONY: clean
clean: ## Everything that can be made again; var/ (the data) stays
	@rm -rf $(VENV) build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis .coverage*
	@find . -name __pycache__ -type d -not -path './var/*' -prune -exec rm -rf {} +
