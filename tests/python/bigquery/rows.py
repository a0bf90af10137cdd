"""Rows for both engines: a sample of each table of the demo build, and rows with what seldom happens."""

from __future__ import annotations

import datetime
import json
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb

from ..support import VOLATILE
from .sqltypes import words
from .tolerances import EDGE_TEXTS, FEW_ROWS, ONLY_ON_BIGQUERY, OTHER_NAMES, ROWS_PER_TABLE
from .warehouse import Table

SCHEMAS = ("bronze", "silver", "gold", "ml", "seeds", "snapshots", "ledger")
WHOLE = ("seeds", "ledger")


class Sample:
    """An in-memory DuckDB with the tables of the demo build, each cut to a few dozen rows and widened by edge rows.

    Edge rows, for each table: one for each column that is no key, with NULL in it; one for each text of `EDGE_TEXTS` in all
    text columns; one with zero and one with a negative in all numbers; one in 1970 and one in 2100 in all times. Keys are
    new in each, so that no row hides another; in bronze, where a key comes in many records, one row more has a known key
    and NULL in everything but what says where the record came from.

    With `few`, a dozen rows and edge rows in total, and of the ledger the files that they came from: the reference implementation evaluates a subquery again for each row,
    and the condition of an incremental run is five of them deep.
    """

    def __init__(self, folder: Path, few: bool = False) -> None:
        self.few = few
        self.manifest = json.loads((folder / "first run.json").read_text())
        warehouse = folder / "project" / "warehouse" / "lakeweave.duckdb"
        self.connection = duckdb.connect()
        self.connection.execute("set timezone = 'UTC'")
        self.connection.execute(f"attach '{warehouse}' as demo (read_only)")
        self.connection.execute("attach ':memory:' as lakeweave")
        tables = self.connection.execute(
            "select schema_name, table_name from duckdb_tables() where database_name = 'demo' order by all"
        ).fetchall()
        keys = self._keys()
        self._delivered: set[str] = set()
        for schema, name in sorted(tables, key=lambda each: each[0] != "bronze"):
            if schema in SCHEMAS:
                self._copy(schema, name, keys.get((schema, name), set()))
        self.connection.execute("use lakeweave")

    def _keys(self) -> dict[tuple[str, str], set[str]]:
        """The key columns of each relation: what is tested to be unique, and what it or a child merges by."""
        nodes = self.manifest["nodes"]
        found: dict[tuple[str, str], set[str]] = {}

        def note(unique_id: str, columns: Sequence[str]) -> None:
            node = nodes.get(unique_id)
            if node is not None and node.get("alias"):
                found.setdefault((node["schema"], node["alias"]), set()).update(each.lower() for each in columns)

        for unique_id, node in nodes.items():
            test = node.get("test_metadata") or {}
            if test.get("name") == "unique" and node.get("attached_node"):
                note(node["attached_node"], [node["column_name"]])
            key = (node.get("config") or {}).get("unique_key")
            for each in [key] if isinstance(key, str) else key or []:
                note(unique_id, [each])
                for parent in (node.get("depends_on") or {}).get("nodes", []):
                    note(parent, [each])
        return found

    def _copy(self, schema: str, name: str, keys: set[str]) -> None:
        source, target = f'demo."{schema}"."{name}"', f'lakeweave."{schema}"."{name}"'
        self.connection.execute(f'create schema if not exists lakeweave."{schema}"')
        self.connection.execute(f"create table {target} as select * from {source} where false")
        described = self.connection.execute(f"describe {source}").fetchall()
        # What differs from one build to the next has no part in which rows are taken.
        lasting = ", ".join(f'"{each[0]}"' for each in described if each[0] not in VOLATILE) or "1"
        rows = self.connection.execute(f"select * from {source} order by hash(row({lasting}))")
        columns = [(each[0], str(each[1])) for each in rows.description]
        taken = rows.fetchall() if schema in WHOLE else rows.fetchmany(FEW_ROWS if self.few else ROWS_PER_TABLE)
        if self.few and (schema, name) == ("ledger", "files"):
            place = [column for column, _ in columns].index("file_id")
            taken = [row for row in taken if row[place] in self._delivered]
        if schema != "seeds":
            edges = _edges(columns, taken, keys | {"_record_number"}, schema == "bronze")
            # The last ones: all texts, numbers and times at an edge, NULLs under a known key.
            taken = taken + (edges[-5:] if self.few else edges)
        names = [column for column, _ in columns]
        if schema == "bronze" and "_content_hash" in names:  # an object table has none: nothing is delivered by it
            place = names.index("_content_hash")
            self._delivered |= {row[place] for row in taken}
        if taken:
            marks = ", ".join("?" for _ in columns)
            self.connection.executemany(f"insert into {target} values ({marks})", taken)

    def query(self, sql: str) -> tuple[list[tuple[str, str]], list[tuple[Any, ...]]]:
        """Columns (name and type) and rows. Raises `duckdb.Error`."""
        done = self.connection.execute(sql)
        return [(each[0], str(each[1])) for each in done.description], done.fetchall()

    def rows(self, table: Table, prefix: str) -> list[tuple[Any, ...]]:
        """The rows of a table of the recorded warehouse, in the order of its columns.

        `prefix` is what a developer's datasets begin with. Raises `LookupError` where DuckDB has no such table or column.
        """
        schema = table.dataset.removeprefix(prefix)
        found = self.connection.execute(
            "select column_name from duckdb_columns() where database_name = 'lakeweave' and schema_name = ? and table_name = ?",
            [schema, table.name],
        ).fetchall()
        if not found:
            raise LookupError(f"{schema}.{table.name} is read on BigQuery, and the demo build has no such table")
        there = {each[0].lower() for each in found}
        names = []
        for column in table.columns:
            name = column.name.lower()
            name = name if name in there else OTHER_NAMES.get(name, name)
            if name not in there and name in ONLY_ON_BIGQUERY:
                names.append("null")
                continue
            if name not in there:
                raise LookupError(f"{schema}.{table.name}.{column.name} ({words(column.type)}) is not on DuckDB")
            names.append(f'"{name}"')
        return self.connection.execute(f'select {", ".join(names)} from lakeweave."{schema}"."{table.name}"').fetchall()


