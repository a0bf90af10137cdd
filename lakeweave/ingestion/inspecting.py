"""Looks at a new file once: its hash, and whether it looks like clean delimited text, with an independent count."""

from __future__ import annotations

import codecs
import csv
import hashlib
import os
from dataclasses import dataclass
from typing import BinaryIO

from lakeweave.errors import FileHeld
from lakeweave.ingestion import sniff
from lakeweave.ingestion.alike import Alike
from lakeweave.ingestion.counting import Census, Counter, read_through
from lakeweave.ingestion.dialects import TextPlan
from lakeweave.ingestion.headers import HeaderNames
from lakeweave.ingestion.layout import declared_names
from lakeweave.ingestion.lines import split_lines
from lakeweave.ingestion.listing import FoundFile, settle, stat_key
from lakeweave.ingestion.names import snake_case
from lakeweave.ingestion.sniff import HEAD
from lakeweave.ingestion.spec import Reading, Spec

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


def inspect(file: FoundFile, spec: Spec, alike: Alike) -> PlannedFile:
    """Hash a file, and count its lines in the same pass if it looks like clean delimited text."""
    planned = PlannedFile(file, 1, delivered_ns=file.mtime_ns)
    try:
        with open(file.path, "rb", buffering=0) as stream:
            before = os.fstat(stream.fileno())
            settle(before)
            head = stream.read(HEAD)
            planned.magic = head[:8]
            complete = len(head) == before.st_size
            utf8 = not spec.reading.encoding or codecs.lookup(spec.reading.encoding).name == "utf-8"
            judged = alike.judge(head, file.name) if complete and utf8 else None
            if judged:
                planned.text, planned.census = judged
                planned.file_id = hashlib.sha256(head).hexdigest()
                # The times below show a file that grew meanwhile.
            else:
                counter = _propose(planned, head, complete, spec) if utf8 else None
                _hash_and_count(planned, stream, head, counter)
                if complete and planned.text and planned.census and not planned.mark:
                    alike.learn(planned.text, head, file.name)
            after = os.stat(file.path)
    except OSError as error:
        planned.held = ("unreadable", f"The file cannot be read ({error.strerror or error}).")
        return planned
    if not stat_key(before) == stat_key(after) == file.stat_key:
        planned.held = changed()
    return planned


def _hash_and_count(planned: PlannedFile, stream: BinaryIO, head: bytes, counter: Counter | None) -> None:
    """Read the file to its end: set ``file_id``, and ``census`` if there is a counter."""
    if counter is None:
        planned.file_id, _ = read_through(stream, head)
        return
    counter.feed(head[planned.mark :])
    first = True

    def consume(chunk: bytes) -> None:
        nonlocal first
        if not first:
            counter.feed(chunk)
        first = False

    planned.file_id, _ = read_through(stream, head, consume)
    planned.census = counter.finish()


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
