"""Takes secrets out of texts that come from outside, in every form in which a server may repeat them.

A key can come back as it is, percent-encoded, in base64, in JSON's or HTML's escapes, in hexadecimal, or broken over
several lines. A text is scrubbed before it is cut, because half a key is a secret too.
"""

from __future__ import annotations

import base64
import html
import re
import urllib.parse
from collections.abc import Iterable

#: Replaces a secret.
MASK = "***"

#: Keys that local servers want although they look at none. In an answer they are words like any other.
_PLACEHOLDERS = frozenset((
    "ollama", "lm-studio", "lmstudio", "empty", "none", "null", "dummy", "test", "local", "localhost", "vllm",
    "llama.cpp", "not-needed", "no-key", "no-key-required", "sk-no-key-required", "sk-1234", "api-key", "apikey",
    "key", "token", "changeme", "unused", "anything",
))  # fmt: skip
_SHORTEST_IN_ANSWERS = 8
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
        for secret in secrets:
            if self._holds(text, secret):
                text = self._patterns[secret].sub(MASK, text)
                if self._holds(text, secret):
                    return MASK  # in a form that cannot be cut out
        return text

    def _holds(self, text: str, secret: str) -> bool:
        """A quick look: most texts hold no secret, and are told so without a slow pattern."""
        plain, encoded = self._needles[secret]
        compact = "".join(text.split())
        if not compact.isprintable():
            compact = _BLANKS.sub("", compact)
        compact = compact.lower()
        if plain in compact or any(needle in compact for needle in encoded):
            return True
        if "%" in compact and plain in _without_blanks(urllib.parse.unquote(compact, errors="replace")):
            return True
        # A form's blank is a plus sign, and its plus sign is encoded.
        if "+" in compact and " " in secret:
            spoken = urllib.parse.unquote(compact.replace("+", ""), errors="replace")
            if plain in _without_blanks(spoken):
                return True
        if "&" in compact and plain in _without_blanks(html.unescape(compact)):
            return True
        if "\\" in compact:
            opened = re.sub(r"\\u([0-9a-f]{4})", lambda m: chr(int(m.group(1), 16)), compact)
            opened = re.sub(r"\\x([0-9a-f]{2})", lambda m: chr(int(m.group(1), 16)), opened)
            opened = _without_blanks(re.sub(r"\\[nrt]", "", opened))
            return plain in opened or plain in re.sub(r"\\(.)", r"\1", opened)
        return False


def _without_blanks(text: str) -> str:
    """In small letters, without blanks: an encoded blank of the secret is one too."""
    return "".join(text.split()).lower()


def _needles(secret: str) -> tuple[str, list[str]]:
    """What a text holds that holds the secret, in small letters."""
    coded = [form.lower() for form in _base64_forms(secret)]
    if len(secret) >= 6:
        coded.append(secret.encode().hex())
    return "".join(secret.lower().split()), coded


def _forms(secret: str) -> list[str]:
    forms = [_ESCAPED_BLANK.join(_character(character) for character in secret)]
    for form in [*_base64_forms(secret), *([secret.encode().hex()] if len(secret) >= 6 else [])]:
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


def _base64_forms(secret: str) -> list[str]:
    """What of the secret's base64 does not depend on its neighbours, for each place within a group of three bytes."""
    if len(secret) < 6:
        return []
    forms = set()
    for shift in range(3):
        padded = b"\0" * shift + secret.encode()
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            coded = encode(padded).decode().rstrip("=")
            first = (0, 2, 3)[shift]
            last = len(coded) if len(padded) % 3 == 0 else len(coded) - 1
            forms.add(coded[first:last])
    return sorted(forms)
