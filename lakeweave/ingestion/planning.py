"""Which delivered files are new, by content: listing, ledger, hash, and the batches that they are staged in."""

from __future__ import annotations

import codecs
import csv
import os
import threading
import uuid
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import duckdb
import pyarrow as pa

from lakeweave.errors import FileHeld, UserError
from lakeweave.ingestion import sniff
from lakeweave.ingestion.archive import archived_files, hash_of, original_name
from lakeweave.ingestion.counting import Census, Counter, read_through
from lakeweave.ingestion.headers import HeaderNames
from lakeweave.ingestion.layout import declared_names
from lakeweave.ingestion.lines import split_lines
from lakeweave.ingestion.listing import FoundFile, list_files, natural_key, settle, stat_key
from lakeweave.ingestion.names import snake_case
from lakeweave.ingestion.progress import progress
from lakeweave.ingestion.sniff import HEAD, TextPlan
from lakeweave.ingestion.spec import Reading, Spec
from lakeweave.sql import literal

_KNOWN_STATES = frozenset({"loaded", "repeat", "held"})
_READ_AGAIN = frozenset({"changed_while_reading", "unreadable"})
"""Reasons for which a held file may be all right the next time, with the same content."""
MAX_BATCH_FILES = 20_000
_ENOUGH = 20
"""First records from which something is said of all of them; each of them is still looked at."""


@dataclass
class PlannedFile:
    """A file that the build has to account for.

    ``text`` and ``census`` are set where the file looks like clean delimited text; ``repeat_of`` names the file of the
    ledger that has the same content; ``held`` is a reason and a message found before reading.
    """

    found: FoundFile
    version: int
    file_id: str | None = None
    delivered_ns: int = 0
    text: TextPlan | None = None
    census: Census | None = None
    mark: int = 0
    repeat_of: str | None = None
    repeat_records: int = 0
    held: tuple[str, str] | None = None
    archived: bool = False
    magic: bytes = b""

    def changed(self) -> bool:
        """Whether the file is not what it was when it was listed."""
        try:
            return stat_key(os.stat(self.found.path)) != self.found.stat_key
        except OSError:
            return True


@dataclass
class Plan:
    """What one build does for one source; ``loaded`` fills up while its batches are staged."""

    spec: Spec
    batches: list[list[PlannedFile]]
    listed: int
    known: int
    messages: list[str]
    warnings: list[str] = field(default_factory=list)
    """Those of ``messages`` that name something that is not loaded and may have to be."""
    touched: list[tuple[str, int, str]] = field(default_factory=list)
    """Name, version and new stat key of files that the ledger has with the same content under another stat key."""
    id: str = field(default_factory=lambda: uuid.uuid4().hex)
    loaded: dict[str, tuple[str, int]] = field(default_factory=dict)
    """Content → name and number of records of the file of this plan that was staged with it."""

    @property
    def files(self) -> Iterable[PlannedFile]:
        """All files in the order in which they are staged."""
        return (f for batch in self.batches for f in batch)

    def summary(self) -> dict[str, object]:
        """What lakeweave_plan returns."""
        new = sum(map(len, self.batches))
        return {
            "plan_id": self.id,
            "listed": self.listed,
            "new": new,
            "known": self.known,
            "bytes": sum(f.found.size for f in self.files if not f.repeat_of),
            # The new stat keys are written with the first batch, which may have no file.
            "batches": len(self.batches) or bool(self.touched) + 0,
            "touched": len(self.touched),
            "messages": self.messages,
            "warnings": self.warnings,
        }


