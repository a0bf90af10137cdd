"""Publishes a file atomically: a reader of the folder sees the previous version or the new one, complete.

The SQL functions ``lakeweave_publish_begin`` and ``lakeweave_publish_end`` stand around DuckDB's COPY: the first names
a place that no reader looks at, the second moves what was written there into its place, in one step.
"""

from __future__ import annotations

import contextlib
import json
import os
import uuid
from pathlib import Path

import duckdb

from lakeweave.sqlfunctions import error_json, replace_function

# Hidden, beside the published folders: a rename within one file system is one step.
STAGING = ".staging"


def register(conn: duckdb.DuckDBPyConnection) -> None:
    """Register the SQL functions on ``conn``."""
    for name, function in (("lakeweave_publish_begin", _begin), ("lakeweave_publish_end", _end)):
        replace_function(conn, name, function, ["VARCHAR"], "VARCHAR", {"side_effects": True})


def _begin(request: str) -> str:
    asked = json.loads(request)
    if "://" in asked["bucket"]:
        return error_json(f"`gold_bucket` is {asked['bucket']}: DuckDB publishes to a folder; name one.")
    bucket = Path(asked["bucket"])
    staged = bucket / STAGING / f"{asked['name']}.{uuid.uuid4().hex}.parquet"
    try:
        staged.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        return _refused(bucket, error)
    final = bucket / asked["name"] / f"{asked['name']}.parquet"
    return json.dumps({"staged": str(staged), "final": str(final)})


def _end(request: str) -> str:
    place = json.loads(request)
    staged, final = Path(place["staged"]), Path(place["final"])
    try:
        with staged.open("rb") as written:
            os.fsync(written.fileno())
        final.parent.mkdir(parents=True, exist_ok=True)
        os.replace(staged, final)
    except OSError as error:
        return _refused(final, error)
    sweep(staged.parent, final.stem)
    return json.dumps({"published": str(final)})


def sweep(folder: Path, name: str) -> None:
    """Take away what builds that were killed left behind."""
    for left in folder.glob(f"{name}.*.parquet"):
        with contextlib.suppress(OSError):
            left.unlink()


def _refused(place: Path, error: OSError) -> str:
    return error_json(
        f"{place} cannot be written: {error.strerror or error}. What was published before is still there. "
        "Check space and permissions, or set `gold_bucket` (LAKEWEAVE_GOLD_BUCKET)."
    )
