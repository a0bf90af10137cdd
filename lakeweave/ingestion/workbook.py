"""The independent count of a workbook: sheets, filled rows and filled cells, from the XML of the file.

Nothing here uses the library that reads the values. The two have to find the same rows and the same number of filled
cells, else the file is held.
"""

from __future__ import annotations

import posixpath
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, BinaryIO
from xml.parsers import expat

_CHUNK = 1 << 18
_RELATIONSHIP = "id"

MAX_PART_BYTES = 16 << 30
"""A part of the workbook that unpacks to more bytes than this is not read."""

MAX_NOTED = 100_000
"""Cells with a formula and no value that are noted with their place; a file with more of them is of no use."""


class DamagedWorkbook(Exception):
    """The file is no workbook that can be read; the message says why."""


@dataclass
class Sheet:
    """A worksheet: ``name`` as the user sees it, ``part`` its path in the file, ``state`` visible or hidden."""

    name: str
    part: str
    state: str = "visible"


@dataclass
class SheetCount:
    """What the XML of one sheet holds.

    ``filled_rows`` has at least one filled cell or formula; ``filled_cells`` counts cells with a value.
    ``uncached`` maps a row to the columns (from 1) of its cells with a formula and no stored value.
    """

    filled_rows: int = 0
    filled_cells: int = 0
    formulas: int = 0
    uncached_cells: int = 0
    uncached: dict[int, list[int]] = field(default_factory=dict)
    hidden_rows: int = 0
    errors: int = 0
    merged: list[str] = field(default_factory=list)
    merged_ranges: int = 0
    last_row: int = 0


@dataclass
class Workbook:
    """Sheets of a workbook in their order, and whether it requests recalculation."""

    sheets: list[Sheet]
    recalculate: bool = False
    other_sheets: list[str] = field(default_factory=list)
    """Names of sheets without cells: charts, macros, dialogs."""


def _local(name: str) -> str:
    return name.rpartition("}")[2]


def _parse(stream: BinaryIO, start: Callable[[str, dict[str, str]], Any], end: Any = None, text: Any = None) -> None:
    parser = expat.ParserCreate(namespace_separator="}")
    parser.buffer_text = True
    parser.StartElementHandler = start

    def refuse(*_: object) -> None:
        raise DamagedWorkbook("The XML of the workbook declares a document type, which no workbook has.")

    parser.StartDoctypeDeclHandler = refuse
    if end:
        parser.EndElementHandler = end
    if text:
        parser.CharacterDataHandler = text
    size = 0
    while chunk := stream.read(_CHUNK):
        size += len(chunk)
        if size > MAX_PART_BYTES:
            raise DamagedWorkbook(f"A part of the workbook unpacks to more than {MAX_PART_BYTES >> 30} GiB.")
        parser.Parse(chunk, False)
    parser.Parse(b"", True)


def _targets(archive: zipfile.ZipFile, part: str) -> dict[str, tuple[str, str]]:
    """Relationship id → path and type, for ``part``."""
    folder, _, base = part.rpartition("/")
    found: dict[str, tuple[str, str]] = {}

    def start(name: str, attributes: dict[str, str]) -> None:
        if _local(name) == "Relationship":
            target = attributes.get("Target", "")
            path = target[1:] if target.startswith("/") else posixpath.normpath(posixpath.join(folder, target))
            found[attributes.get("Id", "")] = (path, attributes.get("Type", "").rpartition("/")[2])

    try:
        with archive.open(posixpath.join(folder, "_rels", base + ".rels")) as stream:
            _parse(stream, start)  # type: ignore[arg-type]
    except KeyError:
        return {}
    return found


def read_workbook(archive: zipfile.ZipFile) -> Workbook:
    """The sheets of a workbook; raises :class:`DamagedWorkbook`."""
    part = next((p for p, kind in _targets(archive, "").values() if kind == "officeDocument"), "xl/workbook.xml")
    targets = _targets(archive, part)
    book = Workbook([])

    def start(name: str, attributes: dict[str, str]) -> None:
        local = _local(name)
        if local == "sheet":
            reference = next((v for k, v in attributes.items() if _local(k) == _RELATIONSHIP and "}" in k), "")
            path, kind = targets.get(reference, ("", ""))
            if kind == "worksheet":
                book.sheets.append(Sheet(attributes.get("name", ""), path, attributes.get("state", "visible")))
            else:
                book.other_sheets.append(attributes.get("name", ""))
        elif local == "calcPr":
            book.recalculate = attributes.get("fullCalcOnLoad", "0") in ("1", "true")

    try:
        with archive.open(part) as stream:
            _parse(stream, start)  # type: ignore[arg-type]
    except KeyError:
        raise DamagedWorkbook(f"The workbook has no part {part!r}.") from None
    return book


