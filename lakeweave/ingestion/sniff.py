"""What a file is: its format, dialect and header, judged from its first bytes.

Everything here is a proposal. Whether it was right is found out by reading: the counts of the fast path and the line
ledger of the careful reader do not depend on it.
"""

from __future__ import annotations

import codecs
import csv
import fnmatch
import json
import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from lakeweave.errors import FileHeld
from lakeweave.ingestion import containers, layout
from lakeweave.ingestion.headers import HeaderNames, completed, respelled, restored
from lakeweave.ingestion.lines import split_lines
from lakeweave.ingestion.names import snake_case
from lakeweave.ingestion.spec import Reading

HEAD = 64 << 10
HEADER_SEARCH = 50
"""The declared header is looked for in this many first lines that are not blank."""

_SEPARATOR_LINE = re.compile(r"sep=(.)\s*", re.IGNORECASE)

USUAL = (",", "\t", ";", "|")
"""The usual delimiters, the likely ones first."""
_OTHERS = "^~:\x01\x1f\x1e\x02!#&*$%@§¦¬`=/\\+<>"
_CONTROL = bytes(set(range(32)) - {7, 8, 9, 10, 11, 12, 13, 26, 27, 1, 2, 28, 29, 30, 31})
_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_JSON_START = re.compile(r"\s*(\{\s*(\"|\}|$)|\[\s*(\{|\]|\[|\"|-?\d|true|false|null|$))")


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


def byte_order_mark(head: bytes) -> tuple[str, int] | None:
    """Encoding and length of the byte order mark that ``head`` starts with, if any."""
    for mark, encoding in _BOMS:
        if head.startswith(mark):
            return encoding, len(mark)
    return None


