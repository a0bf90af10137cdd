"""Options that people write: every problem is a sentence, and values keep their types."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import pytest

from lakeweave.options import CLOSED, Count, Name, Names, Seconds, Text, YesNo, expected, one_of, read


@dataclass(frozen=True)
class Part:
    name: Name
    sizes: Names = ("x",)


@dataclass(frozen=True)
class Options:
    __pydantic_config__ = CLOSED

    name: Name
    color: Annotated[str, one_of("red", "blue")] = "red"
    number: Count = 1
    pause: Seconds = 0.5
    is_on: YesNo = False
    note: Text | None = None
    parts: tuple[Annotated[Part, expected("an object with a name", parts=True)], ...] = ()


def test_good_options_have_the_types_of_their_fields() -> None:
    problems: list[str] = []
    made = read(Options, {"name": "a", "pause": 2, "note": None, "parts": [{"name": "p"}]}, problems)
    assert problems == []
    assert made == Options("a", pause=2.0, parts=(Part("p"),))


def test_all_problems_are_reported_at_once() -> None:
    given = {
        "color": "green", "number": "3", "pause": True, "is_on": "yes", "note": 7, "parts": [1, {"name": "", "sizes": "x"}],
        "numbr": 1,
    }  # fmt: skip
    problems: list[str] = []
    assert read(Options, given, problems, "thing") is None
    assert sorted(problems) == [
        "`thing.color` is 'green', expected one of red, blue",
        "`thing.is_on` is 'yes', expected true or false",
        "`thing.name` is missing",
        "`thing.note` is 7, expected a text",
        "`thing.number` is '3', expected a whole number from 1",
        "`thing.numbr` is not a setting, expected one of name, color, number, pause, is_on, note, parts. Did you mean `number`?",
        "`thing.parts[0]` is 1, expected an object with a name",
        "`thing.parts[1].name` is '', expected a text",
        "`thing.parts[1].sizes` is 'x', expected a list of texts with at least one",
        "`thing.pause` is True, expected a number of seconds from 0",
    ]


@pytest.mark.parametrize("number", [0, -1, 1.0, True, "1", [1]])
def test_a_whole_number_is_never_converted(number: object) -> None:
    problems: list[str] = []
    assert read(Options, {"name": "a", "number": number}, problems) is None
    assert problems == [f"`number` is {number!r}, expected a whole number from 1"]
