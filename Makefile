# What:  the commands of the project.
# Why:   so that a newcomer needs two: `make build`, then `make test`.
# How:   everything runs in .venv, made from the pinned files in requirements/.

PYTHON  ?= python3
TARGET  ?= duckdb
SCALE   ?= 0.01
BATCHES ?= 3
SEED    ?= 42
# Number of test processes; 0 runs the tests in this process, for a debugger.
WORKERS ?= 2

# The demo's "now": its data ends before it. AS_OF=now for the clock.
AS_OF   ?= 2026-03-01 00:00:00

VENV    := .venv
BIN     := $(VENV)/bin
# On Spark dbt runs in a session with the project's functions.
DBT     := $(if $(filter spark,$(TARGET)),$(BIN)/python -m lakeweave.spark,$(BIN)/dbt)
LANDING := $(or $(LAKEWEAVE_LANDING),landing)

# Longest tests first: the order of tests/python/conftest.py.
IN_PROCESSES = --numprocesses $(WORKERS) --no-loadscope-reorder

export DBT_SEND_ANONYMOUS_USAGE_STATS := false
export LAKEWEAVE_TARGET := $(TARGET)

.DEFAULT_GOAL := help
.PHONY: help build coverage draft feed app watch profile environment landing test test-newcomer environment-database environment-browser environment-java test-bigquery test-spark test-spark-sample test-spark-long test-databricks environment-spark test-reliability test-security test-security-long rebuild-models licences lint lint-python lint-sql lint-dbt format lineage docs clean requirements bench

HELP_DAILY := build test app docs
HELP_DATA  := feed draft profile watch
HELP_TESTS := lint test-newcomer test-bigquery test-spark-sample test-spark test-databricks test-reliability test-security bench
# All targets with a text that no other group has.
HELP_OTHER  = $(filter-out $(HELP_DAILY) $(HELP_DATA) $(HELP_TESTS),$(shell sed -nE 's/^([a-z-]+):.*\#\# .*/\1/p' Makefile))

help:  ## this list
	@for group in "Every day:$(HELP_DAILY)" "Your data:$(HELP_DATA)" "Tests:$(HELP_TESTS)" "Other:$(HELP_OTHER)"; do \
	  printf '%s\n' "$${group%%:*}"; \
	  for name in $${group#*:}; do sed -nE "s/^($$name):.*## (.*)/  make \1|\2/p" Makefile; done | awk -F'|' '{printf "%-27s %s\n", $$1, $$2}'; \
	done

build: export LAKEWEAVE_AS_OF ?= $(AS_OF)
build: environment $(if $(filter spark,$(TARGET)),environment-spark) landing profiles.yml  ## environment, demo data, then dbt build and a summary (TARGET=duckdb)
	@mkdir -p warehouse
	@began=$$(date +%s); $(BIN)/python -m lakeweave.build_progress $(DBT) build --target $(TARGET) && status=ok || status=failed; \
	  $(BIN)/python -m lakeweave.summary --target $(TARGET) --since $$began; \
	  test $$status = ok

landing: $(LANDING)/truth/landing.json  ## generate the demo landing zone if it does not exist (SCALE=0.01 BATCHES=3 SEED=42)

$(LANDING)/truth/landing.json: | $(VENV)/.core
	@$(BIN)/python -m demo.landing --scale $(SCALE) --batches $(BATCHES) --seed $(SEED) --out $(LANDING)

profiles.yml:
	@cp profiles.example.yml profiles.yml

environment: $(VENV)/.core
ifneq ($(origin PYTHON),file)
	@$(BIN)/python -c 'import subprocess, sys; asked = subprocess.run(["$(PYTHON)", "-V"], capture_output=True, text=True).stdout.strip(); \
	    has = "Python " + sys.version.split()[0]; \
	    asked == has or print(f"PYTHON=$(PYTHON) is {asked}, but $(VENV) has {has} and is used. To change it: rm -r $(VENV), then make again.")'
endif

# `--no-deps`: the pinned file is complete, and its marker leaves out a parser of dbt that is not needed at run time and
# whose build downloads from a code host.
$(VENV)/.uv:
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "Lakeweave needs Python 3.11 or newer; found " + sys.version.split()[0] + ". Name another one: make build PYTHON=python3.12")'
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/uv.txt
	@touch $@

$(VENV)/.core: requirements/core.txt | $(VENV)/.uv
	@$(BIN)/uv pip install --quiet --no-deps --python $(BIN)/python --require-hashes -r requirements/core.txt
	@touch $@

$(VENV)/.dev: requirements/dev.txt | $(VENV)/.core
	@$(BIN)/uv pip install --quiet --no-deps --python $(BIN)/python --require-hashes -r requirements/dev.txt
	@touch $@

