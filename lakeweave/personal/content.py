"""Values that look personal, counted whatever the tags say; no value leaves this module.

Looked for are e-mail addresses, telephone numbers in international form, payment cards, bank accounts (IBAN) and national numbers
with a checksum of their own. It errs to both sides, so it warns and refuses nothing.

Numbers are found by their form here, and checked by python-stdnum: https://arthurdejong.org/python-stdnum/
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable

from stdnum import iban, luhn
from stdnum.br import cpf
from stdnum.es import nif
from stdnum.fr import nir
from stdnum.it import codicefiscale
from stdnum.us import ssn

LONGEST = 20_000
"""Characters of a text that are looked at."""

_EMAIL = re.compile(r"[\w.!#$%&'*+/=?^`{|}~-]{1,64}@(?:[^\W_](?:[\w-]{0,61}[^\W_])?\.)+[^\W\d_]{2,24}")
_PHONE = re.compile(r"(?<![\w.+])(?:\+|00)[1-9](?:[ ().\-/]{0,2}[0-9]){7,13}(?![\w])")
_CARD = re.compile(r"(?<![\w.])(?:[0-9][ -]?){12,18}[0-9](?!\w)(?![.][0-9])")
_IBAN = re.compile(r"(?<!\w)[A-Z]{2}[0-9]{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?(?!\w)")
_US = re.compile(r"(?<![\w-])(?!000|666|9)[0-9]{3}-(?!00)[0-9]{2}-(?!0000)[0-9]{4}(?![\w-])")
_SPAIN = re.compile(r"(?<!\w)[0-9XYZ][0-9]{7}[A-Z](?!\w)")
_BRAZIL = re.compile(r"(?<![\w.])[0-9]{3}[.][0-9]{3}[.][0-9]{3}-[0-9]{2}(?!\w)")
_FRANCE = re.compile(r"(?<!\w)[12] ?[0-9]{2} ?[0-9]{2} ?[0-9][0-9AB] ?[0-9]{3} ?[0-9]{3} ?[0-9]{2}(?!\w)")
_ITALY = re.compile(r"(?<!\w)[A-Z]{6}[0-9]{2}[ABCDEHLMPRST][0-9]{2}[A-Z][0-9]{3}[A-Z](?!\w)")


def _plain(text: str) -> str:
    """Full-width and other digits and signs as those of ASCII, so that they are found as well."""
    text = unicodedata.normalize("NFKC", text[:LONGEST])
    return "".join(str(unicodedata.decimal(char)) if not char.isascii() and char.isdecimal() else char for char in text)


_SCHEMES = {
    "4": (13, 16, 19), "5[1-5]|2[2-7]": (16,), "3[47]": (15,), "30[0-5]|3[689]": (14, 16, 19), "6": (16, 17, 18, 19),
}  # fmt: skip
"""Lengths of a card by its prefix."""


def is_card(text: str) -> bool:
    """Whether digits are a payment card: prefix and length of a scheme, and Luhn's checksum."""
    digits = digits_of(text)
    scheme = next((lengths for prefix, lengths in _SCHEMES.items() if re.match(prefix, digits)), ())
    return len(digits) in scheme and len(set(digits)) > 1 and luhn.is_valid(digits)


def digits_of(text: str) -> str:
    """The digits of a text."""
    return re.sub(r"[^0-9]", "", text)


Check = Callable[[str], bool]
KINDS: dict[str, tuple[re.Pattern[str], Check | None]] = {
    "e-mail address": (_EMAIL, None),
    "telephone number": (_PHONE, None),
    "payment card": (_CARD, is_card),
    "bank account (IBAN)": (_IBAN, iban.is_valid),
    "social security number (US)": (_US, ssn.is_valid),
    "national number (ES)": (_SPAIN, nif.is_valid),
    "tax number (IT)": (_ITALY, codicefiscale.is_valid),
    "tax number (BR)": (_BRAZIL, cpf.is_valid),
    "social security number (FR)": (_FRANCE, nir.is_valid),
}


def kinds_in(text: str) -> set[str]:
    """The kinds of personal values that a text seems to hold."""
    plain = _plain(text)
    return {
        kind
        for kind, (pattern, check) in KINDS.items()
        if any(check is None or check(found[0]) for found in pattern.finditer(plain))
    }


def counts(texts: Iterable[str | None]) -> dict[str, int]:
    """In how many of the texts each kind is found, most first."""
    found: Counter[str] = Counter()
    for text in texts:
        if text:
            found.update(kinds_in(text))
    return dict(found.most_common())
