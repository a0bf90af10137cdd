"""Stages the files of one batch in memory: accepted records, and what became of everything else.

Clean files go the fast way; a file that does not reconcile there, and every other file, is read carefully. Nothing of a
file that is held shows up in the staged records.
"""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa

from lakeweave.errors import UserError
from lakeweave.ingestion.account import BYTE_PLACES, FileAccount
from lakeweave.ingestion.fastpath import FastPath, Load
from lakeweave.ingestion.inspecting import PlannedFile, changed
from lakeweave.ingestion.planning import Plan
from lakeweave.ingestion.progress import progress
from lakeweave.ingestion.rawtable import CATALOG, BatchWriter, RawTable
from lakeweave.ingestion.reading import read_file
from lakeweave.ingestion.stagedtables import FILES, LAYOUT, REJECTED, SKIPPED, TOUCHED
from lakeweave.sql import identifier, literal

_TEXT, _NUMBER = pa.string(), pa.int64()
_MOST_HASHES = 10_000_000
"""Hashes that are sorted outside DuckDB, which bounds its own memory: 80 MB, and as much again for the sorted ones."""


def _forget_killed(parent: str) -> None:
    """Remove scratch folders that a killed build has left: older than a day, of a process that is gone."""
    for entry in os.scandir(parent):
        pid = entry.name.removeprefix("lakeweave_").partition("_")[0]
        if entry.name.startswith("lakeweave_") and pid.isdigit() and not _runs(int(pid)):
            with suppress(OSError):
                if time.time() - entry.stat().st_mtime > 86_400:
                    shutil.rmtree(entry.path, ignore_errors=True)


def _runs(pid: int) -> bool:
    if os.name != "posix":
        return True
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True