def blank_strings(archive: zipfile.ZipFile) -> frozenset[int]:
    """Numbers of the shared strings that are empty; a cell that refers to one of them is empty too."""
    blank: set[int] = set()
    number, filled, depth_text, phonetic = -1, False, False, 0

    def start(name: str, _: dict[str, str]) -> None:
        nonlocal number, filled, depth_text, phonetic
        local = _local(name)
        if local == "si":
            number, filled = number + 1, False
        elif local == "rPh":
            phonetic += 1
        elif local == "t":
            depth_text = True

    def end(name: str) -> None:
        nonlocal depth_text, phonetic
        local = _local(name)
        if local == "t":
            depth_text = False
        elif local == "rPh":
            phonetic -= 1
        elif local == "si" and not filled:
            blank.add(number)

    def text(data: str) -> None:
        nonlocal filled
        filled = filled or (depth_text and not phonetic and bool(data))

    name = next((n for n in archive.namelist() if n.lower().endswith("/sharedstrings.xml")), None)
    if name is not None:
        with archive.open(name) as stream:
            _parse(stream, start, end, text)  # type: ignore[arg-type]
    return frozenset(blank)


class _SheetScan:
    """Handlers of the parser for one sheet."""

    def __init__(self, blank: frozenset[int]) -> None:
        self.count = SheetCount()
        self._blank = blank
        self._row = self._column = 0
        self._kind = "n"
        self._text: list[str] | None = None
        self._value = ""
        self._inline = 0
        self._formula = self._filled = False

    def start(self, name: str, attributes: dict[str, str]) -> None:
        local = _local(name)
        if local == "c":
            self._kind = attributes.get("t", "n")
            reference = attributes.get("r")
            self._column = _column(reference) if reference else self._column + 1
            self._value, self._formula, self._inline = "", False, 0
        elif local == "v" or (local == "t" and self._kind == "inlineStr"):
            self._text = []
        elif local == "f":
            self._formula = True
        elif local == "rPh":
            self._inline += 1
        elif local == "row":
            number = attributes.get("r")
            self._row = int(float(number)) if number else self._row + 1
            self._column = 0
            self._filled = False
            self._hidden = attributes.get("hidden") in ("1", "true")
        elif local == "mergeCell":
            self.count.merged_ranges += 1
            if len(self.count.merged) < 20:
                self.count.merged.append(attributes.get("ref", ""))

    def text(self, data: str) -> None:
        if self._text is not None:
            self._text.append(data)

    def end(self, name: str) -> None:
        local = _local(name)
        if local == "c":
            self._cell()
        elif local in ("v", "t") and self._text is not None:
            if not self._inline:
                self._value += "".join(self._text)
            self._text = None
        elif local == "rPh":
            self._inline -= 1
        elif local == "row" and self._filled:
            self.count.filled_rows += 1
            self.count.last_row = max(self.count.last_row, self._row)
            self.count.hidden_rows += self._hidden

    def _cell(self) -> None:
        count, value = self.count, self._value
        if self._kind == "s" and value.strip().isdigit() and int(value) in self._blank:
            value = ""
        count.formulas += self._formula
        if value:
            count.filled_cells += 1
            self._filled = True
            count.errors += self._kind == "e"
        elif self._formula and self._kind != "str":
            # A formula whose stored result is the empty text has the type `str`.
            self._filled = True
            count.uncached_cells += 1
            if count.uncached_cells <= MAX_NOTED:
                count.uncached.setdefault(self._row, []).append(self._column)


def _column(reference: str) -> int:
    number = 0
    for c in reference.upper():
        if not "A" <= c <= "Z":
            break
        number = number * 26 + ord(c) - 64
    return number


def count_sheet(archive: zipfile.ZipFile, sheet: Sheet, blank: frozenset[int]) -> SheetCount:
    """Count one sheet in a single pass; memory does not grow with the sheet. Raises :class:`DamagedWorkbook`."""
    scan = _SheetScan(blank)
    try:
        with archive.open(sheet.part) as stream:
            _parse(stream, scan.start, scan.end, scan.text)  # type: ignore[arg-type]
    except KeyError:
        raise DamagedWorkbook(f"The sheet {sheet.name!r} is listed, but the file has no part {sheet.part!r}.") from None
    except (expat.ExpatError, ValueError) as error:
        raise DamagedWorkbook(f"The XML of the sheet {sheet.name!r} is damaged ({error}).") from None
    return scan.count
