"""Where the next element of a JSON text starts after one that is not JSON."""

from __future__ import annotations

import json
import re
from collections.abc import Callable

_TOKEN = re.compile(r'"(?:[^"\\]++|\\.)*+"|["{}\[\],:]', re.DOTALL)
_OBJECT = re.compile(r'\{\s*(?=["}])')
_IN_STRING = re.compile(r"[,\]}\[]\s*(\{)\s*$")
_BEFORE = re.compile(r"[,\]}\[]\s*$")
_SPACE = re.compile(r"[ \t\r\n]*")
_SEPARATORS = re.compile(r"[ \t\r\n,]*")
_NEAR = 200

Fits = Callable[[list[tuple[str, object]], str], bool]
"""Whether an object, given as its pairs, looks like a record; also the beginning of the broken element."""


class _MoreText(Exception):
    """What follows decides, and it is not there yet."""


class Resync:
    """Looks for the end of the broken element that starts at ``start``; call :meth:`find` again when there is more text.

    Brackets and strings are followed as if the text were right. The element ends where they say so, or before an object
    that cannot be a part of it: one that stands inside a string, or where an object has to have a key. Such an object
    counts only if it is valid JSON, something that may follow an element follows it, and ``fits`` takes it for a record.
    Where the brackets end the element, a record or the end of the array has to follow; else more belongs to it.
    ``surely`` judges objects that could as well be a part of the broken element; it is asked only at the end of the text.
    """

    def __init__(
        self, start: int, decode: Callable[[str, int], tuple[object, int]], fits: Fits, surely: Fits, *, in_array: bool
    ) -> None:
        self._start = self._at = start
        self._decode = decode
        self._fits = fits
        self._surely = surely
        self._in_array = in_array
        self._stack: list[str] = []
        self._previous = ""

    def moved_to(self, start: int) -> None:
        """The element starts at ``start`` now, because text before it was dropped."""
        self._at -= self._start - start
        self._start = start

    def find(self, text: str, ended: bool) -> int | None:
        """End of the broken element in ``text``; ``None`` where more text is needed, or nothing is found."""
        try:
            return self._find(text, ended)
        except _MoreText:
            return None

    def _find(self, text: str, ended: bool) -> int | None:
        while True:
            m = _TOKEN.search(text, self._at)
            if m is None or (m.group() == '"' and not ended):
                return self._last(text) if ended else None
            if m.group() == '"':
                return self._last(text, m.start())
            end = self._token(text, m.group(), m.start(), m.end(), ended)
            if end is not None:
                return end
            self._previous = m.group()[0]
            self._at = m.end()

    def _token(self, text: str, token: str, start: int, end: int, ended: bool) -> int | None:
        stack, later = self._stack, start > self._start
        if len(token) > 1:
            found = _IN_STRING.search(token[-_NEAR:-1])
            if found:
                at = end - min(len(token), _NEAR) + found.start(1)
                if self._is_record(text, at, ended, self._fits):
                    return at
        elif token == "{":
            misplaced = not stack or (stack[-1] == "{" and self._previous != ":")
            if later and misplaced and self._is_record(text, start, ended, self._fits):
                return start
            stack.append(token)
        elif token == "[":
            inner = _SPACE.match(text, end).end()  # type: ignore[union-attr]
            if later and not stack and not self._in_array and self._is_record(text, inner, ended, self._fits):
                return start
            stack.append(token)
        elif token in "}]":
            opener = "{" if token == "}" else "["
            if opener in stack:
                while stack.pop() != opener:
                    pass
                if not stack and self._resumes(text, end, ended):
                    return end
            elif not stack and later and token == "]" and self._in_array and self._resumes(text, start, ended):
                return start
        elif token == "," and not stack and later and self._in_array and self._resumes(text, start, ended):
            return start
        return None

    def _resumes(self, text: str, at: int, ended: bool) -> bool:
        """Whether the text goes on at ``at`` as it does between records: with a record, or with the end of the array.

        A bracket too many or too few makes a place inside the broken element look like such a place.
        """
        at = _SEPARATORS.match(text, at).end()  # type: ignore[union-attr]
        if text[at : at + 1] == "]" and self._in_array:
            at = _SPACE.match(text, at + 1).end()  # type: ignore[union-attr]
            if at < len(text):
                return text[at] == "["
        if at >= len(text):
            if not ended:
                raise _MoreText
            return True
        return text[at] == "{" and self._is_record(text, at, ended, self._fits)

    @staticmethod
    def _may_end(text: str, at: int, ended: bool) -> bool:
        at = _SPACE.match(text, at).end()  # type: ignore[union-attr]
        if at < len(text):
            return text[at] in ",]{["
        if not ended:
            raise _MoreText
        return True

    def _is_record(self, text: str, at: int, ended: bool, fits: Fits) -> bool:
        if at >= len(text) and not ended:
            raise _MoreText
        try:
            value, end = self._decode(text, at)
        except RecursionError:
            return False
        except ValueError as error:
            if not ended and is_cut(error, text):
                raise _MoreText from None
            return False
        return (
            isinstance(value, list)
            and text[at] == "{"
            and fits(value, text[self._start : self._start + _NEAR])
            and self._may_end(text, end, ended)
        )

    def _last(self, text: str, quote: int | None = None) -> int | None:
        """At the end of the text, which no bracket explains.

        Behind a quote that nothing closes stands an object of the next element. Where all quotes are closed, a bracket
        is missing: only what is surely a record ends the element then.
        """
        fits = self._surely if quote is None else self._fits
        if quote is None and text.rstrip()[-1:] not in ("]", "}"):
            return None  # cut off inside the element
        for m in _OBJECT.finditer(text, (self._start if quote is None else quote) + 1):
            before = text[max(0, m.start() - _NEAR) : m.start()]
            if _BEFORE.search(before) and self._is_record(text, m.start(), True, fits):
                return m.start()
        return None


def is_cut(error: ValueError, text: str) -> bool:
    """Whether ``error`` may only say that ``text`` ends before the value does."""
    position = error.pos if isinstance(error, json.JSONDecodeError) else 0
    return position > len(text) - 64 or "Unterminated" in str(error)
