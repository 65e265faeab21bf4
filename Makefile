# Two commands are promised: `make run` and `make test`. Both set up everything they need.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
export MLFLOW_DISABLE_TELEMETRY := true

.PHONY: run test setup lint console docs soak bench quality clean

setup: $(VENV)/.stamp

$(VENV)/.stamp: requirements-dev.lock pyproject.toml
	$(PYTHON) -m venv $(VENV)
	@if command -v uv >/dev/null 2>&1; then \
	  VIRTUAL_ENV=$(VENV) uv pip install --require-hashes -r requirements-dev.lock ; \
	else \
	  $(BIN)/pip install --quiet --require-hashes -r requirements-dev.lock ; \
	fi
	$(BIN)/pip install --quiet --no-build-isolation --no-deps -e .
	@touch $@
