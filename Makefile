.DEFAULT_GOAL := help
.PHONY: help install run test quick e2e pictures lint lock clean chromium
PYTHON ?= python3
VENV := .venv
PY := $(VENV)/bin/python
export FLWR_TELEMETRY_ENABLED := 0
export FLWR_DISABLE_UPDATE_CHECK := 1
export RAY_USAGE_STATS_ENABLED := 0

help: ## list the targets
	@grep -hE '^[a-z0-9]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

install: $(VENV)/.installed ## create .venv and install what the product needs

run: $(VENV)/.installed ## migrate the database and serve on http://127.0.0.1:8501 in demo mode
	@$(PY) -m data migrate
	@exec $(VENV)/bin/streamlit run app.py

# numba would compile what shap does for one row, some 12 s in each process; the slow and browser tests let it
QUICK = NUMBA_DISABLE_JIT=1 $(PY) -m pytest -n 2 -m "not slow and not e2e"

test: lint chromium ## everything: lint, types, import rules, quick tests, slow tests, browser journey
	$(QUICK)
	$(PY) -m pytest -n 2 --dist loadfile -m "slow and not e2e"
	$(PY) -m pytest -m e2e

quick: lint ## lint, types, import rules and the quick tests (some three minutes on two cores)
	$(QUICK)

e2e: $(VENV)/.tested chromium ## only the journey in a real browser
	$(PY) -m pytest -m e2e

pictures: $(VENV)/.tested chromium ## take the pictures of the README anew, by the browser journey
	$(PY) -m pytest -m e2e --pictures test-results/pictures
	mkdir -p docs/pictures
	grep -o 'docs/pictures/[a-z0-9-]*\.png' README.md | sort -u | while read -r picture; do cp "test-results/pictures/$${picture##*/}" "$$picture"; done

lint: $(VENV)/.tested ## ruff, mypy and import-linter
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy
	$(VENV)/bin/lint-imports

lock: $(VENV)/.tested ## write constraints.txt anew from the requirements files (needs uv)
	uv pip compile --universal --python-version 3.11 --no-annotate --no-header -q requirements-dev.txt -o constraints.txt

clean: ## remove .venv and caches; ./var, which holds all state, stays
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache test-results
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# Installs with uv where it is there, else with pip; the stamp makes the second time free.
define install_from
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "MedHive needs Python 3.11 or newer; this is " + sys.version.split()[0] + ". Name one: make PYTHON=python3.11 ...")'
	@test -x $(PY) || $(PYTHON) -m venv $(VENV)
	@if command -v uv >/dev/null 2>&1; then pip="uv pip install --python $(PY) -q"; \
	else pip="$(PY) -m pip install -q --disable-pip-version-check"; fi; \
	$$pip -r $(1) -c constraints.txt && $$pip --no-deps -r requirements-nodeps.txt
	@touch $@
endef

$(VENV)/.installed: requirements.txt requirements-nodeps.txt constraints.txt
	@echo "Installing MedHive into $(VENV) (some 7 GB, a few minutes the first time)"
	$(call install_from,requirements.txt)

$(VENV)/.tested: requirements.txt requirements-nodeps.txt requirements-dev.txt constraints.txt
	@echo "Installing MedHive and its test tools into $(VENV)"
	$(call install_from,requirements-dev.txt)
	@touch $(VENV)/.installed

chromium:
	@command -v chromium >/dev/null 2>&1 || command -v google-chrome >/dev/null 2>&1 || \
	if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then \
		echo "Installing Chromium for the browser tests"; apt-get update -qq && apt-get install -y -qq chromium >/dev/null; \
	else echo "Chromium is missing: the browser tests will be skipped. Install it, for example: sudo apt-get install chromium"; fi
