"""The schema of an answer: fields with types, and whether an answer fits them.

The macro `inference` checks a schema and passes it on as the option ``schema``, a list of fields::

    [{"name": "risk", "type": "string", "values": ["low", "high"]},
     {"name": "score", "type": "number", "optional": true},
     {"name": "tags", "type": "array", "items": {"type": "string"}},
     {"name": "place", "type": "object", "fields": [{"name": "city", "type": "string"}]}]

:func:`json_schema` writes it for a server. :func:`fitted` checks an answer of any server and writes it in one form.
Conversions lose nothing: ``36.0`` and ``"36"`` are the integer 36, and ``" Low"`` is the allowed value ``low``.
A field that the schema does not have is refused, because the columns have no place for it.
"""

from __future__ import annotations

import datetime as dt
import json
import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

TYPES = ("string", "integer", "number", "boolean", "date", "array", "object")
_WHOLE = re.compile(r"[+-]?\d{1,19}(?:\.0{1,19})?\Z", re.ASCII)
_NUMBER = re.compile(r"[+-]?\d{1,400}(?:\.\d{1,400})?(?:[eE][+-]?\d{1,3})?\Z", re.ASCII)
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}\Z", re.ASCII)
_SHOWN = 60


class DoesNotFit(ValueError):
    """An answer does not fit the schema; the message names the field, what was given and what was expected."""


@dataclass(frozen=True, slots=True)
class Field:
    """A field of a schema. The items of an array have no name."""

    type: str
    name: str = ""
    description: str = ""
    optional: bool = False
    values: tuple[str, ...] = ()
    minimum: float | None = None
    maximum: float | None = None
    items: Field | None = None
    fields: tuple[Field, ...] = ()

    @classmethod
    def read(cls, given: Mapping[str, Any]) -> Field:
        """The field that an entry of the option ``schema`` describes."""
        return cls(
            type=given["type"],
            name=given.get("name", ""),
            description=given.get("description", ""),
            optional=bool(given.get("optional", False)),
            values=tuple(given.get("values", ())),
            minimum=given.get("minimum"),
            maximum=given.get("maximum"),
            items=cls.read(given["items"]) if given.get("items") else None,
            fields=tuple(cls.read(each) for each in given.get("fields", ())),
        )


@dataclass(frozen=True, slots=True)
class Schema:
    """The fields of an answer, in the order of the columns."""

    fields: tuple[Field, ...]

    @classmethod
    def of(cls, options: Mapping[str, Any]) -> Schema | None:
        """The schema in the options of a call; None where there is none."""
        given = options.get("schema")
        return _read(json.dumps(given)) if given else None

    def json_schema(self) -> dict[str, Any]:
        """The schema in JSON Schema. Every field is required, because strict servers want that; an optional one may be null."""
        return _object(self.fields)

    def fitted(self, text: str) -> str:
        """The JSON object ``text`` with the fields in the schema's order, each in the form of its type.

        Raises:
            DoesNotFit: a field is missing, has another type or a value that is not allowed, or is not in the schema.
        """
        value = json.loads(text)
        if (
            self.fields
            and all(field.optional for field in self.fields)
            and not set(value) & {f.name for f in self.fields}
        ):
            raise DoesNotFit(f"the answer has none of the fields {_list(f.name for f in self.fields)}")
        return json.dumps(_fit_object(value, self.fields, ""), ensure_ascii=False, separators=(",", ":"))

    def instruction(self) -> str:
        """The schema as a sentence for servers without schemas."""
        written = json.dumps(self.json_schema(), ensure_ascii=False, separators=(",", ":"))
        return f"Answer with one JSON object and nothing else. It fits this JSON Schema: {written}"


@lru_cache(64)
def _read(given: str) -> Schema:
    return Schema(tuple(Field.read(each) for each in json.loads(given)))


def _object(fields: Sequence[Field]) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": {field.name: _property(field) for field in fields},
        "required": [field.name for field in fields],
        "additionalProperties": False,
    }


def _property(field: Field) -> dict[str, Any]:
    if field.type == "object":
        made = _object(field.fields)
    elif field.type == "array" and field.items:
        made = {"type": "array", "items": _property(field.items)}
    elif field.type == "date":
        made = {"type": "string", "format": "date"}
    else:
        made = {"type": field.type}
    made |= {name: limit for name in ("minimum", "maximum") if (limit := getattr(field, name)) is not None}
    values: list[str | None] = list(field.values)
    if field.optional:
        made["type"] = [made["type"], "null"]
        values += [None] if values else []
    if values:
        made["enum"] = values
    if field.description:
        made["description"] = field.description
    return made


