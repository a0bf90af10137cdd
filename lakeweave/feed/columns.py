"""Guesses the type, the key and the privacy of columns from their delivered text."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

MIN_SHARE = 0.95
"""A type is guessed if at least this share of the values has its form. The other values are counted as untyped."""

_WHOLE = re.compile(r"[-+]?[0-9]{1,18}(?:\.0*)?")
_DECIMAL = re.compile(r"[-+]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][-+]?[0-9]{1,3})?")
# By the decimal mark: a point with groups by commas, or a comma with groups by points or blanks.
_AMOUNTS = {
    ".": re.compile(r"[-+(]?\s*[0-9]{1,3}(?:,?[0-9]{3})*(?:\.[0-9]+)?\s*[-+)]?"),
    ",": re.compile(r"[-+(]?\s*[0-9]{1,3}(?:[.\s]?[0-9]{3})*(?:,[0-9]+)?\s*[-+)]?"),
}
_DECIMAL_COMMA = re.compile(r"[-+]?[0-9]+,[0-9]+")
_ISO = re.compile(
    r"(?P<day>[0-9]{4}-[0-9]{2}-[0-9]{2})"
    r"(?:[T ](?P<time>[0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,9})?)?)\s*(?:Z|UTC|[-+][0-9]{2}(?::?[0-9]{2})?)?)?"
)
_BOOLEANS = {"true", "false"}
_AMOUNT_NAMES = re.compile(
    r"(?:^|_)(?:amount|price|cost|total|fee|revenue|balance|paid|premium|salary|discount|montant|prix|betrag|preis|importe"
    r"|precio|importo|prezzo)(?:_|$)"
)
_TEXT_NAMES = re.compile(r"(?:^|_)(?:zip|postal|postcode|(?:tele)?phone|mobile|fax|code|sku|iban|account|ssn)(?:_|$)")
_PERSONAL_NAMES = re.compile(
    r"(?:^|_)(?:e_?mail|(?:tele)?phone|mobile|fax|first_name|last_name|full_name|surname|street|address|postal|postcode"
    r"|zip|birth|birth_?day|dob|ssn|passport|iban|ip_address|latitude|longitude)(?:_|$)|^name$"
    r"|(?:^|_)(?:account|applicant|author|borrower|buyer|client|contact|customer|driver|employee|guest|holder|insured|member"
    r"|owner|passenger|patient|payee|payer|person|recipient|sender|student|subscriber|tenant|user|visitor)_?name(?:_|$)"
)

DATE_FORMATS = (
    "%m/%d/%Y",
    "%d/%m/%Y",
    "%Y/%m/%d",
    "%d.%m.%Y",
    "%m-%d-%Y",
    "%d-%m-%Y",
    "%d %b %Y",
    "%b %d %Y",
    "%d %B %Y",
    "%B %d, %Y",
)
"""Formats that are tried beside ISO 8601, each alone and with a time of day."""
TIMES = ("", " %H:%M:%S", " %H:%M")


@dataclass
class Column:
    """What was found in one column. ``kind`` is text, integer, float, money, boolean, date or timestamp."""

    name: str
    kind: str = "text"
    formats: tuple[str, ...] = ()
    decimal_mark: str = "."
    filled: int = 0
    odd: int = 0
    examples: list[str] = field(default_factory=list)
    odd_examples: list[str] = field(default_factory=list)
    is_unique: bool = False
    is_personal: bool = False
    notes: list[str] = field(default_factory=list)


def guess(
    name: str, values: Sequence[str | None], records: int, sentinels: frozenset[str], symbols: Iterable[str]
) -> Column:
    """The guess for the column ``name``.

    ``values`` are its delivered texts, ``records`` their number with the missing ones, ``sentinels`` the words in lower
    case that mean "no value", and ``symbols`` the currency symbols and words beside an amount.
    """
    texts = [v.strip() for v in values if v is not None and v.strip() and v.strip().lower() not in sentinels]
    column = Column(name, filled=len(texts), is_personal=bool(_PERSONAL_NAMES.search(name)))
    column.examples = list(dict.fromkeys(texts[:200]))[:3]
    column.is_unique = bool(texts) and len(texts) == records and len(set(texts)) == records
    if not texts:
        column.notes.append("has no value in this delivery, so its type is not known; text is used")
        return column
    _choose(column, texts, _without_symbols(symbols))
    if column.odd:
        column.notes.append(
            f"{column.odd:,} of {column.filled:,} values do not have this type and become NULL in silver, counted as "
            f"untyped: {', '.join(repr(v) for v in column.odd_examples)}"
        )
    return column


def _without_symbols(symbols: Iterable[str]) -> re.Pattern[str]:
    words = sorted({s for s in symbols if s}, key=len, reverse=True)
    either = "|".join(re.escape(w) for w in words) or "(?!)"
    return re.compile(rf"^(?P<minus>[-+(]?)\s*(?:{either})\s*|\s*(?:{either})\s*(?=[-+)]?$)", re.IGNORECASE)


def _choose(column: Column, texts: list[str], symbols: re.Pattern[str]) -> None:
    name = column.name
    plain = [t for t in texts if _WHOLE.fullmatch(t)]
    padded = sum(1 for t in plain if len(t.lstrip("+-")) > 1 and t.lstrip("+-")[0] == "0" and "." not in t)
    if _fits(column, texts, lambda t: t.lower() in _BOOLEANS):
        column.kind = "boolean"
    elif _choose_time(column, texts):
        return
    elif _TEXT_NAMES.search(name) or padded:
        if len(plain) >= MIN_SHARE * len(texts):
            why = "values begin with a zero" if padded else "its name is that of a code"
            column.notes.append(f"holds digits but is kept as text, because {why}")
        column.odd, column.odd_examples = 0, []
    elif _AMOUNT_NAMES.search(name) and _is_money(column, texts, symbols, False):
        return
    elif _fits(column, texts, lambda t: bool(_WHOLE.fullmatch(t))):
        column.kind = "integer"
    elif _fits(column, texts, lambda t: bool(_DECIMAL.fullmatch(t))):
        column.kind = "float"
    elif _is_money(column, texts, symbols, True):
        return
    else:
        column.odd, column.odd_examples = 0, []
        _note_of_other_forms(column, texts, symbols)


def _is_money(column: Column, texts: list[str], symbols: re.Pattern[str], with_symbol: bool) -> bool:
    """Set an amount with its decimal mark, if enough values have the form; with ``with_symbol`` each has a currency."""
    for mark in _AMOUNTS:
        if _fits(column, texts, lambda t, mark=mark: _has_amount(t, symbols, mark, with_symbol)):  # type: ignore[misc]
            column.kind, column.decimal_mark = "money", mark
            if mark == ",":
                column.notes.append("is read with a comma as the decimal mark (`decimal_mark`)")
            elif any("," in t for t in texts) and not any("." in t for t in texts):
                column.notes.append(
                    "has three digits behind each comma, which is read as the mark of groups. Set `decimal_mark` if it is the "
                    "decimal mark"
                )
            return True
    return False


def _has_amount(text: str, symbols: re.Pattern[str], mark: str, with_symbol: bool) -> bool:
    bare = symbols.sub(r"\g<minus>", text)
    return (bare != text or not with_symbol) and bool(_AMOUNTS[mark].fullmatch(bare))


def _note_of_other_forms(column: Column, texts: list[str], symbols: re.Pattern[str]) -> None:
    """Say what a column that stays text looks like, where more than half of its values have the form of a type."""
    forms: dict[str, Callable[[str], bool]] = {
        "numbers": lambda t: bool(_DECIMAL.fullmatch(t)),
        "numbers with a decimal comma": lambda t: bool(_DECIMAL_COMMA.fullmatch(t)),
        "amounts": lambda t: any(_has_amount(t, symbols, mark, True) for mark in _AMOUNTS),
        "dates in ISO 8601": _is_iso,
    }
    for what, has_form in forms.items():
        odd = [t for t in texts if not has_form(t)]
        if len(odd) * 2 < len(texts):
            examples = ", ".join(repr(t) for t in dict.fromkeys(odd[:3]))
            but = f", but {len(odd):,} of {len(texts):,} values have another form: {examples}" if odd else ""
            column.notes.append(f"looks like {what} and is kept as text{but}")
            return


def _fits(column: Column, texts: list[str], has_form: Callable[[str], bool]) -> bool:
    odd = [t for t in texts if not has_form(t)]
    if len(texts) - len(odd) < MIN_SHARE * len(texts):
        return False
    column.odd = len(odd)
    column.odd_examples = list(dict.fromkeys(odd))[:3]
    return True


def _choose_time(column: Column, texts: list[str]) -> bool:
    """Set a date or a timestamp; the fewest formats that read the most values. False if too few values are read."""
    rest = [t for t in texts if not _is_iso(t)]
    with_time = any(m.group("time") for t in texts if (m := _ISO.fullmatch(t)))
    formats: list[str] = []
    tried = [day + time for day in DATE_FORMATS for time in TIMES]
    while rest and len(formats) < 4:
        read = {f: sum(1 for t in rest[:5000] if _is_format(t, f)) for f in tried}
        best = max(tried, key=lambda f: read[f])
        if not read[best]:
            break
        rivals = [f for f in tried if f != best and read[f] == read[best] and sorted(f) == sorted(best)]
        if rivals and not formats:
            column.notes.append(
                f"is read as {_words(best)}; {_words(rivals[0])} reads the same values. Change `formats` if that is meant"
            )
        formats.append(best)
        with_time = with_time or "%H" in best
        rest = [t for t in rest if not _is_format(t, best)]
    if len(texts) - len(rest) < MIN_SHARE * len(texts):
        column.notes = [n for n in column.notes if not n.startswith("is read as")]
        return False
    column.kind, column.formats = ("timestamp" if with_time else "date"), tuple(formats)
    column.odd, column.odd_examples = len(rest), list(dict.fromkeys(rest))[:3]
    return True


def _is_iso(text: str) -> bool:
    found = _ISO.fullmatch(text)
    if not found:
        return False
    try:
        datetime.fromisoformat(found.group("day"))
    except ValueError:
        return False
    return True


def _is_format(text: str, pattern: str) -> bool:
    try:
        return datetime.strptime(text, pattern).year >= 1000
    except ValueError:
        return False


def _words(pattern: str) -> str:
    names = {"%Y": "year", "%m": "month", "%d": "day", "%b": "month name", "%B": "month name"}
    return " ".join(names[p] for p in re.findall(r"%[YmdbB]", pattern))


def choose_key(table: str, columns: Sequence[Column]) -> Column | None:
    """The column that most likely identifies a row: filled in every record, without repeats, named like a key."""
    possible = [c for c in columns if c.is_unique and c.kind in ("text", "integer")]
    singular = table[:-1] if table.endswith("s") else table
    wanted = ("id", f"{table}_id", f"{singular}_id", f"{singular}_number", f"{singular}_no", "key", "uuid")
    for name in wanted:
        for column in possible:
            if column.name == name:
                return column
    named = [c for c in possible if re.search(r"(?:_|^)(?:id|no|number|key|code|uuid)$", c.name)]
    return named[0] if named else None
