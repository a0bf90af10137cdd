"""Files that look like clean delimited text, with their independent count; packed ones are copied for it.

Whether a file is clean is proposed here and decided when it is read: see :mod:`lakeweave.ingestion.fastpath`.
"""

from __future__ import annotations

import codecs
import gzip
import itertools
import os
import shutil
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from lakeweave.errors import FileHeld
from lakeweave.ingestion import layout, sniff
from lakeweave.ingestion.account import FileAccount
from lakeweave.ingestion.counting import CHUNK, Census, Counter
from lakeweave.ingestion.dialects import TextPlan
from lakeweave.ingestion.inspecting import PlannedFile, counter_for, learn, quick_plan
from lakeweave.ingestion.lines import is_exact, measure
from lakeweave.ingestion.reading import MAX_UNPACKED, sniff_head, text_encoding
from lakeweave.ingestion.sniff import HEAD
from lakeweave.ingestion.spec import Reading

PARALLEL_BYTES = 8 << 20
"""From this size on, a file with line ends inside quotes is read by one thread.

DuckDB 1.5.5 cuts large files into parts that its threads read at the same time. Where a part begins inside a quoted
field it refuses the whole file, or, if rejects are stored, invents records (measured: docs/decisions/0002-reader.md).
"""

_FREE = 1 << 30
"""Bytes that unpacking leaves free on the disk of the scratch folder."""


@dataclass(frozen=True)
class Original:
    """Sizes in the delivered text, unpacked: all of it, its byte order mark, its header, a character of a line end."""

    content: int
    mark: int
    header: int
    character: int


@dataclass
class CleanText:
    """A file that looks like clean delimited text. ``path`` holds the text in UTF-8: the file itself or a copy."""

    file: PlannedFile
    path: str
    plan: TextPlan
    census: Census
    account: FileAccount
    targets: tuple[str | None, ...]
    original: Original | None = None
    """``None`` where the delivered bytes cannot be measured."""

    @property
    def parallel(self) -> bool:
        """Whether several threads may read the text."""
        return not self.census.quoted_lines or self.census.bytes < PARALLEL_BYTES

    @property
    def joinable(self) -> bool:
        """Whether the text may be read together with others: it is small, and each of its lines is a record."""
        c = self.census
        return c.bytes <= HEAD and not (c.quoted_lines or c.blank_lines or c.cr or self.plan.preamble_lines)

    def numbered(self, prefix: bytes) -> bytes:
        """The records of a joinable text, each line behind ``prefix``."""
        mark = self.file.mark if self.path == self.file.found.path else 0
        with open(self.path, "rb", buffering=0) as stream:
            body = stream.read()[mark + self.plan.header_bytes :]
        if not body:
            return b""
        end = b"" if body.endswith(b"\n") else b"\r\n" if self.census.crlf else b"\n"
        return prefix + (body + end)[:-1].replace(b"\n", b"\n" + prefix) + b"\n"

    def kind(self) -> tuple[object, ...]:
        """Equal for files that one call of ``read_csv`` can read."""
        c, p = self.census, self.plan
        ends = "cr" if c.cr else "crlf" if c.crlf else "lf"
        told = p.header_places, p.telling
        return (
            p.dialect,
            p.header is not None,
            p.preamble_lines,
            tuple(p.cells),
            self.targets,
            ends,
            self.parallel,
            told,
        )


def header_size(plan: TextPlan) -> int:
    """Bytes of the header's cells in UTF-8, without delimiters and quotes that are around a cell or doubled in it."""
    quote = plan.dialect.quote
    return sum(len(c.encode()) - c.count(quote) * len(quote) for c in plan.header or ())


def fill_bytes(text: CleanText) -> None:
    """The byte account of a clean text that reconciled."""
    account, census, original = text.account, text.census, text.original
    account.blank_lines = census.blank_lines
    account.counted_by = "bytes" if original else "lines"
    account.counted_records = census.records - (text.plan.header is not None)
    if original is None:
        return
    account.content_bytes = original.content
    if original.mark:
        account.skip("byte_order_mark", original.mark, 0, 1)
    if census.blank_lines:
        blank = census.blank_lines * original.character * (2 if census.crlf else 1)
        message = "Where the blank lines are is not noted for a file without a rejected record."
        account.skip("blank_line", blank, message=message, spans=census.blank_lines)
    account.header_bytes = original.header
    account.record_bytes = original.content - original.header - account.skipped_bytes


