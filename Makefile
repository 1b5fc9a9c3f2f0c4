.DEFAULT_GOAL := help
PYTHON ?= python3
PORT ?= 8000
BIN := .venv/bin
export PATH := $(CURDIR)/$(BIN):$(PATH)
export PIP_DISABLE_PIP_VERSION_CHECK := 1

help:  ## List the targets
	@grep -hE '^[a-z0-9-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 16

install: .venv/installed  ## Create .venv from the locked requirements

.venv/installed: requirements.txt requirements/dev.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || (echo "Python 3.11 or newer is needed." && exit 1)
	@echo "Installing the locked requirements into .venv (once) ..." >&2
	@$(PYTHON) -m venv .venv
	@$(BIN)/pip install --quiet --require-hashes -r requirements.txt -r requirements/dev.txt
	@touch $@

run: install  ## Start the platform with demo data: make run PORT=8000
	@PORT=$(PORT) $(BIN)/python -m devstack.run

manage: install  ## A command against the running platform: make manage ARGS="ledger_check --json"
	@$(BIN)/python -m devstack.manage $(ARGS)

test: install  ## The whole suite on its own servers; make test T=tests/payouts
	$(BIN)/python -m pytest -n auto --dist worksteal $(T)

test-postgres15: install  ## The tests of apps that write SQL of their own, on PostgreSQL 15 (PG15=folder of its binaries)
	DEVSTACK_POSTGRES_BIN=$(or $(PG15),/usr/lib/postgresql/15/bin) $(BIN)/python -m pytest -n auto --dist worksteal -m "not e2e and not slow" $(or $(T),tests/audit tests/finance/ledger tests/finance/payments/test_sell_many.py tests/finance/payments/test_drain.py tests/finance/payments/test_refunds.py tests/finance/payments/test_append_only.py tests/finance/entitlements tests/finance/subscriptions/test_renew_wallets.py tests/finance/subscriptions/test_facts.py tests/notifications/test_queue.py tests/finance/reports --ignore tests/finance/reports/test_nonsense.py --ignore tests/finance/ledger/api)

# These migrations were read by hand: what the linter minds in them (a column that is never
# null, a partial index) stands on tables that they make themselves, which it does not recognise,
# is a change of the catalogue alone (a longer varchar, a unique index that another replaces),
# or a key on merchant accounts, of which there are some dozens.
lint: install  ## Style, types, architecture, migrations, templates, API schema
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/djlint templates sandbox --check --lint --quiet
	$(BIN)/lint-imports --no-logo
	$(BIN)/mypy
	$(BIN)/python -m devstack.throwaway -- sh -ec '\
	  python manage.py makemigrations --check --dry-run; \
	  python manage.py check; \
	  python manage.py lintmigrations --no-cache --warnings-as-errors --quiet ok ignore \
    --ignore-name-contains 0001_initial --ignore-name 0004_guards 0006_proposals 0002_statements 0006_attempts 0007_inbox 0010_inbox_checked 0017_merchant_changes 0002_hand_over_and_retries \
    --include-apps core audit clusters accounts notifications ledger fx tax routing risk payments entitlements \
    monitoring debits purchases subscriptions payouts \
    reconciliation reports webhooks; \
	  python manage.py spectacular --validate --fail-on-warn --file /dev/null; \
	  python manage.py docs --check'

check: lint test  ## What CI runs: everything

fix: install  ## Repair what tools can repair
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	$(BIN)/djlint templates sandbox --reformat --quiet

docs: install  ## Rewrite the generated pages of docs/reference
	$(BIN)/python -m devstack.throwaway -- python manage.py docs

bench: install  ## Measure against the physical limit; writes build/bench.json: make bench ARGS="--only reads"
	$(BIN)/python -m tests.bench $(ARGS)

bench-large: install  ## Measure whether the ledger stays fast at 10 million lines (about ten minutes, 6 GB of disk)
	$(BIN)/python -m tests.bench --only growth --lines $(or $(LINES),10000000)

mutation: install  ## Seed faults into recipes and guards; each must be noticed: make mutation ARGS="--only sql"
	$(BIN)/python -m tests.mutation $(ARGS)

simulate: install  ## Play business on throw-away servers: make simulate ARGS="--days 10 --seed 7 --json"
	@$(BIN)/python -m devstack.throwaway -- sh -ec 'python manage.py migrate --noinput --verbosity 0; python manage.py simulate "$$@"' simulate $(ARGS)

reset: install  ## Stop the development servers and delete their data
	$(BIN)/python -m devstack.run --reset

lock: install  ## Resolve requirements/*.in again into the locked files
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate requirements/base.in -o requirements.txt
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate requirements/dev.in -c requirements.txt -o requirements/dev.txt

.PHONY: help install run manage test test-postgres15 lint check fix docs bench bench-large mutation simulate reset lock
