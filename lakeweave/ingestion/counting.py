"""The independent count: hash, lines and records of a file in one pass over its bytes, from the first to the last.

It ignores fields, and nothing is left out before the count begins: the header is a record here. A record ends at
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
import numpy.typing as npt

from lakeweave.ingestion.headers import HeaderNames

CHUNK = 4 << 20
_LF, _CR = 10, 13
_MARK = b"\xef\xbb\xbf"
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


def count_lines(data: bytes) -> Census:
    """The census of a whole text in which no line is blank and that has no quote, no CR and no NUL."""
    ends = data.count(b"\n")
    return Census(bytes=len(data), records=ends + (not data.endswith(b"\n")), lf=ends)


class Counter:
    """Feeds on the bytes of a text, in any chunks, and fills a :class:`Census`.

    ``names`` tells another header after the first ``header_bytes`` bytes, which are counted like all others. Without it no
    other header is looked for.
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
        if not self.census.odd:
            self._look_for_others(chunk)
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

    def _look_for_others(self, chunk: bytes) -> None:
        start, self._header = self._header, max(0, self._header - len(chunk))
        if start >= len(chunk):
            return
        if self._names is None:
            # A byte order mark may begin in a chunk before.
            last = chunk[max(start, len(chunk) - 2) :]
            seam, self._line = self._line + chunk[start : start + 2], (self._line + last)[-2:]
            # The search for one byte is many times faster than that for three.
            marked = chunk.find(_MARK[:1], start) >= 0 and chunk.find(_MARK, start) >= 0
            self.census.odd = marked or _MARK in seam or chunk.find(b"\x1a", start) >= 0
            return
        ahead = chunk[start:]
        data = self._line + ahead
        self.census.odd = b"\x1a" in data or _MARK in data or self._names.may_be_in(data)
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
        """Count by bits: bit ``i`` of a mask stands for byte ``i`` of the chunk, 64 of them to a word."""
        c = self.census
        c.bytes += len(chunk)
        c.nul = c.nul or b"\0" in chunk
        data = np.frombuffer(chunk, dtype=np.uint8)
        ends = _mask(data, _LF)
        quotes = _mask(data, self._quote[0]) if self._quote in chunk else None
        returns = _mask(data, _CR) if b"\r" in chunk else None
        if quotes is not None:
            n = _ones(quotes)
            c.quotes += n
            c.doubled += _ones(quotes & _behind(quotes, self._last == self._quote))
            all_ends = _ones(ends) + (_ones(returns) if returns is not None else 0)
            outside = _even(quotes, self._inside)
            ends &= outside
            if returns is not None:
                returns &= outside
            c.quoted_lines += all_ends - _ones(ends) - (_ones(returns) if returns is not None else 0)
            self._inside ^= bool(n & 1)
        elif self._inside:
            c.quoted_lines += chunk.count(b"\n") + chunk.count(b"\r")
            self._last, self._line_start = chunk[-1:], False
            return
        starts = ends
        if returns is not None:
            # A LF right behind a CR is one line end with it; both are outside quotes then. No chunk ends in a CR.
            pairs = ends & _behind(returns, False)
            both = _ones(pairs)
            c.crlf += both
            c.cr += _ones(returns) - both
            c.lf += _ones(ends) - both
            starts = (ends & ~pairs) | returns
            # Where a line end is over: at its LF, or at a CR that no LF follows.
            ends = ends | (returns & ~_before(pairs))
        else:
            c.lf += _ones(ends)
        # A line is blank if its end starts right behind the end before it.
        blank = _ones(starts & _behind(ends, self._line_start))
        c.blank_lines += blank
        c.records += _ones(starts) - blank
        last = len(data) - 1
        self._line_start = bool((int(ends[last >> 6]) >> (last & 63)) & 1)
        self._last = chunk[-1:]


_Words = npt.NDArray[np.uint64]
_ONE, _TOP = np.uint64(1), np.uint64(63)


def _mask(data: npt.NDArray[np.uint8], byte: int) -> _Words:
    """A bit for each byte of ``data``, set where it is ``byte``; zeros fill the last word."""
    words = np.zeros(((len(data) + 63) // 64) * 8, dtype=np.uint8)
    packed = np.packbits(data == byte, bitorder="little")
    words[: len(packed)] = packed
    return words.view("<u8").astype(np.uint64, copy=False)


def _ones(mask: _Words) -> int:
    return int(np.bitwise_count(mask).sum(dtype=np.int64))


def _behind(mask: _Words, first: bool) -> _Words:
    """Each bit one place on; ``first`` is the bit before the first."""
    moved = mask << _ONE
    moved[1:] |= mask[:-1] >> _TOP
    moved[0] |= np.uint64(first)
    return moved


def _before(mask: _Words) -> _Words:
    """Each bit one place back."""
    moved = mask >> _ONE
    moved[:-1] |= mask[1:] << _TOP
    return moved


def _even(quotes: _Words, inside: bool) -> _Words:
    """A bit for each place with an even number of quotes up to it: the places outside quotes, and closing quotes."""
    odd = quotes.copy()
    for shift in (1, 2, 4, 8, 16, 32):
        odd ^= odd << np.uint64(shift)
    # The parity of all words before decides whether a word is turned over.
    carried = np.bitwise_xor.accumulate((odd >> _TOP).astype(np.uint8))
    before = np.empty(len(odd), dtype=np.uint8)
    before[0], before[1:] = inside, carried[:-1] ^ np.uint8(inside)
    odd ^= np.uint64(0) - before.astype(np.uint64)
    return ~odd


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
