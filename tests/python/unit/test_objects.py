"""Object tables on DuckDB: a folder with the columns that BigQuery has for a bucket."""

from __future__ import annotations

import base64
import hashlib
import json
import os
from pathlib import Path

import duckdb

from lakeweave import objects


def listed(folder: Path) -> list[dict]:
    return objects.list_objects(json.dumps({"folder": str(folder), "uri": "gs://bucket/pictures/"}))


def test_a_folder_is_listed_with_the_columns_of_an_object_table(tmp_path: Path) -> None:
    (tmp_path / "Tree").mkdir()
    for name, content in (
        ("Tree/10.jpg", b"ten"),
        ("Tree/9.JPG", b"nine"),
        ("a.png", b""),
        ("b", b"x"),
        (".hidden", b"x"),
    ):
        (tmp_path / name).write_bytes(content)
    found = listed(tmp_path)
    assert [(o["uri"], o["content_type"], o["size"]) for o in found] == [
        ("gs://bucket/pictures/Tree/9.JPG", "image/jpeg", 4),
        ("gs://bucket/pictures/Tree/10.jpg", "image/jpeg", 3),
        ("gs://bucket/pictures/a.png", "image/png", 0),
        ("gs://bucket/pictures/b", "application/octet-stream", 1),
    ]
    assert listed(tmp_path / "nowhere") == [], "a bucket has no folders, so an absent one holds nothing"


def test_new_content_is_a_new_generation(tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    path.write_bytes(b"one")
    before = os.stat(path)
    first = listed(tmp_path)[0]
    assert objects.object_hash(str(path)) == base64.b64encode(hashlib.md5(b"one").digest()).decode()
    path.write_bytes(b"two")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert listed(tmp_path)[0]["generation"] > first["generation"], "also where the time of change was put back"
    assert objects.object_hash(str(tmp_path / "gone.jpg")) is None


def test_the_functions_of_sql(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(b"one")
    connection = duckdb.connect()
    objects.register(connection)
    objects.register(connection)
    spec = json.dumps({"folder": str(tmp_path), "uri": "gs://b"})
    rows = connection.execute(
        "select uri, size, lakeweave_object_hash(path) from (select unnest(lakeweave_list_objects(?), recursive := true))",
        [spec],
    ).fetchall()
    assert rows == [("gs://b/a.jpg", 3, base64.b64encode(hashlib.md5(b"one").digest()).decode())]


def test_an_address_is_found_on_this_machine() -> None:
    places = {"gs://bucket/": "landing/gcp/"}
    assert objects.local_path("gs://bucket/x/y.jpg", places) == "landing/gcp/x/y.jpg"
    assert objects.local_path("other/y.jpg", places) == "other/y.jpg"
