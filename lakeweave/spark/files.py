"""Files without a byte: Spark's file sources leave them out of every list, and an empty delivery is a delivery all the same."""

from __future__ import annotations

import datetime as dt
import re
from pathlib import Path
from typing import Any

import pyarrow.fs

EMPTY_FILES = "array<struct<path: string, modificationTime: timestamp, length: bigint>>"
"""What ``lakeweave_empty_files(folder)`` gives, in the columns of Spark's ``binaryFile``."""

_HIDDEN = re.compile(r"/[_.]")


def empty_files(folder: str) -> list[tuple[str, dt.datetime, int]]:
    """Path, time of the last change and length (0) of each empty file at or below ``folder``, which is a path or a URI.

    Names that begin with ``_`` or ``.`` are left out, as Spark does. A folder that is not there has no files.
    """
    scheme = re.match(r"([a-z][a-z0-9+]*)://", folder)
    where = re.sub("^s3[an]:", "s3:", folder) if scheme else Path(folder).absolute().as_uri()
    files, root = pyarrow.fs.FileSystem.from_uri(where)
    selector = pyarrow.fs.FileSelector(root, recursive=True, allow_not_found=True)
    found = [
        each
        for each in files.get_file_info(selector)
        if each.is_file and each.size == 0 and not _HIDDEN.search(each.path[len(root) :])
    ]
    # Spark's form of a local path has one stroke, and its times are of whole milliseconds.
    begin = f"{scheme[1]}://" if scheme and scheme[1] != "file" else "file:"
    return [
        (begin + each.path, each.mtime.replace(microsecond=each.mtime.microsecond // 1000 * 1000), 0) for each in found
    ]


def register(session: Any) -> None:
    """Put ``lakeweave_empty_files`` into ``session``."""
    from pyspark.sql.functions import udf

    # What a folder holds changes while the session goes on. (A lambda: Spark reads type hints as another kind of function.)
    session.udf.register(
        "lakeweave_empty_files", udf(lambda folder: empty_files(folder), EMPTY_FILES).asNondeterministic()
    )
