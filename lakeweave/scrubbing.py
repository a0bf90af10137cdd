"""Takes secrets out of texts that come from outside, in every form in which a server may repeat them.

A key can come back as it is, percent-encoded, in base64, in JSON's or HTML's escapes, in hexadecimal, or broken over
several lines; these forms are cut out. A text is searched in several rounds of decoding, for encodings within encodings, also
for base32, UTF-16, quoted-printable, lists of numbers, full-width letters, marks between the letters, and letters in reverse
order. A text that holds a secret in a form that cannot be cut out is replaced as a whole. What is compressed or encrypted is
not found. A text is scrubbed before it is cut, because half a key is a secret too.
"""

from __future__ import annotations

import base64
import codecs
import html
import re
import unicodedata
import urllib.parse
from collections.abc import Iterable
from dataclasses import dataclass

#: Replaces a secret.
MASK = "***"

#: Keys that local servers want although they look at none. In an answer they are words like any other.
_PLACEHOLDERS = frozenset((
    "ollama", "lm-studio", "lmstudio", "empty", "none", "null", "dummy", "test", "local", "localhost", "vllm",
    "llama.cpp", "not-needed", "no-key", "no-key-required", "sk-no-key-required", "sk-1234", "api-key", "apikey",
    "key", "token", "changeme", "unused", "anything",
))  # fmt: skip
_SHORTEST_IN_ANSWERS = 8
#: Letters and digits of a secret that are compared without the signs between them. Shorter ones may be plain words.
_SHORTEST_WORD = 16
_ROUNDS = 5
_LONG, _ROUNDS_OF_LONG = 100_000, 2
_ASCII_BLANKS = bytes(code for code in range(128) if code <= 32 or code == 127)
_ASCII_SIGNS = bytes(code for code in range(128) if not chr(code).isalnum())
_NO_WORD = re.compile(r"[\W_]+")
#: Colours of a terminal, and tags.
_MARKUP = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|<[^<>]{0,200}>")
_OFFSETS = re.compile(r"(?m)^[0-9a-f]{4,8}:?[ \t]")
_QUOTED_PRINTABLE = re.compile(r"(?:=[0-9A-Fa-f]{2})+")
_ESCAPES = re.compile(
    r"(?P<code>\\[uU]\{[0-9A-Fa-f]{1,6}\}|\\x\{[0-9A-Fa-f]{1,6}\}|\\u[0-9A-Fa-f]{4}|\\U[0-9A-Fa-f]{8})"
    r"|(?P<bytes>(?:\\[xX][0-9A-Fa-f]{2})+)|(?P<octal>(?:\\[0-3][0-7]{2})+)|\\[^0-9]"
)
_BLANK = r"[\s\x00-\x20\x7f\u00ad\u200b-\u200f\u2028\u2029\u2060\ufeff]"
_BLANKS = re.compile(_BLANK + "+")
_ESCAPED_BLANK = r"(?:" + _BLANK + r"|\\[nrt]|%0[aAdD9]|%20|=\r?\n)*"


class Scrubber:
    """Scrubs texts of some secrets. Thread safe."""

    def __init__(self, secrets: Iterable[str | None]) -> None:
        """``secrets``: those that are None or empty are left out."""
        self._secrets = sorted({secret for secret in secrets if secret}, key=len, reverse=True)
        self._in_answers = [
            secret
            for secret in self._secrets
            if len(secret) >= _SHORTEST_IN_ANSWERS and secret.lower() not in _PLACEHOLDERS
        ]
        self._patterns = {secret: re.compile("|".join(_forms(secret)), re.IGNORECASE) for secret in self._secrets}
        self._needles = {secret: _needles(secret) for secret in self._secrets}

    def status(self, text: str) -> str:
        """``text`` without any secret: for messages, which are for people."""
        return self._scrubbed(text, self._secrets)

    def answer(self, text: str) -> str:
        """``text`` without any secret that is one: a placeholder or a very short key may be a word of an answer."""
        return self._scrubbed(text, self._in_answers)

    def _scrubbed(self, text: str, secrets: list[str]) -> str:
        if not secrets:
            return text
        seen = _views(text)
        for secret in secrets:
            if self._needles[secret].are_in(seen):
                text = self._patterns[secret].sub(MASK, text)
                seen = _views(text)
                if self._needles[secret].are_in(seen):
                    return MASK  # in a form that cannot be cut out
        return text


@dataclass(frozen=True)
class _Views:
    """A text and its decodings, in lower case."""

    compact: str
    """Without blanks and signs that nobody sees."""
    squeezed: str
    """Only letters and digits."""


@dataclass(frozen=True)
class _Needles:
    """What the views of a text hold if it holds the secret."""

    compact: tuple[str, ...]
    squeezed: tuple[str, ...]

    def are_in(self, seen: _Views) -> bool:
        return any(needle in seen.compact for needle in self.compact) or any(
            needle in seen.squeezed for needle in self.squeezed
        )


def _views(text: str) -> _Views:
    """The text, its decodings by all decoders in several rounds, and its decodings by each of them alone.

    A decoder may break what another one needs: a key may have a percent sign of its own.
    """
    seen, last = {text: None}, text
    for _ in range(_ROUNDS if len(text) < _LONG else _ROUNDS_OF_LONG):
        last = _backslashes(_entities(_percents(last)))
        if last in seen:
            break
        seen[last] = None
    for decode in _DECODERS:
        seen[decode(text)] = None
    return _Views("\n".join(map(_compact, seen)), "\n".join(map(_squeezed, seen)))


