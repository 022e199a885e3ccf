# Everything from a bare checkout with Python 3.11+, Node 20.19+ and make. `make help` lists the targets.

PYTHON ?= python3
BIN := .venv/bin
VENV := .venv/.installed
MODULES := frontend/node_modules/.installed
APP := frontend/app/dist/index.html
APP_SOURCES := $(shell find frontend -path '*/node_modules' -prune -o -path '*/dist' -prune -o -type f -print 2>/dev/null)
COMPILE := $(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	--no-emit-find-links --custom-compile-command "make lock"

OPENAPI := --validate --fail-on-warn --format openapi-json

# Behind a company's proxy npm needs the machine's own certificates, which pip and curl use anyway.
export NODE_EXTRA_CA_CERTS ?= $(wildcard /etc/ssl/certs/ca-certificates.crt)

.DEFAULT_GOAL := help
.PHONY: help run simulate test check generate stress lock format browser bench

help: ## this list
	@sed -n 's/^\([a-z]*\):.*## /\1\t/p' Makefile

run: $(VENV) $(APP) ## everything, at http://127.0.0.1:8000 (PORT, DATA_DIR, DATABASE_URL, REDIS_URL are honoured)
	@exec $(BIN)/python manage.py run

simulate: $(VENV) ## learners at work on the site that `make run` runs, to watch (LEARNERS=300 SEED=1 MINUTES=10, PORT)
	@exec $(BIN)/python -m benchmarks.simulate

test: $(VENV) $(MODULES) $(APP) browser ## every test: SDK, app, server, real browser
	npm test --prefix frontend
	$(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder

check: $(VENV) $(MODULES) ## lint, types, layers, generated files
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	DEBUG=1 $(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python manage.py makemigrations --check --dry-run
	$(BIN)/python manage.py spectacular $(OPENAPI) | diff -u docs/openapi.json -
	$(BIN)/python -m realtime.reference --check
	npm run check --prefix frontend

generate: $(VENV) $(MODULES) ## write anew what is made: the references of protocol and REST, schemas, types, the transcript
	$(BIN)/python -m realtime.reference
	$(BIN)/python manage.py spectacular $(OPENAPI) >docs/openapi.json
	npm run types --prefix frontend/app
	TRANSCRIPT=write $(BIN)/python -m pytest -q tests/contract/test_transcript.py

stress: $(VENV) $(APP) browser ## fault, race, property and browser tests at full counts; .data/stress-report.txt, docs/accuracy.md
	STRESS=1 $(BIN)/python -m pytest tests/faults tests/races tests/users tests/courses tests/realtime tests/e2e \
		tests/contract/test_openapi.py

bench: $(VENV) ## what one core carries, beside a bare echo and the usual way: benchmarks/RESULTS.md, SEATS.md, NEWS.md, WATCHING.md (45 minutes)
	$(BIN)/python -m benchmarks
	$(BIN)/python -m benchmarks.seats
	$(BIN)/python -m benchmarks.news
	$(BIN)/python -m benchmarks.watching
	$(BIN)/python -m benchmarks.analytics

format: $(VENV) ## write the code as `make check` wants it
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

lock: $(VENV) ## pin requirements*.in anew
	$(BIN)/python -m pip install -q uv
	$(COMPILE) --upgrade -o requirements.txt requirements.in
	$(COMPILE) --upgrade -c requirements.txt -o requirements-dev.txt requirements-dev.in

browser:
	@command -v chromium >/dev/null && command -v Xvfb >/dev/null \
		|| { [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null && apt-get -qq update \
		&& DEBIAN_FRONTEND=noninteractive apt-get -qq install --no-install-recommends chromium xvfb; } \
		|| { echo "The browser tests need Debian's chromium and xvfb: apt-get install chromium xvfb" >&2; exit 1; }

$(VENV): requirements-dev.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "Studybeat needs Python 3.11 or later; set PYTHON=… to one" >&2; exit 1; }
	@[ -x $(BIN)/python ] || $(PYTHON) -m venv .venv \
		|| { echo "This Python has no venv: apt-get install python3-venv" >&2; exit 1; }
	$(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements-dev.txt
	@touch $@

$(MODULES): frontend/package-lock.json
	@node -e 'const [major, minor] = process.versions.node.split("."); process.exit(major * 100 + +minor < 2019 ? 1 : 0)' \
		|| { echo "Studybeat needs Node 20.19 or later" >&2; exit 1; }
	npm ci --prefix frontend --no-audit --no-fund
	@touch $@

$(APP): $(MODULES) $(APP_SOURCES)
	npm run build --prefix frontend
	@touch $@
