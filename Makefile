# The two commands a newcomer needs: `make run` and `make test`. `make help` lists the rest.
SHELL := /bin/sh
VENV := .venv
PYTHON := $(VENV)/bin/python
UV := $(VENV)/bin/uv
APPS := dao_portal accounts treasury governance social

.DEFAULT_GOAL := help
.PHONY: help run install test check format lint types contracts lock clean

help:
	@grep -E '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

$(VENV)/.installed: requirements-dev.txt requirements-uv.txt scripts/bootstrap.sh
	@VENV=$(VENV) sh scripts/bootstrap.sh requirements-dev.txt
	@touch $@

install: $(VENV)/.installed ## install the pinned packages into .venv

run: install ## start the whole portal with a demo community
	@DAO_DEMO=$${DAO_DEMO-1} exec $(PYTHON) manage.py runportal

test: install ## run the tests (ARGS="tests/governance -x" for some of them)
	@$(PYTHON) -m pytest $(ARGS)

check: lint types contracts ## everything CI checks: format, types, contracts, then the tests
	@$(MAKE) --no-print-directory test

lint: install
	@$(PYTHON) -m ruff format --check
	@$(PYTHON) -m ruff check
	@find templates -name '*.html' | xargs $(VENV)/bin/djade --check --target-version 5.2

types: install
	@$(PYTHON) -m mypy

contracts: install
	@$(VENV)/bin/lint-imports
	@$(PYTHON) manage.py makemigrations --check --dry-run

format: install ## format code and templates
	@$(PYTHON) -m ruff format
	@$(PYTHON) -m ruff check --fix
	@find templates -name '*.html' | xargs $(VENV)/bin/djade --target-version 5.2

lock: install ## choose new versions of the packages in requirements*.in
	@$(UV) pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes requirements.in -o requirements.txt
	@$(UV) pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes requirements-dev.in -o requirements-dev.txt

clean: ## remove .venv (the portal's data in .local stays)
	rm -rf $(VENV)
