"""Each silver and gold SELECT, each analysis and each cleaning macro gives the same rows on BigQuery and on DuckDB.

BigQuery's side is Google's reference implementation of GoogleSQL, on the SQL that dbt compiled for BigQuery; both engines
have the same rows, a sample of a small demo build. What a model answered is in those rows.
"""

from __future__ import annotations

import datetime
import json
import math
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from . import cleaning, demo, reference, sqltypes, tolerances
from .calls import rewrite
from .recorder import ROOT, Recording
from .rows import Sample
from .sqltext import without_run
from .sqltypes import Type
from .warehouse import Warehouse

RUNS = ("first run", "second run")

MANY = 12
"""Differences that are reported per query."""


@pytest.fixture(scope="module")
def built(demo_build: Path) -> Iterator[Path]:
    """The folder of the demo build."""
    return demo_build


@pytest.fixture(scope="module")
def samples(built: Path) -> dict[str, Sample]:
    """Rows for both engines, for each kind of run."""
    return {"first run": Sample(built), "second run": Sample(built, few=True)}


def _both(sample: Sample, recording: Recording, run: str, sql: str, duck_sql: str) -> list[str]:
    """What differs between the two engines, in words; empty when nothing does."""
    warehouse = recording.snapshots[run]
    prefix = _prefix(recording)
    used = reference.tables(without_run(sql), warehouse)
    try:
        rows = {table.path: sample.rows(table, prefix) for table in used}
        columns, made = reference.run(without_run(sql), warehouse, rows)
    except (LookupError, reference.CannotRun) as wrong:
        return [f"BigQuery: {wrong}"]
    try:
        duck_columns, duck_made = sample.query(without_run(duck_sql))
    except duckdb.Error as wrong:
        return [f"DuckDB: {wrong}"]
    said = [*_types(columns, duck_columns), *_rows(columns, made, duck_columns, duck_made)]
    if not said and not made and run == RUNS[0]:
        return ["gives no row on the sample, so that nothing is compared"]
    return said


def _prefix(recording: Recording) -> str:
    """What the datasets of a developer begin with."""
    dataset = next(node.schema for node in recording.manifest.nodes.values() if node.resource_type == "seed")
    return dataset.removesuffix("seeds")


def _types(columns: list[tuple[str, Type]], duck_columns: list[tuple[str, str]]) -> list[str]:
    names, duck_names = [name.lower() for name, _ in columns], [name.lower() for name, _ in duck_columns]
    duck_names = [_other_name(name, names) for name in duck_names]
    if names != duck_names:
        return [f"columns: BigQuery has {names}, DuckDB has {duck_names}"]
    return [
        f"column {name}: {sqltypes.words(made)} on BigQuery, {kind} on DuckDB"
        for (name, made), (_, kind) in zip(columns, duck_columns, strict=True)
        if not _same_type(sqltypes.words(made), kind)
    ]


def _other_name(name: str, names: list[str]) -> str:
    back = {other: own for own, other in tolerances.OTHER_NAMES.items()}
    return back[name] if name in back and back[name] in names else name


def _same_type(words: str, kind: str) -> bool:
    if words.startswith("ARRAY<"):
        return kind.endswith("]") and _same_type(words[6:-1], kind[: kind.rindex("[")])
    if words.startswith("STRUCT<"):
        return kind.startswith("STRUCT(")
    return kind.partition("(")[0] in tolerances.SAME_TYPES.get(words, ())


def _rows(
    columns: list[tuple[str, Type]],
    made: list[tuple[Any, ...]],
    duck_columns: list[tuple[str, str]],
    duck_made: list[tuple[Any, ...]],
) -> list[str]:
    if len(columns) != len(duck_columns):
        return []
    if len(made) != len(duck_made):
        return [f"{len(made)} rows on BigQuery, {len(duck_made)} on DuckDB"]
    left = sorted((tuple(map(_plain, row)) for row in made), key=_order)
    right = sorted((tuple(map(_plain, row)) for row in duck_made), key=_order)
    said = []
    for row, duck_row in zip(left, right, strict=True):
        for (name, _), value, duck_value in zip(columns, row, duck_row, strict=True):
            if not _same(value, duck_value):
                where = ", ".join(repr(each) for each in row[:2])
                said.append(f"column {name}: {value!r} on BigQuery, {duck_value!r} on DuckDB, in the row of {where}")
    return said[:MANY] + ([f"... and {len(said) - MANY} more values"] if len(said) > MANY else [])


def _plain(value: Any) -> Any:
    """A value in the form in which both engines' can be compared: times in UTC, numbers without trailing zeros."""
    if isinstance(value, datetime.datetime):
        return value.astimezone(datetime.UTC).replace(tzinfo=None) if value.tzinfo else value
    if isinstance(value, Decimal):
        return value.normalize() + 0
    if isinstance(value, (bytes, bytearray)):
        return bytes(value)
    if isinstance(value, (list, tuple)):
        return [_plain(each) for each in value]
    if isinstance(value, dict):
        return {name: _plain(each) for name, each in value.items()}
    return value


def _order(row: tuple[Any, ...]) -> tuple[Any, ...]:
    """Rows are compared as sets; floats sort by their first digits, so that the last ones do not shuffle them."""

    def key(value: Any) -> tuple[int, str]:
        if value is None:
            return (0, "")
        if isinstance(value, float):
            return (1, f"{value:.6g}")
        if isinstance(value, (list, dict)):
            return (1, json.dumps(value, default=str, sort_keys=True))
        return (1, str(value))

    return tuple(key(value) for value in row)


