# The two commands that matter are `make run` and `make test`; `make help` lists the rest.
# They need Python 3.11 or later, make and a package registry: no AWS account, no Docker.
.DEFAULT_GOAL := help
SHELL := /bin/sh

# The first of these that runs and is new enough; or name one: make PYTHON=/path/to/python3.12 run
CANDIDATES := python3 python3.13 python3.12 python3.11 python3.14
OLD_ENOUGH := -c 'import sys; sys.exit(sys.version_info < (3, 11))'
PYTHON ?= $(shell for p in $(CANDIDATES); do $$p $(OLD_ENOUGH) >/dev/null 2>&1 && echo $$p && break; done)
PORT ?=
REPLACE ?=
RUNTIME ?=

BIN := .venv/bin
FAST_TESTS := tests/unit tests/functional tests/template tests/cli
SIMULATION := tests/simulation tests/model
SLOW_TESTS := tests/e2e tests/contract tests/local tests/docker
SLOWEST := --durations=15 --durations-min=1

.PHONY: help setup run test build wheel check unit integration simulation simulate benchmark docker-test mutation verify picture openapi docs lint format types template stop clean lock

help: ## List the commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: ## Make .venv from the locked requirements
	@if [ -z "$(PYTHON)" ]; then echo "Python 3.11 or later was not found: install it, or run make PYTHON=/path/to/python3.11 $(MAKECMDGOALS)"; exit 2; fi
	@$(PYTHON) tools/setup_venv.py

run: setup ## Start everything on this machine and watch runs succeed and fail in all three patterns
	@$(BIN)/runs local up --brief $(if $(PORT),--port $(PORT)) $(if $(REPLACE),--replace)
	@$(BIN)/runs demo --local

test: setup ## Everything that CI runs: format, lint, types, template, all tests; says how long each part took
	@$(BIN)/python -m tools.phases 15 check unit simulation integration

check: lint types template ## The checks that run no test

lint: setup
	@$(BIN)/ruff format --check --quiet . || (echo "run make format"; exit 1)
	@$(BIN)/ruff check --quiet --output-format concise .

types: setup
	@$(BIN)/mypy

template: setup
	@AWS_DEFAULT_REGION=us-east-1 SAM_CLI_TELEMETRY=0 $(BIN)/sam validate --lint --template-file template.yaml

unit: setup ## The tests that need no local runtime
	@$(BIN)/pytest -n 2 $(SLOWEST) $(FAST_TESTS)

simulation: setup ## The simulation of everything that can fail, and the model of the protocol
	@$(BIN)/pytest -n 2 $(SLOWEST) $(SIMULATION)

simulate: setup ## More of it: make simulate SEEDS=20000, SEED=42 for one world with its trace, TASKS=100000 in large worlds
	@$(BIN)/python -m tests.simulation $(if $(SEEDS),--seeds $(SEEDS)) $(if $(FIRST),--first $(FIRST)) $(if $(SEED),--seed $(SEED)) $(if $(TASKS),--tasks $(TASKS))

# Half of it waits: two processes more than there are cores. The long files come first, so that none is left at the end.
integration: setup ## The tests against the local runtime
	@$(BIN)/pytest -n 4 --dist loadfile --no-loadscope-reorder $(SLOWEST) $(SLOW_TESTS)

build: setup ## Build the functions for an account, with bytecode; then sam deploy. RUNTIME=python3.12 for another Python
	@$(BIN)/python tools/build.py $(RUNTIME)

wheel: setup ## Build build/wheel/fargate_runs-….whl: the command runs, for pipx or pip install on any machine
	@rm -rf build/lib build/bdist.* build/wheel
	@$(BIN)/python -m pip wheel --quiet --disable-pip-version-check --no-deps --no-build-isolation --no-index --wheel-dir build/wheel .
	@ls build/wheel/*.whl

docker-test: setup ## What needs Docker: containers in Docker, sam local invoke; says so where it cannot
	@$(BIN)/python -m tools.docker.check

benchmark: setup ## How fast it is, as multiples of a yardstick measured in the same run
	@$(BIN)/pytest -s tests/benchmarks

mutation: setup ## Every mutant of the modules that decide must fail a test; writes docs/mutation.md (minutes)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps --upgrade --target build/mutation -r requirements/mutation.txt
	@$(BIN)/python -m tools.mutation

picture: setup ## Draw the README's pictures from a demo and from commands in the local runtime
	@$(BIN)/runs local up --brief
	@$(BIN)/python -m tools.picture

docs: setup openapi ## Write what the program says of itself: docs/cli.md, docs/openapi.json
	@$(BIN)/python -m tools.cli_reference

openapi: setup ## Write docs/openapi.json from the API's table of routes
	@PYTHONPATH=functions $(BIN)/python -m tools.openapi

format: setup ## Format the code
	@$(BIN)/ruff format --quiet . && $(BIN)/ruff check --quiet --fix .

verify: setup ## Look at every fact on the local runtime; in AWS: make verify STACK=jobs REGION=eu-west-1 (YES=1, OUT=file)
	@$(BIN)/python -m verify $(if $(STACK),--stack $(STACK),--local) $(if $(REGION),--region $(REGION)) $(if $(OUT),--out $(OUT)) $(if $(YES),--yes)

stop: ## Stop the local runtime
	@if [ -x $(BIN)/runs ]; then $(BIN)/runs local down; fi

lock: setup ## Resolve requirements anew and lock them with hashes
	@$(PYTHON) -m venv build/lock && build/lock/bin/python -m pip install --quiet pip-tools==7.6.2
	@for f in functions/requirements requirements/dev requirements/mutation; do build/lock/bin/pip-compile --quiet --generate-hashes --allow-unsafe --strip-extras --no-emit-index-url --no-emit-trusted-host --no-emit-find-links --output-file $$f.txt $$f.in; done

clean: stop ## Remove everything that was made
	@rm -rf .venv .local .aws-sam build *.egg-info .mypy_cache .ruff_cache .hypothesis
