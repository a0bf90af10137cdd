"""How the fields of a text are separated and quoted, and the records that this gives."""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from lakeweave.errors import FileHeld
from lakeweave.ingestion import layout
from lakeweave.ingestion.spec import Reading

HEADER_SEARCH = 50
"""The declared header is looked for in this many first lines that are not blank."""
_SEPARATOR_LINE = re.compile(r"sep=(.)\s*", re.IGNORECASE)
USUAL = (",", "\t", ";", "|")
"""The usual delimiters, the likely ones first."""
_OTHERS = "^~:\x01\x1f\x1e\x02!#&*$%@§¦¬`=/\\+<>"


@dataclass(frozen=True)
class Dialect:
    """How fields are separated and quoted. ``skip_space`` drops blanks after a delimiter."""

    delimiter: str = ","
    quote: str = '"'
    escape: str | None = None
    skip_space: bool = False

    def options(self, *, strict: bool) -> dict[str, object]:
        """Keyword arguments of :func:`csv.reader`."""
        return {
            "delimiter": self.delimiter,
            "quotechar": self.quote,
            "escapechar": self.escape,
            "doublequote": True,
            "skipinitialspace": self.skip_space,
            "strict": strict,
        }


@dataclass
class TextPlan:
    """How a text file will be read.

    ``cells`` are the names of the columns by position: the header's cells without empty ones at the end, or the names
    of a positional layout. ``header_lines`` physical lines come before the first record, ``preamble_lines`` of them
    before the header. ``header`` is the header as it is in the file (``None``: it has none). ``surplus`` empty fields come
    after the last column. ``told`` are the changes that were made to a damaged header. ``rest`` is what follows the header
    in its line: the first record, where the line end between them is lost. ``header_places`` are columns by which another
    header is recognized when the records are read (:meth:`HeaderNames.places_without`). ``telling`` is a column that no two
    of the first records have in common.
    """

    format: str
    dialect: Dialect = field(default_factory=Dialect)
    cells: list[str] = field(default_factory=list)
    header: list[str] | None = None
    header_lines: int = 0
    preamble_lines: int = 0
    header_bytes: int = 0
    positional: bool = False
    surplus: int = 0
    told: list[layout.LayoutChange] = field(default_factory=list)
    rest: str = ""
    header_places: tuple[tuple[int, str], ...] = ()
    telling: int | None = None


def records_of(lines: Sequence[str], dialect: Dialect, limit: int) -> list[tuple[list[str], int]]:
    """The first ``limit`` records that are not blank, each with the number of lines up to its end."""
    reader = csv.reader(iter(lines), **dialect.options(strict=False))  # type: ignore[arg-type]
    rows: list[tuple[list[str], int]] = []
    try:
        for row in reader:
            if any(cell.strip() for cell in row):
                rows.append((row, reader.line_num))
                if len(rows) >= limit:
                    break
    except csv.Error:
        pass
    return rows


def candidates_of(lines: Sequence[str], reading: Reading) -> Iterator[str]:
    """Possible delimiters, the likely ones first; the unlikely ones are only looked for when they are asked for."""
    if reading.delimiter:
        yield reading.delimiter
        return
    named = next((m for line in lines[:3] if (m := _SEPARATOR_LINE.fullmatch(line))), None)
    if named:
        yield named[1]
        return
    text = "".join(lines[: HEADER_SEARCH * 2])
    usual = [d for d in USUAL if d in text]
    yield from usual
    others = sorted((d for d in _OTHERS if d in text), key=lambda d: -text.count(d))
    yield from others
    unknown = [
        c
        for c in set(text)
        if ord(c) > 127 and not c.isalnum() and not c.isspace() and c not in _OTHERS and not 0xD800 <= ord(c) <= 0xDFFF
    ]
    yield from sorted(unknown, key=lambda d: (-text.count(d), d))[:3]
    if " " in text:
        yield " "
    if not usual and not others:
        yield ","


def refined(lines: Sequence[str], delimiter: str) -> Dialect:
    """Quote, escape and blanks after the delimiter, for a known ``delimiter``."""
    text = "".join(lines)
    quotes = [q for q in ('"', "'") if q in text]
    if not quotes:
        return Dialect(delimiter)
    d = re.escape(delimiter)
    scores = {'"': 0, "'": 0}
    for quote in quotes:
        opened = len(re.findall(rf"(?:^|{d}) ?{quote}", text, re.MULTILINE))
        closed = len(re.findall(rf"{quote}(?={d}|\r|\n|$)", text))
        scores[quote] = min(opened, closed)
    # An apostrophe quotes only where it is seen to: around a field that needs no quotes. A lone one is text.
    around = re.findall(rf"(?:^|{d}) ?'[^'\r\n{d}]+'(?={d}|\r|\n|$)", text, re.MULTILINE) if "'" in quotes else []
    plain_quotes = min(scores["'"], len(around))
    quote = "'" if plain_quotes >= 2 and plain_quotes > 2 * scores['"'] else '"'
    if quote == '"' and scores["'"] > scores['"']:
        # Apostrophes only around fields that need quotes: they are quotes if the records fit better that way.
        other = Dialect(delimiter, "'")
        quote = "'" if _trouble(lines, other) < _trouble(lines, Dialect(delimiter)) else '"'
    skip_space = False
    if delimiter != " ":
        after = len(re.findall(rf"{d} +{quote}", text))
        skip_space = after > 0 and after >= len(re.findall(rf"{d}{quote}", text))
    return _with_escape(Dialect(delimiter, quote, None, skip_space), lines)


