# kWHub. Every target sets up what it needs by itself; start with `make run`.
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

BIN := .venv/bin
INSTALL := sh .ci/install.sh
PLUGINS := $(patsubst %/pyproject.toml,%,$(wildcard integrations/*/pyproject.toml))
PROJECTS := pyproject.toml $(PLUGINS:%=%/pyproject.toml)
DEBIAN := chromium fonts-noto-cjk iproute2 mbpoll postgresql
CONFIG ?= config
TESTS ?=

.PHONY: help run test lint bench pictures wheels lock clean

help: ## this list
	@sed -n 's/^\([a-z]*\):.*## /  make \1\t/p' $(MAKEFILE_LIST) | expand -t 18

run: .venv/runtime.stamp ## start the demo plant, the hub and its pages
	@$(BIN)/kwhub run --config $(CONFIG)

test: lint .venv/debian.stamp ## checks, and every test of the hub, its plugins and the tree
	@$(BIN)/python -m pytest -p no:cacheprovider $(TESTS)

lint: .venv/dev.stamp ## style, types, layers, templates
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy hub $(foreach plugin,$(PLUGINS),$(plugin)/hub_$(notdir $(plugin))) .ci
	@MYPYPATH=tests $(BIN)/mypy --explicit-package-bases --allow-untyped-defs --allow-incomplete-defs --allow-untyped-calls --no-warn-unreachable $(wildcard tests docs/guide integrations/*/tests)
	@$(BIN)/lint-imports --no-logo
	@$(BIN)/djlint --quiet --lint frontend/templates

bench: .venv/dev.stamp .venv/debian.stamp ## one table of figures per script in tests/benchmarks/
	@failed=0; for script in tests/benchmarks/*.py; do \
	    echo; echo "== $$script"; $(BIN)/python "$$script" || failed=1; \
	done; exit $$failed

pictures: .venv/dev.stamp .venv/debian.stamp ## pictures of every page for the documents
	@$(BIN)/python .ci/pictures.py

wheels: .venv/dev.stamp ## the hub and every plugin as wheels in dist/
	@rm -rf dist && $(BIN)/python -m pip --quiet wheel --no-deps --no-build-isolation --wheel-dir dist . $(PLUGINS:%=./%)
	@ls dist

lock: .venv/dev.stamp ## pin newer dependencies within the ranges of pyproject.toml
	@PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/python .ci/lock.py --upgrade

clean: ## remove what the targets made, but neither data/ nor config/
	@rm -rf .venv dist build .mypy_cache .ruff_cache .hypothesis .import_linter_cache

.venv/runtime.stamp: .ci/requirements.lock $(PROJECTS)
	@sh .ci/python.sh
	@echo "Installing kWHub, its plugins and what they need"
	@$(INSTALL) --require-hashes -r .ci/requirements.lock
	@$(INSTALL) --no-deps --no-build-isolation $(foreach project,. $(PLUGINS:%=./%),-e $(project))
	@touch $@

.venv/dev.stamp: .venv/runtime.stamp .ci/requirements-dev.lock
	@echo "Installing tools for tests and checks"
	@$(INSTALL) --require-hashes -r .ci/requirements-dev.lock
	@touch $@

.venv/debian.stamp: Makefile
	@sh .ci/python.sh
	@sh .ci/debian.sh $(DEBIAN)
	@touch $@