class CleanTexts:
    """Finds the clean texts of one batch; the copies that it makes are in the folder ``scratch``."""

    def __init__(self, reading: Reading, scratch: str) -> None:
        self.reading, self.scratch = reading, scratch
        self._copies: dict[str, Original] = {}
        self._layouts: dict[tuple[tuple[str, ...], bool], layout.Layout] = {}

    def clean_text(self, file: PlannedFile) -> CleanText | None:
        """``file`` as clean text, if it looks like that; a text that is packed or not UTF-8 is copied for it."""
        account = FileAccount(file.found.name, file.file_id, file.found.size)
        plan, census, path = file.text, file.census, file.found.path
        if plan is not None and census is not None:
            account.encoding = "utf-8-sig" if file.mark else "utf-8"
            account.format = plan.format
        else:
            copied = self._copy(file, account)
            if copied is None:
                return None
            plan, census, path = copied
        if not census.well_formed:
            self.forget(path)
            return None
        key = tuple(plan.cells), plan.positional
        matched = self._layouts.get(key)
        if matched is None:
            matched = self._layouts[key] = layout.match(plan.cells, self.reading, positional=plan.positional)
        if matched.held:
            self.forget(path)
            return None
        account.changes = list(matched.changes)
        account.columns = list(plan.cells)
        account.delimiter = plan.dialect.delimiter
        account.header_lines = plan.header_lines
        nameless = (None,) * max(0, len(plan.header or ()) - len(plan.cells))
        original = self._copies.get(path)
        if path == file.found.path:
            original = Original(census.bytes + file.mark, file.mark, plan.header_bytes, 1)
        return CleanText(file, path, plan, census, account, (*matched.targets, *nameless), original)

    def _copy(self, file: PlannedFile, account: FileAccount) -> tuple[TextPlan, Census, str] | None:
        """Unpack or convert a delimited text to UTF-8 and count it on the way; ``None`` if it is anything else."""
        source = file.found.path
        target = os.path.join(self.scratch, f"copy_{id(file)}.txt")
        try:
            with open(source, "rb") as stream:
                head = stream.read(HEAD)
            packed = sniff.container(head) == "gzip"

            def opener() -> BinaryIO:
                return gzip.open(source, "rb") if packed else open(source, "rb")  # type: ignore[return-value]

            if packed:
                with opener() as inner:
                    head = inner.read(HEAD)
            if sniff.container(head) != "text":
                return None
            detected, codec, skip = text_encoding(opener, head, self.reading)
            if codec == "utf-8" and not packed:
                return None
            converted = self._convert(opener, codec, skip, target, file.found.name)
            if converted is None:
                self.forget(target)
                return None
            plan, counter, content, header = converted
            account.encoding, account.encoding_confidence = detected.encoding, detected.confidence
            account.message = detected.note
            account.format = plan.format + ("+gzip" if packed else "")
            if is_exact(codec):
                size = measure(codec)
                self._copies[target] = Original(content, skip, size(header), size("\n"))
            return plan, counter.finish(), target
        except (FileHeld, OSError, EOFError, zlib.error, ValueError):
            # The careful reader finds the same and says so in the account.
            self.forget(target)
            return None

    def _convert(
        self, opener: object, codec: str, skip: int, target: str, name: str
    ) -> tuple[TextPlan, Counter, int, str] | None:
        """Write the text to ``target``; returns plan, count, bytes that were read, and the text of the header."""
        decoder = codecs.getincrementaldecoder(codec)()
        written = 0
        with opener() as stream, open(target, "wb") as out:  # type: ignore[operator]
            content = len(stream.read(skip))

            def texts() -> Iterator[str]:
                nonlocal content
                while chunk := stream.read(CHUNK):
                    content += len(chunk)
                    yield decoder.decode(chunk)
                yield decoder.decode(b"", final=True)

            chunks = texts()
            text, complete = "", False
            while not complete and len(text) <= 2 * HEAD:
                chunk = next(chunks, None)
                complete = chunk is None
                text += chunk or ""
            plan = quick_plan(sniff_head(text, complete=complete, name=name, reading=self.reading))
            if plan is None:
                return None
            if not complete:
                learn(plan, text, self.reading)
            header = text.encode()[: plan.header_bytes].decode()
            counter = counter_for(plan, self.reading)
            for part in itertools.chain([text], chunks):
                data = part.encode("utf-8")
                out.write(data)
                counter.feed(data)
                written += len(data)
                if written > MAX_UNPACKED or shutil.disk_usage(self.scratch).free < _FREE:
                    return None
        return plan, counter, content, header

    def forget(self, path: str) -> None:
        """Remove the copy at ``path``, if it is one."""
        if path.startswith(self.scratch + os.sep) and os.path.exists(path):
            os.unlink(path)
