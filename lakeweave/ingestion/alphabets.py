"""Which single-byte encoding of a Latin alphabet a text is in, judged by the alphabets of the languages.

The encodings of Western, Central European, Turkish and Baltic text, on Windows, DOS and the Mac, differ in a few letters
each, so the same bytes are Dvořák in one of them and Dvoøák in another. A guess is safe only if the letters belong to one
language in one reading, and to several in every other; or if all readings are the same text.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from lakeweave.ingestion.encoding import ESCAPE

_WESTERN = (
    "äöüß",  # German
    "àâæçéèêëîïôœùûü",  # French
    "áéíñóúü",  # Spanish, Galician, Basque
    "àáâãçéêíóôõúü",  # Portuguese
    "àèéìíîòóùú",  # Italian
    "àçèéíïòóúü",  # Catalan
    "áéèêëïíóöúü",  # Dutch
    "åäöé",  # Swedish, Finnish
    "æøåéóôò",  # Danish, Norwegian
    "áæðéíóöþúý",  # Icelandic
    "áæðíóøúý",  # Faroese
    "áéíóú",  # Irish
    "äõöüšž",  # Estonian
)
_CENTRAL = (
    "áčďéěíňóřšťúůýž",  # Czech
    "áäčďéíĺľňóôŕšťúýž",  # Slovak
    "ąćęłńóśźż",  # Polish
    "áéíóöőúüű",  # Hungarian
    "čćđšž",  # Croatian, Slovene
    "âăîşţ",  # Romanian
    "äöüß",  # German
    "çë",  # Albanian
)
_TURKISH = ("âçğıîöşüûİ",)
_BALTIC = ("ąčęėįšųūž", "āčēģīķļņšūž", "äõöüšž")
FAMILIES: dict[str, tuple[str, ...]] = {
    "cp1252": _WESTERN,
    "cp1250": _CENTRAL,
    "iso8859-2": _CENTRAL,
    "cp1254": (*_TURKISH, *(language for language in _WESTERN if not set("ðþý") & set(language))),
    "cp1257": _BALTIC,
}
_OLD: dict[str, tuple[str, ...]] = {
    "cp850": _WESTERN,
    "mac-roman": _WESTERN,
    "cp852": _CENTRAL,
    "mac-latin2": _CENTRAL,
    "cp857": _TURKISH,
    "cp775": _BALTIC,
}
"""Encodings of DOS and the Mac. They are rare, so they need more evidence than those of Windows and ISO."""
_QUOTES = frozenset("«»“”‘’‚„–—…¿¡·•‹›\u00a0")
_SYMBOLS = frozenset("°®©™½¼¾²³§ºª±×÷¬")
_WORD_ENDS = frozenset(" ,;|\t.\"'-\r\n")
_MONEY = frozenset("€£¥¢")
_CHARACTER = re.compile(r"[^\x00-\x7f]")
_RUN = re.compile(r"[^\x00-\x7f]+")
SAFE = 0.5


@dataclass(frozen=True)
class Guess:
    """An encoding with a ``confidence`` from 0 to 1; below :data:`SAFE` it is not to be used. ``others`` are as likely."""

    encoding: str
    confidence: float
    others: tuple[str, ...] = ()


def guess(sample: bytes) -> Guess | None:
    """The encoding of a text in the Latin alphabet; ``None`` if no such encoding gives sensible text."""
    readings: dict[str, tuple[int, str]] = {}
    for encoding, languages in (FAMILIES | _OLD).items():
        if encoding in _OLD and "cp1252" in readings and readings["cp1252"][0] <= 1:
            continue
        text = sample.decode(encoding, ESCAPE)
        if _is_sensible(text):
            high = {c for c in text if ord(c) > 127}
            letters = {c if c == "İ" else c.lower() for c in high if c.isalpha() and c not in "ºª"}
            scattered = len(letters) >= 2 and len(_RUN.findall(text)) >= 2
            if encoding in _OLD and not (scattered and all(map(str.isalpha, high))):
                continue
            readings[encoding] = _languages(letters, languages), text
    if not readings:
        return None
    ranked = sorted(readings, key=lambda e: readings[e][0])
    best = ranked[0]
    cost, text = readings[best]
    rivals = [e for e in ranked[1:] if readings[e][1] != text]
    name = best
    if best == "cp1252" and not re.search(rb"[\x80-\x9f]", sample):
        name = "iso8859-1"
    if not rivals:
        return Guess(name, 1.0)
    second = readings[rivals[0]][0]
    if not cost:
        return Guess(name, 1.0 if second else 0.0, tuple(rivals))
    confidence = round(1 - cost / second, 2) if cost <= 1 or second >= 2 * cost else round((1 - cost / second) / 2, 2)
    return Guess(name, max(0.0, confidence), tuple(rivals))


def _languages(letters: set[str], languages: tuple[str, ...]) -> int:
    """How many of ``languages`` it takes to write ``letters``; a letter of none of them counts as three."""
    left, used = set(letters), 0
    while left:
        best = max(languages, key=lambda language: len(left & set(language)))
        covered = left & set(best)
        if not covered:
            return used + 3 * len(left)
        left -= covered
        used += 1
    return used


def _is_sensible(text: str) -> bool:
    """Whether every character above ASCII makes sense where it is, or nearly every one in a long text."""
    # No word of these languages has four such letters in a row; words of other alphabets consist of them.
    text = re.sub(r"[^\W\x00-\x7f\d_]{4,}", lambda run: "\udcff" * len(run.group()), text)
    total = sensible = 0
    for found in _CHARACTER.finditer(text):
        i, c = found.start(), found.group()
        before, after = text[i - 1 : i] if i else "", text[i + 1 : i + 2]
        total += 1
        sensible += _makes_sense(c, before, after)
    return total > 0 and (sensible == total or (total >= 20 and sensible >= 0.95 * total))


def _makes_sense(c: str, before: str, after: str) -> bool:
    if c in _QUOTES:
        return not (c in "¿¡‚„" and before.isalnum())
    if c in _SYMBOLS:
        return not after.islower() and not (before.isalpha() and after.isalpha())
    if c in _MONEY:
        return before.isdigit() or after.isdigit() or " " in (before, after)
    if not c.isalpha() or c in "ÿŸˆª":
        return False
    if c == "ß":
        return before.isalpha()
    if c.isupper():
        # Capitals begin a word, or are in a word of capitals.
        if not before.isalpha():
            return after.isalpha() or not after.isdigit()
        return before.isupper() and (after.isupper() or not after or after in _WORD_ENDS)
    return before.isalpha() or after.isalpha() or (c in "àèéòóúıí" and not before.isalnum())
