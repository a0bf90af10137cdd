"""The careful reader of delimited text: every physical line of the file ends in exactly one place.

Fields are parsed by Python's ``csv`` module in strict mode. What this module adds is the account of lines and bytes: it
hands the lines over itself, so it knows which of them a record took, and it decides where reading goes on after a record
that cannot be parsed. A header further down begins a new section: the records below it are read by it.
"""

from __future__ import annotations

import csv
import re
import sys
from collections.abc import Callable, Iterator, Sequence

from lakeweave.errors import FileHeld
from lakeweave.ingestion import layout, quoting
from lakeweave.ingestion.account import FileAccount
from lakeweave.ingestion.batch import MAX_RECORD_CHARS, MAX_RECORD_LINES, Batch
from lakeweave.ingestion.dialects import USUAL, Dialect, TextPlan, refined, trimmed, usual_width
from lakeweave.ingestion.encoding import BAD, shown
from lakeweave.ingestion.headers import HeaderNames, same_header
from lakeweave.ingestion.lines import Lines
from lakeweave.ingestion.names import snake_case
from lakeweave.ingestion.spec import Reading

csv.field_size_limit(sys.maxsize)

_BLOCK = 4096
_AHEAD = 1_000
"""Lines that are looked at to find out where records go on after a broken one."""

_NOT_DECODED = re.compile("[\ud800-\udfff]")
_UNCLOSED = "A quote is opened on this line and not closed in its record."


