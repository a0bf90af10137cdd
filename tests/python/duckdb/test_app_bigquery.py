"""Every question that the app's pages ask on DuckDB is one that BigQuery takes: read by Google's analyzer, not run."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from app import warehouse
from tests.python.bigquery.analyzer import Analyzer, Refused
from tests.python.bigquery.warehouse import Warehouse
from tests.python.support import Workspace

Open = Callable[..., AppTest]
PAGES = ("shop", "cohorts", "pictures", "similar", "yoga", "marketplace", "grocery", "health")
TYPES = {"VARCHAR": "string", "BIGINT": "int64", "DOUBLE": "float64", "BOOLEAN": "bool", "FLOAT[]": "array<float64>"}
ADDRESSES: tuple[tuple[str, dict[str, Any]], ...] = (
    *((page, {}) for page in PAGES),
    ("shop", {"country": "Brazil", "category": "Jeans", "years": ["2024", "2025"]}),
    ("cohorts", {"source": "Search"}),
    ("pictures", {"which": "only disagreements", "shows": "Trousers", "color": "black"}),
    ("pictures", {"which": "only unclear"}),
    ("similar", {"product": "jean"}),
    ("similar", {"what": "customers"}),
    ("similar", {"what": "customers", "customer": "3"}),
    ("similar", {"what": "map"}),
    ("marketplace", {"measure": "cancelled"}),
    ("grocery", {"what": "items", "item": "milk"}),
    ("health", {"part": "rejected"}),
    ("health", {"part": "models"}),
)


def literal(value: Any) -> str:
    return f"'{value}'" if isinstance(value, str) else str(value)


def as_bigquery(sql: str, parameters: dict[str, Any]) -> str:
    """The question in the words that the app has for BigQuery, with the parameters' values in it."""
    sql = re.sub(r":([a-z]\w*)", lambda name: literal(parameters[name[1]]), sql)
    return re.sub(r"list_cosine_distance\(([^()]*)\)", r"ml.distance(\1, 'COSINE')", sql)


@pytest.fixture
def analyzer(demo: Workspace) -> Analyzer:
    """Knows the demo's gold and ledger, with the types that BigQuery has for them."""
    made = Analyzer(Warehouse("shop-project"))
    tables: dict[str, list[str]] = {}
    for schema, table, column, kind in demo.query(
        "select table_schema, table_name, column_name, data_type from information_schema.columns"
        " where table_schema in ('gold', 'ledger') order by ordinal_position"
    ):
        known = "numeric" if kind.startswith("DECIMAL") else TYPES.get(kind, kind.lower())
        tables.setdefault(f"{schema}.{table}", []).append(f"`{column}` {known}")
    made.warehouse.datasets |= {"shop-project.gold", "shop-project.ledger"}
    for table, columns in tables.items():
        made.run(f"create table `shop-project`.{table} ({', '.join(columns)})")
    return made


def test_bigquery_takes_every_question(analyzer: Analyzer, open_page: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: set[str] = set()
    on_duckdb = warehouse.ENGINES["duckdb"]

    def noted(profile: warehouse.Profile, sql: str, parameters: dict[str, Any]) -> pd.DataFrame:
        asked.add(as_bigquery(sql, parameters))
        return on_duckdb(profile, sql, parameters)

    monkeypatch.setitem(warehouse.ENGINES, "duckdb", noted)
    warehouse._answer.clear()
    for page, address in ADDRESSES:
        assert not open_page(page, **address).exception
    assert len(asked) > 40
    refused = []
    for sql in sorted(asked):
        try:
            analyzer.run(re.sub(r"\b(gold|ledger)\.(\w+)", r"`shop-project`.\1.\2", sql))
        except Refused as wrong:
            refused.append(f"{wrong}\n    {sql}")
    assert not refused, "\n".join(refused)
