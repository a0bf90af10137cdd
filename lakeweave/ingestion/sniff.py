"""What a file is: its format, dialect and header, judged from its first bytes.

Everything here is a proposal. Whether it was right is found out by reading: the counts of the fast path and the line
ledger of the careful reader do not depend on it.
"""

from __future__ import annotations

import codecs
import fnmatch
import json
import re
import unicodedata
from collections import Counter

from lakeweave.errors import FileHeld
from lakeweave.ingestion import containers, layout
from lakeweave.ingestion.dialects import (
    HEADER_SEARCH,
    Dialect,
    TextPlan,
    candidates_of,
    records_of,
    refined,
    trimmed,
    with_header,
)
from lakeweave.ingestion.lines import split_lines
from lakeweave.ingestion.mending import damaged_header, find_header, fitted
from lakeweave.ingestion.spec import Reading

HEAD = 64 << 10


_CONTROL = bytes(set(range(32)) - {7, 8, 9, 10, 11, 12, 13, 26, 27, 1, 2, 28, 29, 30, 31})
_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_JSON_START = re.compile(r"\s*(\{\s*(\"|\}|$)|\[\s*(\{|\]|\[|\"|-?\d|true|false|null|$))")


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


def _sniff_undeclared(lines: list[str], reading: Reading) -> TextPlan:
    best: tuple[float, int, int] | None = None
    chosen, width = ",", 1
    candidates = [d for d in candidates_of(lines, reading) if reading.delimiter or d not in "/\\+<>=*$%@"]
    for rank, delimiter in enumerate(candidates):
        rows = [r for r, _ in records_of(lines, refined(lines[:200], delimiter), 100)]
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
    begun = records_of(lines, dialect, HEADER_SEARCH)
    if not begun:
        raise FileHeld("unknown_format", "No record could be read from the beginning of the file.")
    # Titles above the header fill fewer than half of the columns that the records have.
    start = 0
    for row, end in begun:
        if len(trimmed(row)) * 2 > width:
            return with_header(lines, dialect, row, start, end)
        start = end
    row, end = begun[0]
    return with_header(lines, dialect, row, 0, end)


def _sniff_declared(lines: list[str], name: str, reading: Reading) -> TextPlan:
    assert reading.columns is not None
    known = layout.declared_names(reading)
    wanted = len(reading.columns)
    found: tuple[Dialect, list[str], int, int] | None = None
    shown: list[str] = []
    if reading.header != "no":
        found, shown = find_header(lines, reading, known, wanted)
    if found:
        dialect = refined(lines[:200], found[0].delimiter)
        rows = records_of(lines[found[2] : found[3]], dialect, 1)
        row = rows[0][0] if rows else found[1]
        if layout.shared(row, known) < layout.shared(found[1], known):
            row, dialect = found[1], found[0]
        return fitted(with_header(lines, dialect, row, found[2], found[3]), lines, reading, known)
    if reading.header != "yes":
        plan = _positional(lines, name, reading, list(candidates_of(lines, reading)))
        if plan:
            return plan
    if reading.header != "no" and (plan := damaged_header(lines, reading)):
        return plan
    raise FileHeld(
        "header_mismatch",
        f"No header with at least half of the declared columns was found: the first line has {len(shown)} field(s) "
        f"({layout.listed(shown)}), expected {wanted} columns ({layout.listed(reading.columns)}).",
    )


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
        rows = [r for r, _ in records_of(lines, dialect, HEADER_SEARCH)]
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
