"""Runs the SQL functions over a folder, the way a build does, and collects what they staged."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

import duckdb

from lakeweave import ingestion


@dataclass
class Staged:
    """All batches of one build: rows of the staged tables as dictionaries."""

    plan: dict[str, Any]
    reports: list[dict[str, Any]] = field(default_factory=list)
    records: list[dict[str, Any]] = field(default_factory=list)
    files: list[dict[str, Any]] = field(default_factory=list)
    rejected: list[dict[str, Any]] = field(default_factory=list)
    layout: list[dict[str, Any]] = field(default_factory=list)

    def file(self, name: str) -> dict[str, Any]:
        """The row of one file."""
        (row,) = [f for f in self.files if f["file_name"] == name]
        return row

    def records_of(self, name: str) -> list[dict[str, Any]]:
        """The staged records of one file, by record number."""
        return sorted((r for r in self.records if r["_file_name"] == name), key=lambda r: r["_record_number"])


def connect(path: str = ":memory:") -> duckdb.DuckDBPyConnection:
    """A database with the functions registered and an empty ledger."""
    conn = duckdb.connect(path)
    conn.execute("set threads = 2")
    ingestion.register(conn, {})
    return conn


def call(conn: duckdb.DuckDBPyConnection, function: str, argument: object) -> dict[str, Any]:
    """Call one of the SQL functions with an argument that becomes JSON."""
    return json.loads(conn.execute(f"select {function}(?)", [json.dumps(argument)]).fetchall()[0][0])


def rows(conn: duckdb.DuckDBPyConnection, relation: str) -> list[dict[str, Any]]:
    """All rows of a relation as dictionaries."""
    result = conn.execute(f"select * from {relation}")
    names = [d[0] for d in result.description]
    return [dict(zip(names, r, strict=True)) for r in result.fetchall()]


def spec(folder: object, columns: list[str], **more: Any) -> dict[str, Any]:
    """The spec of a source named shop.things."""
    return {
        "source": "shop.things",
        "folder": str(folder),
        "columns": columns,
        "schema": "shop",
        "table": "things",
        "ledger": "main.files",
        **more,
    }


def build(conn: duckdb.DuckDBPyConnection, source: dict[str, Any], *, record: bool = False) -> Staged:
    """Plan and stage everything; ``record`` also writes the ledger ``main.files``, as the materialization does."""
    plan = call(conn, "lakeweave_plan", source)
    assert "error" not in plan, plan
    staged = Staged(plan)
    for batch in range(plan["batches"]):
        report = call(conn, "lakeweave_stage", {"plan_id": plan["plan_id"], "batch": batch})
        assert "error" not in report, report
        staged.reports.append(report)
        base = "staging.shop."
        staged.records += rows(conn, f'{base}"things"')
        staged.files += rows(conn, f'{base}"things__files"')
        staged.rejected += rows(conn, f'{base}"things__rejected"')
        staged.layout += rows(conn, f'{base}"things__layout"')
        if record:
            conn.execute(f'create table if not exists main.files as select * from {base}"things__files" limit 0')
            conn.execute(
                f'delete from main.files using {base}"things__files" f '
                "where main.files.path = f.path and main.files.version = f.version"
            )
            conn.execute(f'insert into main.files select * from {base}"things__files"')
            conn.execute(
                f'update main.files set stat_key = t.stat_key from {base}"things__touched" t '
                "where main.files.file_name = t.file_name and main.files.version = t.version"
            )
    return staged