class Plans:
    """The plans of this process that may still be staged; the oldest are forgotten."""

    def __init__(self, keep: int = 256) -> None:
        self._keep = keep
        self._plans: dict[str, Plan] = {}
        self._lock = threading.Lock()

    def add(self, plan: Plan) -> None:
        """Remember ``plan``."""
        with self._lock:
            self._plans[plan.id] = plan
            while len(self._plans) > self._keep:
                del self._plans[next(iter(self._plans))]

    def get(self, plan_id: str) -> Plan:
        """The plan with this id; raises :class:`UserError` if there is none in this process."""
        with self._lock:
            try:
                return self._plans[plan_id]
            except KeyError:
                raise UserError(
                    f"There is no plan {plan_id!r} in this process; call lakeweave_plan first and in the same run."
                ) from None


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
        return self.state in _KNOWN_STATES and not (self.state == "held" and self.reason in _READ_AGAIN)


@dataclass
class Ledger:
    """The ledger's rows of one source, as the plan asks for them."""

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


def _unknown_files(
    conn: duckdb.DuckDBPyConnection, spec: Spec, found: list[FoundFile]
) -> tuple[list[FoundFile], Ledger]:
    """The files that the ledger does not have by name and stat key, and the ledger's rows about their names.

    The comparison is one join in the database: with a million known files, rows in Python would cost more than the listing.
    """
    ledger = Ledger()
    known = "('loaded', 'repeat')" if spec.release else "('loaded', 'repeat', 'held')"
    listed = pa.table({"name": [f.name for f in found], "stat_key": [f.stat_key for f in found]})
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
        return found, ledger
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


def _add_loaded(conn: duckdb.DuckDBPyConnection, spec: Spec, ledger: Ledger, contents: set[str]) -> None:
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


def make_plan(conn: duckdb.DuckDBPyConnection, spec: Spec) -> Plan:
    """List, compare with the ledger, hash what is new and cut it into batches; raises :class:`UserError`."""
    listing = list_files(spec.folder, spec.patterns, in_order=False)
    found, messages = listing.files, listing.messages
    new, ledger = (found, read_ledger(conn, spec)) if spec.reload else _unknown_files(conn, spec, found)
    new.sort(key=lambda f: natural_key(f.name))
    planned, touched = [], []
    for file in progress(new, spec.source):
        inspected = inspect(file, spec)
        if not spec.reload and (version := _same_as_before(inspected, ledger, spec)):
            touched.append((file.name, version, file.stat_key))
        else:
            planned.append(inspected)
    if spec.reload:
        planned += _from_archive(spec, ledger, planned)
        _nothing_lost(spec, ledger, planned)
    elif ledger.released:
        planned += _released_from_archive(spec, ledger, planned, messages)
    if planned and not spec.reload:
        _add_loaded(conn, spec, ledger, {f.file_id for f in planned if f.file_id})
    for each in planned:
        _number(each, ledger, spec)
    # A content is loaded once. The name that the ledger has it from stays; a new content goes by its first name.
    planned.sort(key=lambda f: (natural_key(f.found.name), f.version))
    if spec.reload:
        planned.sort(key=lambda f: f.file_id in ledger.loaded and ledger.loaded[f.file_id].name != f.found.name)
    batches = _batches(planned, spec.batch_bytes)
    known = len(found) - len(new) + len(touched)
    return Plan(spec, batches, len(found), known, messages, listing.warnings, touched)


def _same_as_before(file: PlannedFile, ledger: Ledger, spec: Spec) -> int | None:
    """The version under which the ledger has the same content as the newest of the same name.

    A file that was touched, copied or restored is such a file: only its stat key is new.
    """
    newest = ledger.newest.get(file.found.name)
    if newest is None or file.file_id is None or newest.file_id != file.file_id or not newest.settled:
        return None
    if (file.held and file.held[0] in _READ_AGAIN) or (spec.release and newest.state == "held"):
        return None
    return newest.version


def _number(file: PlannedFile, ledger: Ledger, spec: Spec) -> None:
    """Give ``file`` its version, and say what it repeats.

    The same content under the same name keeps its version when it is read again (a reload, a released or a held file);
    any other delivery is the next version of its name.
    """
    name, content = file.found.name, file.file_id or ""
    before = ledger.deliveries.get((name, content))
    if before and (spec.reload or before.state in ("released", "held")):
        file.version = before.version
        if file.archived and before.delivered_ns is not None:
            file.delivered_ns = before.delivered_ns
    else:
        file.version = ledger.versions[name] = ledger.versions.get(name, 0) + 1
    if not spec.reload and not file.held and content in ledger.loaded:
        file.repeat_of, file.repeat_records = ledger.loaded[content].name, ledger.loaded[content].records


