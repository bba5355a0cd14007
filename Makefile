# The two commands a newcomer needs: `make run` and `make test`. `make` alone lists the rest.
SHELL := /bin/sh
VENV := .venv
PYTHON := $(VENV)/bin/python
LOCK := $(VENV)/bin/uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes
TEMPLATES = $(shell find templates -name '*.html')

.DEFAULT_GOAL := help
.PHONY: help run test stress bench mutants install check format lint types contracts lock clean

help:
	@sed -nE 's/^([a-z]+):.* ## (.*)/make \1\t\2/p' Makefile | expand -t 16

run: install ## the whole portal with a demo community, until Ctrl-C
	@DAO_DEMO=$${DAO_DEMO-1} exec $(PYTHON) manage.py runportal

test: install ## the tests (ARGS="tests/governance -x" for some of them)
	@$(PYTHON) -m pytest -n 2 $(ARGS)

stress: install ## twenty rounds of many processes at once (ARGS="tests/stress/test_race.py" for some)
	@DAO_STRESS_ROUNDS=$${DAO_STRESS_ROUNDS-20} $(PYTHON) -m pytest -p no:randomly $(or $(ARGS),tests/stress)

bench: install ## what each page costs (ARGS="--only comments --rounds 200" for some of them)
	@$(PYTHON) -m tests.bench $(ARGS)

mutants: install ## takes guards away, to see which no test misses (ARGS="--mutants votes.py" for some)
	@$(PYTHON) -m pytest -q -p no:randomly -p tests.mutants $(ARGS)

install: $(VENV)/.installed ## .venv with the pinned packages

$(VENV)/.installed: requirements-dev.txt requirements-uv.txt scripts/bootstrap.sh
	@VENV=$(VENV) sh scripts/bootstrap.sh requirements-dev.txt
	@touch $@

check: lint types contracts ## what CI runs: format, types, contracts, then the tests
	@$(MAKE) --no-print-directory test

lint: install
	@$(PYTHON) -m ruff format --check
	@$(PYTHON) -m ruff check
	@$(VENV)/bin/djade --check --target-version 5.2 $(TEMPLATES)

types: install
	@$(PYTHON) -m mypy

contracts: install
	@$(VENV)/bin/lint-imports --no-logo

format: install ## write code and templates as `make check` wants them
	@$(PYTHON) -m ruff check --fix
	@$(PYTHON) -m ruff format
	@$(VENV)/bin/djade --target-version 5.2 $(TEMPLATES)

lock: install ## newest versions into requirements*.txt, with hashes
	@$(LOCK) requirements.in -o requirements.txt
	@$(LOCK) requirements-dev.in -o requirements-dev.txt

clean: ## remove .venv; the portal's data in .local stays
	@rm -rf $(VENV)
