"""The careful reader of delimited text: every physical line of the file ends in exactly one place.

Fields are parsed by Python's ``csv`` module in strict mode. What this module adds is the ledger of lines: it hands the
lines over itself, so it knows which of them a record took, and it decides where reading goes on after a record that
cannot be parsed.
"""

from __future__ import annotations

import csv
import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from lakeweave.ingestion.account import FileAccount, FileHeld
from lakeweave.ingestion.encoding import BAD, shown
from lakeweave.ingestion.layout import Layout
from lakeweave.ingestion.sniff import TextPlan, split_lines

csv.field_size_limit(sys.maxsize)

MAX_RECORD_LINES = 5_000
MAX_RECORD_CHARS = 2 << 20
"""A quoted field that is not closed within these bounds is taken for one that was never meant to be open."""

MAX_LINE_CHARS = 256 << 20
BATCH_RECORDS, BATCH_VALUES, BATCH_CHARS = 20_000, 400_000, 16 << 20
_BLOCK = 4096
_NOT_DECODED = re.compile("[\ud800-\udfff]")


@dataclass
class Batch:
    """Accepted records: ``rows[i]`` is record ``numbers[i]`` of the file, one text per name in ``columns``."""

    columns: list[str]
    numbers: list[int]
    rows: list[list[str]]
    chars: int = 0

    def full(self) -> bool:
        """Whether it is time to hand the batch on: it holds many records, many values or much text."""
        n = len(self.rows)
        return n >= BATCH_RECORDS or n * len(self.columns) >= BATCH_VALUES or self.chars >= BATCH_CHARS


class Lines:
    """The physical lines of a text that comes in chunks, with a window to look ahead in."""

    def __init__(self, chunks: Iterator[str]) -> None:
        self._chunks = chunks
        self._tail = ""
        self._ended = False
        self.window: list[str] = []
        self.at = 0
        self.number = 0
        """Lines passed so far."""
        self.total = 0
        """Line ends counted in the text itself, independently of how it was split."""
        self.dirty = False
        """Whether a line of the window holds a NUL or bytes that could not be decoded."""

    def more(self) -> bool:
        """Bring more lines into the window; false at the end of the text."""
        while not self._ended:
            chunk = next(self._chunks, None)
            if chunk is None:
                self._ended = True
                text, self._tail = self._tail, ""
                if not text:
                    return False
                self.total += 1
            else:
                text = self._tail + chunk
                # A \r at the end may be half of a CRLF.
                cut = max(text.rfind("\n"), text.rfind("\r", 0, max(0, len(text) - 1))) + 1
                if not cut:
                    if len(text) > MAX_LINE_CHARS:
                        raise FileHeld("line_too_long", f"A line has more than {MAX_LINE_CHARS} characters.")
                    self._tail = text
                    continue
                text, self._tail = text[:cut], text[cut:]
                self.total += text.count("\n") + text.count("\r") - text.count("\r\n")
            rest = self.window[self.at :]
            self.dirty = (self.dirty and any(map(BAD.search, rest))) or (
                (not text.isascii() or "\0" in text) and BAD.search(text) is not None
            )
            self.window = rest + split_lines(text)
            self.at = 0
            return True
        return False

    def pass_over(self, n: int) -> list[str]:
        """Take the next ``n`` lines out of the window."""
        taken = self.window[self.at : self.at + n]
        self.at += n
        self.number += n
        return taken


