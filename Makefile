# The two commands to know: `make demo` and `make test`. Everything is set up in .venv, from pinned and hashed files.
PYTHON ?= python3
ARGS ?=
BIN := .venv/bin

.PHONY: demo test check bench docs requirements clean
.DEFAULT_GOAL := demo

demo: .venv/run.stamp  ## index the sample pictures and open the chat on them
	$(BIN)/imagelore demo $(ARGS)

test: .venv/dev.stamp  ## the tests; ARGS goes to pytest
	$(BIN)/python -m tools.fetch_test_images
	$(BIN)/python -m tools.fetch_test_documents
	$(BIN)/python -m tools.fetch_test_model
	$(BIN)/python -m pytest -n 2 $(ARGS)

check: .venv/dev.stamp  ## lint, format, types, layers, generated pages
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python -m pytest tests/test_layers.py
	$(BIN)/python tools/reference.py --check

bench: .venv/dev.stamp  ## measurements; see bench/README.md
	$(BIN)/python -m bench $(ARGS)

docs: .venv/dev.stamp  ## write the generated pages again
	$(BIN)/python tools/reference.py

COMPILE := uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate \
  --upgrade --custom-compile-command "make requirements"
requirements:  ## compile the pinned requirement files again (needs uv)
	$(COMPILE) pyproject.toml requirements/build.in -o requirements/run.txt
	$(COMPILE) --extra azure -c requirements/run.txt pyproject.toml requirements/build.in -o requirements/azure.txt
	$(COMPILE) --extra azure --extra clip --extra eval --extra heic --extra llamacpp --extra notebook --extra ocr -c requirements/azure.txt pyproject.toml requirements/dev.in -o requirements/dev.txt

clean:
	rm -rf .venv .cache build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis

.venv/run.stamp: requirements/run.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "imagelore needs Python 3.11 or newer; name one with: make $(MAKECMDGOALS) PYTHON=python3.12"; exit 1; }
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements/run.txt
	$(BIN)/python -m pip install -q --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

.venv/dev.stamp: .venv/run.stamp requirements/dev.txt
	$(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements/dev.txt
	@touch $@