def _with_escape(dialect: Dialect, lines: Sequence[str]) -> Dialect:
    """``dialect`` with a backslash as escape, if ``lines`` are read with less trouble that way."""
    if not any("\\" + dialect.quote in line for line in lines):
        return dialect
    escaped = replace(dialect, escape="\\")
    return escaped if _trouble(lines, escaped) < _trouble(lines, dialect) else dialect


def with_late_evidence(plan: TextPlan, lines: Sequence[str]) -> TextPlan:
    """``plan``, with a backslash as escape if lines from further down in the file say so."""
    if not lines or plan.format not in ("csv", "tsv") or plan.dialect.escape:
        return plan
    return replace(plan, dialect=_with_escape(plan.dialect, lines))


def _trouble(lines: Sequence[str], dialect: Dialect) -> int:
    """How many records of ``lines`` cannot be parsed, or have another number of fields than most."""
    reader = csv.reader(iter(lines), **dialect.options(strict=True))  # type: ignore[arg-type]
    widths: Counter[int] = Counter()
    errors = 0
    while True:
        try:
            widths[len(next(reader))] += 1
        except csv.Error:
            errors += 1
        except StopIteration:
            break
    return errors + sum(widths.values()) - max(widths.values(), default=0)


def trimmed(row: list[str]) -> list[str]:
    """``row`` without the empty cells at its end; the first cell stays."""
    end = len(row)
    while end > 1 and not row[end - 1].strip():
        end -= 1
    return row[:end]


def usual_width(lines: Sequence[str], dialect: Dialect, width: int, nameless: int) -> int:
    """How many fields follow the ``width`` named ones in most of ``lines``: ``nameless``, as in the header, or none."""
    widths = Counter(len(r) for r, _ in records_of(lines, dialect, 100))
    return nameless if nameless and widths[width + nameless] >= max(1, widths[width]) else 0


def with_header(lines: Sequence[str], dialect: Dialect, row: list[str], start: int, end: int) -> TextPlan:
    """The plan of a text whose header is ``row``, in the lines from ``start`` to before ``end``."""
    cells = trimmed(row)
    if (
        len(cells) > 1
        and all(c.startswith(" ") for c in cells[1:])
        and not dialect.skip_space
        and dialect.delimiter != " "
        and all(c.startswith(" ") or not c for r, _ in records_of(lines[end:], dialect, HEADER_SEARCH) for c in r[1:])
    ):
        dialect = Dialect(dialect.delimiter, dialect.quote, dialect.escape, True)
        cells = [cells[0], *(c.lstrip(" ") for c in cells[1:])]
    if len(cells) > layout.MAX_COLUMNS:
        raise FileHeld(
            "too_many_columns", f"The header has {len(cells)} columns; at most {layout.MAX_COLUMNS} are read."
        )
    return TextPlan(
        format_of(dialect),
        dialect,
        cells,
        surplus=usual_width(lines[end : end + 100], dialect, len(cells), len(row) - len(cells)),
        header=list(row),
        header_lines=end,
        preamble_lines=start,
        header_bytes=sum(len(line.encode("utf-8", "surrogatepass")) for line in lines[:end]),
    )


def widths_of(lines: Sequence[str], dialect: Dialect) -> tuple[int, float]:
    """The number of fields that most records of ``lines`` have, and their share. Broken and cut records do not count."""
    reader = csv.reader(iter(lines), **dialect.options(strict=True))  # type: ignore[arg-type]
    widths: Counter[int] = Counter()
    while True:
        try:
            row = next(reader)
        except csv.Error:
            continue
        except StopIteration:
            break
        if any(cell.strip() for cell in row):
            widths[len(row)] += 1
    if not widths:
        return 0, 0.0
    width, n = max(widths.items(), key=lambda w: (w[1], w[0]))
    return width, n / sum(widths.values())


def format_of(dialect: Dialect) -> str:
    """``tsv`` for tabs, else ``csv``."""
    return "tsv" if dialect.delimiter == "\t" else "csv"
