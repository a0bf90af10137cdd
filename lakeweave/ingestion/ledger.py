"""The rows of the ledger about the files of a source."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import duckdb
import pyarrow as pa

from lakeweave.errors import UserError
from lakeweave.ingestion.listing import FoundFile, FoundFiles
from lakeweave.ingestion.spec import Spec
from lakeweave.sql import literal

_KNOWN_STATES = frozenset({"loaded", "repeat", "held"})
READ_AGAIN = frozenset({"changed_while_reading", "unreadable"})
"""Reasons for which a held file may be all right the next time, with the same content."""


@dataclass(frozen=True)
class LedgerFile:
    """A row of the ledger."""

    name: str
    stat_key: str
    file_id: str | None
    version: int
    state: str
    records: int
    delivered_ns: int | None
    reason: str | None = None

    @property
    def settled(self) -> bool:
        """Whether the same content under the same name is not read again."""
        return self.state in _KNOWN_STATES and not (self.state == "held" and self.reason in READ_AGAIN)


@dataclass
class Ledger:
    """The ledger's rows of one source, in the form for the plan."""

    versions: dict[str, int] = field(default_factory=dict)
    newest: dict[str, LedgerFile] = field(default_factory=dict)
    """Name → the row of its newest version."""
    loaded: dict[str, LedgerFile] = field(default_factory=dict)
    """Content → the file that it is loaded from."""
    deliveries: dict[tuple[str, str], LedgerFile] = field(default_factory=dict)
    """Name and content → its newest row."""
    released: list[LedgerFile] = field(default_factory=list)
    settled: set[tuple[str, str]] = field(default_factory=set)
    """Name and stat key of files that are loaded or repeats, and so may leave the folder."""

    def add(self, file: LedgerFile) -> None:
        """Take in a row; rows come by name and version."""
        if file.version >= self.versions.get(file.name, 0):
            self.versions[file.name] = file.version
            self.newest[file.name] = file
        if file.file_id:
            self.deliveries[file.name, file.file_id] = file
        if file.state == "loaded" and file.file_id:
            self.loaded.setdefault(file.file_id, file)
        if file.state in ("loaded", "repeat"):
            self.settled.add((file.name, file.stat_key))
        if file.state == "released":
            self.released.append(file)


def _ledger_rows(conn: duckdb.DuckDBPyConnection, spec: Spec, query: str) -> list[tuple[Any, ...]] | None:
    """The rows of a query over the ledger, whose relation and source are put in; ``None`` if there is no ledger yet."""
    try:
        return conn.execute(query.format(ledger=spec.ledger, source=literal(spec.source))).fetchall()
    except (duckdb.CatalogException, duckdb.BinderException) as error:
        if "does not exist" in str(error) and "column" not in str(error).lower():
            return None
        raise UserError(f"The ledger {spec.ledger} cannot be read: {str(error).splitlines()[0]}") from None


_COLUMNS = "file_name, stat_key, file_id, version, state, records, epoch_ns(delivered_at), reason"


def _ledger_file(row: tuple[Any, ...]) -> LedgerFile:
    name, key, file_id, version, state, records, delivered, reason = row
    return LedgerFile(name, key or "", file_id, version or 1, state, records or 0, delivered, reason)


def read_ledger(conn: duckdb.DuckDBPyConnection, spec: Spec) -> Ledger:
    """The ledger as far as this source goes; an absent table is an empty ledger."""
    ledger = Ledger()
    query = f"select {_COLUMNS} from {{ledger}} where source = {{source}} order by file_name, version"
    for row in _ledger_rows(conn, spec, query) or ():
        ledger.add(_ledger_file(row))
    return ledger


def unknown_files(conn: duckdb.DuckDBPyConnection, spec: Spec, found: FoundFiles) -> tuple[list[FoundFile], Ledger]:
    """The files that the ledger does not have by name and stat key, and the ledger's rows about their names.

    The comparison is one join in the database: with a million known files, rows in Python would cost more than the listing.
    """
    ledger = Ledger()
    known = "('loaded', 'repeat')" if spec.release else "('loaded', 'repeat', 'held')"
    listed = pa.table({"name": found.names, "stat_key": found.stat_keys})
    conn.register("lakeweave_listed", listed.append_column("place", pa.array(range(len(found)), pa.int64())))
    try:
        rows = _ledger_rows(
            conn,
            spec,
            "select listed.place from lakeweave_listed as listed anti join (select file_name, stat_key from {ledger} "
            f"where source = {{source}} and state in {known}) as known "
            "on listed.name = known.file_name and listed.stat_key = known.stat_key order by listed.place",
        )
    finally:
        conn.unregister("lakeweave_listed")
    if rows is None:
        return list(found), ledger
    new = [found[place] for (place,) in rows]
    conn.register("lakeweave_new", pa.table({"name": pa.array([f.name for f in new], pa.string())}))
    try:
        rows = _ledger_rows(
            conn,
            spec,
            f"select {_COLUMNS} from {{ledger}} where source = {{source}} and file_name in (select name from lakeweave_new "
            "union all select file_name from {ledger} where source = {source} and state = 'released') "
            "order by file_name, version",
        )
    finally:
        conn.unregister("lakeweave_new")
    for row in rows or ():
        ledger.add(_ledger_file(row))
    return new, ledger


def add_loaded(conn: duckdb.DuckDBPyConnection, spec: Spec, ledger: Ledger, contents: set[str]) -> None:
    """Tell ``ledger`` which of these contents are loaded, from whatever name."""
    ledger.loaded.clear()
    conn.register("lakeweave_contents", pa.table({"file_id": pa.array(sorted(contents), pa.string())}))
    try:
        rows = _ledger_rows(
            conn,
            spec,
            f"select {_COLUMNS} from {{ledger}} where source = {{source}} and state = 'loaded' "
            "and file_id in (select file_id from lakeweave_contents) order by file_name, version",
        )
    finally:
        conn.unregister("lakeweave_contents")
    for row in rows or ():
        file = _ledger_file(row)
        ledger.loaded.setdefault(file.file_id or "", file)
