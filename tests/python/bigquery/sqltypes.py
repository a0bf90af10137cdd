"""BigQuery's data types, as words and as the analyzer's messages.

https://cloud.google.com/bigquery/docs/reference/standard-sql/data-types
"""

from __future__ import annotations

import copyreg
import re
from functools import lru_cache

from google.cloud.bigquery import SchemaField
from zetasql.wasi._pb2.zetasql.public import type_pb2

Type = type_pb2.TypeProto


def _of_bytes(raw: bytes) -> Type:
    return Type.FromString(raw)


# The module of this class goes by another name than it says, so that a type travels between processes as its bytes.
copyreg.pickle(Type, lambda made: (_of_bytes, (made.SerializeToString(),)))

_KINDS = {
    "INT64": type_pb2.TYPE_INT64,
    "FLOAT64": type_pb2.TYPE_DOUBLE,
    "NUMERIC": type_pb2.TYPE_NUMERIC,
    "BIGNUMERIC": type_pb2.TYPE_BIGNUMERIC,
    "BOOL": type_pb2.TYPE_BOOL,
    "STRING": type_pb2.TYPE_STRING,
    "BYTES": type_pb2.TYPE_BYTES,
    "DATE": type_pb2.TYPE_DATE,
    "DATETIME": type_pb2.TYPE_DATETIME,
    "TIME": type_pb2.TYPE_TIME,
    "TIMESTAMP": type_pb2.TYPE_TIMESTAMP,
    "GEOGRAPHY": type_pb2.TYPE_GEOGRAPHY,
    "INTERVAL": type_pb2.TYPE_INTERVAL,
    "JSON": type_pb2.TYPE_JSON,
}
_NAMES = {kind: name for name, kind in _KINDS.items()}
ALIASES = {
    "INT": "INT64", "SMALLINT": "INT64", "INTEGER": "INT64", "BIGINT": "INT64", "TINYINT": "INT64", "BYTEINT": "INT64",
}  # fmt: skip
"""Other words for INT64, which ZetaSQL does not know of itself:
https://cloud.google.com/bigquery/docs/reference/standard-sql/data-types#integer_types"""
_OTHER_WORDS = ALIASES | {"DECIMAL": "NUMERIC", "BIGDECIMAL": "BIGNUMERIC", "BOOLEAN": "BOOL", "FLOAT": "FLOAT64"}
"""FLOAT is a word of the REST API, not of SQL."""
_API_NAMES = {"INT64": "INTEGER", "FLOAT64": "FLOAT", "BOOL": "BOOLEAN"}
"""What the REST API calls a type where it differs from SQL: https://cloud.google.com/bigquery/docs/reference/rest/v2/tables"""


class UnknownType(ValueError):
    """A word that is no BigQuery data type."""


@lru_cache(maxsize=4096)
def parse(words: str) -> Type:
    """The type that the words name, e.g. `ARRAY<STRUCT<name STRING, value NUMERIC(10, 2)>>`. Raises `UnknownType`.

    Parameters of a type (length, precision) are read over: they bound values and do not change the type.
    """
    stream = re.findall(r"[A-Za-z_][\w]*|`[^`]+`|[<>,]|\([^)]*\)", words)
    made, rest = _read(stream, words)
    if rest:
        raise UnknownType(f"`{words}` is not a BigQuery type: {' '.join(rest)} is left over")
    return made


def _read(stream: list[str], words: str) -> tuple[Type, list[str]]:
    if not stream:
        raise UnknownType(f"`{words}` is not a BigQuery type")
    head, rest = stream[0].upper(), stream[1:]
    head = _OTHER_WORDS.get(head, head)
    if head in ("ARRAY", "RANGE") and rest[:1] == ["<"]:
        element, rest = _read(rest[1:], words)
        if rest[:1] != [">"]:
            raise UnknownType(f"`{words}` is not a BigQuery type: > is missing")
        if head == "ARRAY":
            return Type(type_kind=type_pb2.TYPE_ARRAY, array_type=type_pb2.ArrayTypeProto(element_type=element)), rest[
                1:
            ]
        return Type(type_kind=type_pb2.TYPE_RANGE, range_type=type_pb2.RangeTypeProto(element_type=element)), rest[1:]
    if head == "STRUCT" and rest[:1] == ["<"]:
        fields, rest = [], rest[1:]
        while True:
            name = ""
            if len(rest) > 1 and rest[1] not in ("<", ",", ">") and not rest[1].startswith("("):
                name, rest = rest[0].strip("`"), rest[1:]
            made, rest = _read(rest, words)
            fields.append(type_pb2.StructFieldProto(field_name=name, field_type=made))
            if rest[:1] == [","]:
                rest = rest[1:]
            elif rest[:1] == [">"]:
                return Type(type_kind=type_pb2.TYPE_STRUCT, struct_type=type_pb2.StructTypeProto(field=fields)), rest[
                    1:
                ]
            else:
                raise UnknownType(f"`{words}` is not a BigQuery type: > is missing")
    if head not in _KINDS:
        raise UnknownType(f"`{words}` is not a BigQuery type")
    if rest[:1] and rest[0].startswith("("):
        rest = rest[1:]
    return Type(type_kind=_KINDS[head]), rest


def words(made: Type) -> str:
    """The type in BigQuery's words, in capitals: `ARRAY<STRUCT<name STRING, value NUMERIC>>`."""
    if made.type_kind == type_pb2.TYPE_ARRAY:
        return f"ARRAY<{words(made.array_type.element_type)}>"
    if made.type_kind == type_pb2.TYPE_RANGE:
        return f"RANGE<{words(made.range_type.element_type)}>"
    if made.type_kind == type_pb2.TYPE_STRUCT:
        inner = ", ".join(f"{each.field_name} {words(each.field_type)}".strip() for each in made.struct_type.field)
        return f"STRUCT<{inner}>"
    return _NAMES.get(made.type_kind, type_pb2.TypeKind.Name(made.type_kind))


def schema_field(name: str, made: Type, mode: str = "NULLABLE", description: str | None = None) -> SchemaField:
    """The column as Google's client library describes it."""
    if made.type_kind == type_pb2.TYPE_ARRAY:
        return schema_field(name, made.array_type.element_type, "REPEATED", description)
    if made.type_kind == type_pb2.TYPE_STRUCT:
        inner = [schema_field(each.field_name, each.field_type) for each in made.struct_type.field]
        return SchemaField(name, "RECORD", mode=mode, fields=inner, description=description)
    if made.type_kind == type_pb2.TYPE_RANGE:
        return SchemaField(name, "RANGE", mode=mode, range_element_type=words(made.range_type.element_type))
    word = words(made)
    return SchemaField(name, _API_NAMES.get(word, word), mode=mode, description=description)


def from_schema_field(column: SchemaField) -> Type:
    """The type of a column that Google's client library describes."""
    if column.field_type.upper() in ("RECORD", "STRUCT"):
        fields = [
            type_pb2.StructFieldProto(field_name=each.name, field_type=from_schema_field(each))
            for each in column.fields
        ]
        made = Type(type_kind=type_pb2.TYPE_STRUCT, struct_type=type_pb2.StructTypeProto(field=fields))
    else:
        made = parse(column.field_type)
    if (column.mode or "").upper() == "REPEATED":
        return Type(type_kind=type_pb2.TYPE_ARRAY, array_type=type_pb2.ArrayTypeProto(element_type=made))
    return made
