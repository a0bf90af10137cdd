"""Which delivered files are new, by content: listing, ledger, hash, and the batches that they are staged in."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Iterable
from dataclasses import dataclass, field

import duckdb

from lakeweave.errors import UserError
from lakeweave.ingestion.alike import Alike
from lakeweave.ingestion.archive import archived_files, hash_of, original_name
from lakeweave.ingestion.inspecting import PlannedFile, inspect
from lakeweave.ingestion.ledger import READ_AGAIN, Ledger, add_loaded, read_ledger, unknown_files
from lakeweave.ingestion.listing import list_files, natural_key
from lakeweave.ingestion.progress import progress
from lakeweave.ingestion.spec import Spec

MAX_BATCH_FILES = 20_000


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


def make_plan(conn: duckdb.DuckDBPyConnection, spec: Spec) -> Plan:
    """List, compare with the ledger, hash what is new and cut it into batches; raises :class:`UserError`."""
    listing = list_files(spec.folder, spec.patterns, in_order=False)
    found, messages = listing.files, listing.messages
    new, ledger = (list(found), read_ledger(conn, spec)) if spec.reload else unknown_files(conn, spec, found)
    new.sort(key=lambda f: natural_key(f.name))
    planned, touched = [], []
    alike = Alike(spec.reading)
    for file in progress(new, spec.source):
        inspected = inspect(file, spec, alike)
        if not spec.reload and (version := _same_as_before(inspected, ledger, spec)):
            touched.append((file.name, version, file.stat_key))
        else:
            planned.append(inspected)
    if spec.reload:
        planned += _from_archive(spec, ledger, planned, alike)
        _nothing_lost(spec, ledger, planned)
    elif ledger.released:
        planned += _released_from_archive(spec, ledger, planned, messages, alike)
    if planned and not spec.reload:
        add_loaded(conn, spec, ledger, {f.file_id for f in planned if f.file_id})
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
    if (file.held and file.held[0] in READ_AGAIN) or (spec.release and newest.state == "held"):
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


def _from_archive(spec: Spec, ledger: Ledger, planned: Iterable[PlannedFile], alike: Alike) -> list[PlannedFile]:
    """The archived files of the source, without those that still lie in the folder, under their old names."""
    present = {(f.found.name, f.file_id) for f in planned}
    result = []
    for file in archived_files(spec):
        content = hash_of(file)
        found = file._replace(name=_delivered_name(file.name, content, ledger))
        if (found.name, content) in present:
            continue
        present.add((found.name, content))
        again = inspect(found, spec, alike)
        again.archived = True
        result.append(again)
    return result


def _released_from_archive(
    spec: Spec, ledger: Ledger, planned: Iterable[PlannedFile], messages: list[str], alike: Alike
) -> list[PlannedFile]:
    """Released files that are not in the folder any more, from the archive."""
    present = {f.file_id for f in planned}
    wanted = {f.file_id: f for f in ledger.released if f.file_id and f.file_id not in present}
    result = []
    if wanted:
        names = {original_name(f.name) for f in wanted.values()}
        for file in archived_files(spec):
            if original_name(file.name) in names and (content := hash_of(file)) in wanted:
                again = inspect(file._replace(name=wanted.pop(content).name), spec, alike)
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