class DelimitedReader:
    """Reads delimited text into batches of accepted records, and everything else into the account."""

    def __init__(self, chunks: Iterator[str], plan: TextPlan, layout: Layout, account: FileAccount) -> None:
        self._lines = Lines(chunks)
        self._plan = plan
        self._layout = layout
        self.account = account
        self._width = len(plan.cells)
        self._options = plan.dialect.options(strict=True)
        self._header = plan.cells if plan.header and len(plan.cells) > 1 else None
        self._must_be_empty = [i for i, t in enumerate(layout.targets) if t is None]
        self._kept = [i for i, t in enumerate(layout.targets) if t is not None]
        self._columns = [t for t in layout.targets if t is not None]

    def batches(self) -> Iterator[Batch]:
        """All accepted records in file order; the account is complete at the end."""
        lines, account = self._lines, self.account
        while len(lines.window) < self._plan.header_lines and lines.more():
            pass
        lines.pass_over(min(self._plan.header_lines, len(lines.window)))
        account.header_lines = lines.number
        batch = Batch(self._columns, [], [])
        block, careful = _BLOCK, 0
        while lines.at < len(lines.window) or lines.more():
            if careful <= 0:
                if len(lines.window) - lines.at < block:
                    lines.more()
                n = self._block(batch, block)
                if n:
                    block = min(block * 2, 4 * _BLOCK)
                else:
                    block, careful = max(64, block // 4), 256
            else:
                careful -= self._one(batch)
            if batch.full():
                yield batch
                batch = Batch(self._columns, [], [])
        account.lines = lines.total
        if batch.rows:
            yield batch

    def _block(self, batch: Batch, n: int) -> int:
        """Parse ``n`` lines at once if each is a record of its own; 0 if they are not."""
        lines = self._lines
        block = lines.window[lines.at : lines.at + n]
        try:
            rows = list(csv.reader(block, **self._options))  # type: ignore[arg-type]
        except csv.Error:
            return 0
        if len(rows) != len(block):
            return 0
        first = lines.number + 1
        lines.pass_over(len(block))
        batch.chars += sum(map(len, block))
        width, account = self._width, self.account
        plain = not lines.dirty and not self._must_be_empty and width > 1
        header = self._header
        if plain and set(map(len, rows)) == {width} and header not in rows:
            batch.numbers.extend(range(account.records + 1, account.records + len(rows) + 1))
            batch.rows.extend(rows)
            account.records += len(rows)
            account.record_lines += len(rows)
            return len(block)
        for i, row in enumerate(rows):
            if plain and len(row) == width and row != header:
                account.records += 1
                account.record_lines += 1
                batch.numbers.append(account.records)
                batch.rows.append(row)
            else:
                self._row(batch, row, block[i : i + 1], first + i)
        return len(block)

    def _one(self, batch: Batch) -> int:
        """Parse one record from the window; returns the number of lines it took."""
        lines = self._lines
        taken = 0
        chars = 0
        bounded = False

        def feed() -> Iterator[str]:
            nonlocal taken, chars, bounded
            while True:
                if lines.at + taken >= len(lines.window) and not lines.more():
                    return
                if taken >= MAX_RECORD_LINES or chars >= MAX_RECORD_CHARS:
                    bounded = True
                    return
                line = lines.window[lines.at + taken]
                taken += 1
                chars += len(line)
                yield line

        first = lines.number + 1
        try:
            row = next(csv.reader(feed(), **self._options))  # type: ignore[arg-type]
        except csv.Error as error:
            open_quote = "unexpected end" in str(error)
            span = lines.window[lines.at : lines.at + taken]
            if taken == 1 and not open_quote:
                self._reject(
                    lines.pass_over(1), first, "malformed_quote", "Text follows a closing quote in this record."
                )
                return 1
            if bounded or self._swallowed_records(span):
                self._reject(
                    lines.pass_over(1),
                    first,
                    "unclosed_quote",
                    "A quote is opened on this line and not closed in its record.",
                )
                return 1
            reason = "unclosed_quote" if open_quote else "malformed_quote"
            message = (
                "A quote is opened in this record and not closed before the end of the file."
                if open_quote
                else "Text follows a closing quote in this record."
            )
            self._reject(lines.pass_over(taken), first, reason, message)
            return taken
        if taken > 1 and len(row) != self._width and self._swallowed_records(lines.window[lines.at : lines.at + taken]):
            self._reject(
                lines.pass_over(1),
                first,
                "unclosed_quote",
                "A quote is opened on this line and not closed in its record.",
            )
            return 1
        self._row(batch, row, lines.pass_over(taken), first)
        return taken

    def _swallowed_records(self, span: Sequence[str]) -> bool:
        """Whether the lines after the first of ``span`` look like records of their own, not like text in a field."""
        rest = span[1:51]
        if not rest:
            return False
        good = 0
        for line in rest:
            try:
                row = next(csv.reader([line], **self._options), [])  # type: ignore[arg-type]
            except csv.Error:
                continue
            good += len(row) == self._width
        return good * 2 >= len(rest)

    def _row(self, batch: Batch, row: list[str], span: list[str], first: int) -> None:
        """Judge one parsed record."""
        account, width = self.account, self._width
        if len(span) == 1 and len(row) <= 1 and not span[0].strip() and (width > 1 or not any(row)):
            account.blank_lines += 1
            return
        if self._lines.dirty and (found := self._bad(row, span)):
            self._reject(span, first, *found)
            return
        if len(row) != width:
            if len(row) < width:
                self._reject(
                    span, first, "too_few_fields", f"The record has {len(row)} field(s), the header {width} column(s)."
                )
                return
            if any(row[width:]):
                self._reject(
                    span, first, "too_many_fields", f"The record has {len(row)} field(s), the header {width} column(s)."
                )
                return
            row = row[:width]
        if row == self._header:
            self._reject(span, first, "repeated_header", "The record repeats the header of the file.")
            return
        if self._must_be_empty:
            for i in self._must_be_empty:
                if row[i]:
                    name = self._layout.source_names[i]
                    self._reject(
                        span,
                        first,
                        "unexpected_column",
                        f"The record has the value {row[i][:100]!r} in the undeclared column {name!r}.",
                        name,
                    )
                    return
            row = [row[i] for i in self._kept]
        account.records += 1
        account.record_lines += len(span)
        batch.numbers.append(account.records)
        batch.rows.append(row)
        batch.chars += sum(map(len, span)) if len(span) > 1 else len(span[0])

    def _bad(self, row: list[str], span: list[str]) -> tuple[str, str, str | None] | None:
        if not BAD.search("".join(span)):
            return None
        column = None
        for i, cell in enumerate(row):
            if BAD.search(cell):
                column = self._layout.source_names[i] if i < len(self._layout.source_names) else None
                break
        encoding = self.account.encoding
        if _NOT_DECODED.search("".join(span)):
            return "undecodable_bytes", f"The record holds bytes that are not valid {encoding}.", column
        return "nul_byte", "The record holds a NUL byte.", column

    def _reject(self, span: list[str], first: int, reason: str, message: str, column: str | None = None) -> None:
        account = self.account
        account.records += 1
        account.record_lines += len(span)
        account.reject(
            account.records, first, shown("".join(span)).rstrip("\r\n"), reason, message, column and shown(column)
        )
