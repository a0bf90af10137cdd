"""Which encoding a text is in, and how its undecodable bytes are carried along.

A text that is valid UTF-8 is UTF-8. Otherwise a single-byte encoding is taken only if the evidence is clear; if it is
not, the file is read as UTF-8 and the records that cannot be decoded are rejected. Nothing is ever replaced: a byte
that cannot be decoded becomes the lone surrogate U+DC00 + byte, which no decoder produces and no record may hold.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterable

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
_WORD_ENDS = frozenset(" ,;|\t.\"'-\r\n")
_PLAIN_SYMBOLS = frozenset("\u00a0°®©™«»“”‘’‚„–—…•·½¼¾²³§¿¡ºªµ±×")
_MONEY = frozenset("€£¥¢")
_ALONE = frozenset("àèéòóúÀÈÉÒÓÚ")


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


def detect(chunks: Iterable[bytes]) -> tuple[str, bool]:
    """Encoding of a text without byte order mark given by its ``chunks``, and whether all of it can be decoded."""
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
        return "utf-8", True
    # A character cut off at the end of the file is no evidence for another encoding.
    if high - invalid >= invalid or (tail_cut and invalid == len(rest)):
        return "utf-8", False
    sample = b"\n".join([*samples, begun])
    if _is_western(sample):
        name = "cp1252" if re.search(rb"[\x80-\x9f]", sample) else "iso8859-1"
        return name, True
    other = _other_encoding(sample, high)
    return (other, True) if other else ("utf-8", False)


def _is_western(sample: bytes) -> bool:
    """Whether every byte above 127 makes sense, where it stands, as Windows-1252."""
    text = sample.decode("cp1252", ESCAPE)
    total = plausible = 0
    # No Western word has three such letters in a row, words in other alphabets consist of them.
    text = re.sub(r"[À-ÖØ-öø-ÿŠŒŽšœžŸ]{3,}", lambda run: "ÿ" * len(run.group()), text)
    for m in re.finditer(r"[^\x00-\x7f]", text):
        i = m.start()
        c = text[i]
        before, after = text[i - 1 : i] if i else "", text[i + 1 : i + 2]
        total += 1
        plausible += _makes_sense(c, before, after)
    return total > 0 and (plausible == total or (total >= 20 and plausible >= 0.95 * total))


def _makes_sense(c: str, before: str, after: str) -> bool:
    """Whether ``c`` stands between ``before`` and ``after`` as it would in Western text."""
    if c in "‚„":  # they open a quotation
        return not before.isalnum() and after.isalpha()
    if c in _PLAIN_SYMBOLS:
        return True
    if c in _MONEY:
        return before.isdigit() or after.isdigit() or " " in (before, after)
    if not c.isalpha() or c in "ÿˆŸªº":
        return False
    if c.isupper():
        # Capitals start a word, or stand in a word of capitals.
        if not before.isalpha():
            return after.isalpha() or c in _ALONE
        return before.isupper() and (after.isupper() or not after or after in _WORD_ENDS)
    return before.isalpha() or after.isalpha() or (c in _ALONE and not before.isalnum())


def _other_encoding(sample: bytes, high: int) -> str | None:
    """Ask charset-normalizer, and believe it only where it is sure."""
    if high < 24:
        return None
    import charset_normalizer

    best = charset_normalizer.from_bytes(sample, cp_exclusion=["utf_8", "utf_7", "utf_16", "utf_32"]).best()
    if best is None or best.encoding not in _OTHER_ENCODINGS or best.percent_chaos > 10 or best.percent_coherence < 40:
        return None
    return str(best.encoding)
