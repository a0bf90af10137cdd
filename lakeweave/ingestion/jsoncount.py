"""The independent count of JSON: how many objects stand where a record may stand, from brackets and quotes alone.

Nothing here decodes a value or shares code with the reader. On well-formed text the count is exact; a reader that loses,
joins or splits records disagrees with it.
"""

from __future__ import annotations

import re

import numpy as np

_ESCAPE = re.compile(rb"\\.", re.DOTALL)
_QUOTE, _OPEN, _CLOSE, _OPEN_LIST, _CLOSE_LIST = 34, 123, 125, 91, 93


class ObjectCounter:
    """Feeds on text, and counts the objects at the top level and directly in arrays of the top level.

    Text that the reader rejects as no JSON is left out of what is fed: the count is then that of the rest.
    """

    def __init__(self) -> None:
        self.objects = 0
        self._inside = False
        self._depth = 0
        self._in_list = False
        self._held = b""

    def feed(self, text: str) -> None:
        """Count a piece of the text; pieces may end anywhere."""
        data = self._held + text.encode("utf-8", "surrogatepass")
        self._held = b""
        if b"\\" in data:
            trailing = len(data) - len(data.rstrip(b"\\"))
            if trailing % 2:
                data, self._held = data[:-1], b"\\"
            data = _ESCAPE.sub(b"__", data)
        if data:
            self._count(np.frombuffer(data, dtype=np.uint8))

    @property
    def complete(self) -> bool:
        """Whether every bracket and quote that was opened is closed."""
        return not self._inside and not self._depth and not self._held

    def _count(self, data: np.ndarray) -> None:
        quotes = np.flatnonzero(data == _QUOTE)
        brackets = np.flatnonzero((data == _OPEN) | (data == _CLOSE) | (data == _OPEN_LIST) | (data == _CLOSE_LIST))
        if len(quotes) or self._inside:
            brackets = brackets[(np.searchsorted(quotes, brackets) + self._inside) & 1 == 0]
            self._inside = bool((len(quotes) + self._inside) & 1)
        if not len(brackets):
            return
        kinds = data[brackets]
        opens = (kinds == _OPEN) | (kinds == _OPEN_LIST)
        after = self._depth + np.cumsum(np.where(opens, 1, -1))
        before = after - np.where(opens, 1, -1)
        objects = kinds == _OPEN
        self.objects += int(np.count_nonzero(objects & (before == 0)))
        # An object at depth 1 is a record where the bracket that it is in opens an array.
        tops = np.flatnonzero(opens & (before == 0))
        inner = np.flatnonzero(objects & (before == 1))
        if len(inner):
            at = np.searchsorted(tops, inner)
            if len(tops):
                lists = kinds[tops[np.maximum(at - 1, 0)]] == _OPEN_LIST
                lists = np.where(at == 0, self._in_list, lists)
            else:
                lists = np.full(len(inner), self._in_list)
            self.objects += int(np.count_nonzero(lists))
        if len(tops):
            self._in_list = bool(kinds[tops[-1]] == _OPEN_LIST)
        self._depth = int(after[-1])
