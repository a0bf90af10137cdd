"""Which delivered files are new, by content: listing, ledger, hash, and the batches that they are staged in."""

from __future__ import annotations

import codecs
import os
import threading
import uuid
from collections.abc import Iterable
from dataclasses import dataclass, field

import duckdb

from lakeweave.ingestion import sniff
from lakeweave.ingestion.counting import Census, Counter, read_through
from lakeweave.ingestion.listing import FoundFile, list_files, natural_key, settle, stat_key
from lakeweave.ingestion.sniff import HEAD, FileHeld, TextPlan
from lakeweave.ingestion.spec import Spec, UserError

_KNOWN_STATES = frozenset({"loaded", "repeat", "held"})
MAX_BATCH_FILES = 20_000


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


@dataclass
class Plan:
    """What one build does for one source; ``loaded`` fills up while its batches are staged."""

    spec: Spec
    batches: list[list[PlannedFile]]
    listed: int
    known: int
    messages: list[str]
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
            "batches": len(self.batches),
            "messages": self.messages,
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


@dataclass
class _Ledger:
    """The rows of one source."""

    known: set[tuple[str, str]] = field(default_factory=set)
    versions: dict[str, int] = field(default_factory=dict)
    loaded: dict[str, tuple[str, int]] = field(default_factory=dict)
    by_content: dict[tuple[str, str], tuple[int, object]] = field(default_factory=dict)
    contents: set[str] = field(default_factory=set)


def _read_ledger(conn: duckdb.DuckDBPyConnection, spec: Spec) -> _Ledger:
    """The ledger as far as this source goes; an absent table is an empty ledger."""
    ledger = _Ledger()
    try:
        rows = conn.execute(
            f"select file_name, stat_key, file_id, version, state, records, epoch_ns(delivered_at) from {spec.ledger} "
            "where source = ? order by file_name, version",
            [spec.source],
        ).fetchall()
    except (duckdb.CatalogException, duckdb.BinderException) as error:
        if "does not exist" in str(error) and "column" not in str(error).lower():
            return ledger
        raise UserError(f"The ledger {spec.ledger} cannot be read: {str(error).splitlines()[0]}") from None
    for name, key, file_id, version, state, records, delivered in rows:
        ledger.versions[name] = max(ledger.versions.get(name, 0), version or 0)
        if file_id:
            ledger.contents.add(file_id)
            ledger.by_content[name, file_id] = (version or 1, delivered)
        if state in _KNOWN_STATES and not (spec.release and state == "held"):
            ledger.known.add((name, key))
        if state == "loaded" and file_id:
            ledger.loaded.setdefault(file_id, (name, records or 0))
    return ledger


def make_plan(conn: duckdb.DuckDBPyConnection, spec: Spec) -> Plan:
    """List, compare with the ledger, hash what is new and cut it into batches; raises :class:`UserError`."""
    found, messages = list_files(spec.folder, spec.patterns)
    ledger = _read_ledger(conn, spec)
    known = 0
    planned: list[PlannedFile] = []
    for file in found:
        if not spec.reload and (file.name, file.stat_key) in ledger.known:
            known += 1
            continue
        planned.append(inspect(file, spec))
    if spec.reload:
        planned += _archived(spec, ledger, {f.file_id for f in planned})
        _nothing_lost(spec, ledger, planned)
    for file in planned:
        name, content = file.found.name, file.file_id
        before = ledger.by_content.get((name, content or "")) if spec.reload else None
        if before:
            file.version = before[0]
            if file.archived and isinstance(before[1], int):
                file.delivered_ns = before[1]
        else:
            file.version = ledger.versions[name] = ledger.versions.get(name, 0) + 1
        if not spec.reload and content in ledger.loaded and not file.held:
            file.repeat_of, file.repeat_records = ledger.loaded[content]
    if spec.reload:
        # Of equal contents, the one that the ledger has loaded is loaded again: a reload changes no name.
        planned.sort(
            key=lambda f: (ledger.loaded.get(f.file_id or "", ("",))[0] != f.found.name, natural_key(f.found.name))
        )
    return Plan(spec, _batches(planned, spec.batch_bytes), len(found), known, messages)


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


def _archived(spec: Spec, ledger: _Ledger, present: set[str | None]) -> list[PlannedFile]:
    """Files of the archive whose content is not in the folder any more.

    The source's own files are those under ``<archive>/<source>``; if there is no such folder, those of the whole
    archive whose content the ledger knows for this source.
    """
    if not spec.archive or not os.path.isdir(spec.archive):
        return []
    own = os.path.join(spec.archive, spec.source)
    folder = own if os.path.isdir(own) else spec.archive
    names = {content: name for (name, content) in ledger.by_content}
    names.update({content: name for content, (name, _) in ledger.loaded.items()})
    result = []
    for file in list_files(folder, ("*",), "archive")[0]:
        planned = inspect(file, spec)
        content = planned.file_id
        if content is None or content in present or (folder != own and content not in ledger.contents):
            continue
        present.add(content)
        name = names.get(content, file.name)
        planned.found = FoundFile(name, file.path, file.size, file.mtime_ns, file.stat_key)
        planned.archived = True
        if planned.held or planned.text is None:
            planned = _again(planned, spec)
        result.append(planned)
    return result


def _again(planned: PlannedFile, spec: Spec) -> PlannedFile:
    """Judge an archived file under the name it was delivered with, which decides about positional layouts."""
    again = inspect(planned.found, spec)
    again.archived = True
    return again


def _nothing_lost(spec: Spec, ledger: _Ledger, planned: list[PlannedFile]) -> None:
    present = {f.file_id for f in planned}
    lost = sorted((name for content, (name, _) in ledger.loaded.items() if content not in present), key=natural_key)
    if lost:
        shown = ", ".join(map(repr, lost[:10])) + (f" and {len(lost) - 10} more" if len(lost) > 10 else "")
        raise UserError(
            f"Source {spec.source} cannot be loaded again: {len(lost)} file(s) that the ledger has as loaded are neither in the "
            f"folder {spec.folder!r} nor in the archive {spec.archive!r}: {shown}. Put them back, or leave out the full refresh."
        )


def inspect(file: FoundFile, spec: Spec) -> PlannedFile:
    """Hash a file, and count its lines in the same pass if it looks like clean delimited text."""
    planned = PlannedFile(file, 1, delivered_ns=file.mtime_ns)
    try:
        with open(file.path, "rb") as stream:
            before = os.fstat(stream.fileno())
            settle(before)
            head = stream.read(HEAD)
            counter = None
            if not spec.reading.encoding or codecs.lookup(spec.reading.encoding).name == "utf-8":
                counter = _propose(planned, head, len(head) == before.st_size, spec)
            if counter is None:
                planned.file_id, _ = read_through(stream, head)
            else:
                counter.feed(head[planned.mark + planned.text.header_bytes :])  # type: ignore[union-attr]
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
    if (mark and mark[0] != "utf-8-sig") or (not mark and sniff.wide_encoding(head)):
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
    dialect = plan.dialect
    if plan.format not in ("csv", "tsv") or dialect.escape or dialect.skip_space or len(dialect.quote.encode()) > 1:
        return None
    planned.text = plan
    return Counter(dialect.quote.encode())
