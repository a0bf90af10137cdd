"""The account of one file: where each of its records went."""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import dataclass, field

from lakeweave.errors import FileHeld
from lakeweave.ingestion.layout import LayoutChange

RAW_LIMIT = 1 << 20
"""Characters of a rejected record's raw text that are kept; the file itself stays in the archive."""

MAX_REJECTED = 1_000_000
MAX_REJECTED_CHARS = 256 << 20
"""A file with more rejected records, or more text in them, is held: something is wrong with it as a whole."""


MAX_SPANS = 1_000
"""Skipped spans of one reason that are kept one by one; what follows is added to the last of them."""

BYTE_PLACES = ("content_bytes", "header_bytes", "record_bytes", "rejected_bytes", "skipped_bytes")
"""The byte account: the first is the sum of the others. All are ``None`` where a format has no byte account."""


@dataclass(frozen=True, slots=True)
class RejectedRecord:
    """A record that was not loaded. ``reason`` is a code of :data:`reasons.RECORD_REASONS`."""

    record_number: int
    line_number: int
    raw_text: str
    reason: str
    column_name: str | None
    message: str
    bytes: int | None = None
    """Bytes of the record in the file, its line end included."""
    raw_hash: str | None = None
    """SHA-256 of the whole raw text in UTF-8, where ``raw_text`` is cut."""


@dataclass(slots=True)
class SkippedSpan:
    """Bytes that are in no record and not in the header. ``reason`` is a code of :data:`reasons.SKIP_REASONS`.

    ``spans`` is more than 1 where one row is about several spans: ``start_byte`` and ``line_number`` are those of the
    first one (``start_byte`` counts from 0, ``line_number`` from 1) or ``None`` where they are not known.
    """

    reason: str
    bytes: int
    start_byte: int | None = None
    line_number: int | None = None
    message: str | None = None
    spans: int = 1


@dataclass
class FileAccount:
    """What became of a file: ``records`` = ``accepted`` + ``rejected`` + ``repeats``.

    ``state`` is ``loaded`` or ``held``; a held file has a ``reason`` of :data:`reasons.FILE_REASONS`, and its counts go
    as far as the reading went. ``lines`` counts physical lines; each of them is in a record, in the header (a preamble
    counts with it) or blank.
    """

    name: str
    file_id: str | None = None
    bytes: int = 0
    format: str | None = None
    encoding: str | None = None
    delimiter: str | None = None
    state: str = "loaded"
    reason: str | None = None
    message: str | None = None
    columns: list[str] = field(default_factory=list)
    records: int = 0
    accepted: int = 0
    repeats: int = 0
    lines: int = 0
    record_lines: int = 0
    header_lines: int = 0
    blank_lines: int = 0
    rejects: list[RejectedRecord] = field(default_factory=list)
    changes: list[LayoutChange] = field(default_factory=list)
    rejected_chars: int = 0
    content_bytes: int | None = None
    """Bytes of the text, unpacked where the file is compressed; ``None`` if the reader keeps no byte account."""
    measured: list[int] = field(default_factory=list, repr=False)
    """Filled by the reader with the bytes that were read; see :meth:`close_bytes`."""
    header_bytes: int = 0
    record_bytes: int = 0
    """Bytes of accepted records and repeats, line ends included."""
    rejected_bytes: int = 0
    skipped_bytes: int = 0
    skipped: list[SkippedSpan] = field(default_factory=list)
    _spans: dict[str, tuple[int, SkippedSpan]] = field(default_factory=dict, repr=False)
    counted_by: str | None = None
    """Unit of the independent count: bytes, lines, objects, rows or footer."""
    counted_records: int | None = None
    """What the independent count says about the number of records; ``None`` where it counts bytes or lines."""
    encoding_confidence: float | None = None
    """From 0 to 1; ``None`` for an encoding that was declared, marked or verified byte by byte."""

    @property
    def rejected(self) -> int:
        """Number of rejected records."""
        return len(self.rejects)

    def reject(
        self,
        number: int,
        line: int,
        raw: str,
        reason: str,
        message: str,
        column: str | None = None,
        size: int | None = None,
    ) -> None:
        """Add a rejected record of ``size`` bytes.

        A raw text longer than :data:`RAW_LIMIT` is cut; the message then gives its length, and ``raw_hash`` its SHA-256.

        Raises :class:`FileHeld` if there are too many of them to keep.
        """
        digest = None
        if len(raw) > RAW_LIMIT:
            digest = hashlib.sha256(raw.encode("utf-8", "surrogatepass")).hexdigest()
            message += (
                f" The raw text is cut after {RAW_LIMIT} of {len(raw)} characters; "
                f"the SHA-256 of all of it in UTF-8 is {digest}."
            )
            raw = raw[:RAW_LIMIT]
        self.rejects.append(RejectedRecord(number, line, raw, reason, column, message, size, digest))
        self.rejected_chars += len(raw)
        if len(self.rejects) > MAX_REJECTED or self.rejected_chars > MAX_REJECTED_CHARS:
            counts = ", ".join(f"{n} {r}" for r, n in self.by_reason().items())
            raise FileHeld(
                "too_many_rejected",
                f"{self.rejected} of the first {self.records} records were rejected ({counts}), more than can be kept.",
            )

    def skip(
        self,
        reason: str,
        size: int,
        start: int | None = None,
        line: int | None = None,
        message: str | None = None,
        spans: int = 1,
    ) -> None:
        """Account for ``size`` bytes, in ``spans`` pieces, that belong to no record and not to the header."""
        self.skipped_bytes += size
        same = [s for s in self.skipped[-1:] if s.reason == reason]
        if (
            same
            and same[0].start_byte is not None
            and start == same[0].start_byte + same[0].bytes
            and same[0].spans == 1
        ):
            same[0].bytes += size
            return
        count, last = self._spans.get(reason) or (0, None)
        if last is not None and count >= MAX_SPANS:
            last.bytes += size
            last.spans += 1
            return
        span = SkippedSpan(reason, size, start, line, message, spans)
        self._spans[reason] = count + 1, span
        self.skipped.append(span)

    def close_bytes(self) -> None:
        """Compare with the bytes that were read. Without that number there is no byte account."""
        if self.measured:
            self.content_bytes = self.measured[0]

    def bytes_by_place(self) -> dict[str, int | None]:
        """The byte account by the names of :data:`BYTE_PLACES`."""
        if self.content_bytes is None:
            return dict.fromkeys(BYTE_PLACES)
        return {name: getattr(self, name) for name in BYTE_PLACES}

    def hold(self, reason: str, message: str) -> None:
        """Nothing of the file loads."""
        self.state, self.reason, self.message = "held", reason, message

    def by_reason(self) -> dict[str, int]:
        """Rejected records by reason."""
        return dict(sorted(Counter(r.reason for r in self.rejects).items()))

    def reconciles(self) -> bool:
        """Whether every record, every line and every byte is in exactly one place."""
        return (
            self.records == self.accepted + self.rejected + self.repeats
            and self.lines == self.record_lines + self.header_lines + self.blank_lines
            and self.counted_records in (None, self.records)
            and (
                self.content_bytes is None
                or self.content_bytes
                == self.header_bytes + self.record_bytes + self.rejected_bytes + self.skipped_bytes
            )
        )
