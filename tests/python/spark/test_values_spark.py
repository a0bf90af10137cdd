"""Every cleaning macro gives on Spark what it gives on DuckDB, over the shared texts and a sample of random forms."""

from __future__ import annotations

import datetime
import math
from decimal import Decimal
from typing import Any

import duckdb
import pytest

from tests.python.bigquery import cleaning
from tests.python.spark.parity import Both
from tests.python.support import ROOT
from tests.python.value_cases import CASES, READERS, random_cases

pytestmark = pytest.mark.needs_spark
SEEDS = ("null_sentinels", "currency_symbols", "standard_spellings")


def plain(value: Any) -> Any:
    """A value in the form in which both engines' can be compared."""
    if isinstance(value, datetime.datetime) and value.tzinfo:
        return value.astimezone(datetime.UTC).replace(tzinfo=None)
    if isinstance(value, Decimal):
        return value.normalize() + 0
    return value


def same(one: Any, other: Any) -> bool:
    """Whether two values are the same; a float to its last but one digit."""
    if isinstance(one, float) and isinstance(other, float):
        return math.isclose(one, other, rel_tol=1e-12) or (math.isnan(one) and math.isnan(other))
    return bool(one == other)


@pytest.fixture(scope="module")
def rows(asking: Both) -> tuple[list[str], list[tuple], list[tuple]]:
    """The names of the columns, and the rows of both engines."""
    asking.build("seed", "--select", " ".join(SEEDS))
    # A model, because Spark reads the seeds from variables of the session, which a model declares.
    model = "{{ config(materialized='table', schema='silver') }}\n" + cleaning.query(ROOT)
    for workspace in (asking.spark, asking.duckdb):
        (workspace.root / "models" / "delivered_texts.sql").write_text(model)
    asking.build("run", "--select", "delivered_texts")
    table = asking.spark.table("silver.delivered_texts")
    with duckdb.connect(str(asking.duckdb.warehouse), read_only=True) as connection:
        mine = sorted(connection.execute("select * from silver.delivered_texts").fetchall())
    its = sorted(tuple(row.values()) for row in table.to_pylist())
    return table.column_names, mine, its


def test_both_engines_give_the_same(rows: tuple[list[str], list[tuple], list[tuple]]) -> None:
    names, mine, its = rows
    assert len(mine) == len(its) == len(cleaning.texts())
    differ = [
        (name, row[1], value, other)
        for row, others in zip(mine, its, strict=True)
        for name, value, other in zip(names, map(plain, row), map(plain, others), strict=True)
        if not same(value, other)
    ]
    assert differ == []


def test_spark_reads_the_expected_rows(rows: tuple[list[str], list[tuple], list[tuple]]) -> None:
    """Not only what DuckDB reads."""
    names, _, its = rows
    calls = {call.replace(" ", ""): name for name, call in cleaning.calls(ROOT).items()}
    written = random_cases(20261128, 25)
    wrong = []
    for kind, cases in CASES.items():
        column = names.index(calls[READERS[kind].replace(" ", "")])
        found = {row[1]: plain(row[column]) for row in its}
        for text, expected in (cases | written.get(kind, {})).items():
            if "\0" not in text and not same(found[text], plain(expected)):
                wrong.append((kind, text, expected, found[text]))
    assert wrong == []