def _same(value: Any, duck_value: Any) -> bool:
    if value is None or duck_value is None:
        return value is duck_value
    if isinstance(value, float) or isinstance(duck_value, float):
        left, right = float(value), float(duck_value)
        if math.isnan(left) or math.isnan(right):
            return math.isnan(left) and math.isnan(right)
        return math.isclose(left, right, rel_tol=tolerances.FLOAT_RELATIVE, abs_tol=tolerances.FLOAT_ABSOLUTE)
    if isinstance(value, list) and isinstance(duck_value, list):
        return len(value) == len(duck_value) and all(map(_same, value, duck_value))
    if isinstance(value, dict) and isinstance(duck_value, dict):
        return value.keys() == duck_value.keys() and all(_same(value[name], duck_value[name]) for name in value)
    if isinstance(value, (dict, list)) and isinstance(duck_value, str):
        return value == json.loads(duck_value)
    return bool(value == duck_value)


def selects(recording: Recording) -> dict[str, Any]:
    """The nodes whose SELECT is run on both engines: SQL models of silver and gold, and analyses."""
    found = {}
    for unique_id, node in recording.manifest.nodes.items():
        layer = node.resource_type == "analysis" or {"silver", "gold"} & set(node.fqn)
        if node.resource_type in ("model", "analysis") and layer and node.language == "sql":
            if node.resource_type == "analysis" or node.config.materialized != "remote_model":
                found[unique_id] = node
    return found


def cannot_run(sql: str, warehouse: Warehouse) -> str | None:
    """Why the reference implementation cannot execute a query, where it cannot."""
    listed = [why for words, why in tolerances.CANNOT_RUN.items() if words in sql.lower()]
    services = sorted(rewrite(sql, warehouse).called)
    return listed[0] if listed else f"{services[0]} is {tolerances.SERVICE}" if services else None


def test_the_list_of_statements_that_cannot_run_has_no_unused_entry(recording: Recording) -> None:
    """An entry that no query needs is taken out."""
    queries = [sql.lower() for (phase, _), sql in recording.compiled.items() if phase in (*RUNS, "analyses")]
    assert [words for words in tolerances.CANNOT_RUN if not any(words in sql for sql in queries)] == []


@pytest.mark.parametrize("run", RUNS)
def test_silver_and_gold(recording: Recording, samples: dict[str, Sample], built: Path, run: str) -> None:
    """One line for each value that differs: model, column, what BigQuery gives, what DuckDB gives.

    Of the second run, the SELECTs that are other than in the first: the incremental ones.
    """
    sample = samples[run]
    # The analyses are compiled once, after the build.
    duck = demo.compiled(built, RUNS[1]) | demo.compiled(built, run)
    problems, compared = [], 0
    for unique_id, node in selects(recording).items():
        sql = recording.compiled.get((run if node.resource_type == "model" else "analyses", unique_id))
        if run != RUNS[0] and (node.resource_type == "analysis" or sql == recording.compiled.get((RUNS[0], unique_id))):
            continue
        if sql is None or unique_id not in duck:
            problems.append(f"{unique_id}: was not compiled for {'BigQuery' if sql is None else 'DuckDB'}")
            continue
        said = _both(sample, recording, run, sql, duck[unique_id])
        reason = cannot_run(sql, recording.snapshots[run])
        if reason is not None:
            if not said or not said[0].startswith("BigQuery:"):
                problems.append(f"{unique_id}: runs after all, although {reason}")
            continue
        compared += 1
        problems += [f"{unique_id}: {each}" for each in said]
    assert compared > 0
    if problems:
        pytest.fail("\n".join([f"{len(problems)} difference(s) in {compared} queries", *problems]), pytrace=False)


def test_cleaning_macros(recording: Recording, samples: dict[str, Sample], built: Path) -> None:
    """Every public macro of macros/cleaning, on texts as they are delivered."""
    manifest = json.loads((built / "second run.json").read_text())
    duck_sql = next(
        node["compiled_code"] for unique_id, node in manifest["nodes"].items() if unique_id.endswith(".cleaning_macros")
    )
    called = {name.rpartition("_")[0] for name in cleaning.calls(ROOT)}
    assert called == set(cleaning.macros(ROOT))
    said = _both(samples[RUNS[0]], recording, RUNS[0], recording.compiled["analyses", "cleaning macros"], duck_sql)
    if said:
        pytest.fail("\n".join(said), pytrace=False)


def test_the_comparison_bites(recording: Recording, samples: dict[str, Sample]) -> None:
    """A value, a NULL, a type and a row too many are each found."""
    sample = samples[RUNS[0]]
    seed = next(node for node in recording.manifest.nodes.values() if node.name == "currency_symbols")
    table = recording.snapshots[RUNS[0]].tables[f"{seed.database}.{seed.schema}.{seed.alias}"]
    relation, duck_relation = f"`{table.path}`", f'lakeweave.seeds."{seed.alias}"'
    good = "select symbol, 1 as n, cast(0.5 as {}) as f from {}"
    duck = good.format("double", duck_relation)
    sql = good.format("float64", relation)
    assert _both(sample, recording, RUNS[0], sql, duck) == []
    for wrong in (
        sql.replace("1 as n", "2 as n"),
        sql.replace("1 as n", "cast(null as int64) as n"),
        sql.replace("1 as n", "'1' as n"),
        sql.replace("1 as n", "1.0 as n"),
        sql.replace("symbol,", "upper(concat(symbol, 'x')) as symbol,"),
        sql.replace("0.5", "0.5000001"),
        sql + " union all select 'x', 1, 0.5",
        sql + " where false",
    ):
        assert _both(sample, recording, RUNS[0], wrong, duck) != [], wrong