def _fit_object(value: Any, fields: Sequence[Field], path: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise DoesNotFit(f"{_named(path)} is {_shown(value)}; expected an object")
    known = {field.name for field in fields}
    if extra := [name for name in value if name not in known]:
        raise DoesNotFit(f"{_named(path)} has {_list(extra)}; expected only {_list(field.name for field in fields)}")
    made = {}
    for field in fields:
        inner = f"{path}.{field.name}" if path else field.name
        given = value.get(field.name)
        if given is None and not field.optional:
            said = "is null" if field.name in value else "is missing"
            raise DoesNotFit(f"{inner} {said}; expected {_expected(field)}")
        # A warehouse has no NULL array, so an absent list is empty everywhere.
        absent: list[Any] | None = [] if field.type == "array" else None
        made[field.name] = absent if given is None else _fit(given, field, inner)
    return made


def _fit(value: Any, field: Field, path: str) -> Any:
    if field.type == "object":
        return _fit_object(value, field.fields, path)
    if field.type == "array":
        if not isinstance(value, list) or field.items is None:
            raise DoesNotFit(f"{path} is {_shown(value)}; expected {_expected(field)}")
        for place, item in enumerate(value):
            if item is None:
                raise DoesNotFit(f"{path}[{place}] is null; expected {_expected(field.items)}")
        return [_fit(item, field.items, f"{path}[{place}]") for place, item in enumerate(value)]
    made = _SCALARS[field.type](value, field)
    if made is None:
        raise DoesNotFit(f"{path} is {_shown(value)}; expected {_expected(field)}")
    return made


def _string(value: Any, field: Field) -> str | None:
    if not isinstance(value, str):
        return None
    if not field.values or value in field.values:
        return value
    folded = " ".join(value.split()).casefold()
    alike = [allowed for allowed in field.values if allowed.casefold() == folded]
    return alike[0] if len(alike) == 1 else None


def _integer(value: Any, field: Field) -> int | None:
    if isinstance(value, str) and _WHOLE.match(value.strip()):
        value = int(value.strip().partition(".")[0])
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        value = int(value)
    is_whole = isinstance(value, int) and not isinstance(value, bool) and -(2**63) <= value < 2**63
    return value if is_whole and _is_within(value, field) else None


def _is_within(value: float, field: Field) -> bool:
    return (field.minimum is None or value >= field.minimum) and (field.maximum is None or value <= field.maximum)


def _number(value: Any, field: Field) -> float | int | None:
    if isinstance(value, str) and _NUMBER.match(value.strip()):
        value = float(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        return value if math.isfinite(float(value)) and _is_within(value, field) else None
    except OverflowError:
        return None


def _boolean(value: Any, field: Field) -> bool | None:
    if isinstance(value, str):
        return {"true": True, "false": False}.get(value.strip().lower())
    return value if isinstance(value, bool) else None


def _date(value: Any, field: Field) -> str | None:
    if not isinstance(value, str) or not _DATE.match(value.strip()):
        return None
    try:
        return dt.date.fromisoformat(value.strip()).isoformat()
    except ValueError:
        return None


_SCALARS: dict[str, Callable[[Any, Field], Any]] = {
    "string": _string,
    "integer": _integer,
    "number": _number,
    "boolean": _boolean,
    "date": _date,
}
_KINDS = {
    "string": "a text",
    "integer": "an integer",
    "number": "a number",
    "boolean": "true or false",
    "date": "a date such as 2026-01-31",
    "object": "an object",
}


def _expected(field: Field) -> str:
    if field.values:
        return f"one of {_list(field.values)}"
    if field.type == "array" and field.items:
        return f"a list of {_PLURALS[field.items.type]}"
    return _KINDS[field.type] + _limits(field)


def _limits(field: Field) -> str:
    low, high = field.minimum, field.maximum
    if low is not None and high is not None:
        return f" from {low:g} to {high:g}"
    return f" of at least {low:g}" if low is not None else f" of at most {high:g}" if high is not None else ""


_PLURALS = {
    "string": "texts",
    "integer": "integers",
    "number": "numbers",
    "boolean": "true or false",
    "date": "dates",
    "array": "lists",
    "object": "objects",
}


def _named(path: str) -> str:
    return path or "the answer"


def _list(names: Any) -> str:
    found = [str(name) for name in names]
    shown = ", ".join(found[:12])
    return shown if len(found) <= 12 else f"{shown} and {len(found) - 12} more"


def _shown(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"
