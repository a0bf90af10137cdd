"""The one JSON object in a model's answer, read strictly.

Models put a fence, a byte order mark or a sentence around the object that they were asked for; those are taken off. What is
left must be one object that every engine reads in the same way: no NaN or Infinity, no number beyond a double, no key
twice in one object, no lone surrogate.
"""

from __future__ import annotations

import json
import math
import re
from typing import Any

#: Openings of a brace that are looked at before an answer counts as prose.
_MOST_OPENINGS = 64
_BEFORE, _AFTER = re.compile(r'(?:\[|"\s*:)\s*\Z'), re.compile(r"\A\s*\]")
_FENCE = re.compile(r"```[A-Za-z0-9_-]*")


class NotOneObject(ValueError):
    """The text does not hold exactly one JSON object; the message says why."""


def one_object(text: str) -> str:
    """The text of the one JSON object in ``text``, as it was written.

    Raises:
        NotOneObject: there is none, there are several, or it is not strict JSON.
    """
    text = text.strip().strip("\ufeff").strip()
    fence = _FENCE.match(text)
    if fence and text.endswith("```") and text.find("```", 3) == len(text) - 3:
        text = text[fence.end() : -3].strip()
    if not text.startswith("{"):
        try:
            value = _DECODER.decode(text)
        except (ValueError, RecursionError):
            pass
        else:
            raise NotOneObject(f"it is {_NAMES.get(type(value), 'a value')}, not an object")
    found: tuple[int, int] | None = None
    at = text.find("{")
    for _ in range(_MOST_OPENINGS):
        if at < 0:
            break
        try:
            value, end = _DECODER.raw_decode(text, at)
            _refuse_surrogates(value)
        except RecursionError:
            raise NotOneObject("it is nested too deeply") from None
        except ValueError as error:
            raise NotOneObject(str(error).split(": line", 1)[0]) from None
        if found:
            raise NotOneObject("there are several objects")
        found = (at, end)
        at = text.find("{", end)
    if not found or at >= 0:
        raise NotOneObject("there is no object")
    before, after = text[: found[0]], text[found[1] :]
    if _BEFORE.search(before) or _AFTER.match(after) or "}" in after:
        raise NotOneObject("the object is part of something else")
    return text[found[0] : found[1]]


def is_one_object(text: str) -> bool:
    """Whether the whole of ``text`` is one strict JSON object, without anything around it."""
    text = text.strip()
    if not text.startswith("{"):
        return False
    try:
        _refuse_surrogates(_DECODER.decode(text))
    except (ValueError, RecursionError):
        return False
    return True


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is no JSON")


def _refuse_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise ValueError("a key stands twice in one object")
    return made


def _finite(text: str) -> float:
    value = float(text)
    if math.isinf(value):
        raise ValueError("a number is too large")
    return value


def _whole(text: str) -> int:
    if len(text) > 400:
        raise ValueError("a number is too large")
    return int(text)


def _refuse_surrogates(value: Any) -> None:
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raise ValueError("a text holds a lone surrogate") from None


_DECODER = json.JSONDecoder(
    object_pairs_hook=_refuse_repeats, parse_constant=_refuse_constant, parse_float=_finite, parse_int=_whole
)
_NAMES = {list: "a list", str: "a text", int: "a number", float: "a number", bool: "true or false", type(None): "null"}
