"""The same landing zone built on DuckDB and on Spark, and what it takes for two tables to be the same.

Which tables there are is read from dbt's manifest, so a new model is compared by itself. The same are: the names of the
columns and their order, their types, and all rows, NULLs, timestamps and decimals included. What may differ is said here
and nowhere else.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb

from tests.python.spark.session import SparkWorkspace
from tests.python.support import JOURNALS, VOLATILE, Workspace

#: Sums of floats depend on the order of their terms: two doubles are the same when they differ by at most this share.
RELATIVE_TOLERANCE = 1e-9

#: What the engines say in words of their own, and what only one of them detects; by table, or for all of them.
WORDS = {
    "ledger.files": {
        "message",
        "format",
        "encoding",
        "delimiter",
        # The byte account: only DuckDB's reader sees bytes.
        "content_bytes",
        "header_bytes",
        "record_bytes",
        "rejected_bytes",
        "skipped_bytes",
        "encoding_confidence",
        "counted_by",
        "counted_records",
    },
    "ledger.rejected_records": {"message", "bytes", "raw_hash"},
    "ledger.layout_changes": {"message"},
}

#: Tables that are not compared, with the reason.
NOT_COMPARED = {name: "a journal of the runs themselves" for name in JOURNALS}

LEDGER = ("files", "rejected_records", "layout_changes", "silver_records", "untyped_values", "model_responses")
#: Ledger tables that are not compared: Spark has no byte account, the versions of relations are kept on DuckDB only, and an
#: operation accepts answers.
LEDGER_NOT_COMPARED = {"skipped_spans", "relations", "accepted_answers"}
LEDGER_TABLES = tuple(f"ledger.{name}" for name in LEDGER)

#: A type of DuckDB and the class that it is compared as.
CLASSES = {
    "TINYINT": "whole number",
    "SMALLINT": "whole number",
    "INTEGER": "whole number",
    "BIGINT": "whole number",
    "HUGEINT": "whole number",
    "FLOAT": "float",
    "DOUBLE": "float",
}


@dataclass
class Compared:
    """One table on both engines; ``problems`` is empty when it is the same."""

    name: str
    rows: int
    problems: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        return f"{'same' if not self.problems else 'DIFFERS':8}{self.name:45}{self.rows:>9,} rows" + "".join(
            f"\n        {problem}" for problem in self.problems
        )


@dataclass
class Both:
    """The same landing zone on Spark and on DuckDB."""

    landing: Path
    spark: SparkWorkspace
    duckdb: Workspace
    selected: tuple[str, ...] = ()
    """What the last delivery built, in dbt's words, gold apart."""

    def build(self, *arguments: str) -> list[str]:
        """Build on both engines: all, or what ``arguments`` select. The tables that Spark built."""
        self.duckdb.dbt(*(arguments or ("build",)))
        done = self.spark.here(*(arguments or ("build",)))
        return sorted(f"{each.node.schema}.{each.node.alias}" for each in done.results if each.node.is_relational)

    def manifest(self) -> dict[str, Any]:
        """What dbt wrote of the project at its last command on Spark."""
        return json.loads((self.spark.root / "target" / "manifest.json").read_text())

    def tables(self) -> list[str]:
        """Every table of the project, by its manifest, and the ledger's."""
        built = [
            f"{node['schema']}.{node['alias']}"
            for node in self.manifest()["nodes"].values()
            if node["resource_type"] in ("model", "seed", "snapshot") and node["config"]["materialized"] != "ephemeral"
        ]
        return sorted(built) + list(LEDGER_TABLES)

    def compare(self, *tables: str) -> list[Compared]:
        """The tables of the project (or ``tables``), each compared."""
        with duckdb.connect(str(self.duckdb.warehouse), read_only=True) as connection:
            return [
                compare(connection, table, self.spark.table(table))
                for table in tables or self.tables()
                if table not in NOT_COMPARED
            ]


def compare(
    connection: duckdb.DuckDBPyConnection, name: str, spark: Any, besides: frozenset[str] = frozenset()
) -> Compared:
    """The table ``name`` of ``connection`` beside what Spark has, an Arrow table; the columns ``besides`` may differ."""
    connection.register("spark_rows", spark)
    left = _columns(connection, name)
    right = _columns(connection, "spark_rows")
    count = connection.execute(f"select count(*) from {name}").fetchone()
    result = Compared(name, count[0] if count else 0)
    if list(left) != list(right):
        result.problems.append(f"columns: {', '.join(left)} on duckdb; {', '.join(right)} on spark")
        return result
    for column in left:
        if _class(left[column]) != _class(right[column]):
            result.problems.append(f"type of {column}: {left[column]} on duckdb, {right[column]} on spark")
    ignored = VOLATILE | WORDS.get(name, set()) | besides
    # The end of a version depends on the clock; whether it ended does not.
    exact = [
        f'"{column}" is null' if column == "dbt_valid_to" else _exact(column, left[column])
        for column in left
        if (column not in ignored and _class(left[column]) != "float") or column == "dbt_valid_to"
    ]
    floats = [f'"{column}"::double' for column in left if column not in ignored and _class(left[column]) == "float"]
    if not floats:
        for engine, one, other in (("duckdb", name, "spark_rows"), ("spark", "spark_rows", name)):
            only = connection.execute(
                f"select {', '.join(exact)} from {one} except all select {', '.join(exact)} from {other} limit 3"
            ).fetchall()
            result.problems += [f"only on {engine}: {row}" for row in only]
        return result
    rounded = [f"round({column}, 6)" for column in floats]
    query = "select {} from {} order by {}"
    order = ", ".join(f"{expression} nulls first" for expression in (*exact, *rounded))
    one, other = (
        connection.execute(query.format(", ".join([*exact, *floats]), table, order)).fetchall()
        for table in (name, "spark_rows")
    )
    if len(one) != len(other):
        result.problems.append(f"{len(one)} rows on duckdb, {len(other)} on spark")
    for mine, its in zip(one, other, strict=False):
        if mine[: len(exact)] != its[: len(exact)] or not all(map(_close, mine[len(exact) :], its[len(exact) :])):
            result.problems.append(f"duckdb {mine}\n        spark  {its}")
            if len(result.problems) >= 3:
                break
    return result


def _columns(connection: duckdb.DuckDBPyConnection, table: str) -> dict[str, str]:
    return dict(connection.execute(f"select column_name, column_type from (describe {table})").fetchall())


def _class(kind: str) -> str:
    if kind.startswith("DECIMAL"):
        return "decimal"
    return CLASSES.get(kind, kind.replace("TIMESTAMP_NS", "TIMESTAMP"))


def _exact(column: str, kind: str) -> str:
    expression = f'"{column}"'
    if _class(kind) == "decimal":
        # The engines' numeric types have scales of their own; the amounts are equal.
        return f"{expression}::decimal(38, 10)"
    if _class(kind) == "whole number":
        return f"{expression}::hugeint"
    return f"{expression}::varchar" if "[" in kind else expression


def _close(one: float | None, other: float | None) -> bool:
    if one is None or other is None:
        return one is other
    return math.isclose(one, other, rel_tol=RELATIVE_TOLERANCE, abs_tol=1e-12)
