"""The table in memory that all readers append to, before it is known which files reconcile."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence

import duckdb
import pyarrow as pa

from lakeweave.ingestion.batch import Batch
from lakeweave.sql import identifier

_RECORDS, _VALUES, _CHARS = 122_880, 1_600_000, 64 << 20
"""What is written with one statement at most: about a row group, or what memory allows."""

CATALOG = threading.Lock()
"""Catalog changes of the staging database, one at a time: concurrent ones would collide."""


class RawTable:
    """Rows of many loads. A load is one attempt to read a file; rows of a failed load stay and are never shown.

    Nothing is ever deleted, so row ids are stable and follow the order of insertion. Physical names are ours (``c0``,
    ``e0`` …), so no column of a file can collide with a column of the table or with ``rowid``.
    """

    def __init__(self, conn: duckdb.DuckDBPyConnection, schema: str, table: str, columns: Iterable[str]) -> None:
        self.conn = conn
        self.base = f"staging.{identifier(schema)}."
        self.table = table
        self.name = self.base + identifier(table + "__raw")
        self.physical = {c: f"c{i}" for i, c in enumerate(columns)}
        self.extras: list[str] = []
        """Targets that are not declared, in the order in which they were met."""

    def create(self) -> None:
        """Create the table; the caller holds :data:`CATALOG`."""
        columns = "".join(f"{c} varchar, " for c in self.physical.values())
        self.conn.execute(
            f"create table {self.name} ("
            f"{columns}load_number integer, record_number bigint, row_size integer, row_hash ubigint)"
        )

    def column(self, target: str) -> str:
        """The physical column for ``target``, added if it is new."""
        if target not in self.physical:
            name = f"e{len(self.extras)}"
            with CATALOG:
                self.conn.execute(f"alter table {self.name} add column {name} varchar")
            self.physical[target] = name
            self.extras.append(target)
        return self.physical[target]

    def end(self) -> int:
        """Row id behind the last row."""
        return int(self.conn.execute(f"select coalesce(max(rowid) + 1, 0) from {self.name}").fetchall()[0][0])

    def clear(self) -> None:
        """Drop all rows, when none of them is wanted."""
        self.conn.execute(f"truncate {self.name}")

    def write(self, suffix: str, data: pa.Table) -> str:
        """Create the table whose name ends in ``suffix`` from ``data`` and return its name."""
        name = self.base + identifier(self.table + suffix)
        self.conn.register("lakeweave_rows", data)
        self.conn.execute(f"create table {name} as select * from lakeweave_rows")
        self.conn.unregister("lakeweave_rows")
        return name


class BatchWriter:
    """Brings batches of accepted records into a raw table, those of many small files with one statement."""

    def __init__(self, raw: RawTable) -> None:
        self._raw = raw
        self._key: tuple[tuple[str, ...], bool] = ((), False)
        self._rows: list[Sequence[str | None]] = []
        self._numbers: list[int] = []
        self._loads: list[int] = []
        self._chars = 0

    def add(self, load_number: int, batch: Batch, keep_empty: bool) -> None:
        """Add a batch; ``keep_empty`` says that an empty text is a value, else it becomes NULL."""
        key = tuple(batch.columns), keep_empty
        if key != self._key:
            self.flush()
            self._key = key
        self._rows += batch.rows
        self._numbers += batch.numbers
        self._loads += [load_number] * len(batch.rows)
        self._chars += batch.chars
        n = len(self._rows)
        if n >= _RECORDS or n * len(key[0]) >= _VALUES or self._chars >= _CHARS:
            self.flush()

    def flush(self) -> None:
        """Write what is waiting."""
        if not self._rows:
            return
        columns, keep_empty = self._key
        into = [self._raw.column(c) for c in columns]
        names = [f"v{i}" for i in range(len(columns))]
        values = [pa.array(v, pa.string()) for v in zip(*self._rows, strict=True)]
        data = pa.table(
            [*values, pa.array(self._loads, pa.int32()), pa.array(self._numbers, pa.int64())],
            names=[*names, "load_number", "record_number"],
        )
        select = "".join(f"{n}, " if keep_empty else f"nullif({n}, ''), " for n in names)
        conn = self._raw.conn
        conn.register("lakeweave_batch", data)
        conn.execute(
            f"insert into {self._raw.name} ({''.join(f'{c}, ' for c in into)}load_number, record_number) "
            f"select {select}load_number, record_number from lakeweave_batch"
        )
        conn.unregister("lakeweave_batch")
        self._rows, self._numbers, self._loads, self._chars = [], [], [], 0
