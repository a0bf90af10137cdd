"""The header of a text: where it is, and what a damaged one was beside the records and the declared columns."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import replace

from lakeweave.ingestion import layout
from lakeweave.ingestion.dialects import (
    HEADER_SEARCH,
    USUAL,
    Dialect,
    TextPlan,
    candidates_of,
    format_of,
    records_of,
    refined,
    widths_of,
    with_header,
)
from lakeweave.ingestion.headers import HeaderNames, completed, respelled, restored
from lakeweave.ingestion.lines import split_lines
from lakeweave.ingestion.names import snake_case
from lakeweave.ingestion.spec import Reading


def find_header(
    lines: list[str], reading: Reading, known: Mapping[str, str], wanted: int
) -> tuple[tuple[Dialect, list[str], int, int] | None, list[str]]:
    """The line that names most of the declared columns: dialect, cells, first line, line after it.

    Also the cells of the first line, to show if there is none.
    """
    filled = [i for i, line in enumerate(lines[: 4 * HEADER_SEARCH]) if line.strip()][:HEADER_SEARCH]
    best: tuple[int, int, int] | None = None
    found = None
    shown: list[str] = []
    for rank, delimiter in enumerate(candidates_of(lines, reading)):
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


def fitted(plan: TextPlan, lines: list[str], reading: Reading, known: Mapping[str, str]) -> TextPlan:
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
    width, share = widths_of(body, plan.dialect)
    if layout.shared(plan.cells, known) < min(width, len(reading.columns or ())):
        for more in (1, 2):
            cells = restored("".join(lines[start : end + more]), width, reading)
            if cells and not restored("".join(lines[start : end + more - 1]), width, reading):
                return _wrapped(plan, lines, cells, more, reading)
    if width and share > 0.5 and width not in (len(plan.cells), len(plan.header or ())):
        for delimiter in candidates_of(body, reading):
            other = refined(body, delimiter)
            fields, fitting = widths_of(body, other)
            usual = delimiter in USUAL and delimiter != plan.dialect.delimiter and fields > 1
            if usual and fields == len(plan.cells) and fitting >= 0.9:
                what = f"The header is delimited by {plan.dialect.delimiter!r}, the records by {delimiter!r}."
                return _with_change(
                    replace(plan, dialect=other, format=format_of(other), surplus=0), None, what, reading
                )
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
            rows = records_of(lines[start : end + more], plan.dialect, more + 1)
            joined = _joined([r for r, _ in rows])
            if joined and layout.shared(joined, known) == len(reading.columns or ()) == len(joined):
                merged = with_header(lines, plan.dialect, joined, start, end + more)
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
            rows = records_of(split_lines(rest), plan.dialect, 1)
            if rows and len(rows[0][0]) == width:
                return cells, rest
    return None


def _wrapped(plan: TextPlan, lines: list[str], cells: list[str], more: int, reading: Reading) -> TextPlan:
    """``plan`` with a header that goes on for ``more`` lines."""
    end = plan.header_lines + more
    merged = replace(with_header(lines, plan.dialect, cells, plan.preamble_lines, end), surplus=0)
    return _with_change(merged, None, f"The header is wrapped: it has {more + 1} lines.", reading)


_MENDED = "Delimiters or quotes of the header are damaged; its letters are those of the declared columns."


def _joined(rows: list[list[str]]) -> list[str] | None:
    if len(rows) < 2 or len({len(r) for r in rows}) != 1:
        return None
    return [" ".join(c.strip() for c in column if c.strip()) for column in zip(*rows, strict=True)]


def _with_change(plan: TextPlan, column: str | None, message: str, reading: Reading) -> TextPlan:
    """``plan`` with one more change of its header in ``told``. Under the policy ``freeze`` it is held later."""
    policy = reading.layout_policy
    action = "file held" if policy == "freeze" else "read by the declared columns"
    plan.told.append(layout.LayoutChange(column, "header_mended", policy, action, message))
    return plan


def damaged_header(lines: list[str], reading: Reading) -> TextPlan | None:
    """A plan for a file in which no line has half of the declared columns as cells, but one has their letters."""
    filled = [i for i, line in enumerate(lines[: 4 * HEADER_SEARCH]) if line.strip()][:HEADER_SEARCH]
    for i in filled:
        for taken in (1, 2, 3):
            text = "".join(lines[i : i + taken])
            body = lines[i + taken : i + taken + 200]
            if not any(line.strip() for line in body):
                continue
            for delimiter in candidates_of(body, reading):
                dialect = refined(body, delimiter)
                width, share = widths_of(body, dialect)
                if share <= 0.5 or width < 2:
                    continue
                cells = restored(text, width, reading)
                rows = [r for r, _ in records_of(lines[i : i + taken], dialect, taken)]
                joined = _joined(rows) if not cells and len(rows) == taken > 1 else None
                if joined and layout.shared(joined, layout.declared_names(reading)) == len(joined) == width:
                    cells = joined
                if cells:
                    plan = with_header(lines, dialect, cells, i, i + taken)
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
    rows = records_of(line, dialect, 1)
    return (rows[0][0], 1) if rows else ([], 1)