def _batches(planned: list[PlannedFile], batch_bytes: int) -> list[list[PlannedFile]]:
    batches: list[list[PlannedFile]] = []
    size = 0
    for file in planned:
        weight = 0 if file.repeat_of or file.held else file.found.size
        if not batches or (size + weight > batch_bytes and size) or len(batches[-1]) >= MAX_BATCH_FILES:
            batches.append([])
            size = 0
        batches[-1].append(file)
        size += weight
    return batches


def _from_archive(spec: Spec, ledger: Ledger, planned: Iterable[PlannedFile]) -> list[PlannedFile]:
    """The archived files of the source, without those that still lie in the folder, under their old names."""
    present = {(f.found.name, f.file_id) for f in planned}
    result = []
    for file in archived_files(spec):
        content = hash_of(file)
        found = file._replace(name=_delivered_name(file.name, content, ledger))
        if (found.name, content) in present:
            continue
        present.add((found.name, content))
        again = inspect(found, spec)
        again.archived = True
        result.append(again)
    return result


def _released_from_archive(
    spec: Spec, ledger: Ledger, planned: Iterable[PlannedFile], messages: list[str]
) -> list[PlannedFile]:
    """Released files that are not in the folder any more, from the archive."""
    present = {f.file_id for f in planned}
    wanted = {f.file_id: f for f in ledger.released if f.file_id and f.file_id not in present}
    result = []
    if wanted:
        names = {original_name(f.name) for f in wanted.values()}
        for file in archived_files(spec):
            if original_name(file.name) in names and (content := hash_of(file)) in wanted:
                again = inspect(file._replace(name=wanted.pop(content).name), spec)
                again.archived = True
                result.append(again)
    for lost in sorted(wanted.values(), key=lambda f: natural_key(f.name)):
        messages.append(
            f"{lost.name!r} is released, but its content is neither in the folder nor in the archive; "
            "put it back to have it taken in again."
        )
    return result


def _delivered_name(archived: str, content: str | None, ledger: Ledger) -> str:
    """The name that an archived file was delivered under."""
    original = original_name(archived)
    for name in (archived, original):
        if (name, content or "") in ledger.deliveries:
            return name
    return ledger.loaded[content].name if content in ledger.loaded else archived


def _nothing_lost(spec: Spec, ledger: Ledger, planned: list[PlannedFile]) -> None:
    present = {f.file_id for f in planned}
    lost = sorted((f.name for content, f in ledger.loaded.items() if content not in present), key=natural_key)
    if lost:
        shown = ", ".join(map(repr, lost[:10])) + (f" and {len(lost) - 10} more" if len(lost) > 10 else "")
        where = f"the archive {spec.archive!r}" if spec.archive else "an archive (none is declared)"
        raise UserError(
            f"Source {spec.source} cannot be loaded again: {len(lost)} file(s) that the ledger has as loaded "
            f"are neither in the folder {spec.folder!r} nor in {where}: {shown}. "
            "Put them back, or leave out the full refresh."
        )


