"""The reasons why an answer ended, in the words of all servers, by what they mean.

Only a word that is known to mean done makes an answer. Of any other word it is enough to know its kind, which its parts
tell: servers coin new words for the same few kinds.
"""

from __future__ import annotations

import re
from enum import Enum
from functools import lru_cache
from typing import Any


class End(Enum):
    """What a finish reason means."""

    NONE = "none"
    DONE = "done"
    TRUNCATED = "truncated"
    FILTERED = "filtered"
    REFUSED = "refused"
    TOOLS = "tools"
    AGAIN = "again"
    UNKNOWN = "unknown"


_NONE = frozenset(("", "null", "none", "unspecified"))
_DONE = re.compile(
    r"(?:stop|stopped|eos|eot|end|done|success|finish|finished|complete|completed)"
    r"(?:_(?:token|sequence|string|str|word|turn|of_text|of_turn|of_sequence|id|found|reached|generation))*"
)
#: In this order: "error_toxic" is a filter's, and "time_limit" is no limit on tokens.
_PARTS = (
    (End.FILTERED, re.compile(
        r"filter|safety|recitation|block|prohibited|spii|guardrail|sensitive|moderat|flagged|armor|jailbreak|toxic|policy|\Alanguage\Z"
    )),
    (End.REFUSED, re.compile(r"refus|declin")),
    (End.TOOLS, re.compile(r"tool|function|\Apause_turn\Z")),
    (End.AGAIN, re.compile(r"\Atime|time_?out|_time_|rate_limit|insufficient_system|unavailable|overload")),
    (End.TRUNCATED, re.compile(r"length|max_\w*token|token_limit|\Alimit\Z|_limit\Z|context_window|incomplete|truncat")),
    (End.AGAIN, re.compile(r"error|abort|cancel|fail|network|connection|\A(?:un)?load\Z|unloaded|user_stopped|interrupt")),
)  # fmt: skip


def finish_word(finish: Any) -> str:
    """The finish reason in one spelling: small letters and underscores, without a prefix."""
    if not isinstance(finish, str):
        return f"({type(finish).__name__})"
    word = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", finish.strip()).lower().replace("-", "_").replace(" ", "_")
    return word.rpartition(".")[2].removeprefix("finish_reason_")


@lru_cache(maxsize=256)
def meaning(word: str) -> End:
    """What a word of :func:`finish_word` means."""
    if word in _NONE:
        return End.NONE
    if _DONE.fullmatch(word):
        return End.DONE
    return next((end for end, parts in _PARTS if parts.search(word)), End.UNKNOWN)
