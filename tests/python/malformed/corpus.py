"""Damages clean tables the way real files are damaged, one damage a file, so that the truth of every file is known.

The families are those of public corpora of polluted CSV files: the file as a whole, its header line, one line of its body.
Every place of the header line is damaged in every way; places of the body are many, and the seed draws a sample of them.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass

Row = tuple[str, ...]


@dataclass(frozen=True)
class Table:
    """A clean table; the first row of ``text()`` is the header."""

    name: str
    columns: tuple[str, ...]
    rows: tuple[Row, ...]

    def line(self, row: Row, delimiter: str = ",", quote: str = '"', escape: str | None = None, end: str = "\n") -> str:
        """One row as text."""
        special = {delimiter, quote, "\n", "\r"}
        doubled = (escape or quote) + quote
        return delimiter.join(quote + c.replace(quote, doubled) + quote if special & set(c) else c for c in row) + end

    def lines(self, **dialect: str | None) -> list[str]:
        """The header and all rows as text, one string a record."""
        return [self.line(r, **dialect) for r in (self.columns, *self.rows)]  # type: ignore[arg-type]


@dataclass(frozen=True)
class Damaged:
    """A file and the records that a reader that knows everything would take from it."""

    name: str
    family: str
    table: Table
    data: bytes
    copies: int = 1
    """How often each record is in the file."""


def tables(seed: int = 1) -> list[Table]:
    """Four tables: wide with free text and an empty last column, narrow, numbers only, and two columns."""
    rng = random.Random(seed)
    words = ["bolt", "nut", "washer", "rope, 5 m", 'screw 3"', "tape\nblue", "O'Ring", "glue; fast", "", "Öse"]
    n = 60
    wide = tuple(
        (
            f"2026-01-{1 + i % 28:02d}",
            f"{i % 24:02d}:{i % 60:02d}",
            str(1 + i % 7),
            f"MG-{i:04d}",
            f"{i % 90}.{i % 100:02d}",
            rng.choice(["tools", "parts"]),
            rng.choice(words),
            f"https://shop.example/p/{i}?a=1&b={i}",
            rng.choice(["", "", "", "gift", "late"]),
        )
        for i in range(n)
    )
    narrow = tuple((str(i), rng.choice(words) or "x", f"{i}.5", rng.choice(["Graz", "Linz", "Wien"])) for i in range(n))
    numbers = tuple((str(i), str(i * 7 % 90), str(i * 13 % 1000), f"{i / 8:.3f}", f"-{i}") for i in range(n))
    pair = tuple((f"K{i}", rng.choice(words) or "x") for i in range(n))
    return [
        Table(
            "wide",
            ("date", "time", "qty", "product_id", "price", "product_type", "description", "url", "comments"),
            wide,
        ),
        Table("narrow", ("id", "label", "weight", "place"), narrow),
        Table("numbers", ("reading_id", "sensor", "level", "voltage", "delta"), numbers),
        Table("pair", ("code", "meaning"), pair),
    ]


def line_damages(table: Table, row: Row) -> Iterator[tuple[str, str]]:
    """Every damage of one line: its kind and the text that the file then has for it."""
    clean = table.line(row)
    cells = [table.line((c,), end="") for c in row]

    def joined(changed: dict[int, str], sep: str = ",") -> str:
        return sep.join(changed.get(i, c) for i, c in enumerate(cells)) + "\n"

    for i, cell in enumerate(cells):
        yield f"more_sep_{i}", joined({i: "," + cell})
        yield f"quote_before_{i}", joined({i: '"' + cell})
        yield f"quote_behind_{i}", joined({i: cell + '"'})
        yield f"line_end_before_{i}", joined({i: "\n" + cell})
        yield f"space_around_{i}", joined({i: f" {cell} "})
        if len(cell) > 1 and '"' not in cell:
            half = len(cell) // 2
            yield f"sep_inside_{i}", joined({i: cell[:half] + "," + cell[half:]})
            yield f"quote_inside_{i}", joined({i: cell[:half] + '"' + cell[half:]})
        if i:
            yield f"less_sep_{i}", ",".join([*cells[: i - 1], cells[i - 1] + cell, *cells[i + 1 :]]) + "\n"
            yield f"other_sep_{i}", ",".join([*cells[: i - 1], cells[i - 1] + ";" + cell, *cells[i + 1 :]]) + "\n"
        yield f"lost_cell_{i}", ",".join(cells[:i] + cells[i + 1 :]) + "\n"
    yield "more_sep_end", clean.rstrip("\n") + ",\n"
    yield "more_seps_end", clean.rstrip("\n") + ",,,\n"
    for name, sep in (("semicolon", ";"), ("tab", "\t"), ("space", " "), ("comma_space", ", "), ("bar", "|")):
        yield f"delimiter_{name}", table.line(row, sep) if len(sep) == 1 else joined({}, sep)
    yield "quoted_whole", '"' + clean.rstrip("\n").replace('"', '""') + '"\n'
    yield "quotes_single", table.line(row, quote="'")
    yield "quotes_all_single", ",".join("'" + c.replace("'", "''") + "'" for c in row) + "\n"
    yield "escape_backslash", table.line(row, escape="\\")
    yield "end_cr", clean.rstrip("\n") + "\r"
    yield "end_crlf", clean.rstrip("\n") + "\r\n"
    yield "no_end", clean.rstrip("\n")
    yield "cut", clean[: max(1, len(clean) * 2 // 3)].rstrip('",\n') + "\n"
    yield "blank_line_below", clean + "\n"
    yield "blank_line_above", "\n" + clean
    yield "separators_below", clean + "," * (len(row) - 1) + "\n"
    yield "mark", "\ufeff" + clean


def header_damages(table: Table) -> Iterator[tuple[str, str]]:
    """Damages that only a header has."""
    columns = table.columns
    clean = table.line(columns)
    yield "upper", clean.upper()
    yield "title", table.line(tuple(c.replace("_", " ").title() for c in columns))
    yield "twice", clean + clean
    yield "units_below", clean + table.line(tuple("" for _ in columns))
    yield "comment_mark", "#" + clean
    for i, name in enumerate(columns):
        changed = list(columns)
        changed[i] = name[:-1] + ("x" if name[-1] != "x" else "y")
        if len(name) >= 4:
            yield f"letter_{i}", table.line(tuple(changed))
        changed[i] = name[:1] + "\u200b" + name[1:]
        yield f"invisible_{i}", table.line(tuple(changed))
    parts = [c.split("_", 1) for c in columns]
    if any(len(p) > 1 for p in parts):
        rows = [tuple(p[0] for p in parts), tuple(p[1] if len(p) > 1 else "" for p in parts)]
        yield "two_lines", "".join(table.line(r) for r in rows)
    for n in (1, 3, 12):
        yield f"preamble_{n}", "Report of the stock\n" * n + clean
        yield f"preamble_wide_{n}", ("Report of the stock" + "," * (len(columns) - 1) + "\n") * n + clean
    yield "preamble_blank", "\n\n" + clean
    yield "sep_line", "sep=,\n" + clean


def whole_damages(table: Table) -> Iterator[tuple[str, bytes]]:
    """Damages of the whole file: its dialect, its ends, its encoding."""
    lines = table.lines()
    text = "".join(lines)
    yield "clean", text.encode()
    for name, sep in (("semicolon", ";"), ("tab", "\t"), ("bar", "|"), ("space", " "), ("caret", "^")):
        yield f"delimiter_{name}", "".join(table.lines(delimiter=sep)).encode()
    quoted = [",".join('"' + c.replace('"', '""') + '"' for c in r) + "\n" for r in (table.columns, *table.rows)]
    yield "all_quoted", "".join(quoted).encode()
    yield "comma_space", "".join(q.replace('","', '", "') for q in quoted).encode()
    yield "quote_single", "".join(table.lines(quote="'")).encode()
    yield "escape_backslash", "".join(table.lines(escape="\\")).encode()
    yield "end_cr", "".join(table.lines(end="\r")).encode()
    yield "end_crlf", "".join(table.lines(end="\r\n")).encode()
    yield "no_last_end", text.rstrip("\n").encode()
    yield "two_last_ends", (text + "\n").encode()
    yield "many_last_ends", (text + "\n" * 9).encode()
    yield "last_separators", (text + "," * (len(table.columns) - 1) + "\n").encode()
    yield "footer", (text + "\nTotal 60\n").encode()
    yield "mark", ("\ufeff" + text).encode()
    yield "utf16", text.encode("utf-16")
    yield "utf16_be", text.encode("utf-16-be")
    yield "joined", (text + text).encode()
    order = list(reversed(range(len(table.columns))))
    moved = [table.columns, *table.rows]
    yield "moved", "".join(table.line(tuple(r[i] for i in order)) for r in moved).encode()
    yield "nul_at_end", (text + "\0" * 5).encode()
    yield "control_z", (text + "\x1a").encode()


def corpus(seed: int = 1, body: int = 100) -> Iterator[Damaged]:
    """All damages of the whole file and of the header, and ``body`` damages of body lines for each table."""
    rng = random.Random(seed)
    for table in tables(seed):
        lines = table.lines()
        for kind, data in whole_damages(table):
            yield Damaged(f"{table.name}_file_{kind}", "file", table, data, 2 if kind == "joined" else 1)
        for kind, text in [*line_damages(table, table.columns), *header_damages(table)]:
            yield Damaged(f"{table.name}_header_{kind}", "header", table, (text + "".join(lines[1:])).encode())
        for number in range(body):
            at = rng.randrange(len(table.rows))
            kind, text = rng.choice(list(line_damages(table, table.rows[at])))
            data = "".join([*lines[: at + 1], text, *lines[at + 2 :]])
            yield Damaged(f"{table.name}_body_{number}_row_{at}_{kind}", "body", table, data.encode())
