# Every target first makes .venv ready: once, about 5 minutes, most of it compiling Horovod.
#
#   make demo ARGS="seed=0,1"     pass arguments on to the command
#   make TORCH=2.12.0             take another torch (remembered by .venv; make clean forgets)
#   make PYTHON=python3.12        take another Python, 3.11 to 3.13 (likewise)

# pip takes this build of torch and no other: a range would take the newest, with GBs of CUDA.
DEFAULT_TORCH := 2.13.0

-include .venv/choices.mk
TORCH ?= $(DEFAULT_TORCH)
PYTHON ?=
ARGS ?=
# make's own test of what changed: the stamp's name holds the settings, its date the files.
STAMP := .venv/torch-$(TORCH)-$(subst /,_,$(or $(PYTHON),python)).stamp
RUN := .venv/bin/python -m

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help set-up demo test test-unit benchmarks lint clean

help:  ## list the targets
	@awk -F ':.*## +' '/^[a-z-]+:.*## /{printf "%-11s %s\n", $$1, $$2}' Makefile

set-up: $(STAMP)  ## make .venv ready; the other targets do it too

demo: $(STAMP)  ## compare the modes on the built-in example and write a report
	$(RUN) runners.compare +experiment=demo $(ARGS)

test: $(STAMP)  ## run all tests; benchmarks run once, unmeasured
	$(RUN) pytest --benchmark-disable $(ARGS)

test-unit: $(STAMP)  ## run the quick tests: neither parallel ranks nor benchmarks
	$(RUN) pytest tests --ignore=tests/parallel --ignore=tests/benchmarks $(ARGS)

benchmarks: $(STAMP)  ## measure the speed of the parts
	$(RUN) pytest tests/benchmarks --benchmark-only --benchmark-json=results/runs/benchmarks.json $(ARGS)
	.venv/bin/python tools/benchmark_table.py results/runs/benchmarks.json

lint: $(STAMP)  ## check style (ruff) and types (mypy)
	$(RUN) ruff check
	$(RUN) ruff format --check
	$(RUN) mypy sim runners

clean:  ## remove .venv and what tools left behind; keep results and the Horovod wheel
	rm -rf .venv .set-up.log build accord.egg-info .pytest_cache .mypy_cache .ruff_cache \
	    .hypothesis .benchmarks
	find conf sim runners tests tools -name __pycache__ -prune -exec rm -rf {} + 2>/dev/null || true

# The first Python that starts and is new enough (a pyenv name may not start) gets the work.
$(STAMP): pyproject.toml constraints.txt tools/set_up.py tools/horovod_wheel.py
	@for python in $(or $(PYTHON),python3.11 python3.12 python3.13 python3); do \
	    version=$$($$python -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null); \
	    case "$$version" in \
	        3.11 | 3.12 | 3.13) exec $$python tools/set_up.py --torch=$(TORCH) ;; \
	    esac; \
	    found="$$found $$python ($${version:-does not start})"; \
	done; \
	echo "Accord needs Python 3.11, 3.12 or 3.13; found:$$found. Name one: make PYTHON=python3.12" >&2; \
	exit 1
	@printf '%s\n' $(if $(filter-out $(DEFAULT_TORCH),$(TORCH)),'TORCH ?= $(TORCH)') \
	    $(if $(PYTHON),'PYTHON ?= $(PYTHON)') > .venv/choices.mk
	@touch $@
