"""Which encoding a text is in, and how its undecodable bytes are carried along.

A text that is valid UTF-8 is UTF-8. Otherwise a single-byte encoding is taken only if the evidence is clear, and its
confidence goes to the ledger. If several encodings are as likely, the file is held. If none is likely, it is read as
UTF-8, and the records that cannot be decoded are rejected. Nothing is ever replaced: a byte
that cannot be decoded becomes the lone surrogate U+DC00 + byte, which no decoder produces and no record may hold.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

ESCAPE = "lakeweave_escape"
BAD = re.compile("[\x00\ud800-\udfff]")
"""A NUL, a byte that was not decodable, or half a surrogate pair: a record with one of these is rejected."""

_SAMPLE = 256 << 10
_OTHER_ENCODINGS = frozenset(
    [
        "cp1250",
        "cp1251",
        "cp1253",
        "cp1254",
        "cp1255",
        "cp1256",
        "cp1257",
        "iso8859_2",
        "iso8859_5",
        "iso8859_7",
        "iso8859_9",
        "iso8859_15",
        "koi8_r",
        "koi8_u",
        "mac_roman",
        "cp437",
        "cp850",
        "shift_jis",
        "cp932",
        "euc_jp",
        "gb18030",
        "gbk",
        "gb2312",
        "big5",
        "euc_kr",
        "cp949",
    ]
)


@dataclass(frozen=True)
class Detected:
    """The encoding of a text. ``whole`` says whether all of it can be decoded.

    ``confidence`` is from 0 to 1, and ``None`` for UTF-8, which is verified byte by byte. ``others`` are encodings that are
    as likely: with them the guess is not safe.
    """

    encoding: str
    whole: bool = True
    confidence: float | None = None
    others: tuple[str, ...] = ()
    note: str | None = None
    """The message about a file that is read in this encoding."""


def _escape(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return "".join(chr(0xDC00 + b) for b in error.object[error.start : error.end]), error.end


codecs.register_error(ESCAPE, _escape)


def shown(text: str) -> str:
    r"""``text`` fit to be stored: NUL, undecodable bytes and lone surrogates are written as ``\xNN`` or ``\uNNNN``."""
    if not BAD.search(text):
        return text
    return BAD.sub(_show, text)


def _show(m: re.Match[str]) -> str:
    code = ord(m.group())
    if code == 0:
        return "\\x00"
    return f"\\x{code - 0xDC00:02x}" if 0xDC00 <= code <= 0xDCFF else f"\\u{code:04x}"


def declared(name: str, head: bytes) -> Detected:
    """The declared encoding ``name``; with a note if the text, which starts with ``head``, is valid UTF-8 instead."""
    if not head.isascii() and not name.startswith(("utf", "ascii")):
        try:
            text = codecs.getincrementaldecoder("utf-8")().decode(head)
        except UnicodeDecodeError:
            return Detected(name)
        letters = sum(ord(c) > 127 for c in text)
        if letters >= 2:
            note = (
                f"The text is read as {name}, which the source declares, but it is valid UTF-8 with {letters} characters "
                "above ASCII at its beginning. If the letters are wrong, correct the `encoding`, release and replay the file."
            )
            return Detected(name, note=note)
    return Detected(name)


def detect(chunks: Iterable[bytes]) -> Detected:
    """The encoding of a text without byte order mark, given by its ``chunks``."""
    high = invalid = 0
    samples: list[bytes] = []
    kept = 0
    begun = b""
    decoder = codecs.getincrementaldecoder("utf-8")(ESCAPE)
    tail_cut = False
    for chunk in chunks:
        if chunk.isascii() and begun.isascii():
            if decoder.getstate()[0]:
                invalid += sum(0xDC00 <= ord(c) <= 0xDCFF for c in decoder.decode(chunk))
            begun = (begun + chunk).rpartition(b"\n")[2][-_SAMPLE:]
            continue
        data = np.frombuffer(chunk, dtype=np.uint8)
        high += int(np.count_nonzero(data >= 128))
        text = decoder.decode(chunk)
        try:
            text.encode("utf-8")
        except UnicodeEncodeError:
            invalid += sum(0xDC00 <= ord(c) <= 0xDCFF for c in text)
        if kept < _SAMPLE:
            *lines, begun = (begun + chunk).split(b"\n")
            begun = begun[-_SAMPLE:]
            for line in lines:
                if kept < _SAMPLE and not line.isascii():
                    samples.append(line[:_SAMPLE])
                    kept += len(line)
    rest = decoder.decode(b"", final=True)
    if rest:
        tail_cut = True
        invalid += len(rest)
    if not invalid:
        return Detected("utf-8")
    # A character cut off at the end of the file is no evidence for another encoding.
    if high - invalid >= invalid or (tail_cut and invalid == len(rest)):
        return Detected("utf-8", whole=False)
    return _single_bytes(b"\n".join([*samples, begun]), high)


def _single_bytes(sample: bytes, high: int) -> Detected:
    """The encoding of a text that is not UTF-8, by its lines with bytes above 127, of which it has ``high``."""
    from lakeweave.ingestion.alphabets import SAFE, guess

    latin = guess(sample)
    if latin is None:
        found = _statistical(sample, high, None)
        return Detected(found[0], confidence=found[1]) if found else Detected("utf-8", whole=False)
    if latin.confidence >= SAFE:
        return Detected(latin.encoding, confidence=latin.confidence)
    found = _statistical(sample, high, [latin.encoding, *latin.others])
    if found:
        return Detected(found[0], confidence=found[1])
    return Detected(latin.encoding, confidence=latin.confidence, others=latin.others)


def _statistical(sample: bytes, high: int, among: list[str] | None) -> tuple[str, float] | None:
    """What charset-normalizer finds, with its coherence; ``None`` unless it is sure. ``among``: only these encodings."""
    if high < 24:
        return None
    import charset_normalizer

    if among:
        names = ["latin_1" if n == "iso8859-1" else n.replace("-", "_") for n in among]
        matches = charset_normalizer.from_bytes(sample, cp_isolation=names)
    else:
        matches = charset_normalizer.from_bytes(sample, cp_exclusion=["utf_8", "utf_7", "utf_16", "utf_32"])
    best = matches.best()
    if best is None or best.percent_chaos > 10 or best.percent_coherence < 40:
        return None
    if among is None:
        return (str(best.encoding), best.percent_coherence / 100) if best.encoding in _OTHER_ENCODINGS else None
    rivals = [m for m in matches if str(m) != str(best)]
    if any(m.percent_coherence + 10 > best.percent_coherence for m in rivals):
        return None
    return codecs.lookup(best.encoding).name, best.percent_coherence / 100
