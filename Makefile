# Two commands do everything: `make run` and `make test`.
SHELL := /bin/bash
PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
AGAIN := $(BIN)/pytest --last-failed --last-failed-no-failures none
WEB_SOURCES := $(shell find web -type f -not -path '*/node_modules/*' 2>/dev/null)

.PHONY: run setup test lint types check pages lock demo bench fuzz chaos soak clean debian

run: setup  ## set up, build the pages, start Parvis, print the links
	@exec $(BIN)/parvis up $(ARGS)

demo: setup  ## the same, with a voice that speaks
	@exec $(BIN)/parvis demo $(ARGS)

setup: .make/run .make/pages

.make/venv:
	@mkdir -p .make
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Parvis needs Python 3.11 or later: make PYTHON=…"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	@touch $@

.make/run: .make/venv requirements/run.txt pyproject.toml
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements/run.txt
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

.make/dev: .make/run requirements/dev.txt requirements/captions.txt
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.txt
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements/captions.txt
	@touch $@

.make/npm: web/package-lock.json
	@mkdir -p .make
	cd web && npm ci --no-audit --no-fund --loglevel=error
	@touch $@

.make/mp4box: tests/contract/mp4box/package-lock.json
	@mkdir -p .make
	cd tests/contract/mp4box && npm ci --no-audit --no-fund --loglevel=error
	@touch $@

.make/oidc: tests/contract/oidc/package-lock.json
	@mkdir -p .make
	cd tests/contract/oidc && npm ci --no-audit --no-fund --loglevel=error
	@touch $@

.make/libraries: tests/browser/libraries/package-lock.json
	@mkdir -p .make
	cd tests/browser/libraries && npm ci --no-audit --no-fund --loglevel=error
	@touch $@

.make/peers: tests/contract/peers/package-lock.json
	@mkdir -p .make
	cd tests/contract/peers && npm ci --no-audit --no-fund --loglevel=error
	@touch $@

.make/s3: tests/integration/s3/package-lock.json
	@mkdir -p .make
	cd tests/integration/s3 && npm ci --no-audit --no-fund --loglevel=error
	@touch $@

.make/readers: tests/integration/readers/package-lock.json
	@mkdir -p .make
	cd tests/integration/readers && npm ci --no-audit --no-fund --loglevel=error
	@touch $@

.make/fuzz: .make/dev requirements/fuzz.txt
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements/fuzz.txt
	@touch $@

.make/pages: .make/npm $(WEB_SOURCES)
	cd web && npm run --silent build
	@touch $@

pages: .make/pages

.make/debian: tests/debian-packages.txt
	@mkdir -p .make
	@bash tests/install-debian-packages.sh
	@touch $@

debian: .make/debian

.make/bench: bench/debian-packages.txt
	@mkdir -p .make
	@bash tests/install-debian-packages.sh bench/debian-packages.txt
	@touch $@

build/%: bench/%.c
	@mkdir -p build
	gcc -O2 -Wall -Wextra -o $@ $<

bench: .make/dev .make/bench build/floor build/sink  ## measure Parvis beside its peers: ARGS="--only evening", ARGS=--full
	$(BIN)/python -m bench.run $(ARGS)

fuzz: .make/fuzz  ## a million inputs and more to everything that reads strangers' bytes: ARGS="http --runs 50000"
	$(BIN)/python -m tests.fuzz $(ARGS)

chaos: .make/dev  ## cause every fault for real and measure what listeners lost: ARGS="--only stage-kill --times 3"
	$(BIN)/python -m tests.chaos $(ARGS)

soak: .make/dev  ## a long evening with crowds that come and go: does anything grow, drift or get lost? ARGS="--minutes 60"
	$(BIN)/python -m tests.soak $(ARGS)

lint: .make/dev .make/npm
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	cd web && npm run --silent lint && npm run --silent types

test: setup .make/dev .make/debian .make/mp4box .make/peers .make/s3 .make/readers .make/oidc .make/libraries lint  ## install what the tests need and run everything
	cd web && npm test --silent
ifdef ARGS
	$(BIN)/pytest $(ARGS)
else
	@# Three at a time, for most tests wait more than they work; then those that want the machine for themselves.
	@# What failed is tried again by itself: sound is measured as it comes, and a machine may stutter.
	$(BIN)/pytest -n 3 --dist loadfile -m "not alone" || $(AGAIN) -m "not alone" || $(AGAIN) -m "not alone"
	$(BIN)/pytest -m alone || $(AGAIN) -m alone || $(AGAIN) -m alone
endif

lock: .make/dev  ## make the pinned requirements anew from pyproject.toml
	$(BIN)/uv pip compile --quiet --generate-hashes --no-header --python-version 3.11 --universal -o requirements/run.txt pyproject.toml requirements/build.in
	$(BIN)/uv pip compile --quiet --generate-hashes --no-header --python-version 3.11 --universal --extra dev -o requirements/dev.txt pyproject.toml requirements/build.in
	$(BIN)/uv pip compile --quiet --generate-hashes --no-header --python-version 3.11 --universal --extra captions -c requirements/dev.txt -o requirements/captions.txt pyproject.toml requirements/build.in

clean:
	rm -rf $(VENV) .make web/node_modules src/parvis/pages build dist
