# ruff: noqa: F401
"""What `forking` wants imported before it forks. Nothing here may start a thread or open a database."""

import gc

import dbt.adapters.duckdb
import dbt.adapters.factory
import dbt.cli.main
import dbt.parser.manifest
import dbt.task.build
import pandas
import pyarrow.csv
import pyarrow.parquet

import lakeweave.plugin
from tests.python import dbt_speedups

dbt_speedups.install()
dbt_speedups.prepare_classes()
# What is here stays: the collector of each process would copy these pages by looking at them.
gc.freeze()
