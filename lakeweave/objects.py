"""Object tables of DuckDB and of Spark in this process: the files of a folder, with the columns that BigQuery has for a bucket.

``lakeweave_list_objects(spec)``
    The objects below a folder: address, path, generation, content type, size, time. No file is opened.
``lakeweave_object_hash(path)``
    The MD5 of one file in base 64, as object stores give it; NULL when the file is gone.

``spec`` is JSON: ``folder`` and the ``uri`` of it. The generation is the moment of the last change in
microseconds, as Cloud Storage counts it, so that (uri, generation, size) says whether a hash that is known still holds.
"""

from __future__ import annotations

import base64
import hashlib
import json
import mimetypes
import os
from datetime import UTC, datetime
from typing import Any

import duckdb

from lakeweave.ingestion.listing import list_files, settle
from lakeweave.sqlfunctions import replace_function

FIELDS = (
    ("uri", "VARCHAR"),
    ("path", "VARCHAR"),
    ("generation", "BIGINT"),
    ("content_type", "VARCHAR"),
    ("size", "BIGINT"),
    ("updated", "TIMESTAMP"),
)
DUCKDB_TYPE = "STRUCT(" + ", ".join(f"{name} {kind}" for name, kind in FIELDS) + ")[]"


def list_objects(spec: str) -> list[dict[str, Any]]:
    """The objects below ``folder``, in natural order; none when there is no such folder, as in a bucket."""
    said = json.loads(spec)
    folder, address = said["folder"], said["uri"].rstrip("/")
    if not os.path.isdir(folder):
        return []
    objects = []
    for file in list_files(folder).files:
        info = os.stat(file.path)
        changed = max(info.st_mtime_ns, info.st_ctime_ns) // 1000
        objects.append(
            {
                "uri": f"{address}/{file.name}",
                "path": file.path,
                "generation": changed,
                "content_type": mimetypes.guess_type(file.name)[0] or "application/octet-stream",
                "size": file.size,
                "updated": datetime.fromtimestamp(info.st_mtime_ns // 1000 / 1e6, UTC).replace(tzinfo=None),
            }
        )
    return objects


def object_hash(path: str | None) -> str | None:
    """MD5 of the file's content in base 64; None when it cannot be read."""
    if path is None:
        return None
    try:
        settle(os.stat(path))
        with open(path, "rb") as file:
            return base64.b64encode(hashlib.file_digest(file, "md5").digest()).decode()
    except OSError:
        return None


def local_path(address: str, places: dict[str, str]) -> str:
    """Where an object of a bucket lies on this machine; ``places`` gives a folder for the beginning of an address."""
    for beginning, folder in places.items():
        if address.startswith(beginning):
            return os.path.join(folder, address[len(beginning) :])
    return address


def register(conn: duckdb.DuckDBPyConnection) -> None:
    """Register both functions on ``conn``; its cursors see them too."""
    single: dict[str, Any] = {"null_handling": "special", "side_effects": True}
    for name, function, result in (
        ("lakeweave_list_objects", list_objects, DUCKDB_TYPE),
        ("lakeweave_object_hash", object_hash, "VARCHAR"),
    ):
        replace_function(conn, name, function, ["VARCHAR"], result, single)