# What needs no Java. `SPARK=sample` adds the tests of test-spark-sample to the same run, so that no process waits for the other.
TEST_FOLDERS := $(filter-out %/spark/ %/databricks/ %/benchmarks/,$(sort $(wildcard tests/python/*/)))
SPARK_SAMPLE := tests/python/spark/test_parity.py $(patsubst %,tests/python/spark/test_%_spark.py,bad_input values) \
    --deselect tests/python/spark/test_parity.py::test_data_tests_have_the_same_results

test: $(VENV)/.dev $(if $(SPARK),$(VENV)/.spark) profiles.yml  ## every test that needs no account: Python, DuckDB, BigQuery's analyzer (SPARK=sample)
	@$(if $(COVERAGE),rm -rf .coverage)
	@$(if $(SPARK),LAKEWEAVE_SPARK_SAMPLE=1) $(if $(COVERAGE),$(BIN)/coverage run,$(BIN)/python) -m pytest $(TEST_FOLDERS) $(if $(SPARK),$(SPARK_SAMPLE)) $(IN_PROCESSES)
	@$(if $(COVERAGE),$(BIN)/coverage combine --quiet && $(BIN)/coverage report)

coverage: $(VENV)/.dev profiles.yml  ## the share of the package's lines that the unit tests run (make test COVERAGE=1: all tests, slower)
	@rm -rf .coverage
	@$(BIN)/coverage run -m pytest tests/python/unit $(IN_PROCESSES) && $(BIN)/coverage combine --quiet && $(BIN)/coverage report

# The jars are not in a wheel, so Maven fetches them. The profile names their folder.
$(VENV)/.spark: requirements/spark.txt requirements/spark-jars.xml | $(VENV)/.dev
	@java -version 2>&1 | grep -q 'version "17' || { echo "Spark needs Java 17 on the path; found: $$(java -version 2>&1 | head -n 1). On Debian: apt-get install openjdk-17-jre-headless"; exit 1; }
	@command -v mvn > /dev/null || { echo "Delta's jars come by Maven, and there is no mvn on the path. On Debian: apt-get install maven"; exit 1; }
	@$(BIN)/uv pip install --quiet --no-deps --python $(BIN)/python --require-hashes -r requirements/spark.txt
	@mvn -q -B -f requirements/spark-jars.xml dependency:copy-dependencies -DincludeScope=runtime \
	    -DincludeGroupIds=io.delta,io.unitycatalog,org.postgresql -DoutputDirectory=$(CURDIR)/$(VENV)/spark-jars \
	  || { echo "Maven could not fetch Delta's jars (requirements/spark-jars.xml). Give it a repository in ~/.m2/settings.xml, or copy the jars to $(VENV)/spark-jars and set LAKEWEAVE_SPARK_JARS."; exit 1; }
	@cd $(VENV)/spark-jars && sha256sum --check --quiet $(CURDIR)/requirements/spark-jars.sha256 \
	  || { echo "The jars in $(VENV)/spark-jars are not those of requirements/spark-jars.sha256. Remove the folder and try again; after a change of version, make requirements writes new hashes."; exit 1; }
	@touch $@

# An optional part of pyproject.toml, into the same environment: `make extra-excel`. The constraints have versions and hashes.
extra-%: $(VENV)/.core
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes -r pyproject.toml --extra $* \
	    --constraint $(or $(wildcard requirements/$*.txt),requirements/dev.txt)

environment-database:  ## a PostgreSQL server for the tests that read one (Debian, as root)
	@command -v initdb > /dev/null || ls /usr/lib/postgresql/*/bin/initdb > /dev/null 2>&1 || { apt-get update -qq && apt-get install -y -qq postgresql > /dev/null; }

environment-browser:  ## Chromium for the test that opens the app in one (Debian, as root)
	@command -v chromium > /dev/null || { apt-get update -qq && apt-get install -y -qq chromium > /dev/null; }

environment-java:  ## Java 17 and Maven, which Spark needs (Debian, as root)
	@command -v java > /dev/null && command -v mvn > /dev/null || { apt-get update -qq && apt-get install -y -qq openjdk-17-jre-headless maven > /dev/null; }

environment-spark: $(VENV)/.spark  ## Spark and Delta's jars (needs Java 17 and Maven)

test-spark: $(VENV)/.spark profiles.yml  ## the whole project on Spark with Delta, compared with DuckDB
	@$(BIN)/python -m pytest tests/python/spark $(IN_PROCESSES)

# Fits into CI's time limit.
test-spark-sample: $(VENV)/.spark profiles.yml  ## a sample of test-spark: every table, an increment, a rerun, delivered values, bad input
	@LAKEWEAVE_SPARK_SAMPLE=1 $(BIN)/python -m pytest $(SPARK_SAMPLE) $(IN_PROCESSES)

test-spark-long: $(VENV)/.spark profiles.yml  ## test-spark after every delivery, with all data and unit tests and 20 kills
	@LAKEWEAVE_SPARK_LONG=1 LAKEWEAVE_SPARK_KILLS=20 $(BIN)/python -m pytest tests/python/spark $(IN_PROCESSES)

# dbt-databricks needs other versions of shared packages, so it has its own environment.
$(VENV)-databricks/.ready: requirements/databricks-test.txt | $(VENV)/.spark
	@$(PYTHON) -m venv $(VENV)-databricks
	@$(BIN)/uv pip install --quiet --no-deps --python $(VENV)-databricks/bin/python --require-hashes -r requirements/databricks-test.txt
	@touch $@

test-databricks: $(VENV)-databricks/.ready  ## the statements of dbt-databricks, run by open-source Spark with Delta (about half an hour)
	@$(VENV)-databricks/bin/python -m pytest tests/python/databricks

test-bigquery: $(VENV)/.dev profiles.yml  ## every BigQuery statement, analyzed by Google's SQL analyzer
	@$(BIN)/python -m pytest tests/python/bigquery

test-newcomer: $(VENV)/.dev profiles.yml  ## the newcomer's first hour with the README's commands, `make build` included
	@LAKEWEAVE_NEWCOMER=1 $(BIN)/python -m pytest tests/python/duckdb/test_newcomer.py

test-reliability: $(VENV)/.dev profiles.yml  ## the long tests: 200 kills of a build, 50 of an inference, 200 histories of deliveries
	@LAKEWEAVE_KILLS=200 LAKEWEAVE_INFERENCE_KILLS=50 LAKEWEAVE_DELIVERIES=200 LAKEWEAVE_ORDERS=200 LAKEWEAVE_WRITER_SECONDS=300 LAKEWEAVE_FAULTS=500 $(BIN)/python -m pytest tests/python/reliability

test-security: $(VENV)/.dev profiles.yml  ## a sample of hostile input: personal data, replies, connections, secrets, events, names, prices
	@$(BIN)/python -m pytest tests/python/security tests/python/unit/test_arrivals.py tests/python/unit/test_app_safety.py \
	    tests/python/unit/test_inference_server_replies.py tests/python/unit/test_inference_secrets.py tests/python/deploy/test_convert_to_usd.py $(IN_PROCESSES)

# About an hour on two cores: per seed 10,000 bodies by lineage and a third as many by name, 100,000 replies, 5,000 connections,
# 20,000 events and prices, 2,000 names; then 1,000 runs against a server that mixes all kinds of replies.
test-security-long: $(VENV)/.dev profiles.yml  ## test-security for about an hour: 10 seeds, and 1,000 runs with replies of all kinds
	@for seed in $$(seq 1 10); do LAKEWEAVE_BODIES=10000 LAKEWEAVE_FUZZ=20000 LAKEWEAVE_SEED=$$seed $(BIN)/python -m pytest -s \
	    tests/python/security/test_personal_columns.py tests/python/security/test_fuzzing.py -k "random or plain" || exit 1; done
	@LAKEWEAVE_REPLY_RUNS=1000 $(BIN)/python -m pytest tests/python/duckdb/test_inference_mixed.py

$(VENV)-train/.ready: requirements/train.txt | $(VENV)/.uv
	@$(PYTHON) -m venv $(VENV)-train
	@$(BIN)/uv pip install --quiet --no-deps --python $(VENV)-train/bin/python --require-hashes -r requirements/train.txt
	@touch $@

# An hour or less: 20,000 drawings, 28 epochs.
rebuild-models: $(VENV)-train/.ready  ## train the shipped ONNX files again from their seeds, and compare (long)
	@$(VENV)-train/bin/python -m tools.rebuild_models

licences: $(VENV)/.dev  ## the licences of all pinned packages that are installed: requirements/licences.csv
	@$(BIN)/python -m tools.licences

# Two at a time, because each tool uses one core.
lint: $(VENV)/.dev profiles.yml  ## ruff, sqlfluff, and dbt's own deprecations
	@$(MAKE) --no-print-directory --jobs 2 --output-sync=target lint-dbt lint-sql lint-python

lint-python: $(VENV)/.dev
	@$(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/mypy --no-error-summary

lint-sql: $(VENV)/.dev
	@$(BIN)/sqlfluff lint --disable-progress-bar models analyses tests/singular

lint-dbt: $(VENV)/.dev profiles.yml
	@for target in duckdb bigquery; do \
	  $(DBT) --quiet parse --target $$target --target-path target/lint --no-partial-parse --show-all-deprecations --warn-error || exit 1; done

format: $(VENV)/.dev  ## apply the fixes of ruff and sqlfluff
	@$(BIN)/ruff check --fix . ; $(BIN)/ruff format .
	@$(BIN)/sqlfluff fix --disable-progress-bar models analyses tests/singular

lineage: environment profiles.yml  ## draw docs/lineage.svg and docs/lineage/ from dbt's manifest
	@$(DBT) --quiet parse
	@$(BIN)/python -m tools.lineage

$(VENV)/.docs: requirements/docs.txt | $(VENV)/.core
	@$(BIN)/uv pip install --quiet --no-deps --python $(BIN)/python --require-hashes -r requirements/docs.txt
	@touch $@

docs: environment $(VENV)/.docs profiles.yml  ## the documentation: a site over docs/, and dbt's documentation as one HTML file
	@$(DBT) --quiet docs generate --static --target $(TARGET)
	@NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet -f docs/site/mkdocs.yml
	@mv target/static_index.html target/site/dbt.html
	@echo "target/site/index.html    pages of docs/"
	@echo "target/site/dbt.html      models, columns, tests and lineage by dbt"

feed: environment profiles.yml  ## a feed from your own data, built: NAME=claims FROM=claims.csv (TABLE= KEY=)
	@test -n "$(NAME)" && test -n "$(FROM)" || { echo "Give a name and the data: make feed NAME=claims FROM=claims.csv (a file, a folder, or database:<connection>/<table>)"; exit 2; }
	@mkdir -p warehouse
	@$(BIN)/python -m lakeweave.feed "$(NAME)" --from "$(FROM)" --target $(TARGET) $(if $(TABLE),--table "$(TABLE)") $(if $(KEY),--key "$(KEY)")

# The sentence goes by the environment, so that the shell reads nothing in it.
draft: export LAKEWEAVE_ASK := $(value ASK)
draft: environment profiles.yml  ## a model from a sentence, checked: ASK="Create a silver.users table from …" (INTO= EDIT= WRITE=1)
	@test -n "$$LAKEWEAVE_ASK" || { echo 'Say what the model is: make draft ASK="Create a silver.users table from bronze.users that deduplicates by id."'; exit 2; }
	@test -f target/manifest.json || $(BIN)/dbt --quiet parse
	@$(BIN)/python -m lakeweave.draft $(if $(INTO),--into "$(INTO)") $(if $(EDIT),--edit "$(EDIT)") $(if $(WRITE),--write) -- "$$LAKEWEAVE_ASK"

profile: environment profiles.yml  ## a profile of every bronze column, as a page: target/profile.html
	@$(BIN)/python -m lakeweave.profile --target $(TARGET)

$(VENV)/.app: requirements/app.txt | $(VENV)/.core
	@$(BIN)/uv pip install --quiet --no-deps --python $(BIN)/python --require-hashes -r requirements/app.txt
	@touch $@

app: $(VENV)/.app profiles.yml  ## the app over gold, in a browser (after make build)
	@$(BIN)/python -m app

watch: environment profiles.yml  ## build the models that depend on a file when it arrives in the landing zone
	@$(BIN)/python -m lakeweave.arrivals watch --target $(TARGET)

bench: $(VENV)/.dev profiles.yml  ## measure the figures of docs/benchmarks.md (long)
	@for what in landing ingestion shop inference vectors feeds pictures people; do echo "== $$what"; $(BIN)/python -m tests.python.benchmarks.bench_$$what || exit 1; done

clean:  ## remove build artifacts; the warehouse, its ledger and the landing zone stay
	@rm -rf target logs dbt_packages .pytest_cache .ruff_cache .mypy_cache .coverage .hypothesis .sqlfluff_cache
	@find . -name __pycache__ -not -path './$(VENV)/*' -prune -exec rm -rf {} +

requirements:  ## update the pinned versions and hashes from pyproject.toml
	@for file in core: "app:--extra app" "docs:--group docs" "arrivals:--extra arrivals --extra bigquery" "dev:--extra app --extra arrivals --extra bigquery --extra databases --extra excel --extra embeddings --extra iceberg --group dev" \
	    "ann:--extra ann" "train:--extra train" "spark:--extra spark" "databricks:--extra databricks" "databricks-test:--extra databases --extra databricks --extra spark --group test"; do \
	  $(BIN)/uv pip compile pyproject.toml --quiet --universal --generate-hashes --python-version 3.11 --no-header --no-annotate --no-emit-index-url \
	    $${file#*:} -o requirements/$${file%%:*}.txt > /dev/null || exit 1; done; \
	for service in "uv requirements/uv.txt" "functions-framework deploy/gcp/convert_to_usd/requirements.txt"; do \
	  echo "$${service% *}" | $(BIN)/uv pip compile - --quiet --universal --generate-hashes --python-version 3.11 --no-header --no-annotate --no-emit-index-url \
	    -o "$${service#* }" > /dev/null || exit 1; done
	@cd $(VENV)/spark-jars 2> /dev/null && sha256sum *.jar > $(CURDIR)/requirements/spark-jars.sha256 || true
	@$(BIN)/python -m tools.licences
