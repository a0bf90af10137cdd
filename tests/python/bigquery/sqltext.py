"""SQL as text: tokens, paths, and edits that keep track of where each piece came from.

Only for what has to be known before Google's parser is asked, and for rewriting a statement while errors keep pointing
into the original. Grammar is never guessed here: structure comes from the parser's own tree (`analyzer.py`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache

# https://cloud.google.com/bigquery/docs/reference/standard-sql/lexical
_TOKEN = re.compile(
    r"""
    (?P<space>\s+)
  | (?P<comment>--[^\n]*|\#[^\n]*|/\*.*?\*/)
  | (?P<string>(?:[rR][bB]?|[bB][rR]?)?(?:\"\"\"(?:\\.|[^\\])*?\"\"\"|'''(?:\\.|[^\\])*?'''|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'))
  | (?P<quoted>`(?:\\.|[^`\\])*`)
  | (?P<number>\d+(?:\.\d*)?(?:[eE][+-]?\d+)?|\.\d+(?:[eE][+-]?\d+)?)
  | (?P<name>@@?[A-Za-z_]\w*|[A-Za-z_]\w*)
  | (?P<operator>=>|->|<>|!=|<=|>=|\|\||\|>|<<|>>|.)
    """,
    re.VERBOSE | re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class Token:
    """One token: `kind` is string, quoted (an identifier in backticks), number, name or operator."""

    kind: str
    text: str
    start: int
    end: int

    @property
    def name(self) -> str:
        """The identifier without its backticks."""
        return self.text[1:-1] if self.kind == "quoted" else self.text

    @property
    def upper(self) -> str:
        """The text in capitals, for comparing with a keyword."""
        return self.text.upper()


@lru_cache(maxsize=64)
def tokens(sql: str) -> list[Token]:
    """The tokens of a text without white space and comments. The list is shared: do not change it."""
    return [
        Token(match.lastgroup or "", match.group(), match.start(), match.end())
        for match in _TOKEN.finditer(sql)
        if match.lastgroup not in ("space", "comment")
    ]


_OF_THE_RUN = re.compile(
    r"(?P<moment>\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{6})"
    r"|(?P<id>[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})"
    r"|(?<=__dbt_tmp)(?P<number>\d+)"
)


def without_run(sql: str) -> str:
    """The text with the moment, the id and the scratch numbers of the run as zeros: what a statement is, run after run.

    Lengths stay, so that a place in the one is the place in the other.
    """

    def zeros(match: re.Match[str]) -> str:
        if match.lastgroup == "moment":
            return "2000-01-01 00:00:00.000000"
        return re.sub("[0-9a-f]", "0", match.group())

    return _OF_THE_RUN.sub(zeros, sql)


@dataclass(frozen=True)
class Path:
    """A dotted name as it is written: `parts` are its pieces as quoted (a piece in backticks may hold dots)."""

    parts: tuple[str, ...]
    start: int
    end: int

    @property
    def names(self) -> tuple[str, ...]:
        """The name's pieces with dots inside backticks taken apart, which BigQuery treats alike."""
        return tuple(".".join(self.parts).split("."))


def paths(stream: list[Token]) -> Iterator[Path]:
    """Every dotted name in the text, the longest from each start. Dashes are taken into the first piece, as in a project."""
    position = 0
    while position < len(stream):
        token = stream[position]
        if token.kind not in ("name", "quoted"):
            position += 1
            continue
        parts, end, position = [token.name], token.end, position + 1
        while position < len(stream):
            following = stream[position]
            glued = following.start == end
            if (
                token.kind == "name"
                and len(parts) == 1
                and glued
                and following.text == "-"
                and position + 1 < len(stream)
            ):
                piece = stream[position + 1]
                if piece.start != following.end or piece.kind not in ("name", "number"):
                    break
                # `p-1.d` reads as the number `1.` and a name.
                parts[0], end, position = f"{parts[0]}-{piece.text.rstrip('.')}", piece.end, position + 2
                if piece.text.endswith(".") and position < len(stream) and stream[position].kind in ("name", "quoted"):
                    parts.append(stream[position].name)
                    end, position = stream[position].end, position + 1
            elif following.text == "." and position + 1 < len(stream):
                piece = stream[position + 1]
                if piece.kind not in ("name", "quoted"):
                    break
                parts.append(piece.name)
                end, position = piece.end, position + 2
            else:
                break
        yield Path(tuple(parts), token.start, end)


def line_and_column(sql: str, offset: int) -> tuple[int, int]:
    """The 1-based line and column of a character."""
    before = sql[: max(offset, 0)]
    return before.count("\n") + 1, len(before) - (before.rfind("\n") + 1) + 1


def offset_of(sql: str, line: int, column: int) -> int:
    """The character at a 1-based line and column, as the analyzer counts them (a tab goes to the next column of eight)."""
    rows = sql.split("\n")
    row = rows[min(line, len(rows)) - 1]
    seen = position = 0
    while position < len(row) and seen < column - 1:
        seen += 8 - seen % 8 if row[position] == "\t" else 1
        position += 1
    return sum(len(each) + 1 for each in rows[: min(line, len(rows)) - 1]) + position


@dataclass
class Edited:
    """A text put together from stretches of an original and from new pieces, each with its place in the original."""

    original: str
    pieces: list[tuple[str, int, bool]] = field(default_factory=list)
    """Each: text, offset in the original, and whether it is the original's own text."""

    def keep(self, start: int, end: int) -> None:
        """Appends the original's characters from `start` to `end`."""
        if end > start:
            self.pieces.append((self.original[start:end], start, True))

    def add(self, text: str, at: int) -> None:
        """Appends a new text that replaces the text at `at`."""
        self.pieces.append((text, at, False))

    def append(self, other: Edited) -> None:
        """Appends another edited text of the same original."""
        self.pieces.extend(other.pieces)

    @property
    def text(self) -> str:
        """The text as it is now."""
        return "".join(piece for piece, _, _ in self.pieces)

    def origin(self, offset: int) -> int:
        """Where the character at `offset` of the text came from."""
        for text, at, own in self.pieces:
            if offset < len(text):
                return at + offset if own else at
            offset -= len(text)
        return len(self.original)