def _edges(
    columns: list[tuple[str, str]], rows: list[tuple[Any, ...]], keys: set[str], many_records: bool
) -> list[tuple[Any, ...]]:
    if not rows:
        return []
    made: list[tuple[Any, ...]] = []

    def add(change: Any) -> None:
        number = len(made) + 1
        base = rows[number % len(rows)]
        row = []
        for (name, kind), value in zip(columns, base, strict=True):
            row.append(_fresh(value, number) if name.lower() in keys else change(name, kind, value))
        made.append(tuple(row))

    for name, _ in columns:
        if name.lower() not in keys:
            add(lambda each, kind, value, name=name: None if each == name else value)
    for text in EDGE_TEXTS:
        add(lambda each, kind, value, text=text: text if kind == "VARCHAR" else value)
    for whole in (0, -3):
        add(lambda each, kind, value, whole=whole: _number(kind, whole, value))
    for year in (1970, 2100):
        add(lambda each, kind, value, year=year: _moment(kind, year, value))
    if many_records:
        base = rows[0]
        number = len(made) + 1
        made.append(
            tuple(
                _fresh(value, number) if name == "_record_number"
                else value if name.startswith("_") or name in keys or kind == "BOOLEAN"
                else None
                for (name, kind), value in zip(columns, base, strict=True)
            )
        )  # fmt: skip
    return made


def _fresh(value: Any, number: int) -> Any:
    """A key that no other row has."""
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, int):
        return value + 1_000_000 * number
    if isinstance(value, str):
        return str(int(value) + 1_000_000 * number) if value.isdigit() else f"{value}~{number}"
    if isinstance(value, datetime.datetime):
        return value + datetime.timedelta(seconds=number)
    if isinstance(value, datetime.date):
        return value + datetime.timedelta(days=10_000 + number)
    return value


def _number(kind: str, whole: int, value: Any) -> Any:
    if kind.startswith("DECIMAL"):
        return Decimal(whole)
    return whole if kind in ("BIGINT", "INTEGER", "DOUBLE", "FLOAT", "HUGEINT") else value


def _moment(kind: str, year: int, value: Any) -> Any:
    if kind == "DATE":
        return datetime.date(year, 1, 1)
    if kind == "TIMESTAMP":
        return datetime.datetime(year, 1, 1)
    return datetime.datetime(year, 1, 1, tzinfo=datetime.UTC) if kind == "TIMESTAMP WITH TIME ZONE" else value
