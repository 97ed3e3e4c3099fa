# make demo    sets everything up and opens the demo project, on real data, in the browser
# make test    sets everything up, checks the code and runs the tests
SHELL := /bin/bash
PYTHON_IN := .venv/bin/python
# Compiled modules are kept even where the machine says otherwise: every worker and test starts from them.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help demo test check ui screenshots format reference bench environment clean

help:
	@grep -E '^[a-z]+:.*## ' Makefile | sed -E 's/^([a-z]+):.*## /make \1\t/' | expand -t 18

demo: ## set up and open the demo project in the browser: the flights that left New York in 2013
	@tools/environment
	@tools/demo

test: ## set up, check the code and run all tests
	@tools/environment dev
	@tools/postgresql
	@tools/chromium
	@$(MAKE) --no-print-directory lint
	@echo "user interface" && $(PYTHON_IN) web/build.py check
	@$(PYTHON_IN) tools/tests.py

check: ## ruff, mypy, the import contracts and the generated pages; no tests
	@tools/environment dev
	@$(MAKE) --no-print-directory lint

.PHONY: lint
lint:
	@echo "ruff check" && $(PYTHON_IN) -m ruff check --quiet .
	@echo "ruff format" && $(PYTHON_IN) -m ruff format --quiet --check .
	@echo "mypy" && $(PYTHON_IN) -m mypy --no-error-summary
	@echo "lint-imports" && $(PYTHON_IN) tools/contracts.py
	@echo "generated pages" && $(PYTHON_IN) tools/generate.py --check

ui: ## build the user interface, if its sources changed (cd web && npm run dev: while working on it)
	@tools/environment
	@$(PYTHON_IN) web/build.py

screenshots: ## pictures of every page, light and dark, into build/screenshots
	@tools/environment dev
	@tools/chromium
	@$(PYTHON_IN) -m tools.screenshots

format: ## format the code and fix what ruff can fix
	@tools/environment dev
	@$(PYTHON_IN) -m ruff check --quiet --fix-only . && $(PYTHON_IN) -m ruff format .

reference: ## write docs/reference/ from the code
	@tools/environment dev
	@$(PYTHON_IN) tools/generate.py

bench: ## measure side by side with plain scripts; BENCH="--only cli" and the like are passed on
	@tools/environment dev
	@$(PYTHON_IN) -m benchmarks $(BENCH)

environment: ## make .venv for development
	@tools/environment dev

clean: ## remove .venv, caches and build results
	@rm -rf .venv build dist web/node_modules src/penstock/server/static .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