def container(head: bytes) -> str:
    """``empty``, ``text``, ``binary``, or a kind of :mod:`lakeweave.ingestion.containers`."""
    if not head:
        return "empty"
    if kind := containers.by_magic(head):
        return kind
    if byte_order_mark(head) or wide_encoding(head):
        return "text"
    sample = head[:HEAD]
    control = len(sample) - len(sample.translate(None, _CONTROL))
    return "binary" if control > max(8, len(sample) // 20) else "text"


def wide_encoding(head: bytes) -> str | None:
    """UTF-16 or UTF-32 without a byte order mark, if ``head`` is such text.

    Nearly every second byte of Western text is NUL in UTF-16. Other text has to make sense in one order of bytes and in no other.
    """
    sample = head[: HEAD - HEAD % 4]
    if len(sample) < 4 or b"\0" not in sample or re.match(rb"[\t\r\n\x20-\x7e]{12}", sample):
        return None
    sample = sample[: len(sample) - len(sample) % 2]
    pairs = len(sample) // 2
    even, odd = sample[0::2].count(0), sample[1::2].count(0)
    if odd > pairs * 0.4 and even < pairs * 0.05:
        return "utf-16-le"
    if even > pairs * 0.4 and odd < pairs * 0.05:
        return "utf-16-be"
    for family in (("utf-32-le", "utf-32-be"), ("utf-16-le", "utf-16-be")):
        found = [codec for codec in family if _makes_sense(sample, codec)]
        if len(found) == 1:
            return found[0]
    return None


def _makes_sense(sample: bytes, codec: str) -> bool:
    """Whether ``sample`` is text with line ends in ``codec``: assigned characters, and no control characters."""
    try:
        text = codecs.getincrementaldecoder(codec)().decode(sample)
    except UnicodeDecodeError:
        return False
    text = text.removesuffix("\0")
    ends = text.count("\n") + text.count("\r")
    return ends > 0 and all(c in "\t\r\n" or unicodedata.category(c) not in _NO_TEXT for c in set(text))


_NO_TEXT = frozenset({"Cc", "Cn", "Co", "Cs"})
_SHIFTS = re.compile(rb"\x1b(\$[@AB]|\$[()][A-D]|\([IJ])")


def is_shifted(head: bytes) -> bool:
    """Whether the text is in an encoding of ISO 2022, whose escape sequences change the meaning of ASCII bytes."""
    return b"\x1b" in head and _SHIFTS.search(head) is not None


def sniff_text(text: str, *, complete: bool, name: str, reading: Reading) -> TextPlan:
    """Propose how to read a text file that starts with ``text`` (all of it if ``complete``).

    Raises :class:`FileHeld` for a file without text and for a header that does not fit.
    """
    lines = [line.lstrip("\ufeff") for line in split_lines(text)]
    if not complete and len(lines) > 1:
        lines.pop()
    if not any(line.strip() for line in lines):
        raise FileHeld("empty_file", "The file holds nothing but blank space.")
    as_json = _json_format(text.lstrip("\ufeff"), lines, name, complete)
    if as_json:
        return TextPlan(as_json)
    if reading.columns is None:
        return _sniff_undeclared(lines, reading)
    return _sniff_declared(lines, name, reading)


_JSON_SUFFIXES = ("json", "jsonl", "ndjson", "geojson")


def _suffix(name: str) -> str:
    return name.lower().removesuffix(".gz").rpartition(".")[2]


def claims_json(name: str) -> bool:
    """Whether the file has the name of a JSON file."""
    return _suffix(name) in _JSON_SUFFIXES


def _json_format(text: str, lines: list[str], name: str, complete: bool) -> str | None:
    suffix = _suffix(name)
    claimed = suffix in _JSON_SUFFIXES
    first = next(line for line in lines if line.strip())
    whole = _parses(first)
    if not claimed:
        # Another extension: only what is certainly JSON is taken for it.
        if not _JSON_START.match(text):
            return None
        if whole is dict:
            return "jsonl"
        if whole is list:
            return "json"
        if complete and _parses(text) in (dict, list):
            return "json"
        return "json" if re.match(r"\s*(\[\s*\{|\{)\s*\"[^\"]*\"\s*:", text) else None
    if complete and suffix in ("json", "geojson") and _parses(text) not in (None, dict, list):
        return "json"  # a single value, which is no record; it is reported as that and not as a header
    filled = [line.strip() for line in lines if line.strip()][:HEADER_SEARCH]
    objects = sum(line.startswith("{") and _parses(line) is dict for line in filled)
    if suffix in ("jsonl", "ndjson"):
        if objects * 2 >= len(filled) or not _JSON_START.match(text):
            return "jsonl" if objects or text.lstrip()[:1] in '{["' else None
        return "json" if text.lstrip().startswith("[") or not objects else "jsonl"
    if text.lstrip().startswith("["):
        return "json"
    if objects >= 2 and objects * 2 >= len(filled):
        return "jsonl"
    return "json" if _JSON_START.match(text) or objects else None


def _parses(text: str) -> type | None:
    try:
        return type(json.loads(text))
    except (ValueError, RecursionError):
        return None


def _rows(lines: Sequence[str], dialect: Dialect, limit: int) -> list[tuple[list[str], int]]:
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


def _candidates(lines: Sequence[str], reading: Reading) -> Iterator[str]:
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
    widths = Counter(len(r) for r, _ in _rows(lines, dialect, 100))
    return nameless if nameless and widths[width + nameless] >= max(1, widths[width]) else 0


def _with_header(lines: Sequence[str], dialect: Dialect, row: list[str], start: int, end: int) -> TextPlan:
    cells = trimmed(row)
    if (
        len(cells) > 1
        and all(c.startswith(" ") for c in cells[1:])
        and not dialect.skip_space
        and dialect.delimiter != " "
        and all(c.startswith(" ") or not c for r, _ in _rows(lines[end:], dialect, HEADER_SEARCH) for c in r[1:])
    ):
        dialect = Dialect(dialect.delimiter, dialect.quote, dialect.escape, True)
        cells = [cells[0], *(c.lstrip(" ") for c in cells[1:])]
    if len(cells) > layout.MAX_COLUMNS:
        raise FileHeld(
            "too_many_columns", f"The header has {len(cells)} columns; at most {layout.MAX_COLUMNS} are read."
        )
    return TextPlan(
        _format(dialect),
        dialect,
        cells,
        surplus=usual_width(lines[end : end + 100], dialect, len(cells), len(row) - len(cells)),
        header=list(row),
        header_lines=end,
        preamble_lines=start,
        header_bytes=sum(len(line.encode("utf-8", "surrogatepass")) for line in lines[:end]),
    )


def _sniff_undeclared(lines: list[str], reading: Reading) -> TextPlan:
    best: tuple[float, int, int] | None = None
    chosen, width = ",", 1
    candidates = [d for d in _candidates(lines, reading) if reading.delimiter or d not in "/\\+<>=*$%@"]
    for rank, delimiter in enumerate(candidates):
        rows = [r for r, _ in _rows(lines, refined(lines[:200], delimiter), 100)]
        widths = Counter(len(trimmed(r)) if i == 0 else len(r) for i, r in enumerate(rows))
        if not widths:
            continue
        modal, n = max(widths.items(), key=lambda w: (w[1], w[0]))
        if modal < 2 and not reading.delimiter:
            continue
        score = n / len(rows) + (0.5 if len(trimmed(rows[0])) == modal else 0.0)
        if best is None or (score, -rank) > (best[0], best[1]):
            best, chosen, width = (score, -rank, modal), delimiter, modal
    dialect = refined(lines[:200], chosen)
    if reading.header == "no":
        return TextPlan(
            "tsv" if chosen == "\t" else "csv", dialect, [f"column_{i + 1}" for i in range(width)], positional=True
        )
    begun = _rows(lines, dialect, HEADER_SEARCH)
    if not begun:
        raise FileHeld("unknown_format", "No record could be read from the beginning of the file.")
    # Titles above the header fill fewer than half of the columns that the records have.
    start = 0
    for row, end in begun:
        if len(trimmed(row)) * 2 > width:
            return _with_header(lines, dialect, row, start, end)
        start = end
    row, end = begun[0]
    return _with_header(lines, dialect, row, 0, end)


def _sniff_declared(lines: list[str], name: str, reading: Reading) -> TextPlan:
    assert reading.columns is not None
    known = layout.declared_names(reading)
    wanted = len(reading.columns)
    found: tuple[Dialect, list[str], int, int] | None = None
    shown: list[str] = []
    if reading.header != "no":
        found, shown = _find_header(lines, reading, known, wanted)
    if found:
        dialect = refined(lines[:200], found[0].delimiter)
        rows = _rows(lines[found[2] : found[3]], dialect, 1)
        row = rows[0][0] if rows else found[1]
        if layout.shared(row, known) < layout.shared(found[1], known):
            row, dialect = found[1], found[0]
        return _fitted(_with_header(lines, dialect, row, found[2], found[3]), lines, reading, known)
    if reading.header != "yes":
        plan = _positional(lines, name, reading, list(_candidates(lines, reading)))
        if plan:
            return plan
    if reading.header != "no" and (plan := _damaged_header(lines, reading)):
        return plan
    raise FileHeld(
        "header_mismatch",
        f"No header with at least half of the declared columns was found: the first line has {len(shown)} field(s) "
        f"({layout.listed(shown)}), expected {wanted} columns ({layout.listed(reading.columns)}).",
    )


def _widths(lines: Sequence[str], dialect: Dialect) -> tuple[int, float]:
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


def _fitted(plan: TextPlan, lines: list[str], reading: Reading, known: Mapping[str, str]) -> TextPlan:
    """``plan``, repaired where the header is damaged and the records say how; the changes are in ``told``.

    A plan that fits its records stays as it is, but for names with one damaged letter at their declared place.
    """
    body = lines[plan.header_lines : plan.header_lines + 200]
    names = HeaderNames(known)
    # A line with surrogates has no bytes to search in.
    search = not (text := "".join(body)).isascii() or names.may_be_in(text.encode())
    for i, line in enumerate(body if search else ()):
        if names.is_header(_header_row([line], 0, plan.dialect)[0]):
            # The records below another header say nothing about this one, unless it is the rest of this one.
            body = body[:i] if i else body[1:]
            break
    start, end = plan.preamble_lines, plan.header_lines
    width, share = _widths(body, plan.dialect)
    if layout.shared(plan.cells, known) < min(width, len(reading.columns or ())):
        for more in (1, 2):
            cells = restored("".join(lines[start : end + more]), width, reading)
            if cells and not restored("".join(lines[start : end + more - 1]), width, reading):
                return _wrapped(plan, lines, cells, more, reading)
    if width and share > 0.5 and width not in (len(plan.cells), len(plan.header or ())):
        for delimiter in _candidates(body, reading):
            other = refined(body, delimiter)
            fields, fitting = _widths(body, other)
            usual = delimiter in USUAL and delimiter != plan.dialect.delimiter and fields > 1
            if usual and fields == len(plan.cells) and fitting >= 0.9:
                what = f"The header is delimited by {plan.dialect.delimiter!r}, the records by {delimiter!r}."
                return _with_change(replace(plan, dialect=other, format=_format(other), surplus=0), None, what, reading)
        cells = restored("".join(lines[start:end]), width, reading)
        if cells:
            return _with_change(replace(plan, cells=cells, surplus=0), None, _MENDED, reading)
        if split := without_record("".join(lines[start:end]), plan, width, known):
            cells, rest = split
            what = "The line end behind the header is lost: the first record is in its line."
            return _with_change(replace(plan, cells=cells, surplus=0, rest=rest), None, what, reading)
        filled = completed(plan.cells, width, reading)
        if filled:
            what = f"The header has {len(plan.header or ())} cell(s), the records {width} field(s): {filled[1]}."
            return _with_change(replace(plan, cells=filled[0], surplus=0), None, what, reading)
        return plan
    if layout.shared(plan.cells, known) < len(reading.columns or ()):
        for more in (1, 2):
            rows = _rows(lines[start : end + more], plan.dialect, more + 1)
            joined = _joined([r for r, _ in rows])
            if joined and layout.shared(joined, known) == len(reading.columns or ()) == len(joined):
                merged = _with_header(lines, plan.dialect, joined, start, end + more)
                return _with_change(merged, None, f"The header has {more + 1} lines; the names are joined.", reading)
        spelled = respelled(plan.cells, reading)
        if spelled:
            cells = [spelled.get(i, c) for i, c in enumerate(plan.cells)]
            mended_plan = replace(plan, cells=cells)
            for i, column in spelled.items():
                _with_change(
                    mended_plan,
                    column,
                    f"Column {plan.cells[i]!r} is read as {column!r}, its name at this place.",
                    reading,
                )
            return mended_plan
    return plan


def without_record(text: str, plan: TextPlan, width: int, known: Mapping[str, str]) -> tuple[list[str], str] | None:
    """The cells of a header line that has the first record behind it, and the text of that record."""
    header, delimiter = plan.header or [], plan.dialect.delimiter
    if len(header) < 2 * width - 1 or width < 2 or layout.shared(header[: width - 1], known) < width - 1:
        return None
    for name in sorted(known, key=len, reverse=True):
        cell = header[width - 1]
        length = next((n for n in range(len(cell) - 1, 0, -1) if snake_case(cell[:n]) == name), 0)
        cells = [*header[: width - 1], cell[:length]]
        at = text.find(delimiter.join(cells))
        if length and at >= 0 and layout.shared(cells, known) == width:
            rest = text[at + len(delimiter.join(cells)) :]
            rows = _rows(split_lines(rest), plan.dialect, 1)
            if rows and len(rows[0][0]) == width:
                return cells, rest
    return None


def _wrapped(plan: TextPlan, lines: list[str], cells: list[str], more: int, reading: Reading) -> TextPlan:
    """``plan`` with a header that goes on for ``more`` lines."""
    end = plan.header_lines + more
    merged = replace(_with_header(lines, plan.dialect, cells, plan.preamble_lines, end), surplus=0)
    return _with_change(merged, None, f"The header is wrapped: it has {more + 1} lines.", reading)


_MENDED = "Delimiters or quotes of the header are damaged; its letters are those of the declared columns."


def _joined(rows: list[list[str]]) -> list[str] | None:
    if len(rows) < 2 or len({len(r) for r in rows}) != 1:
        return None
    return [" ".join(c.strip() for c in column if c.strip()) for column in zip(*rows, strict=True)]


def _format(dialect: Dialect) -> str:
    return "tsv" if dialect.delimiter == "\t" else "csv"


def _with_change(plan: TextPlan, column: str | None, message: str, reading: Reading) -> TextPlan:
    """``plan`` with one more change of its header in ``told``. Under the policy ``freeze`` it is held later."""
    policy = reading.layout_policy
    action = "file held" if policy == "freeze" else "read by the declared columns"
    plan.told.append(layout.LayoutChange(column, "header_mended", policy, action, message))
    return plan


def _damaged_header(lines: list[str], reading: Reading) -> TextPlan | None:
    """A plan for a file in which no line has half of the declared columns as cells, but one has their letters."""
    filled = [i for i, line in enumerate(lines[: 4 * HEADER_SEARCH]) if line.strip()][:HEADER_SEARCH]
    for i in filled:
        for taken in (1, 2, 3):
            text = "".join(lines[i : i + taken])
            body = lines[i + taken : i + taken + 200]
            if not any(line.strip() for line in body):
                continue
            for delimiter in _candidates(body, reading):
                dialect = refined(body, delimiter)
                width, share = _widths(body, dialect)
                if share <= 0.5 or width < 2:
                    continue
                cells = restored(text, width, reading)
                rows = [r for r, _ in _rows(lines[i : i + taken], dialect, taken)]
                joined = _joined(rows) if not cells and len(rows) == taken > 1 else None
                if joined and layout.shared(joined, layout.declared_names(reading)) == len(joined) == width:
                    cells = joined
                if cells:
                    plan = _with_header(lines, dialect, cells, i, i + taken)
                    what = _MENDED if taken == 1 else f"The header has {taken} lines; the names are joined."
                    return _with_change(plan, None, what, reading)
    return None


def _header_row(lines: list[str], at: int, dialect: Dialect) -> tuple[list[str], int]:
    """The record that starts at line ``at`` and how many lines it takes: several if a name has line ends in it."""
    line = lines[at : at + 1]
    if line[0].count(dialect.quote) % 2:
        try:
            reader = csv.reader(iter(lines[at : at + HEADER_SEARCH]), **dialect.options(strict=True))  # type: ignore[arg-type]
            return next(reader), reader.line_num
        except (csv.Error, StopIteration):
            pass
    rows = _rows(line, dialect, 1)
    return (rows[0][0], 1) if rows else ([], 1)


def _find_header(
    lines: list[str], reading: Reading, known: Mapping[str, str], wanted: int
) -> tuple[tuple[Dialect, list[str], int, int] | None, list[str]]:
    """The line that names most of the declared columns: dialect, cells, first line, line after it.

    Also the cells of the first line, to show if there is none.
    """
    filled = [i for i, line in enumerate(lines[: 4 * HEADER_SEARCH]) if line.strip()][:HEADER_SEARCH]
    best: tuple[int, int, int] | None = None
    found = None
    shown: list[str] = []
    for rank, delimiter in enumerate(_candidates(lines, reading)):
        for quote in ('"', "'"):
            dialect = Dialect(delimiter, quote)
            for i in filled:
                if quote == "'" and "'" not in lines[i]:
                    continue
                row, taken = _header_row(lines, i, dialect)
                if not row:
                    continue
                if not shown:
                    shown = row
                score = layout.shared((c.strip(quote + " ") for c in row), known)
                if score * 2 >= wanted and (best is None or (score, -i, -rank) > best):
                    best, found = (score, -i, -rank), (dialect, row, i, i + taken)
                if score == wanted:
                    break
            if best and best[0] == wanted:
                return _earliest(found, lines, filled, known, wanted), shown
    return _earliest(found, lines, filled, known, wanted), shown


def _earliest(
    found: tuple[Dialect, list[str], int, int] | None,
    lines: list[str],
    filled: list[int],
    known: Mapping[str, str],
    wanted: int,
) -> tuple[Dialect, list[str], int, int] | None:
    """The first header in the dialect of the best one: two files may be joined in this one."""
    if not found:
        return None
    dialect, _, best, _ = found
    for i in filled:
        if i >= best:
            break
        row, taken = _header_row(lines, i, dialect)
        score = layout.shared((c.strip(dialect.quote + " ") for c in row), known)
        if score >= max(2, (wanted + 1) // 2) and i + taken <= best:
            return dialect, row, i, i + taken
    return found


def _positional(lines: list[str], name: str, reading: Reading, candidates: list[str]) -> TextPlan | None:
    layouts = [
        la.columns
        for la in reading.layouts
        if fnmatch.fnmatchcase(name, la.pattern) or fnmatch.fnmatchcase(name.rpartition("/")[2], la.pattern)
    ]
    if not layouts and reading.header == "no":
        layouts = [reading.columns or ()]
    best: tuple[float, int, int] | None = None
    chosen: TextPlan | None = None
    seen: set[int] = set()
    for rank, delimiter in enumerate(candidates):
        dialect = refined(lines[:200], delimiter)
        rows = [r for r, _ in _rows(lines, dialect, HEADER_SEARCH)]
        seen.update(len(r) for r in rows)
        for order, columns in enumerate(layouts):
            fits = sum(len(r) == len(columns) or len(trimmed(r)) == len(columns) for r in rows)
            score = (fits / max(1, len(rows)), -order, -rank)
            if fits * 2 >= len(rows) > 0 and (best is None or score > best):
                best = score
                chosen = TextPlan("tsv" if delimiter == "\t" else "csv", dialect, list(columns), positional=True)
    if layouts and not chosen:
        raise FileHeld(
            "header_mismatch",
            f"The file has no header, and its records do not have the {' or '.join(str(len(c)) for c in layouts)} "
            f"fields of its declared layout: found {', '.join(map(str, sorted(seen)))}.",
        )
    return chosen
