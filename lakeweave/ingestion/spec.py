"""The description of one source, as the materialization hands it over."""

from __future__ import annotations

import codecs
import json
from dataclasses import dataclass, field
from typing import Annotated, Any

from annotated_types import Ge, Le
from pydantic import AfterValidator, BeforeValidator, Strict

from lakeweave.errors import UserError
from lakeweave.ingestion.names import snake_case
from lakeweave.options import Name, Names, Text, YesNo, expected, one_of, read, wrong

POLICIES = ("evolve", "freeze", "discard_row")
HEADERS = ("auto", "yes", "no")


def _one_character(given: str) -> str:
    if len(given) != 1 or given in '"\r\n':
        raise ValueError(given)
    return given


def _known_encoding(given: str) -> str:
    try:
        codecs.lookup(given)
    except LookupError:
        raise wrong(f"is {given!r}, which Python does not know") from None
    return given


def _pairs(given: Any) -> Any:
    """The pairs of an object, sorted; anything else stays, and is refused."""
    return tuple(sorted(given.items())) if isinstance(given, dict) and _are_texts(given.values()) else given or None


def _are_texts(values: Any) -> bool:
    return all(isinstance(value, str) for value in values)


def _list(given: Any) -> Any:
    return [given] if isinstance(given, str) else given


Delimiter = Annotated[
    str, Strict(), AfterValidator(_one_character), expected("one character that is no quote or line end")
]
Encoding = Annotated[Text, AfterValidator(_known_encoding)]
Aliases = Annotated[
    tuple[tuple[str, str], ...], BeforeValidator(_pairs), expected("an object of old name: declared name")
]
Key = Annotated[Names, BeforeValidator(_list)]
Share = Annotated[float, Strict(), Ge(0), Le(1), expected("a number from 0 to 1, or null")]
Characters = Annotated[int, Strict(), Ge(1), expected("a number of characters, or null")]
Bytes = Annotated[int, Strict(), Ge(1), expected("a number of bytes")]


@dataclass(frozen=True)
class PositionalLayout:
    """The columns, in order, of header-less files whose relative path matches ``pattern``."""

    pattern: Text
    columns: Names


Layout = Annotated[PositionalLayout, expected("{'pattern': …, 'columns': […]}", parts=True)]


@dataclass(frozen=True)
class Reading:
    """How to read one file: everything of a source that does not say where the file is.

    ``columns`` are the declared columns in order; ``None`` takes the header of the file as it is. A file without a column of
    ``key`` is held, whatever the layout policy is.
    """

    columns: Names | None = None
    layout_policy: Annotated[str, one_of(*POLICIES)] = "evolve"
    layouts: tuple[Layout, ...] = ()
    header: Annotated[str, one_of(*HEADERS)] = "auto"
    delimiter: Delimiter | None = None
    encoding: Encoding | None = None
    aliases: Aliases = ()
    max_rejected_share: Share | None = None
    sheet: Text | None = None
    key: Key = ()
    max_record_chars: Characters | None = None


@dataclass(frozen=True)
class Spec:
    """One source: where its files are, how they are read and where they are staged."""

    source: Name
    folder: Name
    schema: Name
    table: Name
    ledger: Name
    reading: Reading
    archive: Text | None = None
    patterns: Names = ("*",)
    reload: YesNo = False
    release: YesNo = False
    batch_bytes: Bytes = 512 << 20
    extra: dict[str, Any] = field(default_factory=dict)

    @staticmethod
    def parse(text: str | None, function: str = "lakeweave_plan") -> Spec:
        """Parse the JSON of a spec; raises :class:`UserError` that names every problem at once."""
        try:
            given = json.loads(text or "")
        except ValueError as error:
            raise UserError(
                f"The argument of {function} is not valid JSON ({error}); pass the spec of a source."
            ) from None
        if not isinstance(given, dict):
            raise UserError(f"The argument of {function} is a JSON {type(given).__name__}; expected an object.")
        # Without a value that says nothing, such as no layouts and no key.
        told = {name: value for name, value in given.items() if value not in ([], {}, "") or name in _MAY_BE_REFUSED}
        problems: list[str] = []
        reading = read(Reading, told, problems)
        spec = read(Spec, told | {"reading": reading or Reading()}, problems)
        if given.get("columns") is None:
            problems.append("`columns` is None, expected a list of texts with at least one")
        problems += _unrelated(given)
        if problems or spec is None:
            name = given.get("source") or "of no name"
            raise UserError(f"The spec of source {name} has {len(problems)} problem(s): {'; '.join(problems)}.")
        return spec


_MAY_BE_REFUSED = ("columns", "patterns", "delimiter")


def _unrelated(given: dict[str, Any]) -> list[str]:
    """Problems between options: names that are equal, or that no column has."""
    problems = []
    columns = [column for column in _all(given.get("columns")) if isinstance(column, str)]
    seen: dict[str, str] = {}
    for column in columns:
        if same := seen.get(snake_case(column)):
            problems.append(f"`columns` has {same!r} and {column!r}, which are the same name")
        seen[snake_case(column)] = column
    aliases = given.get("aliases")
    for old, new in aliases.items() if isinstance(aliases, dict) and _are_texts(aliases.values()) else ():
        if snake_case(new) not in seen:
            problems.append(f"`aliases` names {new!r} for {old!r}, which is not one of `columns`")
    for column in _all(_list(given.get("key"))):
        if isinstance(column, str) and column and column not in columns:
            problems.append(f"`key` names {column!r}, which is not one of `columns`")
    return problems


def _all(given: Any) -> list[Any]:
    return given if isinstance(given, list) else []
