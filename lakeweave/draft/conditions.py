"""Comparisons in words: ``email is missing``, ``age is below 18``, ``status is one of Complete, Shipped``."""

from __future__ import annotations

import re
from collections.abc import Callable

from lakeweave.draft.plan import Condition

VALUE = r"(?:'[^']*'|\"[^\"]*\"|[A-Za-z0-9][\w+&/-]*)"
_LISTED = r"(?:'[^']*'|\"[^\"]*\"|[A-Z0-9][\w+&/-]*)"
NUMBER = r"-?\d+(?:\.\d+)?"

_COMPARED = (
    (">=", r"(?:is\s+|are\s+)?(?:at least|greater than or equal to|no less than)|>="),
    ("<=", r"(?:is\s+|are\s+)?(?:at most|less than or equal to|no more than)|<="),
    (">", r"exceeds?|(?:is\s+|are\s+)?(?:greater than|more than|larger than|higher than|above|over)|>"),
    ("<", r"(?:is\s+|are\s+)?(?:less than|fewer than|lower than|smaller than|below|under)|<"),
)
_NULL = r"(?:is|are)\s+(?:null|missing|empty|blank|not\s+(?:given|known|set))\b"
_PRESENT = r"(?:is|are)\s+(?:not\s+(?:null|missing|empty|blank)|present|given|known)\b"


def unquoted(value: str) -> str:
    """A value without its quotes."""
    return value[1:-1] if value[:1] in "'\"" and value[-1:] == value[:1] and len(value) > 1 else value


def _typed(value: str) -> str | float:
    return float(value) if re.fullmatch(NUMBER, value) else unquoted(value)


def condition_at(text: str, at: int, column: Callable[[str], str | None]) -> tuple[Condition, int] | None:
    """The condition that begins at ``at`` and where it ends. ``column`` gives the column that a word names."""

    def match(pattern: str, start: int) -> re.Match[str] | None:
        return re.compile(pattern, re.IGNORECASE).match(text, start)

    if (found := match(r"(?:they\s+|that\s+)?(?:have|has|having|with)?\s*\bno\s+(?:an?\s+|the\s+)?(\w+)", at)) and (
        name := column(found[1])
    ):
        return Condition(name, "is null"), found.end()
    head = match(r"(?:the\s+|their\s+|its\s+)?(\w+)\s*", at)
    name = column(head[1]) if head else None
    if head is None or name is None:
        return None
    at = head.end()
    if found := match(_PRESENT, at):
        return Condition(name, "is not null"), found.end()
    if found := match(_NULL, at):
        return Condition(name, "is null"), found.end()
    for operator, pattern in _COMPARED:
        if found := match(rf"(?:{pattern})\s*({NUMBER})(?![\w-])", at):
            return Condition(name, operator, (float(found[1]),)), found.end()
    if found := match(r"(?:is\s+|are\s+)?(?:one of|any of|in)\s*\(?\s*", at):
        listed = re.compile(rf"{_LISTED}(?:\s*(?:,\s*(?:and|or)\s+|,|\b(?:and|or)\b)\s*{_LISTED})*").match(
            text, found.end()
        )
        if listed:
            values = tuple(_typed(value) for value in re.findall(rf"(?!\b(?:and|or)\b){_LISTED}", listed[0]))
            closing = re.compile(r"\s*\)?").match(text, listed.end())
            return Condition(name, "in", values), closing.end() if closing else listed.end()
        return None
    if found := match(rf"(?:is\s+not|isn't|<>|!=|does\s+not\s+equal)\s*({VALUE})", at):
        return Condition(name, "<>", (_typed(found[1]),)), found.end()
    if found := match(rf"(?:=+|equals|is|are)\s*({VALUE})", at):
        return Condition(name, "=", (_typed(found[1]),)), found.end()
    if found := match(r"('[^']*'|\"[^\"]*\")", at):
        return Condition(name, "=", (unquoted(found[1]),)), found.end()
    return None


def conditions_at(
    text: str, at: int, column: Callable[[str], str | None]
) -> tuple[tuple[Condition, ...], str, int] | None:
    """Conditions joined by one of ``and`` and ``or``. Where both occur, what follows the second is left unread."""
    first = condition_at(text, at, column)
    if first is None:
        return None
    found, end, joiner = [first[0]], first[1], ""
    while more := re.compile(r"\s*,?\s+(and|or)\s+", re.IGNORECASE).match(text, end):
        if joiner and more[1].lower() != joiner:
            break
        following = condition_at(text, more.end(), column)
        if following is None:
            break
        joiner = more[1].lower()
        found.append(following[0])
        end = following[1]
    return tuple(found), joiner or "and", end
