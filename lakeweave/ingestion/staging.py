"""Stages the files of one batch in memory: accepted records, and what became of everything else.

Clean delimited files of one kind are read together by DuckDB. Such a file is accepted only if DuckDB rejected nothing
of it, if it gave as many records as the independent count of line ends, and if the bytes of its values, delimiters,
quotes and line ends add up to the bytes of the file. All other files go through the careful readers.
"""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import duckdb
import pyarrow as pa

from lakeweave.ingestion import layout
from lakeweave.ingestion.account import FileAccount
from lakeweave.ingestion.listing import stat_key
from lakeweave.ingestion.planning import Plan, PlannedFile, changed
from lakeweave.ingestion.reading import read_file

_DDL = threading.Lock()
"""Catalog changes of the staging database, one at a time: concurrent ones would collide."""


def quoted(name: str) -> str:
    """``name`` as an SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """``text`` as an SQL string."""
    return "'" + text.replace("'", "''") + "'"


@dataclass
class _Load:
    """One attempt to bring the rows of a file into the raw table."""

    number: int
    file: PlannedFile
    account: FileAccount
    first_rowid: int | None = None
    """Set for the fast path, whose record numbers follow from the row ids."""
    accepted: bool = False


@dataclass
class _Group:
    """Files that DuckDB can read with one call."""

    delimiter: str
    quote: str
    header: bool
    skip: int
    cells: int
    targets: tuple[str | None, ...]
    files: list[tuple[PlannedFile, FileAccount]] = field(default_factory=list)


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
        self._columns = list(self._spec.reading.columns or ())
        self._physical: dict[str, str] = {c: f"c{i}" for i, c in enumerate(self._columns)}
        self._extras: list[str] = []
        self._hidden = 0
        self._loads: list[_Load] = []
        self._accounts: dict[int, tuple[PlannedFile, FileAccount, str]] = {}
        base = f"staging.{quoted(self._spec.schema)}."
        self._target = base + quoted(self._spec.table)
        self._raw = base + quoted(self._spec.table + "__raw")
        self._loads_table = base + quoted(self._spec.table + "__loads")
        self._repeats = base + quoted(self._spec.table + "__repeats")
        self._base = base

    # ------------------------------------------------------------------ run

    def run(self) -> dict[str, Any]:
        """Stage the batch and return what lakeweave_stage reports."""
        with _DDL:
            self._conn.execute(f"create schema if not exists staging.{quoted(self._spec.schema)}")
            self._drop()
            columns = "".join(f"{c} varchar, " for c in self._physical.values())
            self._conn.execute(f"create table {self._raw} ({columns}load_number integer, record_number bigint)")
        with self._scratch() as scratch:
            slow = self._fast_path(scratch)
            for file in slow:
                self._careful(file)
            for file in self._files:
                # A twin of a file that was held after all is read for itself.
                if id(file) not in self._accounts and not file.held and not file.repeat_of:
                    self._careful(file)
        self._mark_repeats()
        with _DDL:
            return self._publish()

    def _drop(self) -> None:
        conn, spec = self._conn, self._spec
        kinds = conn.execute(
            "select table_name, table_type from information_schema.tables "
            "where table_catalog = 'staging' and table_schema = ? and table_name = ?",
            [spec.schema, spec.table],
        ).fetchall()
        for _, kind in kinds:
            conn.execute(f"drop {'view' if kind == 'VIEW' else 'table'} {self._target}")
        for suffix in ("__raw", "__loads", "__repeats", "__files", "__rejected", "__layout"):
            conn.execute(f"drop table if exists {self._base}{quoted(spec.table + suffix)}")

    @contextmanager
    def _scratch(self) -> Iterator[str]:
        folder = tempfile.mkdtemp(prefix=f"lakeweave_{os.getpid()}_", dir=self._scratch_parent)
        clean = lambda: shutil.rmtree(folder, ignore_errors=True)  # noqa: E731
        atexit.register(clean)
        try:
            yield folder
        finally:
            clean()
            atexit.unregister(clean)

    def _account(self, file: PlannedFile) -> FileAccount:
        account = FileAccount(file.found.name, file.file_id, file.found.size)
        return account

    def _new_load(self, file: PlannedFile, account: FileAccount) -> _Load:
        load = _Load(len(self._loads) + 1, file, account)
        self._loads.append(load)
        return load

    def _column(self, target: str) -> str:
        """The physical column of the raw table for ``target``, added if it is new."""
        if target not in self._physical:
            name = f"e{len(self._extras)}"
            with _DDL:
                self._conn.execute(f"alter table {self._raw} add column {name} varchar")
            self._physical[target] = name
            self._extras.append(target)
        return self._physical[target]

    def _hidden_columns(self, n: int) -> list[str]:
        """``n`` physical columns for what must be empty."""
        with _DDL:
            while self._hidden < n:
                self._conn.execute(f"alter table {self._raw} add column x{self._hidden} varchar")
                self._hidden += 1
        return [f"x{i}" for i in range(n)]

    # ------------------------------------------------------------ fast path

    def _fast_path(self, scratch: str) -> list[PlannedFile]:
        """Read the clean files; returns those that have to be read carefully, in order."""
        slow: list[PlannedFile] = []
        groups: dict[tuple[Any, ...], _Group] = {}
        claimed: set[str] = set()
        for file in self._files:
            if (
                file.held
                or file.repeat_of
                or self._plan.loaded.get(file.file_id or "", (file.found.name,))[0] != file.found.name
            ):
                continue
            if file.file_id in claimed:
                continue  # a twin of a file of this batch: decided when that one is done
            text, census = file.text, file.census
            if text is None or census is None or not census.well_formed:
                slow.append(file)
                continue
            matched = layout.match(text.cells, self._spec.reading, positional=text.positional)
            if matched.held:
                slow.append(file)
                continue
            claimed.add(file.file_id or "")
            account = self._account(file)
            account.changes = matched.changes
            account.columns = list(text.cells)
            account.format, account.delimiter = text.format, text.dialect.delimiter
            account.encoding = "utf-8-sig" if file.mark else "utf-8"
            account.header_lines = text.header_lines
            ends = "cr" if census.cr else "lf" if census.lf else "crlf"
            targets = tuple(matched.targets)
            empty_last = len(text.header or ()) - len(text.cells)
            if empty_last > 0:
                targets += (None,) * empty_last
            key = (text.dialect, text.header is not None, text.preamble_lines, targets, ends)
            group = groups.setdefault(
                key,
                _Group(
                    text.dialect.delimiter,
                    text.dialect.quote,
                    text.header is not None,
                    text.preamble_lines,
                    len(targets),
                    targets,
                ),
            )
            group.files.append((file, account))
        failed: list[PlannedFile] = []
        for group in groups.values():
            failed += self._read_group(group, group.files, scratch)
        order = {id(f): i for i, f in enumerate(self._files)}
        return sorted(slow + failed, key=lambda f: order[id(f)])

    def _read_group(
        self, group: _Group, files: list[tuple[PlannedFile, FileAccount]], scratch: str
    ) -> list[PlannedFile]:
        """Read ``files`` with one statement; if that fails as a whole, in halves, until the culprit is alone."""
        loads = [self._new_load(file, account) for file, account in files]
        links = []
        for load in loads:
            # A link with a plain name: DuckDB would take *, ? and [ in a name for a pattern.
            link = os.path.join(scratch, f"{load.number}.csv")
            os.symlink(os.path.abspath(load.file.found.path), link)
            links.append(link)
        try:
            try:
                rejected = self._read_csv(group, links)
            except duckdb.Error:
                if len(files) == 1:
                    return [files[0][0]]
                middle = len(files) // 2
                return self._read_group(group, files[:middle], scratch) + self._read_group(
                    group, files[middle:], scratch
                )
        finally:
            for link in links:
                os.unlink(link)
        return self._check(group, loads, rejected)

    def _read_csv(self, group: _Group, links: list[str]) -> set[int]:
        """Append the rows of ``links`` to the raw table; returns the loads of which DuckDB rejected a record."""
        conn = self._conn
        hidden = iter(self._hidden_columns(sum(t is None for t in group.targets)))
        into = [next(hidden) if t is None else self._column(t) for t in group.targets]
        names = [f"f{i}" for i in range(group.cells)]
        types = ", ".join(f"{n}: 'VARCHAR'" for n in names)
        start = self._rows()
        conn.execute("begin")
        try:
            conn.execute(
                f"insert into {self._raw} ({', '.join(into)}, load_number) "
                f"select {', '.join(names)}, cast(parse_filename(filename, true) as integer) from read_csv("
                f"?, auto_detect = false, columns = {{{types}}}, delim = {literal(group.delimiter)}, "
                f"quote = {literal(group.quote)}, escape = {literal(group.quote)}, header = {'true' if group.header else 'false'}, "
                f"skip = {group.skip}, strict_mode = true, null_padding = false, nullstr = '', filename = true, "
                "parallel = true, store_rejects = true, rejects_table = 'lakeweave_reject_errors', "
                "rejects_scan = 'lakeweave_reject_scans', rejects_limit = 1, hive_partitioning = false)",
                [links],
            )
            rejected = conn.execute(
                "select distinct parse_filename(s.file_path, true) from lakeweave_reject_errors e "
                "join lakeweave_reject_scans s on e.scan_id = s.scan_id and e.file_id = s.file_id"
            ).fetchall()
            conn.execute("drop table lakeweave_reject_errors")
            conn.execute("drop table lakeweave_reject_scans")
            conn.execute("commit")
        except BaseException:
            conn.execute("rollback")
            raise
        self._start = start
        return {int(r[0]) for r in rejected}

    def _rows(self) -> int:
        """Row id after the last row of the raw table."""
        return int(self._conn.execute(f"select coalesce(max(rowid) + 1, 0) from {self._raw}").fetchall()[0][0])

    def _check(self, group: _Group, loads: list[_Load], rejected: set[int]) -> list[PlannedFile]:
        """Accept the loads that reconcile; returns the files of the others."""
        hidden = iter([f"x{i}" for i in range(self._hidden)])
        into = [next(hidden) if t is None else self._physical[t] for t in group.targets]
        unwanted = [c for c, t in zip(into, group.targets, strict=True) if t is None]
        size = " + ".join(f"coalesce(strlen({c}), 0)" for c in into)
        mark = literal(group.quote)
        inner = "0"
        if any(load.file.census and load.file.census.doubled for load in loads):
            inner = " + ".join(
                f"case when contains({c}, {mark}) then strlen({c}) - strlen(replace({c}, {mark}, '')) else 0 end"
                for c in into
            )
        repeated = "0"
        text = loads[0].file.text
        if text and text.header and len(text.cells) > 1:
            same = " and ".join(f"{c} = {literal(n)}" for c, n in zip(into, text.cells, strict=False) if n)
            repeated = f"count(*) filter (where {same})" if same else "0"
        rows = self._conn.execute(
            f"select load_number, count(*), min(rowid), max(rowid), sum({size}), sum({inner}), "
            f"{' + '.join(f'count({c})' for c in unwanted) or '0'}, {repeated} "
            f"from {self._raw} where rowid >= {self._start} group by load_number"
        ).fetchall()
        measured = {r[0]: r[1:] for r in rows}
        failed = []
        for load in loads:
            census, account = load.file.census, load.account
            assert census is not None
            n, first, last, chars, inner_quotes, unwanted_values, headers = measured.get(
                load.number, (0, 0, -1, 0, 0, 0, 0)
            )
            delimiters = n * (group.cells - 1) * len(group.delimiter.encode())
            expected = census.bytes - census.newline_bytes - delimiters - (census.quotes - int(inner_quotes))
            if (
                load.number in rejected
                or n != census.records
                or last - first + 1 != n
                or chars != expected
                or unwanted_values
                or headers
                or self._changed(load.file)
            ):
                failed.append(load.file)
                continue
            load.first_rowid = first
            load.accepted = True
            account.records = account.accepted = n
            account.blank_lines = census.blank_lines
            self._settle(load.file, account, "loaded")
        if failed and len(failed) == len(self._loads):
            # Nothing of the raw table is wanted: give its memory back before the careful reader fills it.
            self._conn.execute(f"truncate {self._raw}")
        return failed

    @staticmethod
    def _changed(file: PlannedFile) -> bool:
        try:
            return stat_key(os.stat(file.found.path)) != file.found.stat_key
        except OSError:
            return True

    # ---------------------------------------------------------- careful path

    def _careful(self, file: PlannedFile) -> None:
        """Read one file record by record."""
        if file.file_id in self._plan.loaded and self._plan.loaded[file.file_id][0] != file.found.name:
            return
        account = self._account(file)
        load = self._new_load(file, account)
        if self._changed(file):
            account.hold(*changed())
            self._settle(file, account, "held")
            return
        staged = 0
        self._conn.execute("begin")
        try:
            for batch in read_file(file.found.path, file.found.name, self._spec.reading, account):
                columns = [self._column(c) for c in batch.columns]
                values = [pa.array(v, pa.string()) for v in zip(*batch.rows, strict=True)]
                data = pa.table(
                    [*values, pa.array(batch.numbers, pa.int64())],
                    names=[*(f"v{i}" for i in range(len(values))), "record_number"],
                )
                keep = account.format in ("json", "jsonl", "json+gzip", "jsonl+gzip", "parquet")
                select = ", ".join(f"v{i}" if keep else f"nullif(v{i}, '')" for i in range(len(values)))
                self._conn.register("lakeweave_batch", data)
                self._conn.execute(
                    f"insert into {self._raw} ({', '.join(columns)}, load_number, record_number) "
                    f"select {select}, {load.number}, record_number from lakeweave_batch"
                )
                self._conn.unregister("lakeweave_batch")
                staged += len(batch.numbers)
            self._conn.execute("commit")
        except BaseException:
            self._conn.execute("rollback")
            raise
        if account.state == "loaded" and self._changed(file):
            account.hold(*changed())
        if account.state == "loaded":
            ((found,),) = self._conn.execute(
                f"select count(*) from {self._raw} where load_number = {load.number}"
            ).fetchall()
            if found != account.accepted or staged != account.accepted:
                account.hold(
                    "counts_do_not_reconcile", f"{account.accepted} records were accepted but {found} were staged."
                )
        load.accepted = account.state == "loaded"
        self._settle(file, account, account.state)

    # -------------------------------------------------------------- publish

    def _settle(self, file: PlannedFile, account: FileAccount, state: str) -> None:
        if account.state == "held":
            state = "held"
        self._accounts[id(file)] = (file, account, state)
        if state == "loaded" and file.file_id:
            self._plan.loaded[file.file_id] = (file.found.name, account.records)

    def _mark_repeats(self) -> None:
        """Find records that repeat an earlier one of their file, all columns equal."""
        conn = self._conn
        columns = ", ".join(self._physical.values())
        accepted = [load for load in self._loads if load.accepted]
        with _DDL:
            conn.execute(f"create table {self._repeats} (row_id bigint, load_number integer)")
        if not accepted:
            return
        # The hash finds candidates cheaply; the rows themselves decide.
        conn.execute(
            f"create or replace temp table lakeweave_candidates as select load_number, hash({columns}) as h from {self._raw} "
            "group by all having count(*) > 1"
        )
        conn.execute(
            f"insert into {self._repeats} select row_id, load_number from ("
            f"select rowid as row_id, load_number, row_number() over (partition by load_number, {columns} order by rowid) as nth "
            f"from {self._raw} where exists (select 1 from lakeweave_candidates c where c.load_number = {self._raw_alias()}.load_number "
            f"and c.h = hash({columns}))) where nth > 1"
        )
        conn.execute("drop table lakeweave_candidates")
        counts = dict(conn.execute(f"select load_number, count(*) from {self._repeats} group by 1").fetchall())
        for load in accepted:
            n = counts.get(load.number, 0)
            load.account.accepted -= n
            load.account.repeats += n

    def _raw_alias(self) -> str:
        return quoted(self._spec.table + "__raw")

    def _publish(self) -> dict[str, Any]:
        """Write the staged tables and views; returns the report."""
        rows: list[dict[str, Any]] = []
        rejected: list[dict[str, Any]] = []
        changes: list[dict[str, Any]] = []
        messages: list[str] = []
        for file in self._files:
            entry = self._accounts.get(id(file))
            account, state = (entry[1], entry[2]) if entry else self._unread(file)
            rows.append(self._file_row(file, account, state))
            if state == "loaded":
                rejected += [
                    {
                        "file_id": file.file_id,
                        "file_name": file.found.name,
                        "record_number": r.record_number,
                        "line_number": r.line_number,
                        "raw_text": r.raw_text,
                        "reason": r.reason,
                        "column_name": r.column_name,
                        "message": r.message,
                    }
                    for r in account.rejects
                ]
            changes += [
                {
                    "file_id": file.file_id,
                    "file_name": file.found.name,
                    "column_name": c.column_name,
                    "change": c.change,
                    "policy": c.policy,
                    "action": c.action,
                    "message": c.message,
                }
                for c in account.changes
                if state == "loaded" or account.reason == "layout_frozen"
            ]
        text = pa.string()
        self._table("__files", rows, _FILES)
        self._table("__rejected", rejected, {k: pa.int64() if k.endswith("_number") else text for k in _REJECTED})
        self._table("__layout", changes, dict.fromkeys(_LAYOUT, text))
        self._view()
        held = [r for r in rows if r["state"] == "held"]
        total = {k: sum(r[k] for r in rows) for k in ("records", "accepted", "rejected", "repeats")}
        return {
            "files": len(rows),
            **total,
            "held": [{k: r[k] for k in ("file_name", "reason", "message")} for r in held],
            "extra_columns": self._published_extras(),
            "messages": messages,
        }

    def _published_extras(self) -> list[str]:
        wanted = {c for load in self._loads if load.accepted for c in self._extras_of(load)}
        return [e for e in self._extras if e in wanted]

    @staticmethod
    def _extras_of(load: _Load) -> Iterable[str]:
        return [c.column_name for c in load.account.changes if c.column_name]

    def _unread(self, file: PlannedFile) -> tuple[FileAccount, str]:
        """The account of a file that was not read: held before, or a repeat."""
        account = self._account(file)
        if file.held:
            account.hold(*file.held)
            return account, "held"
        name, records = (
            (file.repeat_of, file.repeat_records) if file.repeat_of else self._plan.loaded[file.file_id or ""]
        )
        account.records = account.repeats = records
        account.message = f"The same content as {name!r}, which is loaded."
        return account, "repeat"

    def _file_row(self, file: PlannedFile, account: FileAccount, state: str) -> dict[str, Any]:
        return {
            "path": self._spec.folder.rstrip("/") + "/" + file.found.name,
            "file_name": file.found.name,
            "source": self._spec.source,
            "file_id": file.file_id,
            "version": file.version,
            "bytes": file.found.size,
            "stat_key": file.found.stat_key,
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
        }

    def _table(self, suffix: str, rows: list[dict[str, Any]], types: dict[str, pa.DataType]) -> None:
        data = pa.table({name: pa.array([r[name] for r in rows], kind) for name, kind in types.items()})
        self._conn.register("lakeweave_rows", data)
        self._conn.execute(
            f"create table {self._base}{quoted(self._spec.table + suffix)} as select * from lakeweave_rows"
        )
        self._conn.unregister("lakeweave_rows")

    def _view(self) -> None:
        """The staged records, as a view over the raw table: names, record numbers and repeats are joined to it."""
        loads = [
            {
                "load_number": x.number,
                "first_rowid": x.first_rowid,
                "file_id": x.file.file_id,
                "file_name": x.file.found.name,
            }
            for x in self._loads
            if x.accepted
        ]
        self._table(
            "__loads",
            loads,
            {"load_number": pa.int32(), "first_rowid": pa.int64(), "file_id": pa.string(), "file_name": pa.string()},
        )
        names = [*self._columns, *self._published_extras()]
        columns = "".join(f"raw.{self._physical[n]} as {quoted(n)}, " for n in names)
        ((repeats,),) = self._conn.execute(f"select count(*) from {self._repeats}").fetchall()
        is_repeat = f"raw.rowid in (select row_id from {self._repeats})" if repeats else "false"
        self._conn.execute(
            f"create view {self._target} as select {columns}loads.file_id as _file_id, loads.file_name as _file_name, "
            "coalesce(raw.record_number, raw.rowid - loads.first_rowid + 1) as _record_number, "
            f"{is_repeat} as is_duplicate_in_file "
            f"from {self._raw} as raw join {self._loads_table} as loads on raw.load_number = loads.load_number"
        )


_FILES: dict[str, pa.DataType] = {
    "path": pa.string(),
    "file_name": pa.string(),
    "source": pa.string(),
    "file_id": pa.string(),
    "version": pa.int32(),
    "bytes": pa.int64(),
    "stat_key": pa.string(),
    "format": pa.string(),
    "encoding": pa.string(),
    "delimiter": pa.string(),
    "delivered_at": pa.timestamp("us"),
    "records": pa.int64(),
    "accepted": pa.int64(),
    "rejected": pa.int64(),
    "repeats": pa.int64(),
    "state": pa.string(),
    "reason": pa.string(),
    "message": pa.string(),
}
_REJECTED = ("file_id", "file_name", "record_number", "line_number", "raw_text", "reason", "column_name", "message")
_LAYOUT = ("file_id", "file_name", "column_name", "change", "policy", "action", "message")
