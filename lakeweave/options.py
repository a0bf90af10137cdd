"""Options that people write, checked by pydantic: all problems are found, and each is a sentence.

A kind of options is a frozen dataclass. Its fields have types such as :data:`Text`, which carry what a message says was
expected, because the messages of pydantic name neither.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import Annotated, Any, TypeVar

from annotated_types import Ge, MinLen
from pydantic import ConfigDict, Strict, TypeAdapter, ValidationError, ValidatorFunctionWrapHandler, WrapValidator
from pydantic_core import ErrorDetails, PydanticCustomError

Kind = TypeVar("Kind")
CLOSED = ConfigDict(extra="forbid")
"""As ``__pydantic_config__`` of a dataclass: keys that it does not have are problems."""


def expected(words: str, *, parts: bool = False) -> WrapValidator:
    """The type before it in ``Annotated`` is what ``words`` say: in a message they follow "expected".

    With ``parts``, a problem of a part of the value is reported for the part.
    """

    def check(value: Any, handler: ValidatorFunctionWrapHandler) -> Any:
        try:
            return handler(value)
        except ValidationError as error:
            if parts and any(each["loc"] for each in error.errors()):
                raise
            raise PydanticCustomError("expected", "{words}", {"words": words}) from None

    return WrapValidator(check)


def wrong(said: str) -> PydanticCustomError:
    """The problem of a value in words that follow its name. A value that may be a secret is not in them."""
    return PydanticCustomError("wrong", "{said}", {"said": said})


def one_of(*names: str) -> WrapValidator:
    """The text before it in ``Annotated`` is one of ``names``."""

    def check(value: Any, _: ValidatorFunctionWrapHandler) -> Any:
        if not isinstance(value, str) or value not in names:
            raise PydanticCustomError("expected", "{words}", {"words": f"one of {', '.join(names)}"})
        return value

    return WrapValidator(check)


Text = Annotated[str, Strict(), expected("a text")]
Name = Annotated[str, Strict(), MinLen(1), expected("a text")]
Names = Annotated[
    tuple[Annotated[str, Strict(), MinLen(1)], ...], MinLen(1), expected("a list of texts with at least one")
]
Whole = Annotated[int, Strict(), Ge(0), expected("a whole number from 0")]
Count = Annotated[int, Strict(), Ge(1), expected("a whole number from 1")]
Seconds = Annotated[float, Strict(), Ge(0), expected("a number of seconds from 0")]
Timeout = Annotated[float, Strict(), Ge(0.05), expected("a number of seconds from 0.05")]
YesNo = Annotated[bool, Strict(), expected("true or false")]


def nearest(given: object, names: Iterable[str]) -> str:
    """A sentence with the name that is most like the given one; empty when none is."""
    found = get_close_matches(str(given), list(names), n=1)
    return f" Did you mean `{found[0]}`?" if found else ""


def read(kind: type[Kind], given: Mapping[str, Any], problems: list[str], where: str = "") -> Kind | None:
    """The options ``given`` as an object of the dataclass ``kind``, or None and their problems in ``problems``.

    A value of None is the same as no value. ``where`` is put before the names of the options in the problems.
    """
    try:
        made: Kind = _adapter(kind).validate_python({name: value for name, value in given.items() if value is not None})
    except ValidationError as error:
        names = [field.name for field in dataclasses.fields(kind)]  # type: ignore[arg-type]
        problems += [_sentence(each, names, where) for each in error.errors(include_url=False)]
        return None
    return made


_ADAPTERS: dict[Any, TypeAdapter[Any]] = {}


def _adapter(kind: Any) -> TypeAdapter[Any]:
    if kind not in _ADAPTERS:
        _ADAPTERS[kind] = TypeAdapter(kind)
    return _ADAPTERS[kind]


def _sentence(error: ErrorDetails, names: list[str], where: str) -> str:
    place = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in error["loc"])
    name = f"{where}{place}" if where else place.removeprefix(".")
    match error["type"]:
        case "wrong":
            said = error["msg"]
        case "missing":
            said = "is missing"
        case "unexpected_keyword_argument":
            near = nearest(error["loc"][-1], names)
            said = f"is not a setting, expected one of {', '.join(names) or 'none'}.{near}".rstrip(".")
        case "expected":
            said = f"is {error['input']!r}, expected {error['msg']}"
        case _:
            said = f"is {error['input']!r}: {error['msg']}"
    return f"`{name}` {said}"
