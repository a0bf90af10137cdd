"""The physical lines of a text, and how many bytes of the file they are."""

from __future__ import annotations

import codecs
import io
import re
from collections.abc import Callable, Iterator

from lakeweave.errors import FileHeld
from lakeweave.ingestion.encoding import BAD

MAX_LINE_CHARS = 64 << 20
_ESCAPED = re.compile("[\udc00-\udcff]")
_EXACT = ("utf-8", "utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be", "ascii")


def split_lines(text: str) -> list[str]:
    """Physical lines with their ends: LF, CRLF and CR all end a line, nothing else does."""
    return io.StringIO(text, newline="").readlines()


def measure(codec: str) -> Callable[[str], int]:
    """A function that says how many bytes a text was before it was decoded with ``codec`` and the escapes of ours."""

    def size(text: str) -> int:
        if text.isascii() and codec == "utf-8":
            return len(text)
        try:
            return len(text.encode(codec))
        except UnicodeEncodeError:
            escaped = len(_ESCAPED.findall(text))
            return escaped + len(_ESCAPED.sub("", text).encode(codec, "ignore"))

    return size


def is_exact(codec: str) -> bool:
    """Whether every text has one form in ``codec``, so that its bytes can be measured after decoding.

    False for the encodings of East Asia with several bytes a character: some have two forms of one character, or shifts.
    """
    name = codecs.lookup(codec).name
    if name in _EXACT:
        return True
    try:
        return len(bytes(range(256)).decode(codec, "replace")) == 256
    except UnicodeError:
        return False


class Lines:
    """The physical lines of a text that comes in chunks, with a window to look ahead in."""

    def __init__(self, chunks: Iterator[str]) -> None:
        self._chunks = chunks
        self._tail: list[str] = []
        self._tail_chars = 0
        self._ended = False
        self.window: list[str] = []
        self.at = 0
        self.number = 0
        """Lines passed so far."""
        self.total = 0
        """Line ends counted in the text itself, independently of how it was split."""
        self.dirty = False
        """Whether a line of the window holds a NUL or bytes that could not be decoded."""
        self.marked = False
        """Whether a line of the window holds a byte order mark."""

    def more(self) -> bool:
        """Bring more lines into the window; false at the end of the text."""
        while not self._ended:
            chunk = next(self._chunks, None)
            if chunk is None:
                self._ended = True
                text = "".join(self._tail)
                self._tail, self._tail_chars = [], 0
                if not text:
                    return False
                # A tail that ends in a lone \r has its line ends counted like any other text.
                ends = text.count("\n") + text.count("\r") - text.count("\r\n")
                self.total += ends + (not text.endswith(("\n", "\r")))
            else:
                tail = self._tail[-1][-1:] if self._tail else ""
                # A \r at the end may be half of a CRLF.
                found = max(chunk.rfind("\n"), chunk.rfind("\r", 0, max(0, len(chunk) - 1))) + 1
                if not found and not (tail == "\r" and chunk):
                    self._tail.append(chunk)
                    self._tail_chars += len(chunk)
                    if self._tail_chars > MAX_LINE_CHARS:
                        raise FileHeld("line_too_long", f"A line has more than {MAX_LINE_CHARS} characters.")
                    continue
                text = "".join(self._tail) + chunk
                cut = max(text.rfind("\n"), text.rfind("\r", 0, max(0, len(text) - 1))) + 1
                text, rest_of = text[:cut], text[cut:]
                self._tail, self._tail_chars = ([rest_of] if rest_of else []), len(rest_of)
                self.total += text.count("\n") + text.count("\r") - text.count("\r\n")
            rest = self.window[self.at :]
            plain = text.isascii()
            self.dirty = (self.dirty and any(map(BAD.search, rest))) or (
                (not plain or "\0" in text) and BAD.search(text) is not None
            )
            self.marked = (self.marked and any("\ufeff" in line for line in rest)) or (not plain and "\ufeff" in text)
            self.window = rest + split_lines(text)
            self.at = 0
            return True
        return False

    def pass_over(self, n: int) -> list[str]:
        """Take the next ``n`` lines out of the window."""
        taken = self.window[self.at : self.at + n]
        self.at += n
        self.number += n
        return taken
