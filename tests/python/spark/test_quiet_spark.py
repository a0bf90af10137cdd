"""One line for each problem, and no stack: of a data test that fails, of SQL that is wrong, of tables in another format."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.python.spark.parity import Both
from tests.python.spark.session import SparkWorkspace
from tests.python.support import add_models

pytestmark = pytest.mark.needs_spark


def test_problems_are_reported_in_one_line(tmp_path: Path) -> None:
    """In a process of its own, whose log is read: a test that fails, and a model whose task fails."""
    workspace = SparkWorkspace.on_spark(tmp_path / "project", tmp_path / "landing")
    words = "{{ ref('null_sentinels') }}"
    add_models(
        workspace,
        {
            "fails": "{{ config(materialized='table') }}"
            f"select cast(raise_error(concat('odd word ', sentinel)) as int) as n from {words}",
            "missing": f"select nothing from {words}",
        },
    )
    singular = workspace.root / "tests" / "singular"
    # Of no table: a test that fails has dbt skip what depends on its table.
    (singular / "no_rows.sql").write_text("select * from (values (1), (2)) as found (n)")
    done = workspace.dbt(
        "build", "--select", "null_sentinels", "fails", "missing", "no_rows", "--no-use-colors", check=False
    )
    said = done.stdout + done.stderr
    assert done.returncode == 1
    assert "odd word " in said
    assert "UNRESOLVED_COLUMN" in said
    assert "Got 2 results" in said
    assert "\tat " not in said
    assert "Traceback" not in said
    spark_log = [line for line in said.splitlines() if line.startswith(("ERROR ", "WARN "))]
    assert len(spark_log) <= 2, spark_log


def test_tables_of_another_format(both: Both) -> None:
    """All of them are named before anything is changed."""
    session = both.spark.open()
    session.sql("create schema if not exists gold")
    for name in ("gold.daily_sales", "gold.customer_metrics"):
        session.sql(f"drop table if exists {name}")
        session.sql(f"create table {name} using parquet as select 1 as n")
    try:
        done = both.spark.here("seed", "--select", "null_sentinels", check=False)
        assert not done.success
        assert "gold.customer_metrics, gold.daily_sales exist already and not as Delta" in done.stdout
        assert session.sql("select n from gold.daily_sales").collect()[0].n == 1
    finally:
        for name in ("gold.daily_sales", "gold.customer_metrics"):
            session.sql(f"drop table {name}")