class DelimitedReader:
    """Reads delimited text into batches of accepted records, and everything else into the account.

    ``size`` says how many bytes a text is in the file, ``skipped`` is the length of the byte order mark before the text.
    """

    def __init__(
        self,
        chunks: Iterator[str],
        plan: TextPlan,
        matched: layout.Layout,
        account: FileAccount,
        reading: Reading,
        size: Callable[[str], int],
        skipped: int = 0,
    ) -> None:
        self._lines = Lines(chunks)
        self._plan = plan
        self._reading = reading
        self._size = size
        self._offset = skipped
        self.account = account
        self._limit = reading.max_record_chars or MAX_RECORD_CHARS
        self._dialect = plan.dialect
        self._options = plan.dialect.options(strict=True)
        known = {snake_case(c): c for c in plan.cells}
        if reading.columns is not None:
            known = dict(layout.declared_names(reading))
        self._names = HeaderNames(known)
        self._done: list[Batch] = []
        self._batch = Batch([], [], [])
        self._section(plan.cells, plan.header, plan.surplus, matched)

    def _section(self, cells: list[str], header: list[str] | None, surplus: int, matched: layout.Layout) -> None:
        """What follows is read with these ``cells``; ``surplus`` empty fields come after them."""
        self._width = len(cells)
        self._fields = len(cells) + surplus
        self._layout = matched
        self._header = cells if header and len(cells) > 1 else None
        self._must_be_empty = [i for i, t in enumerate(matched.targets) if t is None]
        self._kept = [i for i, t in enumerate(matched.targets) if t is not None]
        columns = [t for t in matched.targets if t is not None]
        if self._batch.rows:
            self._done.append(self._batch)
        self._batch = Batch(columns, [], [])
        self._profile = quoting.Profile(self._width)

    def batches(self) -> Iterator[Batch]:
        """All accepted records in file order; the account is complete at the end."""
        lines, account = self._lines, self.account
        if self._offset:
            account.skip("byte_order_mark", self._offset, 0, 1)
        self._above_the_records()
        block, careful = _BLOCK, 0
        while lines.at < len(lines.window) or lines.more():
            if careful <= 0:
                if len(lines.window) - lines.at < block:
                    lines.more()
                n = 0 if lines.marked else self._block(block)
                if n:
                    block = min(block * 2, 4 * _BLOCK)
                else:
                    block, careful = max(64, block // 4), 256
            else:
                careful -= self._one()
            yield from self._done
            self._done.clear()
            if self._batch.full():
                yield self._batch
                self._batch = Batch(self._batch.columns, [], [])
        account.lines = lines.total
        if self._batch.rows:
            yield self._batch

    # ------------------------------------------------------------ the beginning

    def _above_the_records(self) -> None:
        """The lines down to the header. What has the shape of a record there is a record, and rejected."""
        lines, plan, account = self._lines, self._plan, self.account
        while len(lines.window) < plan.header_lines and lines.more():
            pass
        for _ in range(min(plan.preamble_lines, len(lines.window))):
            self._drop_mark()
            (line,) = lines.pass_over(1)
            try:
                row = next(csv.reader([line], **self._options), [])  # type: ignore[arg-type]
            except csv.Error:
                row = []
            filled = sum(bool(c.strip()) for c in row)
            if self._width > 1 and len(row) >= self._width and filled * 2 > self._width:
                message = "The line is above the header and has as many fields as a record."
                self._reject([line], lines.number, "above_header", message)
            else:
                reason = "preamble" if line.strip() else "blank_line"
                if re.fullmatch(r"\ufeff?sep=.?\s*", line, re.IGNORECASE):
                    reason = "separator_line"
                self._skip(reason, line)
                account.header_lines += 1
        n = min(plan.header_lines - plan.preamble_lines, len(lines.window) - lines.at)
        if n > 0:
            self._drop_mark()
        for line in lines.pass_over(max(0, n)):
            size = self._size(line)
            account.header_bytes += size
            account.header_lines += 1
            self._offset += size
        if plan.rest:
            # The line counts with the record that it ends with.
            lines.at -= 1
            lines.number -= 1
            lines.window[lines.at] = plan.rest
            size = self._size(plan.rest)
            account.header_bytes -= size
            account.header_lines -= 1
            self._offset -= size

    def _drop_mark(self) -> None:
        """Take a byte order mark away from the beginning of the next line, and account for it."""
        lines = self._lines
        while lines.at < len(lines.window) and lines.window[lines.at].startswith("\ufeff"):
            size = self._size("\ufeff")
            message = "The byte order mark is inside the file, at the beginning of a line. It is not part of the value."
            self.account.skip("byte_order_mark", size, self._offset, lines.number + 1, message)
            self._offset += size
            lines.window[lines.at] = lines.window[lines.at][1:]

    # ---------------------------------------------------------------- records

    def _block(self, n: int) -> int:
        """Parse ``n`` lines at once if each is a record of its own; 0 if they are not."""
        lines = self._lines
        block = lines.window[lines.at : lines.at + n]
        try:
            rows = list(csv.reader(block, **self._options))  # type: ignore[arg-type]
        except csv.Error:
            return 0
        if len(rows) != len(block):
            return 0
        text = "".join(block)
        if "\x1a" in text or self._holds_header(text, rows):
            return 0
        first = lines.number + 1
        account, batch = self.account, self._batch
        plain = not lines.dirty and not self._must_be_empty and self._width > 1 and self._fields == self._width
        if plain and set(map(len, rows)) == {self._width}:
            lines.pass_over(len(block))
            size = self._size(text)
            self._offset += size
            account.record_bytes += size
            batch.chars += len(text)
            batch.numbers.extend(range(account.records + 1, account.records + len(rows) + 1))
            batch.rows.extend(rows)
            account.records += len(rows)
            account.record_lines += len(rows)
            self._profile.learn(rows)
            return len(block)
        lines.pass_over(len(block))
        for i, row in enumerate(rows):
            self._row(row, block[i : i + 1], first + i, checked=True)
        return len(block)

    def _holds_header(self, text: str, rows: list[list[str]]) -> bool:
        """Whether a row of ``text`` is a header; quick for text that is none."""
        if self._header is not None and self._header in rows:
            return True
        return self._names.may_be_in(text.encode("utf-8", "surrogatepass")) and any(
            self._names.is_header(row) or self._delimited_otherwise(row) for row in rows
        )

    def _delimited_otherwise(self, row: list[str]) -> tuple[list[str], Dialect] | None:
        """The cells of a header that another delimiter separates, and how the records below it are read."""
        if len(row) * 2 > self._fields:
            return None
        text = self._dialect.delimiter.join(row)
        for delimiter in USUAL:
            if delimiter in text and delimiter != self._dialect.delimiter:
                cells = next(csv.reader([text], delimiter=delimiter), [])
                if self._names.is_header(cells):
                    lines = self._lines
                    return cells, refined(lines.window[lines.at : lines.at + 200], delimiter)
        return None

    def _split(self, row: list[str], line: str) -> tuple[str, str] | None:
        """A record and the header behind it, where a file without a line end at its end was joined with another."""
        text = line.rstrip("\r\n")
        places = [i for i, cell in enumerate(row) if self._names.score([cell])]
        if not places or places[0] != self._fields:
            return None
        last, following = row[places[0] - 1], row[places[0] :]
        names = sorted(
            (n for n in [*(self._header or ()), *self._names.known] if last.lower().endswith(n.lower())), key=len
        )
        for name in reversed(names):
            behind = self._dialect.delimiter.join([last[len(last) - len(name) :], *following])
            if len(name) < len(last) and text.endswith(behind):
                cut = len(text) - len(behind)
                return line[:cut], line[cut:]
        return None

    def _one(self) -> int:
        """Parse one record from the window; returns the number of lines it took."""
        lines = self._lines
        self._drop_mark()
        if not lines.window[lines.at]:
            # Nothing but a byte order mark: a last line without an end.
            lines.pass_over(1)
            self.account.blank_lines += 1
            return 1
        taken = 0
        chars = 0
        bounded = False
        limit = self._limit

        def feed() -> Iterator[str]:
            nonlocal taken, chars, bounded
            while True:
                if lines.at + taken >= len(lines.window) and not lines.more():
                    return
                if taken >= MAX_RECORD_LINES or chars >= limit:
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
            return self._broken(taken, first, bounded, "unexpected end" in str(error))
        if taken > 1:
            span = lines.window[lines.at : lines.at + taken]
            ambiguous = len(row) != self._fields or quoting.looks_cut(row, self._dialect.delimiter)
            if ambiguous and self._profile.tells and self._is_stray(span):
                if len(row) != self._fields:
                    self._reject(lines.pass_over(1), first, "unclosed_quote", _UNCLOSED)
                    return 1
                message = (
                    "The lines of this record are records of their own if a quote in the first one is a stray one."
                )
                self._reject(lines.pass_over(taken), first, "ambiguous_quote", message)
                return taken
        self._row(row, lines.pass_over(taken), first)
        return taken

    def _broken(self, taken: int, first: int, bounded: bool, open_quote: bool) -> int:
        """A record that cannot be parsed: only its first line is rejected if the others are certainly records."""
        lines = self._lines
        if taken == 1 and not open_quote:
            message = "Text follows a closing quote in this record."
            self._reject(lines.pass_over(1), first, "malformed_quote", message)
            return 1
        span = lines.window[lines.at : lines.at + taken]
        if n := 1 if self._is_stray(span) else self._before_records(span):
            self._reject(lines.pass_over(n), first, "unclosed_quote", _UNCLOSED)
            return n
        if bounded:
            raise FileHeld(
                "record_too_long",
                f"The record in line {first} has more than {self._limit} characters or "
                f"{MAX_RECORD_LINES} lines. A quote is opened in it; correct the file, or raise `max_record_chars`.",
            )
        if not open_quote:
            # The rest of a multi-line value may follow: lines that are no records of this file belong to it.
            while (lines.at + taken < len(lines.window) or lines.more()) and not self._resumes(taken):
                taken += 1
                if taken >= MAX_RECORD_LINES:
                    raise FileHeld("record_too_long", f"The record in line {first} has {MAX_RECORD_LINES} lines.")
            message = "Text follows a closing quote in this record."
            self._reject(lines.pass_over(taken), first, "malformed_quote", message)
            return taken
        message = "A quote is opened in this record and not closed before the end of the file."
        self._reject(lines.pass_over(taken), first, "unclosed_quote", message)
        return taken

    def _resumes(self, ahead: int) -> bool:
        """Whether a record certainly begins ``ahead`` lines from here.

        Where enough records were seen, the next one has to be like them. Else all that follows has to be well formed.
        """
        lines = self._lines
        if len(lines.window) - lines.at - ahead < _AHEAD:
            lines.more()
        following = lines.window[lines.at + ahead : lines.at + ahead + _AHEAD]
        limit = 1 if self._profile.tells else _AHEAD
        seen = 0
        try:
            for row in csv.reader(following, **self._options):  # type: ignore[arg-type]
                if len(row) <= 1 < self._fields and not "".join(row).strip():
                    if seen:
                        continue
                    return False
                if len(row) != self._fields or (self._profile.tells and not self._profile.fits(row)):
                    return False
                seen += 1
                if seen >= limit:
                    break
        except csv.Error as error:
            # Where the window ends, a value may be cut in two.
            return seen > 0 and "unexpected end" in str(error) and len(following) == _AHEAD
        return seen > 0

    def _is_stray(self, span: Sequence[str]) -> bool:
        return quoting.is_stray(span, self._options, self._fields, self._profile, self._dialect.quote)

    def _before_records(self, span: Sequence[str]) -> int:
        """How many lines of ``span`` are one damaged record, if those after them are records; 0 if they are not."""
        n = quoting.damaged_lines(span, self._options, self._fields, self._profile, self._dialect.quote)
        return n if n and self._resumes(len(span) - 1) else 0

    def _row(self, row: list[str], span: list[str], first: int, *, checked: bool = False) -> None:
        """Judge one parsed record; ``checked`` says that it is no header."""
        account, width = self.account, self._width
        if len(span) == 1 and len(row) <= 1 and not span[0].strip() and (width > 1 or not any(row)):
            account.blank_lines += 1
            self._skip("blank_line", span[0], first)
            return
        if len(span) == 1 and span[0].strip("\r\n") == "\x1a" and self._at_end():
            account.blank_lines += 1
            self._skip("end_of_file_mark", span[0], first)
            return
        if self._lines.dirty and (found := self._bad(row, span)):
            self._reject(span, first, *found)
            return
        if not checked and self._holds_header("".join(span), [row]):
            if len(span) == 1 and (parts := self._split(row, span[0])):
                for part in parts:
                    self._row(next(csv.reader([part], **self._options), []), [part], first)  # type: ignore[arg-type]
                # They are one line of the file; it counts with what the header becomes.
                account.record_lines -= 1
                return
            if not self._names.is_header(row) and (other := self._delimited_otherwise(row)):
                self._another_header(other[0], span, first, other[1])
            elif self._header is None or not same_header(row, self._header):
                self._another_header(row, span, first)
            else:
                self._reject(span, first, "repeated_header", "The record repeats the header of the file.")
            return
        if len(row) != self._fields:
            few = len(row) < self._fields
            self._reject(
                span,
                first,
                "too_few_fields" if few else "too_many_fields",
                f"The record has {len(row)} field(s), the header {self._fields} column(s).",
            )
            return
        if any(row[width:]):
            message = "The record has a value below an empty cell at the end of the header."
            self._reject(span, first, "too_many_fields", message)
            return
        row = row[:width]
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
            self._profile.learn([row])
            row = [row[i] for i in self._kept]
        else:
            self._profile.learn([row])
        batch = self._batch
        size = self._size("".join(span) if len(span) > 1 else span[0])
        self._offset += size
        account.record_bytes += size
        account.records += 1
        account.record_lines += len(span)
        batch.numbers.append(account.records)
        batch.rows.append(row)
        batch.chars += sum(map(len, span)) if len(span) > 1 else len(span[0])

    def _another_header(self, row: list[str], span: list[str], first: int, dialect: Dialect | None = None) -> None:
        """A header further down: the records below it are read by it, and the layout changes say so.

        ``dialect`` is how they are read if that is another way than so far.
        """
        account = self.account
        delimited = f", delimited by {dialect.delimiter!r}" if dialect else ""
        cells = trimmed([c.strip("\ufeff") for c in row])
        matched = layout.match(cells, self._reading)
        told = layout.LayoutChange(
            None,
            "another_header",
            self._reading.layout_policy,
            "records below are read by it",
            f"Line {first} is another header{delimited}: {layout.listed(cells)}.",
        )
        for change in [told, *matched.changes]:
            if change not in account.changes:
                account.changes.append(change)
        if matched.held:
            raise FileHeld(matched.held_reason, f"Line {first} is another header. {matched.held}")
        if self._reading.layout_policy == "freeze":
            raise FileHeld("layout_frozen", told.message)
        size = self._size("".join(span))
        self._offset += size
        account.header_bytes += size
        account.header_lines += len(span)
        lines = self._lines
        if len(lines.window) - lines.at < 100:
            lines.more()
        nameless = len(row) - len(cells)
        if dialect:
            self._dialect = dialect
            self._options = dialect.options(strict=True)
        surplus = usual_width(lines.window[lines.at : lines.at + 100], self._dialect, len(cells), nameless)
        self._section(cells, row, surplus, matched)

    def _at_end(self) -> bool:
        """Whether nothing but blank lines follows. In a block the lines are passed over before they are judged."""
        lines = self._lines
        while all(not line.strip("\x1a \t\r\n") for line in lines.window[lines.at :]):
            if not lines.more():
                return True
        return False

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

    def _skip(self, reason: str, line: str, number: int | None = None) -> None:
        size = self._size(line)
        self.account.skip(reason, size, self._offset, number or self._lines.number)
        self._offset += size

    def _reject(self, span: list[str], first: int, reason: str, message: str, column: str | None = None) -> None:
        account, text = self.account, "".join(span)
        size = self._size(text)
        self._offset += size
        account.rejected_bytes += size
        account.records += 1
        account.record_lines += len(span)
        raw = shown(text).rstrip("\r\n")
        account.reject(account.records, first, raw, reason, message, column and shown(column), size)
