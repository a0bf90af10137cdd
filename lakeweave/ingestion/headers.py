"""What looks like a header: lines further down in a file, and damaged header lines beside the declared columns."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence

import pyarrow as pa
import pyarrow.compute as pc

from lakeweave.ingestion.names import snake_case
from lakeweave.ingestion.spec import Reading

_DELETED = b' _-."' + b"'"
_LOWER = bytes(c + 32 if 65 <= c <= 90 else c for c in range(256))
_NOT_LETTERS = re.compile(r"[\W_]+")
_BLANK = frozenset({"", "unnamed"})
_GAP = "[" + re.escape(_DELETED.decode()) + "]*"
_MOST_LETTERS = 3
_LARGE = 256 << 10
"""From this many bytes on, a search for several names at once is faster than one search for each."""


class HeaderNames:
    """The names that make a line a header: those of the declared columns, or those of the file's first header.

    A line is a header if it has at least half of the names, and at least two of them.
    """

    def __init__(self, known: Mapping[str, str]) -> None:
        self.known = known
        self.wanted = len(set(known.values()))
        self.needed = max(2, (self.wanted + 1) // 2)
        plain = {squashed(n.encode()) for n in known}
        # Names of other scripts have several spellings in bytes; then the rows are looked at one by one.
        self._bytes = None if any(not n.isascii() for n in known) else tuple(sorted(plain, key=len, reverse=True))
        self._absent: str | None = None
        """A pattern of names of which every header has one, and of which the text before had none."""

    def score(self, cells: Iterable[str]) -> int:
        """How many of the names are among ``cells``."""
        return len({self.known[n] for n in map(snake_case, cells) if n in self.known})

    def is_header(self, cells: Sequence[str]) -> bool:
        """Whether ``cells`` are a header."""
        if self.wanted < 2 or len(cells) < 2:
            return False
        return self.score(c.strip("\ufeff") for c in cells if len(c) <= 400) >= self.needed

    def places_without(self, rows: Sequence[Sequence[str]], width: int) -> tuple[tuple[int, str], ...]:
        """Places of columns in which a header of ``width`` cells has a name and these records have none, by their letters.

        Every header has a name in one of the places that this returns, and no value there looks like a name. With no letters
        beside a place its values are empty or begin with a digit. Else every name has one of these letters, and no value has
        one. Nothing is returned if ``rows`` do not have that many such columns.
        """
        enough = width - self.needed + 1
        if self.wanted < 2 or self._bytes is None or enough < 1:
            return ()
        digits = not any(n[:1] == "_" and n[1:2].isdigit() for n in self.known)
        found = []
        for i in range(width):
            values = [row[i] for row in rows]
            if digits and all(not v or "0" <= v[0] <= "9" for v in values):
                found.append((i, ""))
            elif letters := self._letters_without("".join(values)):
                found.append((i, letters))
        found.sort(key=lambda f: len(f[1]))
        return tuple(found[:enough]) if len(found) >= enough else ()

    def _letters_without(self, text: str) -> str:
        """A few letters of which every name has one and ``text`` has none, in no case; empty if there are none."""
        free = set("abcdefghijklmnopqrstuvwxyz") - set(text.lower())
        names = [free & set(n.decode()) for n in self._bytes or ()]
        letters = ""
        while names and len(letters) < _MOST_LETTERS:
            best = max(sorted(free), key=lambda c: sum(c in n for n in names), default="")
            left = [n for n in names if best not in n]
            if len(left) == len(names):
                return ""
            names, letters = left, letters + best
        return "" if names else letters

    def row_condition(self, columns: Sequence[str], places: Sequence[tuple[int, str]]) -> str:
        """SQL that is true for a row of ``columns`` that may be a header; ``places`` are those of :meth:`places_without`.

        A row whose values in ``places`` look like no name is none. Of the others, all cells are looked at.
        """
        first = " or ".join(
            " or ".join(f"contains({columns[i]}, '{c}')" for c in letters + letters.upper())
            if letters
            else f"{columns[i]} < '0' or {columns[i]} >= ':'"
            for i, letters in places
        )
        # DuckDB makes a join of a long `in`, and then computes its left side for all rows.
        names = ", ".join(f"'{squashed(n.encode()).decode()}'" for n in self.known)
        cells = " + ".join(
            f"coalesce(list_contains([{names}], regexp_replace(lower({c}), '[^a-z0-9]', '', 'g')), false)::integer"
            for c in columns
        )
        return f"coalesce(case when {first} then {cells} >= {self.needed} end, false)"

    def may_be_in(self, data: bytes) -> bool:
        """Whether a line of ``data`` may be a header. Quick, and never wrong in the negative."""
        if self.wanted < 2:
            return False
        if self._bytes is None:
            return True
        large = len(data) >= _LARGE
        if large and self._absent and not _matches(self._absent, data):
            return False
        text = squashed(data)
        missing, enough = [], len(self._bytes) - self.needed + 1
        for name in self._bytes:
            if name not in text:
                missing.append(name.decode())
                if len(missing) >= enough:
                    self._absent = (
                        "|".join(_GAP.join(map(re.escape, n)) for n in missing) if large and all(missing) else None
                    )
                    return False
        # A header has `needed` of the names, so it has one of any `len - needed + 1` of them: the rarest are looked for.
        rare = sorted(self._bytes, key=text.count)[: len(self._bytes) - self.needed + 1]
        for name in rare:
            at = text.find(name)
            while at >= 0:
                start = max(text.rfind(b"\n", 0, at), text.rfind(b"\r", 0, at)) + 1
                ends = [e for e in (text.find(b"\n", at), text.find(b"\r", at)) if e >= 0]
                end = min(ends, default=len(text))
                if end - start < 65_536 and sum(n in text[start:end] for n in self._bytes) >= self.needed:
                    return True
                at = text.find(name, end)
        return False


def _matches(pattern: str, data: bytes) -> bool:
    """Whether ``pattern`` is in ``data``, in any case. RE2 takes time in proportion to the text, whatever the pattern."""
    return pc.match_substring_regex(pa.array([data], pa.binary()), pattern, ignore_case=True)[0].as_py() is True


def squashed(data: bytes) -> bytes:
    """``data`` in lower case without blanks, quotes and the characters that join words."""
    return data.translate(_LOWER, _DELETED)


def same_header(cells: Sequence[str], header: Sequence[str]) -> bool:
    """Whether ``cells`` repeat ``header``, whatever the case, the padding and a byte order mark in front."""
    if len(cells) < len(header) or any(c.strip() for c in cells[len(header) :]):
        return False
    return all(snake_case(a.strip("\ufeff")) == snake_case(b) for a, b in zip(cells, header, strict=False))


def restored(text: str, width: int, reading: Reading) -> list[str] | None:
    """The declared columns that a damaged header line names, in its order; ``None`` if that is not certain.

    Delimiters and quotes of the line do not count: its letters and digits have to be those of ``width`` declared columns
    (or their aliases), each once, in exactly one way.
    """
    letters = _letters(text)
    names: dict[str, str] = {}
    for column in reading.columns or ():
        names[_letters(column)] = column
    for old, column in reading.aliases:
        names.setdefault(_letters(old), next(c for c in reading.columns or () if snake_case(c) == snake_case(column)))
    if "" in names or not letters or len(letters) > 65_536:
        return None
    # Ways to cut the letters into names, counted from the end; a second way anywhere makes the line ambiguous.
    by_first: dict[str, list[str]] = {}
    for name in names:
        by_first.setdefault(name[0], []).append(name)
    ways: list[int] = [0] * len(letters) + [1]
    step: list[str] = [""] * len(letters)
    for at in range(len(letters) - 1, -1, -1):
        for name in by_first.get(letters[at], ()):
            if ways[at + len(name) : at + len(name) + 1] not in ([], [0]) and letters.startswith(name, at):
                ways[at] += ways[at + len(name)]
                step[at] = name
    if ways[0] != 1:
        return None
    cells, at = [], 0
    while at < len(letters):
        cells.append(names[step[at]])
        at += len(step[at])
    return cells if len(cells) == width == len(set(cells)) else None


def completed(cells: Sequence[str], width: int, reading: Reading) -> tuple[list[str], str] | None:
    """A header of ``width`` columns for ``cells`` that are not as many, and what was done; ``None`` if it is not certain.

    Empty cells in the middle go if exactly the others are as many as the records have fields. Cells that are lost come
    back if all others are declared columns in the declared order, and the declared columns are as many as the fields.
    """
    filled = [c for c in cells if snake_case(c) not in _BLANK]
    if len(filled) == width < len(cells):
        return filled, "empty cells left out"
    declared = list(reading.columns or ())
    if len(filled) < width == len(declared):
        known = {snake_case(c): i for i, c in enumerate(declared)}
        if len(filled) > 1 and declared[len(filled) - 1].lower().startswith(filled[-1].strip().lower()):
            # A header that was cut off inside a name.
            filled = [*filled[:-1], declared[len(filled) - 1]]
        places = [known.get(snake_case(c), -1) for c in filled]
        if places and -1 not in places and places == sorted(set(places)) and len(filled) * 2 >= width:
            return declared, "lost names filled in from the declared order"
    return None


def respelled(cells: Sequence[str], reading: Reading) -> dict[int, str]:
    """Place → declared column for cells that are a declared name at its declared place with one letter damaged, or cut off.

    A difference in a digit is another name, not a damage, and so is a name that is declared itself.
    """
    declared = list(reading.columns or ())
    if len(cells) != len(declared):
        return {}
    known = {snake_case(c) for c in declared} | {snake_case(a) for a, _ in reading.aliases}
    found = {}
    for i, (cell, column) in enumerate(zip(cells, declared, strict=True)):
        name, wanted = snake_case(cell), snake_case(column)
        if name in known:
            continue
        # The same letters with an accent, a NUL or an invisible character among them; one other letter; a line that was cut.
        if (
            (i == len(cells) - 1 and name and wanted.startswith(name))
            or _plain_letters(cell) == _plain_letters(column)
            or (len(wanted) >= 4 and _one_letter_apart(_letters(name), _letters(wanted)))
        ):
            found[i] = column
    others = sum(snake_case(c) in known for c in cells)
    return found if others * 2 >= len(cells) else {}


def _one_letter_apart(a: str, b: str) -> bool:
    if a == b or abs(len(a) - len(b)) > 1:
        return False
    start = 0
    while start < min(len(a), len(b)) and a[start] == b[start]:
        start += 1
    rest_a, rest_b = a[start:], b[start:]
    changed = (rest_a[:1] + rest_b[:1]) if len(a) == len(b) else (rest_a if len(a) > len(b) else rest_b)[:1]
    if any(c.isdigit() for c in changed):
        return False
    if len(a) == len(b):
        swapped = rest_a[:2] == rest_b[:2][::-1] and rest_a[2:] == rest_b[2:]
        return rest_a[1:] == rest_b[1:] or swapped
    return rest_a[1:] == rest_b if len(a) > len(b) else rest_a == rest_b[1:]


def _plain_letters(text: str) -> str:
    """The letters and digits of ``text`` in lower case, without accents."""
    return _NOT_LETTERS.sub(
        "", "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))
    ).lower()


def _letters(text: str) -> str:
    return _NOT_LETTERS.sub("", snake_case(text) if len(text) <= 120 else text.lower())
