"""The independent count: hash, lines and records of a file in one pass over its bytes, from the first to the last.

It knows nothing of fields, and nothing is left out before the count begins: the header is a record here. A record ends at
a line end that is outside quotes, and whether a place is inside quotes is the parity of the number of quotes before it.
On well-formed text that is exact, on anything else it disagrees with a reader that understands fields, which is its point.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import BinaryIO

import numpy as np

from lakeweave.ingestion.headers import HeaderNames

CHUNK = 4 << 20
_LONGEST_HEADER = 64 << 10
LONG_RECORD = 8 << 20
"""Bytes without the end of a record from which on a file is not clean text.

DuckDB 1.5.5 is given no such file: for a quoted field of 1 GB with line ends it took more than 20 GB of memory.
"""


@dataclass
class Census:
    """What the count saw in a text file after its byte order mark; the header is one of the records.

    ``lf``, ``crlf`` and ``cr`` are line ends outside quotes; ``quoted_lines`` counts the LF and CR characters inside;
    ``doubled`` is more than 0 if two quotes stand side by side anywhere.
    """

    bytes: int = 0
    records: int = 0
    blank_lines: int = 0
    lf: int = 0
    crlf: int = 0
    cr: int = 0
    quotes: int = 0
    doubled: int = 0
    quoted_lines: int = 0
    nul: bool = False
    open_quote: bool = False
    odd: bool = False
    """Whether a byte order mark, a Ctrl-Z or another header is somewhere after the first header."""
    long: bool = False
    """Whether more than :data:`LONG_RECORD` bytes followed one another without the end of a record."""

    @property
    def newline_bytes(self) -> int:
        """Bytes of the line ends outside quotes."""
        return self.lf + self.cr + 2 * self.crlf

    @property
    def uniform(self) -> bool:
        """Whether all line ends outside quotes are of one kind."""
        return (self.lf > 0) + (self.crlf > 0) + (self.cr > 0) <= 1

    @property
    def well_formed(self) -> bool:
        """Whether nothing seen so far rules out a reader that expects clean text."""
        return self.uniform and not (self.nul or self.open_quote or self.odd or self.long)


class Counter:
    """Feeds on the bytes of a text, in any chunks, and fills a :class:`Census`.

    ``names`` tells another header after the first ``header_bytes`` bytes, which are counted like all others.
    """

    def __init__(self, quote: bytes = b'"', names: HeaderNames | None = None, header_bytes: int = 0) -> None:
        self.census = Census()
        self._names = names
        self._header = header_bytes
        self._line = b""
        self._quote = quote
        self._inside = False
        self._held = b""
        self._line_start = True
        self._last = b""
        self._without_end = 0

    def feed(self, chunk: bytes) -> None:
        r"""Count ``chunk``; a ``\r`` at its end waits for the next one, so that a CRLF is never cut."""
        if self._names is not None and not self.census.odd:
            self._look_for_others(chunk, self._names)
        if self._held:
            chunk, self._held = self._held + chunk, b""
        if chunk.endswith(b"\r"):
            chunk, self._held = chunk[:-1], b"\r"
        self._count(chunk)

    def finish(self) -> Census:
        """The census of everything fed."""
        if self._held:
            held, self._held = self._held, b""
            self._count(held)
        if not self._line_start:
            self.census.records += 1
        self.census.open_quote = self._inside
        return self.census

    def _look_for_others(self, chunk: bytes, names: HeaderNames) -> None:
        ahead, self._header = chunk[self._header :], max(0, self._header - len(chunk))
        if not ahead:
            return
        data = self._line + ahead
        self.census.odd = b"\xef\xbb\xbf" in data or b"\x1a" in data or names.may_be_in(data)
        # The last line goes on in the next chunk; one that is longer than any header does not matter.
        cut = max(ahead.rfind(b"\n"), ahead.rfind(b"\r")) + 1
        self._line = (ahead[cut:] if cut else data)[-_LONGEST_HEADER:]

    def _count(self, chunk: bytes) -> None:
        if not chunk:
            return
        c = self.census
        before = c.records + c.blank_lines
        self._count_ends(chunk)
        self._without_end = self._without_end + len(chunk) if c.records + c.blank_lines == before else 0
        c.long = c.long or self._without_end > LONG_RECORD

    def _count_ends(self, chunk: bytes) -> None:
        c, q = self.census, self._quote
        c.bytes += len(chunk)
        if not c.nul and b"\0" in chunk:
            c.nul = True
        quotes = chunk.count(q)
        if quotes:
            c.quotes += quotes
            c.doubled += chunk.count(q + q) + (self._last == q and chunk[:1] == q)
        self._last = chunk[-1:]
        if not quotes and self._inside:
            c.quoted_lines += chunk.count(b"\n") + chunk.count(b"\r")
            return
        if not quotes:
            returns = chunk.count(b"\r")
            ends = chunk.count(b"\n")
            pairs = chunk.count(b"\r\n") if returns else 0
            blank = b"\r\n\r\n" if returns else b"\n\n"
            first = b"\r\n" if returns else b"\n"
            # The short way holds if the kinds do not mix and no line is blank; else the positions are needed.
            if (
                (not returns or returns == ends == pairs)
                and blank not in chunk
                and not (self._line_start and chunk.startswith(first))
            ):
                c.lf += ends - pairs
                c.crlf += pairs
                c.records += ends
                self._line_start = chunk.endswith(b"\n")
                return
        self._count_positions(chunk, bool(quotes))

    def _count_positions(self, chunk: bytes, quoted: bool) -> None:
        c = self.census
        data = np.frombuffer(chunk, dtype=np.uint8)
        feeds = np.flatnonzero(data == 10)
        returns = np.flatnonzero(data == 13) if b"\r" in chunk else np.empty(0, dtype=np.int64)
        if quoted:
            quotes = np.flatnonzero(data == self._quote[0])
            parity = int(self._inside)
            c.quoted_lines += len(feeds) + len(returns)
            feeds = feeds[(np.searchsorted(quotes, feeds) + parity) & 1 == 0]
            returns = returns[(np.searchsorted(quotes, returns) + parity) & 1 == 0]
            c.quoted_lines -= len(feeds) + len(returns)
            self._inside = bool((len(quotes) + parity) & 1)
        if len(returns):
            # A \r is part of a CRLF if a \n follows at once; both are outside quotes then.
            paired = data[np.minimum(returns + 1, len(data) - 1)] == 10
            paired &= returns + 1 < len(data)
            pairs = returns[paired]
            lone = returns[~paired]
            starts = np.setdiff1d(feeds, pairs + 1, assume_unique=True)
            c.crlf += len(pairs)
            c.cr += len(lone)
            c.lf += len(starts)
            starts = np.sort(np.concatenate([starts, pairs, lone]))
            ends = starts + np.isin(starts, pairs, assume_unique=True)
        else:
            c.lf += len(feeds)
            starts = ends = feeds
        if not len(ends):
            self._line_start = False
            return
        # A line is blank if its end starts right after the end before it.
        blank = int(np.count_nonzero(starts[1:] == ends[:-1] + 1)) + int(self._line_start and starts[0] == 0)
        c.blank_lines += blank
        c.records += len(ends) - blank
        self._line_start = int(ends[-1]) == len(data) - 1


def read_through(stream: BinaryIO, head: bytes, consume: Callable[[bytes], None] | None = None) -> tuple[str, int]:
    """Read ``stream`` to its end after ``head`` (already read) and return the SHA-256 in hex and the bytes read.

    Each chunk is hashed on a second thread while ``consume`` looks at it: hashing lets go of the interpreter.
    """
    digest = hashlib.sha256(head)
    total = len(head)
    if consume:
        consume(head)
    chunk = stream.read(CHUNK)
    if len(chunk) < CHUNK:
        while chunk:
            digest.update(chunk)
            total += len(chunk)
            if consume:
                consume(chunk)
            chunk = stream.read(CHUNK)
        return digest.hexdigest(), total
    with ThreadPoolExecutor(1, thread_name_prefix="lakeweave-hash") as pool:
        while chunk:
            hashing = pool.submit(digest.update, chunk)
            total += len(chunk)
            if consume:
                consume(chunk)
            following = stream.read(CHUNK)
            hashing.result()
            chunk = following
    return digest.hexdigest(), total
