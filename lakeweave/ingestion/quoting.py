"""Whether a quote that is opened and not closed where it should be was never meant to be open.

A quoted field may hold any text, also lines that look like records. A record whose quotes do not end where a record may
end can therefore be read in two ways: the quote is a stray character of its line, and the lines below are records; or
the lines below are text of the field. Lines are read as records again only if everything speaks for the first reading.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence

_NUMBER = re.compile(r"[+-]?[\d.,' \u00a0]*\d[\d.,%]*(?:[eE][+-]?\d+)?")
_MOMENT = re.compile(r"[\dTZ:./+ -]*\d[\dTZ:./+ -]*")
LEARNED = 3
"""Records that must have been seen before their kinds of values say anything."""

_ENOUGH = 5_000
_MOST_LINES = 50
"""Lines of a damaged record that are looked at."""


def kind_of(value: str) -> str:
    """``number``, ``moment`` (digits and the marks of dates and times), ``text``, or nothing for an empty value."""
    value = value.strip()
    if not value:
        return ""
    if _NUMBER.fullmatch(value):
        return "number"
    return "moment" if _MOMENT.fullmatch(value) else "text"


class Profile:
    """The kinds of values that each column of a file has had so far."""

    def __init__(self, width: int) -> None:
        self._kinds: list[set[str]] = [set() for _ in range(width)]
        self.seen = 0

    def learn(self, rows: Sequence[Sequence[str]]) -> None:
        """Take in accepted records; after :data:`_ENOUGH` of them nothing new is learned."""
        for row in rows[: max(0, _ENOUGH - self.seen)]:
            for kinds, value in zip(self._kinds, row, strict=False):
                kinds.add(kind_of(value))
            self.seen += 1

    def fits(self, row: Sequence[str]) -> bool:
        """Whether every value of ``row`` is of a kind that its column has had; empty ones always are."""
        return all(not (k := kind_of(v)) or k in kinds for kinds, v in zip(self._kinds, row, strict=False))

    @property
    def tells(self) -> bool:
        """Whether the profile can tell a record from other text: enough seen, and a column that is not of every kind."""
        return self.seen >= LEARNED and any({"number", "moment", "text"} - kinds for kinds in self._kinds)


def is_stray(span: Sequence[str], options: dict[str, object], width: int, profile: Profile, quote: str) -> bool:
    """Whether the quote that the first line of ``span`` opens is a stray one: the other lines are records.

    Each line after the first has to be a record of its own with ``width`` fields of the kinds seen before; the first and
    the last, which carry the stray quotes, have to be such records without their quotes.
    """
    if len(span) < 2 or not _whole_without(span[0], options, width, quote):
        return False
    for i, line in enumerate(span[1:], 1):
        row = _alone(line, options)
        if row == [] or (row is not None and len(row) <= 1 and not line.strip()):
            continue
        if row is None or len(row) != width:
            if i == len(span) - 1 and _whole_without(line, options, width, quote):
                continue
            return False
        if profile.tells and not profile.fits(row):
            return False
    return True


def damaged_lines(span: Sequence[str], options: dict[str, object], width: int, profile: Profile, quote: str) -> int:
    """How many lines of ``span`` are one record with a stray quote, if all lines after them but the last are records.

    0 if that is not so. Whether the last line begins a record is for the caller to know: it may go on behind the span.
    """
    if not profile.tells:
        return 0
    first = len(span) - 1
    while first > 1:
        row = _alone(span[first - 1], options)
        if span[first - 1].strip() and (row is None or len(row) != width or not profile.fits(row)):
            break
        first -= 1
    # The damaged record may itself have a line end in a value. It ends where the records begin, or later.
    for lines in range(max(1, first), min(len(span), first + _MOST_LINES)):
        if lines <= _MOST_LINES and _whole_without("".join(span[:lines]), options, width, quote):
            return lines
    return 0


def looks_cut(row: Sequence[str], delimiter: str) -> bool:
    """Whether a record with line ends in one value could also be two records with a stray quote each.

    That takes as many delimiters before the first line end, and after the last one, as make whole records.
    """
    width = len(row)
    if width < 2:
        return False
    for i, value in enumerate(row):
        if "\n" in value or "\r" in value:
            lines = value.replace("\r\n", "\n").replace("\r", "\n").split("\n")
            if lines[0].count(delimiter) == width - 1 - i and lines[-1].count(delimiter) == i:
                return True
    return False


def _alone(line: str, options: dict[str, object]) -> list[str] | None:
    try:
        return next(csv.reader([line], **options), [])  # type: ignore[arg-type]
    except csv.Error:
        return None


def _whole_without(line: str, options: dict[str, object], width: int, quote: str) -> bool:
    """Whether ``line`` is a record of ``width`` fields if one of its quotes, or all of them, are left out."""
    loose = options | {"strict": False}
    if len(_alone(line, loose) or []) == width:
        return True
    places = [i for i, c in enumerate(line) if c == quote]
    if len(places) > 64:
        return False
    tried = [line[:i] + line[i + 1 :] for i in places]
    if len(line.replace(quote, "").split(str(options["delimiter"]))) == width:
        return True
    return any((row := _alone(t, options)) is not None and len(row) == width for t in tried)
