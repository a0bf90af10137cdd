"""Remembers the analyzer's answers between runs, so that an unchanged statement is not analyzed again.

An answer depends on nothing but the request (the statement, the catalog, the language, the options) and on the analyzer's
version; all of it is in the key. The project's own rules are applied to each response. `LAKEWEAVE_CACHE=off`
turns this off, and deleting the file in the cache folder only costs time.
"""

from __future__ import annotations

import hashlib
import os
import sqlite3
import threading
import zlib
from importlib import metadata
from pathlib import Path

LARGEST = 256 * 1024 * 1024
"""Bytes of the file beyond which the older half of the answers is forgotten."""


class AnalyzerCache:
    """A file of answers. Where it cannot be opened or written, nothing is remembered and nothing fails."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder
        self._lock = threading.Lock()
        self._file: sqlite3.Connection | None = None
        self._owner = 0

    def _open(self) -> sqlite3.Connection | None:
        """The file, opened again in a forked process: a connection may not be shared with the parent."""
        if self._folder is None:
            return None
        if self._owner != os.getpid():
            self._owner = os.getpid()
            self._file = None
            path = self._folder / f"answers-zetasql-{metadata.version('zetasql')}.sqlite"
            try:
                self._folder.mkdir(parents=True, exist_ok=True)
                file = sqlite3.connect(path, timeout=10, check_same_thread=False, isolation_level=None)
                file.execute("pragma journal_mode = wal")
                file.execute("pragma synchronous = off")
                file.execute("create table if not exists answers (key blob primary key, answer blob)")
                if path.stat().st_size > LARGEST:
                    file.execute("delete from answers where rowid < (select avg(rowid) from answers)")
                    file.execute("vacuum")
                self._file = file
            except (OSError, sqlite3.Error):
                self._folder = None
        return self._file

    @staticmethod
    def key(*parts: bytes) -> bytes:
        """A key of what the answer depends on."""
        digest = hashlib.sha256()
        for part in parts:
            digest.update(len(part).to_bytes(8, "little"))
            digest.update(part)
        return digest.digest()

    def get(self, key: bytes) -> bytes | None:
        """The answer, if it is known."""
        with self._lock:
            file = self._open()
            try:
                found = file.execute("select answer from answers where key = ?", (key,)).fetchone() if file else None
            except sqlite3.Error:
                return None
        return zlib.decompress(found[0]) if found else None

    def put(self, key: bytes, answer: bytes) -> None:
        """Remembers an answer."""
        with self._lock:
            file = self._open()
            try:
                if file:
                    file.execute("insert or replace into answers values (?, ?)", (key, zlib.compress(answer, 1)))
            except sqlite3.Error:
                self._folder = None
