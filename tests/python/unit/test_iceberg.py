"""Iceberg tables beside the DuckDB warehouse, read by another process."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

pytest.importorskip("pyiceberg", reason="the extra `iceberg` is not installed")

from lakeweave import iceberg

READER = """
import json, sys
from pyiceberg.catalog.sql import SqlCatalog
place = sys.argv[1]
tables = SqlCatalog("lakeweave", uri=f"sqlite:///{place}/catalog.db", warehouse=f"file://{place}")
table = tables.load_table((sys.argv[2], sys.argv[3]))
rows = table.scan().to_arrow()
print(json.dumps({
    "rows": sorted(map(str, rows.to_pylist())), "columns": {field.name: str(field.field_type) for field in table.schema().fields},
    "comment": table.properties.get("comment"),
}))
"""


def read_elsewhere(warehouse: Path, schema: str, name: str) -> dict:
    """The table as another process, which knows nothing of this project, reads it."""
    done = subprocess.run(
        [sys.executable, "-c", READER, str(warehouse), schema, name], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def rows(warehouse: Path) -> list[dict]:
    """The rows of `silver.users`, by a newly opened catalog."""
    return iceberg.catalog(warehouse).load_table(("silver", "users")).scan().to_arrow().to_pylist()


def keep(warehouse: Path, query: str, name: str = "users", ends: bool = True) -> dict:
    """What the macro does: stage, then keep."""
    conn = duckdb.connect()
    iceberg.register(conn)
    request = json.dumps({"warehouse": str(warehouse), "schema": "silver", "name": name, "description": "Users."})
    place = conn.execute("select lakeweave_iceberg_begin(?)", [request]).fetchone()[0]
    conn.execute(f"copy ({query}) to '{json.loads(place)['staged']}' (format parquet, compression zstd)")
    return json.loads(conn.execute("select lakeweave_sync_iceberg(?)", [place]).fetchone()[0]) if ends else {}


TYPES = """
    select
        1::bigint as id, 'Zoë' as name, 12.50::decimal(38, 9) as price, 0.1::double as score, true as is_known,
        timestamp '2026-01-02 03:04:05.678901' as created_at, date '2026-01-02' as day, [0.5::float, 1.5] as embedding,
        [{'name': 'a', 'value': 'b'}] as metadata, null::varchar as nothing
"""


def test_every_type_of_the_project_comes_out_as_it_went_in(tmp_path) -> None:
    assert keep(tmp_path, TYPES) == {"state": "kept"}
    theirs = read_elsewhere(tmp_path, "silver", "users")
    metadata = theirs["columns"].pop("metadata")
    assert theirs["columns"] == {
        "id": "long", "name": "string", "price": "decimal(38, 9)", "score": "double", "is_known": "boolean",
        "created_at": "timestamp", "day": "date", "embedding": "list<float>", "nothing": "string",
    }  # fmt: skip
    assert metadata.startswith("list<struct<")
    ours = duckdb.execute(TYPES).to_arrow_table().to_pylist()
    assert theirs["rows"] == sorted(map(str, ours))
    assert theirs["comment"] == "Users."


def test_a_new_version_replaces_all_rows_and_the_same_one_none(tmp_path) -> None:
    keep(tmp_path, "select range as id from range(1000)")
    assert keep(tmp_path, "select range as id from range(1000)") == {"state": "unchanged"}
    assert keep(tmp_path, "select range + 5 as id from range(10)") == {"state": "kept"}
    assert len(rows(tmp_path)) == 10


def test_a_reader_of_the_previous_version_keeps_it(tmp_path) -> None:
    keep(tmp_path, "select 1 as id")
    before = iceberg.catalog(tmp_path).load_table(("silver", "users"))
    keep(tmp_path, "select 2 as id")
    assert before.scan().to_arrow().to_pylist() == [{"id": 1}]
    assert read_elsewhere(tmp_path, "silver", "users")["rows"] == ["{'id': 2}"]


def test_a_table_without_rows_is_a_table(tmp_path) -> None:
    keep(tmp_path, "select 1 as id where false")
    assert rows(tmp_path) == []
    keep(tmp_path, "select 1 as id")
    assert rows(tmp_path) == [{"id": 1}]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("select 2 as id, 'x' as name", [{"id": 2, "name": "x"}]),
        ("select 'two' as id", [{"id": "two"}]),
        ("select 'x' as name", [{"name": "x"}]),
    ],
    ids=["a new column", "another type", "a column gone"],
)
def test_columns_may_change(tmp_path, query: str, expected: list[dict]) -> None:
    keep(tmp_path, "select 1 as id")
    keep(tmp_path, query)
    assert rows(tmp_path) == expected


def test_an_unfinished_write_is_invisible_and_removed(tmp_path) -> None:
    keep(tmp_path, "select 1 as id")
    keep(tmp_path, "select 2 as id", ends=False)
    assert rows(tmp_path) == [{"id": 1}]
    assert len(list((tmp_path / iceberg.STAGING).iterdir())) == 1
    keep(tmp_path, "select 3 as id")
    assert list((tmp_path / iceberg.STAGING).iterdir()) == []
    assert rows(tmp_path) == [{"id": 3}]


def test_a_folder_that_cannot_be_written_is_reported(tmp_path) -> None:
    (tmp_path / "file").write_text("")
    conn = duckdb.connect()
    iceberg.register(conn)
    request = json.dumps({"warehouse": str(tmp_path / "file" / "x"), "schema": "silver", "name": "users"})
    assert (
        "cannot be written"
        in json.loads(conn.execute("select lakeweave_iceberg_begin(?)", [request]).fetchone()[0])["error"]
    )
    request = json.dumps({"warehouse": "s3://b", "schema": "silver", "name": "users"})
    assert "name one" in json.loads(conn.execute("select lakeweave_iceberg_begin(?)", [request]).fetchone()[0])["error"]