def inspect(file: FoundFile, spec: Spec) -> PlannedFile:
    """Hash a file, and count its lines in the same pass if it looks like clean delimited text."""
    planned = PlannedFile(file, 1, delivered_ns=file.mtime_ns)
    try:
        with open(file.path, "rb") as stream:
            before = os.fstat(stream.fileno())
            settle(before)
            head = stream.read(HEAD)
            planned.magic = head[:8]
            counter = None
            if not spec.reading.encoding or codecs.lookup(spec.reading.encoding).name == "utf-8":
                counter = _propose(planned, head, len(head) == before.st_size, spec)
            if counter is None:
                planned.file_id, _ = read_through(stream, head)
            else:
                counter.feed(head[planned.mark :])
                first = True

                def consume(chunk: bytes) -> None:
                    nonlocal first
                    if not first:
                        counter.feed(chunk)
                    first = False

                planned.file_id, _ = read_through(stream, head, consume)
                planned.census = counter.finish()
            after = os.stat(file.path)
    except OSError as error:
        planned.held = ("unreadable", f"The file cannot be read ({error.strerror or error}).")
        return planned
    if not stat_key(before) == stat_key(after) == file.stat_key:
        planned.held = changed()
    return planned


def changed() -> tuple[str, str]:
    """Reason and message for a file that did not stay the same."""
    return (
        "changed_while_reading",
        "The file changed while it was read: its size, times or inode are not what they were when it was listed. "
        "It is read again in the next build.",
    )


def _propose(planned: PlannedFile, head: bytes, complete: bool, spec: Spec) -> Counter | None:
    """Set ``planned.text`` for clean delimited text, or ``planned.held``; the counter for what follows, if any."""
    kind = sniff.container(head)
    if kind == "empty":
        planned.held = ("empty_file", "The file has no content.")
        return None
    if kind != "text":
        return None
    mark = sniff.byte_order_mark(head)
    if (mark and mark[0] != "utf-8-sig") or (not mark and sniff.wide_encoding(head)) or sniff.is_shifted(head):
        return None
    planned.mark = mark[1] if mark else 0
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        text = decoder.decode(head[planned.mark :], final=complete)
    except UnicodeDecodeError:
        return None
    if not complete and "\n" not in text and "\r" not in text:
        return None
    try:
        plan = sniff.sniff_text(text, complete=complete, name=planned.found.name, reading=spec.reading)
    except FileHeld as held:
        # Judged again, on all that there is, when it is staged: the first bytes may not be enough.
        if complete:
            planned.held = (held.reason, held.message)
        return None
    planned.text = quick_plan(plan)
    if planned.text and not complete:
        learn(planned.text, text, spec.reading)
    return counter_for(planned.text, spec.reading) if planned.text else None


def counter_for(plan: TextPlan, reading: Reading) -> Counter:
    """The independent count for a text that is read by ``plan``."""
    names = None if plan.header_places else header_names(plan, reading)
    return Counter(plan.dialect.quote.encode(), names, plan.header_bytes)


def header_names(plan: TextPlan, reading: Reading) -> HeaderNames:
    """The names that make a line of this text a header."""
    return HeaderNames(declared_names(reading) if reading.columns else {snake_case(c): c for c in plan.cells})


def learn(plan: TextPlan, head: str, reading: Reading) -> None:
    """Set ``header_places`` and ``telling`` of ``plan`` from the first records of a large text."""
    width = len(plan.header) if plan.header is not None else len(plan.cells)
    lines = split_lines(head[: head.rfind("\n") + 1])[plan.header_lines :]
    try:
        rows = [r for r in csv.reader(lines, **plan.dialect.options(strict=False)) if r]  # type: ignore[arg-type]
    except csv.Error:
        return
    # The last record may go on behind the head.
    rows = rows[:-1]
    if width < 2 or len(rows) < _ENOUGH or any(len(r) != width for r in rows):
        return
    plan.header_places = header_names(plan, reading).places_without(rows, width)
    plan.telling = next((i for i in range(width) if len({r[i] for r in rows}) == len(rows)), None)


def quick_plan(plan: TextPlan) -> TextPlan | None:
    """``plan`` if the fast path can follow it."""
    dialect = plan.dialect
    fast = plan.format in ("csv", "tsv") and not dialect.escape and not dialect.skip_space
    # Lines above the header, and a repaired header, are left to the careful reader.
    fast = fast and not plan.preamble_lines and not plan.told
    fast = fast and plan.surplus == max(0, len(plan.header or ()) - len(plan.cells))
    return plan if fast else None
