"""Spark and Databricks take no subquery in an argument of `transform`: what runs there reads a variable of the session."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from tests.python.security.macros import Macros

VARIABLE = "session.lakeweave_currency_symbols"


def looked_up(target: str, node: dict[str, Any], command: str) -> tuple[str, list[str]]:
    """What amounts of ``node`` look their currency up in, and the statements that were sent for it."""
    sent: list[str] = []
    macros = Macros(
        target,
        "cleaning/engines/spark_lookups.sql",
        model=SimpleNamespace(**node),
        flags=SimpleNamespace(WHICH=command),
        execute=True,
        run_query=sent.append,
        ref=lambda *parts: parts[-1],
    )
    memory: dict[str, Any] = {}
    macros._macros |= {"run_memory": lambda _: memory, "is_local_engine": lambda: target == "spark"}
    return macros._lookup("currency_symbols", is_in_transform=True), sent


@pytest.mark.parametrize("target", ["spark", "databricks"])
@pytest.mark.parametrize("command", ["run", "build", "test", "show"])
@pytest.mark.parametrize(
    "node",
    [
        {"resource_type": "model", "config": SimpleNamespace(materialized=kind)}
        for kind in ("table", "incremental", "ephemeral", "inference")
    ]
    + [{"resource_type": kind, "config": SimpleNamespace(materialized=kind)} for kind in ("test", "snapshot")],
    ids=lambda node: node["config"].materialized,
)
def test_a_statement_that_runs_reads_a_variable(target: str, command: str, node: dict[str, Any]) -> None:
    expression, sent = looked_up(target, node, command)
    assert expression == VARIABLE
    assert [each.split()[0] for each in sent] == ["declare", "set"]


@pytest.mark.parametrize("target", ["spark", "databricks"])
def test_an_ingestion_and_a_unit_test_declare_the_variable_later(target: str) -> None:
    for node in (
        {"resource_type": "model", "config": SimpleNamespace(materialized="ingestion")},
        {"resource_type": "unit_test", "config": SimpleNamespace(materialized="unit")},
    ):
        assert looked_up(target, node, "build") == (VARIABLE, [])


def test_a_compiled_query_needs_no_statement_before_it() -> None:
    node = {"resource_type": "analysis", "config": SimpleNamespace(materialized="view")}
    expression, sent = looked_up("spark", node, "compile")
    assert expression.startswith("(")
    assert sent == []