def _compact(text: str) -> str:
    if text.isascii():
        return text.lower().encode().translate(None, _ASCII_BLANKS).decode()
    return _BLANKS.sub("", unicodedata.normalize("NFKC", text).lower())


def _squeezed(text: str) -> str:
    text = unicodedata.normalize("NFKC", text).lower().replace("0x", "")
    if "0000" in text:
        text = _OFFSETS.sub("", text)
    return text.encode().translate(None, _ASCII_SIGNS).decode() if text.isascii() else _NO_WORD.sub("", text)


def _percents(text: str) -> str:
    if "%" not in text:
        return text
    return urllib.parse.unquote(
        re.sub(r"%u([0-9A-Fa-f]{4})", lambda m: chr(int(m.group(1), 16)), text), errors="replace"
    )


def _form(text: str) -> str:
    """A form's blank is a plus sign, and its plus sign is encoded."""
    return urllib.parse.unquote(text.replace("+", " "), errors="replace") if "+" in text else text


def _entities(text: str) -> str:
    return html.unescape(text) if "&" in text else text


def _backslashes(text: str) -> str:
    return _ESCAPES.sub(_unescaped, text) if "\\" in text else text


def _quoted_printable(text: str) -> str:
    if "=" not in text:
        return text
    return _QUOTED_PRINTABLE.sub(lambda m: _from_hex(m.group().replace("=", "")), re.sub(r"=\r?\n", "", text))


def _doubled_quotes(text: str) -> str:
    return text.replace("''", "'").replace('""', '"')


def _markup(text: str) -> str:
    return _MARKUP.sub("", text) if "<" in text or "\x1b" in text else text


_DECODERS = (_percents, _entities, _backslashes, _form, _quoted_printable, _doubled_quotes, _markup)


def _unescaped(match: re.Match[str]) -> str:
    said = match.group()
    if match["code"]:
        code = int(re.sub(r"[^0-9A-Fa-f]", "", match["code"]), 16)
        return chr(code) if code <= 0x10FFFF else said
    if match["bytes"]:
        return _from_hex(match["bytes"].replace("\\x", "").replace("\\X", ""))
    if match["octal"]:
        return bytes(int(each, 8) for each in match["octal"].split("\\")[1:]).decode("utf-8", "replace")
    return "" if said[1] in "nrt" else said[1]


def _from_hex(digits: str) -> str:
    """Bytes in hexadecimal as text: UTF-8, else one character for each byte."""
    data = bytes.fromhex(digits)
    try:
        return data.decode()
    except UnicodeDecodeError:
        return data.decode("latin-1")


def _needles(secret: str) -> _Needles:
    """What the views of a text hold that holds the secret."""
    lower = unicodedata.normalize("NFKC", secret).lower()
    compact = {"".join(lower.split())}
    squeezed: set[str] = set()
    word = _NO_WORD.sub("", lower)
    if len(word) >= _SHORTEST_WORD:
        squeezed |= {word, word[::-1], codecs.encode(word, "rot13")}
    if len(secret) >= 6:
        raw = [secret.encode(), secret.encode("utf-16-le"), secret.encode("utf-16-be")]
        coded = {form for data in raw for form in _base64_forms(data)}
        coded |= {form for inner in _base64_forms(raw[0]) for form in _base64_forms(inner.encode())}
        coded |= set(_base32_forms(raw[0]))
        compact |= {form.lower() for form in coded if form}
        squeezed |= {form for data in raw for form in (data.hex(), "".join(map(str, data)))}
        squeezed |= {shortened for form in coded if len(shortened := _NO_WORD.sub("", form.lower())) >= _SHORTEST_WORD}
        if not secret.isascii():
            compact.add("".join(unicodedata.normalize("NFKC", raw[0].decode("latin-1")).lower().split()))
    return _Needles(tuple(compact), tuple(squeezed))


def _forms(secret: str) -> list[str]:
    forms = [_ESCAPED_BLANK.join(_character(character) for character in secret)]
    for form in [*_base64_forms(secret.encode()), *([secret.encode().hex()] if len(secret) >= 6 else [])]:
        forms.append(_ESCAPED_BLANK.join(re.escape(character) for character in form))
    return forms


def _character(character: str) -> str:
    code = ord(character)
    escapes = [
        r"\\?" + re.escape(character),
        *(f"%{byte:02x}" for byte in character.encode()),
        rf"\\u{code:04x}",
        rf"\\x{code:02x}",
        rf"&#0*{code};",
        rf"&#x0*{code:x};",
    ]
    if character == " ":
        escapes.append(r"\+")
    named = html.escape(character)
    if named != character:
        escapes.append(re.escape(named))
    return "(?:" + "|".join(escapes) + ")"


def _base64_forms(data: bytes) -> list[str]:
    """What of the base64 does not depend on its neighbours, for each place within a group of three bytes."""
    if len(data) < 6:
        return []
    forms = set()
    for shift in range(3):
        padded = b"\0" * shift + data
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            coded = encode(padded).decode().rstrip("=")
            first = (0, 2, 3)[shift]
            last = len(coded) if len(padded) % 3 == 0 else len(coded) - 1
            forms.add(coded[first:last])
    return sorted(forms)


def _base32_forms(data: bytes) -> list[str]:
    """The same for base32, whose groups have five bytes."""
    forms = set()
    for shift in range(5):
        padded = b"\0" * shift + data
        coded = base64.b32encode(padded).decode().rstrip("=")
        last = len(coded) if len(padded) % 5 == 0 else len(coded) - 1
        forms.add(coded[-(-shift * 8 // 5) : last])
    return sorted(forms)
