# ruff: noqa: F401
"""What `forking` wants imported before it forks. Nothing here may start a thread or open a database."""

import dbt.adapters.duckdb
import dbt.adapters.factory
import dbt.cli.main
import dbt.parser.manifest
import dbt.task.build
import pandas
import pyarrow.csv
import pyarrow.parquet

import lakeweave.plugin
from tests.python import callers

callers.install()
