"""Clean files, read by DuckDB at full speed and believed only if everything adds up.

A delimited file is accepted here if DuckDB rejected nothing of it, if its rows lie in one piece, if there are as many
as the independent count of line ends says, and if the bytes of values, delimiters, quotes and line ends add up to the
bytes of the file. The last rule notices what no count of rows can: a value that was trimmed, cut or shifted.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from dataclasses import dataclass, field

import duckdb

from lakeweave.errors import FileHeld
from lakeweave.ingestion import layout
from lakeweave.ingestion.account import FileAccount
from lakeweave.ingestion.cleantext import PARALLEL_BYTES, CleanText, CleanTexts, fill_bytes, header_size
from lakeweave.ingestion.inspecting import PlannedFile, header_names
from lakeweave.ingestion.parquet import footer_rows, parquet_select
from lakeweave.ingestion.rawtable import RawTable
from lakeweave.ingestion.spec import Reading
from lakeweave.sql import literal


@dataclass
class Load:
    """One attempt to bring the rows of a file into the raw table."""

    number: int
    file: PlannedFile
    account: FileAccount
    first_rowid: int | None = None
    """Set if record numbers follow from the row ids."""
    accepted: bool = False


def _looks_cut(name: str, place: int, width: int, delimiter: str) -> str:
    """SQL of :func:`quoting.looks_cut` for one column: the careful reader then judges the whole file."""
    d = re.escape(delimiter)
    other = f"[^{d}\r\n]*"
    first = f"^(?:{other}{d}){{{width - 1 - place}}}{other}[\r\n]"
    last = f"[\r\n](?:{other}{d}){{{place}}}{other}$"
    # Few values have as many delimiters as both lines together need; only those are matched.
    enough = (width - 1) * len(delimiter.encode())
    return (
        f"case when (contains({name}, chr(10)) or contains({name}, chr(13))) "
        f"and strlen({name}) - strlen(replace({name}, {literal(delimiter)}, '')) >= {enough} "
        f"then regexp_matches({name}, {literal(first)}) and regexp_matches({name}, {literal(last)}) else false end"
    )


@dataclass
class FastPath:
    """Reads what can be read fast; ``loads`` and ``scratch`` belong to the stage."""

    raw: RawTable
    reading: Reading
    loads: list[Load]
    scratch: str
    texts: CleanTexts = field(init=False)
    _start: int = field(default=0, init=False)

    def __post_init__(self) -> None:
        self.texts = CleanTexts(self.reading, self.scratch)

    def new_load(self, file: PlannedFile, account: FileAccount) -> Load:
        """A new load with the next number."""
        load = Load(len(self.loads) + 1, file, account)
        self.loads.append(load)
        return load

    # ------------------------------------------------------------ delimited

    def read_text(self, texts: Iterable[CleanText]) -> tuple[list[CleanText], list[CleanText]]:
        """Read clean texts; returns those that reconcile and those that have to be read carefully."""
        groups: dict[tuple[object, ...], list[CleanText]] = {}
        for text in texts:
            groups.setdefault(text.kind(), []).append(text)
        good: list[CleanText] = []
        failed: list[CleanText] = []
        for group in groups.values():
            small = [t for t in group if t.joinable]
            joined = self._joined(small) if len(small) > 1 else None
            if joined:
                good += joined[0]
                failed += joined[1]
            apart = [t for t in group if not t.joinable] if joined else group
            accepted, others = self._group(apart, group[0].parallel) if apart else ([], [])
            good += accepted
            # Large files with quotes once more, by one thread: see PARALLEL_BYTES.
            again = [t for t in others if t.parallel and t.census.quotes and t.census.bytes >= PARALLEL_BYTES]
            failed += [t for t in others if t not in again]
            if again:
                accepted, others = self._group(again, parallel=False)
                good += accepted
                failed += others
            for text in group:
                self.texts.forget(text.path)
        return good, failed

    def _group(self, texts: list[CleanText], parallel: bool) -> tuple[list[CleanText], list[CleanText]]:
        """Read texts of one kind with one statement; if that fails as a whole, in halves until the culprit is alone."""
        loads = [self.new_load(t.file, t.account) for t in texts]
        links = []
        try:
            for text, load in zip(texts, loads, strict=True):
                # A link with a plain name: DuckDB would take *, ? and [ in a name for a pattern.
                link = os.path.join(self.scratch, f"{load.number}.csv")
                os.symlink(os.path.abspath(text.path), link)
                links.append(link)
            rejected = self._read_csv(texts, loads, links, parallel)
        except duckdb.Error:
            if len(texts) == 1:
                return [], texts
            middle = len(texts) // 2
            good, failed = self._group(texts[:middle], parallel)
            more, others = self._group(texts[middle:], parallel)
            return good + more, failed + others
        finally:
            for link in links:
                os.unlink(link)
        return self._check(texts, loads, rejected)

    def _joined(self, texts: list[CleanText]) -> tuple[list[CleanText], list[CleanText]] | None:
        """Read small texts of one kind as one text, in which each line begins with the number of its load.

        DuckDB takes about half a millisecond for a file, whatever its size. A line that it refuses is missing in the count of
        its load, because each line is a record. ``None`` if DuckDB reads nothing: the files are then read one by one.
        """
        loads = [self.new_load(t.file, t.account) for t in texts]
        path = os.path.join(self.scratch, f"joined_{loads[0].number}.csv")
        delimiter = texts[0].plan.dialect.delimiter
        try:
            with open(path, "wb") as out:
                for text, load in zip(texts, loads, strict=True):
                    out.write(text.numbered(f"{load.number}{delimiter}".encode()))
            self._read_csv(texts, loads, [path], True, joined=True)
        except (duckdb.Error, OSError):
            return None
        finally:
            self.texts.forget(path)
        return self._check(texts, loads, set())

    def _read_csv(
        self, texts: list[CleanText], loads: list[Load], links: list[str], parallel: bool, *, joined: bool = False
    ) -> set[int]:
        """Append the rows of ``links``, one for each load; returns the numbers of the loads of which DuckDB rejected a record.

        With ``joined`` the only link has the lines of all loads, each behind the number of its load and without headers.
        Nothing is returned then.
        """
        raw, conn = self.raw, self.raw.conn
        plan, targets = texts[0].plan, texts[0].targets
        inner = any(t.census.doubled for t in texts)
        several_lines = any(t.census.quoted_lines for t in texts)
        dialect = plan.dialect
        wanted = {f"f{i}": raw.column(t) for i, t in enumerate(targets) if t is not None}
        empty = [f"f{i} is not null" for i, t in enumerate(targets) if t is None]
        names = [f"f{i}" for i in range(len(targets))]
        quote = literal(dialect.quote)
        size = " + ".join(f"coalesce(strlen({c}), 0)" for c in names)
        if inner:
            # A quote inside a value stands twice in the file, or it stands alone in a value without quotes around it.
            size += "".join(
                f" - case when contains({c}, {quote}) then strlen({c}) - strlen(replace({c}, {quote}, '')) else 0 end"
                for c in names
            )
        wrong = list(empty)
        if plan.header_places:
            wrong.append(header_names(plan, self.reading).row_condition(names, plan.header_places))
        elif plan.header is not None and len(plan.cells) > 1:
            header = " and ".join(f"{n} = {literal(c)}" for n, c in zip(names, plan.cells, strict=False) if c)
            wrong += [f"({header})"] if header else []
        if several_lines and len(names) > 1:
            wrong += [_looks_cut(n, i, len(names), dialect.delimiter) for i, n in enumerate(names)]
        if wrong:
            size = f"case when {' or '.join(wrong)} then null else {size} end"
        types = ", ".join(f"{n}: 'VARCHAR'" for n in names)
        # Equal records have equal values of it, and few others have: which are equal is decided by all values.
        telling = f"f{plan.telling}" if plan.telling is not None and targets[plan.telling] is not None else None
        # One file, as large ones are: its number is a constant, and not read out of a name row by row.
        several = len(loads) > 1 and not joined
        number = "cast(parse_filename(filename, true) as integer)" if several else str(loads[0].number)
        headed, skip = plan.header is not None, plan.preamble_lines
        if joined:
            types, number, headed, skip = f"load_number: 'INTEGER', {types}", "load_number", False, 0
        self._start = raw.end()
        conn.execute("begin")
        try:
            conn.execute(
                f"insert into {raw.name} ({''.join(f'{c}, ' for c in wanted.values())}load_number, row_size, row_hash) "
                f"select {''.join(f'{c}, ' for c in wanted)}{number}, {size}, "
                f"hash({telling or ', '.join(wanted) or 'null'}) from read_csv([{', '.join(map(literal, links))}], "
                f"auto_detect = false, columns = {{{types}}}, delim = {literal(dialect.delimiter)}, quote = {quote}, "
                f"escape = {quote}, header = {str(headed).lower()}, skip = {skip}, "
                f"strict_mode = true, null_padding = false, nullstr = '', filename = {str(several).lower()}, "
                "hive_partitioning = false, "
                f"parallel = {str(parallel).lower()}, store_rejects = true, rejects_limit = 1, "
                "rejects_table = 'lakeweave_reject_errors', rejects_scan = 'lakeweave_reject_scans')"
            )
            rejected = (
                []
                if joined
                else conn.execute(
                    "select distinct parse_filename(s.file_path, true) from lakeweave_reject_errors e "
                    "join lakeweave_reject_scans s on e.scan_id = s.scan_id and e.file_id = s.file_id"
                ).fetchall()
            )
            conn.execute("drop table lakeweave_reject_errors")
            conn.execute("drop table lakeweave_reject_scans")
            conn.execute("commit")
        except BaseException:
            conn.execute("rollback")
            raise
        return {int(r[0]) for r in rejected}

    def _check(
        self, texts: list[CleanText], loads: list[Load], rejected: set[int]
    ) -> tuple[list[CleanText], list[CleanText]]:
        rows = self.raw.conn.execute(
            "select load_number, count(*), min(rowid), max(rowid), sum(row_size), count(row_size) "
            f"from {self.raw.name} where rowid >= {self._start} group by load_number"
        ).fetchall()
        measured = {r[0]: r[1:] for r in rows}
        good: list[CleanText] = []
        failed: list[CleanText] = []
        for text, load in zip(texts, loads, strict=True):
            census = text.census
            n, first, last, size, sized = measured.get(load.number, (0, 0, -1, 0, 0))
            headers = int(text.plan.header is not None)
            delimiters = (n + headers) * (len(text.targets) - 1) * len(text.plan.dialect.delimiter.encode())
            values = int(size or 0) + header_size(text.plan)
            if (
                load.number not in rejected
                and n == sized == last - first + 1
                and n + headers == census.records
                and values == census.bytes - census.newline_bytes - delimiters - census.quotes
                and not text.file.changed()
            ):
                load.first_rowid = first
                load.accepted = True
                text.account.records = text.account.accepted = n
                fill_bytes(text)
                good.append(text)
            else:
                failed.append(text)
        if failed and not any(load.accepted for load in self.loads):
            # Nothing of the table is wanted: its memory is, when the careful reader fills it again.
            self.raw.clear()
        return good, failed

    # -------------------------------------------------------------- parquet

    def read_parquet(self, file: PlannedFile, account: FileAccount) -> bool:
        """Read a Parquet file; false if it has to be read carefully. The independent count is that of its footer."""
        raw, conn = self.raw, self.raw.conn
        load = self.new_load(file, account)
        link = os.path.join(self.scratch, f"{load.number}.parquet")
        os.symlink(os.path.abspath(file.found.path), link)
        source = f"read_parquet({literal(link)}, hive_partitioning = false, file_row_number = true)"
        try:
            described = conn.execute(f"describe select * exclude file_row_number from {source}").fetchall()
            count = footer_rows(file.found.path)
            header = [d[0] for d in described]
            known = layout.declared_names(self.reading)
            matched = layout.match(header, self.reading)
            if layout.shared(header, known) * 2 < len(self.reading.columns or ()) or matched.held:
                return False
            texts = parquet_select([(d[0], d[1]) for d in described])
            wanted = {s: raw.column(t) for s, t in zip(texts, matched.targets, strict=True) if t is not None}
            nul = " or ".join(f"contains({s}, chr(0))" for s in texts)
            unwanted = "".join(f" or {s} is not null" for s, t in zip(texts, matched.targets, strict=True) if t is None)
            conn.execute(
                f"insert into {raw.name} ({''.join(f'{c}, ' for c in wanted.values())}load_number, record_number, "
                f"row_size, row_hash) select {''.join(f'{s}, ' for s in wanted)}{load.number}, file_row_number + 1, "
                f"case when coalesce({nul}, false){unwanted} then null else 0 end, hash({', '.join(wanted) or 'null'}) "
                f"from {source}"
            )
        except (duckdb.Error, FileHeld):
            # The careful reader finds the same and says so in the account.
            return False
        finally:
            os.unlink(link)
        ((n, sized, last),) = conn.execute(
            f"select count(*), count(row_size), max(record_number) from {raw.name} where load_number = {load.number}"
        ).fetchall()
        if n != sized or n != count or (n and last != n):
            return False
        account.format, account.counted_by, account.counted_records = "parquet", "footer", count
        account.columns, account.changes = header, matched.changes
        account.records = account.accepted = n
        load.accepted = True
        return True
