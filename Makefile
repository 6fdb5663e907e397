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

# Types take as long as all the others together, so they begin first and have a core of their own.
CHECKS := check-types check-format check-lint check-imports check-templates check-translations check-migrations \
	check-deploy
# What runs side by side speaks one after the other, where make knows how (from 4.0 on).
SIDE_BY_SIDE := --jobs=2 $(if $(filter output-sync,$(.FEATURES)),--output-sync=target)

.DEFAULT_GOAL := help
.PHONY: $(CHECKS) help run test check bench kill-test month-test axe screenshots shell backup restore reset lock install install-dev format

help:  ## this list
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 12

run: install  ## start the whole site (PORT=8000; DATABASE_URL and REDIS_URL for servers of yours)
	@exec $(PYTHON_BIN) -m loyaltysite.run

# One worker more than the two cores of the machine that checks changes: tests of browsers and processes wait a lot.
test: install-dev  ## run every test (ARGS="-k name" for some)
	@exec $(PYTHON_BIN) -m pytest -n $${WORKERS:-3} --dist=worksteal $(ARGS)

check: install-dev  ## format, lint, types, imports, templates, translations, migrations, deployment
	@$(MAKE) --no-print-directory --keep-going $(SIDE_BY_SIDE) $(CHECKS)

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

kill-test: install-dev  ## kill workers 250 times while journeys run and mails leave: every step once (KILLS=20 a point)
	@WAFA_KILLS=$(or $(KILLS),20) WAFA_KILL_MEMBERS=40 WAFA_SITE_KILLS=$(or $(SITE_KILLS),3) \
		$(PYTHON_BIN) -m pytest -p no:randomly tests/faults/test_killed_journeys.py tests/faults/test_killed_site.py

month-test: install-dev  ## two thousand members and every ready journey for a month, each deed foretold (MEMBERS=2000)
	@WAFA_MONTH=$(or $(MEMBERS),2000) $(PYTHON_BIN) -m pytest -p no:randomly tests/acceptance/test_journeys_month.py

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
