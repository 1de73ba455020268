# Every step is lazy and can be repeated; `make help` lists them.
PYTHON ?= python3
BIN := .venv/bin
STAMP := .venv/.installed
# Compiled modules are kept even where the surroundings say otherwise: the tests start dozens of our own programs.
export PYTHONDONTWRITEBYTECODE :=

.DEFAULT_GOAL := help
.PHONY: help install run test texts screenshots fuzz lint bench load chaos real real-plans sbom image-check migration clean

help: ## list the targets
	@grep -E '^[a-z-]+:.*## ' Makefile | sed 's/:.*## /\t/' | expand -t 12

install: $(STAMP) ## make .venv with the locked dependencies

$(STAMP): requirements.lock pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --editable .
	touch $(STAMP)

run: $(STAMP) ## prepare an embedded database with demo data, serve it, say what to open
	$(BIN)/rongqiao db upgrade
	$(BIN)/rongqiao seed demo
	$(BIN)/rongqiao serve

lint: $(STAMP) ## style, types, contracts between rooms
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy --num-workers 2
	$(BIN)/lint-imports

test: lint ## lint, then every test on SQLite and PostgreSQL, and in a Chromium that is found or fetched
	$(BIN)/python -m tests.pages.chromium
	$(BIN)/pytest -n 2 --dist loadgroup

fuzz: $(STAMP) ## the API's description walked for long: every bound, many more examples and sequences
	$(BIN)/pytest tests/house/test_fuzz.py -n 2 --hypothesis-profile=fuzz

bench: $(STAMP) ## all benchmarks, as tables of ratios
	$(BIN)/rongqiao bench

load: $(STAMP) ## the load test: one server process beside PostgreSQL, as shares of an empty route
	$(BIN)/python -m benchmarks load

chaos: $(STAMP) ## kill and break every step on both databases for CHAOS_MINUTES (5), compare what is left
	$(BIN)/python -m tests.chaos

real-plans: $(STAMP) ## membership, round, plans and their effect on a roster of real manufacturers (needs RONGQIAO_REAL_DATA)
	$(BIN)/python -m benchmarks.real_plans --write

real: $(STAMP) ## the whole line on a roster of real manufacturers (needs RONGQIAO_REAL_DATA)
	$(BIN)/python -m benchmarks.real_roster

sbom: $(STAMP) ## the image's bill of materials, build/rongqiao.cdx.json
	$(BIN)/python .ci/bill_of_materials.py build/rongqiao.cdx.json

image-check: $(STAMP) ## carry the Dockerfile out without an engine: build, migrate, serve, work, stop
	$(BIN)/python -m tests.container.image_check

texts: $(STAMP) ## bring the pages' catalogues up to what they say
	$(BIN)/python -m tests.house.text_catalogues
	$(BIN)/python -m tests.house.refusal_catalogue

screenshots: $(STAMP) ## take the pictures of the main pages, docs/pages/
	$(BIN)/python -m tests.pages.screenshots

migration: $(STAMP) ## write the next migration from the tables: make migration NAME=what_changes
	$(BIN)/alembic revision --autogenerate -m "$(NAME)"

clean: ## remove what was built, not the data
	rm -rf .venv build dist .pytest_cache .mypy_cache .ruff_cache .import_linter_cache
