# Two commands are promised: `make run` and `make test`. Both set up everything they need with Python 3.11 and make alone.
PYTHON   ?= python3
VENV     := .venv
BIN      := $(VENV)/bin
ACCOUNTS ?= 20000
PROMOTERS ?= 300
MONTHS   ?= 6
SEED     ?= 1
export MLFLOW_DISABLE_TELEMETRY := true
unexport PYTHONDONTWRITEBYTECODE # without compiled modules every start costs seconds

.PHONY: run console test setup lint lint-types lint-sql lint-rest real-data docs soak clean

setup: $(VENV)/.stamp

# uv is quicker where it can be had; plain pip does the same work.
$(VENV)/.stamp: requirements-dev.lock pyproject.toml
	$(PYTHON) -m venv $(VENV)
	@if command -v uv >/dev/null 2>&1; then \
	  VIRTUAL_ENV=$(VENV) uv pip install --quiet --compile-bytecode --require-hashes -r requirements-dev.lock; \
	else \
	  $(BIN)/pip install --quiet --require-hashes -r requirements-dev.lock; \
	fi
	$(BIN)/pip install --quiet --no-build-isolation --no-deps -e .
	@touch $@

# A simulated programme, played forward: one run per statement day.
run: setup
	@test -f world/programme.yaml || $(BIN)/tongren simulate --out world --accounts $(ACCOUNTS) --promoters $(PROMOTERS) --months $(MONTHS) --seed $(SEED)
	$(BIN)/python -m pipelines.demo --months $(MONTHS)

# The console over the simulated programme's state, with one user per role and printed passwords.
console: setup
	@test -e state/current || $(MAKE) run
	$(BIN)/python -m console.demo

test: lint
	$(BIN)/python -m pytest -n 2 --dist loadfile

# Two at a time: the checks of types and of SQL take a core each.
lint: setup
	@$(MAKE) --no-print-directory --jobs 2 lint-types lint-sql lint-rest

lint-types: setup
	$(BIN)/mypy

lint-sql: setup
	$(BIN)/sqlfluff lint --disable-progress-bar features models rulebook casebook settlement pipelines simulator console

lint-rest: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports

real-data: setup
	$(BIN)/python -m pipelines.real_data

docs: setup
	$(BIN)/mkdocs build --strict

soak: setup
	TONGREN_SOAK=1 $(BIN)/python -m pytest -n 2 --dist loadfile -m "not browser" --durations=30

clean:
	rm -rf world state build site