class Stage:
    """Stages one batch of a plan; use :meth:`run` once."""

    def __init__(
        self, conn: duckdb.DuckDBPyConnection, plan: Plan, files: Sequence[PlannedFile], scratch: str | None = None
    ) -> None:
        self._conn = conn
        self._plan = plan
        self._spec = plan.spec
        self._files = files
        self._scratch_parent = scratch
        self._raw = RawTable(conn, plan.spec.schema, plan.spec.table, plan.spec.reading.columns or ())
        self._loads: list[Load] = []
        self._accounts: dict[int, tuple[FileAccount, str]] = {}
        self._writer = BatchWriter(self._raw)
        self._expected: dict[int, int] = {}

    def run(self) -> dict[str, Any]:
        """Stage the batch and return what lakeweave_stage reports; raises :class:`UserError`."""
        ((ordered,),) = self._conn.execute("select current_setting('preserve_insertion_order')").fetchall()
        if not ordered:
            raise UserError(
                "DuckDB runs with preserve_insertion_order = false, so the number of a record in its file would be lost; "
                "set `preserve_insertion_order: true` under `settings:` of the profile."
            )
        with CATALOG:
            self._conn.execute(f"create schema if not exists staging.{identifier(self._spec.schema)}")
            self._drop()
            self._raw.create()
        with self._scratch() as scratch:
            self._read(FastPath(self._raw, self._spec.reading, self._loads, scratch))
        self._writer.flush()
        self._verify()
        self._mark_repeats()
        with CATALOG:
            return self._publish()

    def _drop(self) -> None:
        spec, base = self._spec, self._raw.base
        self._conn.execute(f"drop view if exists {base}{identifier(spec.table)}")
        for suffix in ("__raw", "__loads", "__repeats", "__files", "__rejected", "__skipped", "__layout", "__touched"):
            self._conn.execute(f"drop table if exists {base}{identifier(spec.table + suffix)}")

    @contextmanager
    def _scratch(self) -> Iterator[str]:
        _forget_killed(self._scratch_parent or tempfile.gettempdir())
        folder = tempfile.mkdtemp(prefix=f"lakeweave_{os.getpid()}_", dir=self._scratch_parent)

        def clean() -> None:
            shutil.rmtree(folder, ignore_errors=True)

        atexit.register(clean)
        try:
            yield folder
        finally:
            clean()
            atexit.unregister(clean)

    # -------------------------------------------------------------- reading

    def _read(self, fast: FastPath) -> None:
        """Read every file that has to be read, each content once."""
        texts, careful = [], []
        claimed: set[str | None] = set()
        for file in self._files:
            if file.held or file.repeat_of or self._repeats(file) or file.file_id in claimed:
                continue
            claimed.add(file.file_id)
            if file.changed():
                account = FileAccount(file.found.name, file.file_id, file.found.size)
                account.hold(*changed())
                self._settle(file, account)
            elif text := fast.texts.clean_text(file):
                texts.append(text)
            else:
                careful.append(file)
        good, failed = fast.read_text(texts)
        for text in good:
            self._settle(text.file, text.account)
        chosen = {id(f) for f in careful} | {id(t.file) for t in failed}
        for file in progress([f for f in self._files if id(f) in chosen], f"{self._spec.source}, record by record"):
            self._careful(file, fast)
        for file in self._files:
            # A file of the same content as one before it is read for itself if that one was held after all.
            if not (file.held or file.repeat_of or id(file) in self._accounts or self._repeats(file)):
                self._careful(file, fast)

    def _repeats(self, file: PlannedFile) -> bool:
        """Whether another file of this plan was staged with the content of ``file``."""
        staged = self._plan.loaded.get(file.file_id or "")
        return staged is not None and staged[0] != file.found.name

    def _careful(self, file: PlannedFile, fast: FastPath) -> None:
        """Read one file record by record, or a Parquet file by column."""
        account = FileAccount(file.found.name, file.file_id, file.found.size)
        if file.magic.startswith(b"PAR1") and fast.read_parquet(file, account):
            if file.changed():
                self._loads[-1].accepted = False
                account.hold(*changed())
            self._settle(file, account)
            return
        load = fast.new_load(file, account)
        staged = 0
        for batch in read_file(file.found.path, file.found.name, self._spec.reading, account):
            # CSV and Excel cannot tell an empty text from no value.
            self._writer.add(load.number, batch, (account.format or "").startswith(("json", "parquet")))
            staged += len(batch.numbers)
        if account.state == "loaded" and file.changed():
            account.hold(*changed())
        load.accepted = account.state == "loaded"
        if load.accepted:
            self._expected[load.number] = staged
        self._settle(file, account)

    def _verify(self) -> None:
        """What the careful readers accepted must be in the raw table, record for record."""
        if not self._expected:
            return
        counts = dict(
            self._conn.execute(
                f"select load_number, count(*) from {self._raw.name} where row_hash is null group by 1"
            ).fetchall()
        )
        for load in self._loads:
            expected = self._expected.get(load.number)
            if expected is not None and not expected == load.account.accepted == counts.get(load.number, 0):
                raise RuntimeError(
                    f"{load.account.name}: {load.account.accepted} records were accepted, {expected} handed over, "
                    f"{counts.get(load.number, 0)} staged. This is a defect of lakeweave.ingestion; nothing is loaded."
                )

    def _settle(self, file: PlannedFile, account: FileAccount) -> None:
        self._accounts[id(file)] = account, account.state
        if account.state == "loaded" and file.file_id:
            self._plan.loaded[file.file_id] = (file.found.name, account.records)

    def _mark_repeats(self) -> None:
        """Find records that repeat an earlier one of their file, all columns equal."""
        conn, raw = self._conn, self._raw
        columns = ", ".join(raw.physical.values())
        repeats = pa.table({"row_id": pa.array([], _NUMBER), "load_number": pa.array([], pa.int32())})
        with CATALOG:
            self._repeats_table = raw.write("__repeats", repeats)
        if not any(load.accepted for load in self._loads):
            return
        if self._all_differ():
            return
        # The hash finds candidates cheaply; the values themselves decide.
        careful = f"hash({columns})"
        conn.execute(
            "create or replace temp table lakeweave_candidates as select load_number, row_hash as h "
            f"from {raw.name} where row_hash is not null group by all having count(*) > 1 "
            f"union all select load_number, {careful} as h from {raw.name} where row_hash is null "
            "group by all having count(*) > 1"
        )
        ((candidates,),) = conn.execute("select count(*) from lakeweave_candidates").fetchall()
        if candidates:
            conn.execute(
                "create or replace temp table lakeweave_candidate_rows as "
                f"select r.rowid as row_id from {raw.name} r semi join lakeweave_candidates c "
                "on r.load_number = c.load_number and r.row_hash = c.h where r.row_hash is not null "
                f"union all select r.rowid from {raw.name} r semi join lakeweave_candidates c "
                f"on r.load_number = c.load_number and {careful} = c.h where r.row_hash is null"
            )
            conn.execute(
                f"insert into {self._repeats_table} select row_id, load_number from (select r.rowid as row_id, "
                f"r.load_number, row_number() over (partition by r.load_number, {columns} order by r.rowid) as nth "
                f"from {raw.name} r semi join lakeweave_candidate_rows c on r.rowid = c.row_id) where nth > 1"
            )
            conn.execute("drop table lakeweave_candidate_rows")
        conn.execute("drop table lakeweave_candidates")
        counts = dict(conn.execute(f"select load_number, count(*) from {self._repeats_table} group by 1").fetchall())
        for load in self._loads:
            n = counts.get(load.number, 0) if load.accepted else 0
            load.account.accepted -= n
            load.account.repeats += n

    def _all_differ(self) -> bool:
        """Whether the batch is one file that was read fast, and no two of its records have the same hash.

        Numbers are sorted in half the time that a grouping of them takes.
        """
        if len(self._loads) != 1 or self._loads[0].account.accepted > _MOST_HASHES:
            return False
        hashes = self._conn.execute(f"select row_hash from {self._raw.name}").fetchnumpy()["row_hash"]
        if np.ma.isMaskedArray(hashes):
            return False
        hashes = np.sort(hashes)
        return not bool((hashes[1:] == hashes[:-1]).any())

    # -------------------------------------------------------------- publish

    def _publish(self) -> dict[str, Any]:
        """Write the staged tables; returns the report."""
        rows: list[dict[str, Any]] = []
        rejected: list[dict[str, Any]] = []
        skipped: list[dict[str, Any]] = []
        changes: list[dict[str, Any]] = []
        for file in self._files:
            account, state = self._accounts.get(id(file)) or self._unread(file)
            rows.append(self._file_row(file, account, state))
            key = {"file_id": file.file_id, "file_name": file.found.name}
            if state == "loaded":
                rejected += [key | {n: getattr(r, n) for n in REJECTED if n not in key} for r in account.rejects]
                if account.content_bytes is not None:
                    skipped += [key | {n: getattr(s, n) for n in SKIPPED if n not in key} for s in account.skipped]
            if state == "loaded" or account.reason in ("layout_frozen", "key_column_missing"):
                changes += [key | {n: getattr(c, n) for n in LAYOUT if n not in key} for c in account.changes]
        for suffix, data, types in (
            ("__files", rows, FILES),
            ("__rejected", rejected, REJECTED),
            ("__skipped", skipped, SKIPPED),
            ("__layout", changes, LAYOUT),
            ("__touched", [dict(zip(TOUCHED, t, strict=True)) for t in self._touched()], TOUCHED),
        ):
            table = pa.table({n: pa.array([r[n] for r in data], kind) for n, kind in types.items()})
            self._raw.write(suffix, table)
        extras = self._records_view()
        return {
            "files": len(rows),
            **{k: sum(r[k] for r in rows) for k in ("records", "accepted", "rejected", "repeats")},
            "held": [{k: r[k] for k in ("file_name", "reason", "message")} for r in rows if r["state"] == "held"],
            "extra_columns": extras,
            "messages": [
                f"{r['file_name']!r}: {r['message']}" for r in rows if r["state"] == "loaded" and r["message"]
            ],
        }

    def _touched(self) -> list[tuple[str, int, str]]:
        """The new stat keys of files that did not change, in the first batch only."""
        first = not self._plan.batches or self._files is self._plan.batches[0]
        return self._plan.touched if first else []

    def _unread(self, file: PlannedFile) -> tuple[FileAccount, str]:
        """The account of a file that was not read: held before, or a repeat."""
        account = FileAccount(file.found.name, file.file_id, file.found.size)
        if file.held:
            account.hold(*file.held)
            return account, "held"
        if file.repeat_of:
            name, records = file.repeat_of, file.repeat_records
        else:
            name, records = self._plan.loaded[file.file_id or ""]
        account.records = account.repeats = records
        account.message = f"The same content as {name!r}, which is loaded."
        return account, "repeat"

    def _file_row(self, file: PlannedFile, account: FileAccount, state: str) -> dict[str, Any]:
        found = file.found
        return {
            "path": self._spec.folder.rstrip("/") + "/" + found.name,
            "file_name": found.name,
            "source": self._spec.source,
            "file_id": file.file_id,
            "version": file.version,
            "bytes": found.size,
            "stat_key": found.stat_key,
            "format": account.format,
            "encoding": account.encoding,
            "delimiter": account.delimiter,
            "delivered_at": file.delivered_ns // 1000,
            "records": account.records,
            "accepted": account.accepted,
            "rejected": account.rejected,
            "repeats": account.repeats,
            "state": state,
            "reason": account.reason,
            "message": account.message,
            **(account.bytes_by_place() if state == "loaded" else dict.fromkeys(BYTE_PLACES)),
            "encoding_confidence": account.encoding_confidence,
            "counted_by": account.counted_by if state == "loaded" else None,
            "counted_records": account.counted_records if state == "loaded" else None,
        }

    def _records_view(self) -> list[str]:
        """The staged records: a view that joins names, record numbers and repeats to the raw table.

        Returns the extra columns that files of this batch brought.
        """
        raw = self._raw
        accepted = [load for load in self._loads if load.accepted]
        loads = raw.write(
            "__loads",
            pa.table(
                {
                    "load_number": pa.array([x.number for x in accepted], pa.int32()),
                    "first_rowid": pa.array([x.first_rowid for x in accepted], _NUMBER),
                    "file_id": pa.array([x.file.file_id for x in accepted], _TEXT),
                    "file_name": pa.array([x.file.found.name for x in accepted], _TEXT),
                }
            ),
        )
        brought = {c.column_name for x in accepted for c in x.account.changes}
        extras = [e for e in raw.extras if e in brought]
        names = [*(self._spec.reading.columns or ()), *extras]
        columns = "".join(f"raw.{raw.physical[n]} as {identifier(n)}, " for n in names)
        any_repeat = any(load.account.repeats for load in accepted)
        repeat = f"raw.rowid in (select row_id from {self._repeats_table})" if any_repeat else "false"
        if len(accepted) == 1:
            # One file, as large ones are: its name is a constant, and no join slows the copy down.
            (load,) = accepted
            first = "null" if load.first_rowid is None else str(load.first_rowid)
            source = f"{raw.name} as raw where raw.load_number = {load.number}"
            file_id, file_name = literal(str(load.file.file_id)), literal(load.file.found.name)
        else:
            first = "loads.first_rowid"
            source = f"{raw.name} as raw join {loads} as loads on raw.load_number = loads.load_number"
            file_id, file_name = "loads.file_id", "loads.file_name"
        self._conn.execute(
            f"create view {raw.base}{identifier(self._spec.table)} as select {columns}"
            f"{file_id} as _file_id, {file_name} as _file_name, "
            f"coalesce(raw.record_number, raw.rowid - {first} + 1) as _record_number, "
            f"{repeat} as is_duplicate_in_file "
            f"from {source}"
        )
        return extras
