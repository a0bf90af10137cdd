"""The values of a JSON text one after another: elements of arrays, objects that follow each other, and what is neither."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from lakeweave.errors import FileHeld
from lakeweave.ingestion.jsoncount import ObjectCounter
from lakeweave.ingestion.jsonresync import Fits, Resync, is_cut

_SPACE = re.compile("[ \t\r\n\ufeff]*")
MAX_VALUE_CHARS = 256 << 20
"""Characters of one element; a file with a longer one is held."""


class Number(str):
    """A JSON number, as it is written in the file."""

    __slots__ = ()


class Pairs(list):  # type: ignore[type-arg]
    """A JSON object as its pairs, so that a repeated key is not lost."""

    __slots__ = ()


DECODER = json.JSONDecoder(object_pairs_hook=Pairs, parse_float=Number, parse_int=Number, parse_constant=Number)


class CutOff(Exception):
    """What is in the place of a value where the text ends before it does."""


class NoElement(Exception):
    """What is in the place of a value where a comma has no element beside it."""


@dataclass(slots=True)
class Value:
    """A value, or the error in its place; its text, and the line that it starts on."""

    value: Any
    raw: str
    line: int


class JsonValues:
    """Iterates over the values of a text that comes in ``chunks``.

    ``cut`` says afterwards that an array is not closed; ``lines`` counts the lines of the text; ``counter`` has counted
    the objects of everything that is JSON; ``between`` is the ``size`` of the text that is in no value.
    """

    def __init__(self, chunks: Iterator[str], fits: Fits, surely: Fits, size: Callable[[str], int] = len) -> None:
        self._chunks = chunks
        self._size = size
        self.between = 0
        self._accounted = 0
        self._fits = fits
        self._surely = surely
        self.counter = ObjectCounter()
        self.objects = 0
        self.cut = False
        self._text = ""
        self._at = self._fed = self._marked = 0
        self._line = 1
        self._line_ends = 0
        self._last = ""
        self._ended = False

    @property
    def lines(self) -> int:
        """Physical lines of the text that was read."""
        return self._line_ends + (1 if self._last not in ("", "\n", "\r") else 0)

    def _load(self) -> bool:
        """One more chunk behind the text from the current place on; false at the end."""
        chunk = next(self._chunks, None)
        if chunk is None:
            self._ended = True
            return False
        if chunk:
            self._line_ends += _line_ends(self._last, chunk)
            self._last = chunk[-1]
        self._feed(self._at)
        self._pass_to(self._at)
        self._line += self._text.count("\n", self._marked, self._at)
        self._text = self._text[self._at :] + chunk
        self._at = self._fed = self._marked = self._accounted = 0
        return True

    def _pass_to(self, at: int) -> None:
        self.between += self._size(self._text[self._accounted : at])
        self._accounted = at

    def _grow(self) -> bool:
        """Twice as much text for a value that is longer than what there is; false at the end."""
        wanted = 2 * (len(self._text) - self._at)
        if wanted > 2 * MAX_VALUE_CHARS:
            raise FileHeld("corrupt_file", f"An element of the JSON text is longer than {MAX_VALUE_CHARS} characters.")
        grown = self._load()
        while grown and len(self._text) < wanted and self._load():
            pass
        return grown

    def _feed(self, end: int) -> None:
        if end > self._fed:
            self.counter.feed(self._text[self._fed : end])
            self._fed = end

    def __iter__(self) -> Iterator[Value]:
        in_array = elements = started = False
        comma = False
        while True:
            self._at = _SPACE.match(self._text, self._at).end()  # type: ignore[union-attr]
            if self._at >= len(self._text) - 1 and not self._ended and self._load():
                continue
            if self._at >= len(self._text):
                break
            c = self._text[self._at]
            if c == "[" and not in_array:
                in_array, elements, comma = True, False, False
                self._at += 1
                continue
            if in_array and c in ",]":
                if comma or (c == "," and not elements):
                    yield Value(NoElement("A comma has no element beside it."), ",", self._line_number())
                comma = c == ","
                in_array = comma
                self._at += 1
                continue
            if c == "," and started and not comma:
                comma = True
                self._at += 1
                continue
            started = elements = True
            comma = False
            yield self._value(in_array)
        if comma and not in_array:
            yield Value(NoElement("A comma has no element beside it."), ",", self._line_number())
        self._feed(len(self._text))
        self._pass_to(len(self._text))
        self.cut = in_array

    def _line_number(self) -> int:
        self._line += self._text.count("\n", self._marked, self._at)
        self._marked = self._at
        return self._line

    def _value(self, in_array: bool) -> Value:
        line = self._line_number()
        self._pass_to(self._at)
        value: Any
        while True:
            try:
                value, end = DECODER.raw_decode(self._text, self._at)
            except RecursionError as error:
                value, end = error, -1
            except ValueError as error:
                if not self._ended and is_cut(error, self._text) and self._grow():
                    continue
                value, end = error, -1
            else:
                follows = _SPACE.match(self._text, end).end()  # type: ignore[union-attr]
                if follows >= len(self._text) and not self._ended and self._grow():
                    continue
                if follows < len(self._text) and self._text[follows] not in (",]{" if in_array else ",{["):
                    value = ValueError(f"Something follows the value: {self._text[follows : follows + 20]!r}")
                    end = -1
            break
        if end >= 0:
            self.objects += isinstance(value, Pairs)
            raw = self._text[self._at : end]
            self._at = self._accounted = end
            return Value(value, raw, line)
        self._feed(self._at)
        resync = Resync(self._at, DECODER.raw_decode, self._fits, self._surely, in_array=in_array)
        found = resync.find(self._text, self._ended)
        while found is None and not self._ended:
            self._grow()
            resync.moved_to(self._at)
            found = resync.find(self._text, self._ended)
        if found is None:
            if isinstance(value, ValueError) and is_cut(value, self._text) and in_array:
                value = CutOff(str(value))
            found = len(self._text)
        raw = self._text[self._at : found]
        self._at = self._fed = self._accounted = found
        return Value(value, raw, line)


def _line_ends(before: str, chunk: str) -> int:
    r"""Line ends in ``chunk``; a ``\n`` that completes a ``\r`` of the chunk before is not counted again."""
    n = chunk.count("\n") + chunk.count("\r") - chunk.count("\r\n")
    return n - (before == "\r" and chunk.startswith("\n"))
