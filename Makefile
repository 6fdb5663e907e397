# `make run` starts everything, `make test` tests everything; both make the environment they need.

PYTHON_BIN := .venv/bin/python
# The servers of the tests: what needs a database but not its data runs there.
ON_TEST_SERVERS := $(PYTHON_BIN) -m loyaltysite.embedded --test
# Throw-away values, so that the production settings can be checked.
PROD := WAFA_SECRET_KEY=$$($(PYTHON_BIN) -c 'import secrets; print(secrets.token_urlsafe(50))') \
	WAFA_HOSTS=wafa.example DJANGO_SETTINGS_MODULE=loyaltysite.settings.prod
# Compiled modules are kept, whatever the shell says: without them each of the many processes starts two seconds later.
unexport PYTHONDONTWRITEBYTECODE
SOURCES := loyaltysite members rewards campaigns analytics tests bench manage.py

CHECKS := check-format check-lint check-types check-imports check-templates check-translations check-migrations \
	check-deploy

.DEFAULT_GOAL := help
.PHONY: $(CHECKS) help run test check bench axe screenshots shell backup restore reset lock install install-dev format

help:  ## this list
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 12

run: install  ## start the whole site (PORT=8000; DATABASE_URL and REDIS_URL for servers of yours)
	@exec $(PYTHON_BIN) -m loyaltysite.run

test: install-dev  ## run every test (ARGS="-k name" for some)
	@exec $(PYTHON_BIN) -m pytest -n $${WORKERS:-2} --dist=worksteal $(ARGS)

check: install-dev  ## format, lint, types, imports, templates, translations, migrations, deployment
	@$(MAKE) --no-print-directory --keep-going $(CHECKS)

check-format:
	$(PYTHON_BIN) -m ruff format --check --quiet $(wildcard $(SOURCES))
check-lint:
	$(PYTHON_BIN) -m ruff check $(wildcard $(SOURCES))
check-types:
	.venv/bin/mypy
check-imports:
	.venv/bin/lint-imports --no-cache
check-templates:
	git ls-files -z -- '*.html' | xargs -0 -r .venv/bin/djade --check
check-translations:
	$(PYTHON_BIN) -m tests.translations
check-migrations:
	$(ON_TEST_SERVERS) $(PYTHON_BIN) manage.py makemigrations --check --dry-run --settings=loyaltysite.settings.test
check-deploy:
	$(PROD) $(ON_TEST_SERVERS) $(PYTHON_BIN) manage.py check --deploy --fail-level WARNING

bench: install-dev  ## measure, each figure against its floor (ONLY=name for one)
	@exec $(PYTHON_BIN) -m bench $(if $(ONLY),--only $(ONLY)) $(ARGS)

axe: install-dev  ## accessibility of every page in four languages, light and dark, on phone and desktop
	@WAFA_AXE=all $(PYTHON_BIN) -m pytest -n $${WORKERS:-2} tests/e2e/test_every_page.py

screenshots: install-dev  ## pictures of every page into .var/screens (ARGS="--url … --only name" for some)
	@exec $(PYTHON_BIN) -m tests.screens $(ARGS)

shell: install  ## Django's shell on the site's data
	@exec $(PYTHON_BIN) -m loyaltysite.embedded $(PYTHON_BIN) manage.py shell

backup: install  ## write one file with database, keys and media (FILE=name)
	@exec $(PYTHON_BIN) -m loyaltysite.run backup $(FILE)

restore: install  ## put a backup back into the embedded server (FILE=name)
	@test -n "$(FILE)" || { echo "Which backup? make restore FILE=name" >&2; exit 1; }
	@exec $(PYTHON_BIN) -m loyaltysite.run restore $(FILE)

reset: install  ## delete the embedded data, after asking
	@exec $(PYTHON_BIN) -m loyaltysite.run reset

lock: install-dev  ## compile requirements/*.txt from pyproject.toml (UPGRADE=--upgrade for newer versions)
	@requirements/compile.sh

format: install-dev  ## put code and templates into shape
	$(PYTHON_BIN) -m ruff format $(wildcard $(SOURCES))
	$(PYTHON_BIN) -m ruff check --fix $(wildcard $(SOURCES))
	git ls-files -z -- '*.html' | xargs -0 -r .venv/bin/djade

install:
	@requirements/install.sh

install-dev:
	@requirements/install.sh dev
