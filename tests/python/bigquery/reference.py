"""Runs queries with Google's reference implementation of GoogleSQL, on rows given for each table.

This is no BigQuery: it is the executable definition of the language, slow and exact. It executes queries only (no DML, no
scripts) and no service of BigQuery: an AI function cannot be run, a table that holds its answers can.
"""

from __future__ import annotations

import datetime
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from google.protobuf import empty_pb2
from zetasql.core.exceptions import ServerError
from zetasql.wasi._pb2.zetasql.local_service import local_service_pb2 as service_pb2
from zetasql.wasi._pb2.zetasql.proto import simple_catalog_pb2
from zetasql.wasi._pb2.zetasql.public import simple_table_pb2, type_pb2, value_pb2

from . import profile, sqltypes
from .analyzer_cache import AnalyzerCache
from .runtime import AnalyzerCrash, Service
from .sqltext import paths, tokens
from .sqltypes import Type
from .warehouse import Table, Warehouse

NO_ALIAS_FOLLOWS = frozenset(
    [
        "ON",
        "USING",
        "WHERE",
        "JOIN",
        "INNER",
        "LEFT",
        "RIGHT",
        "FULL",
        "CROSS",
        "GROUP",
        "ORDER",
        "LIMIT",
        "HAVING",
        "QUALIFY",
        "UNION",
        "EXCEPT",
        "INTERSECT",
        "WINDOW",
        "PIVOT",
        "UNPIVOT",
        "TABLESAMPLE",
        "FOR",
        "SELECT",
        "FROM",
    ]
)

_EPOCH = datetime.date(1970, 1, 1)
_SCALE = {type_pb2.TYPE_NUMERIC: 9, type_pb2.TYPE_BIGNUMERIC: 38}


class CannotRun(RuntimeError):
    """The reference implementation could not run the query; the text says why."""


def run(
    query: str, warehouse: Warehouse, rows: Mapping[str, Iterable[Sequence[Any]]]
) -> tuple[list[tuple[str, Type]], list[tuple[Any, ...]]]:
    """Columns and rows of a query. `rows` holds, by table path, the rows of the tables that have any.

    Raises `CannotRun` where the query is refused, fails (a division by zero, say) or the engine breaks down.
    """
    service = Service.shared()
    text, used = _flat(query, warehouse)
    catalog = simple_catalog_pb2.SimpleCatalogProto(name="rows")
    catalog.builtin_function_options.CopyFrom(profile.builtin_functions())
    for alias, words in sqltypes.ALIASES.items():
        catalog.named_type.add(name=alias, type=sqltypes.parse(words))
    request = service_pb2.PrepareQueryRequest(sql=text, options=profile.execution_options())
    for table in used.values():
        made = simple_table_pb2.SimpleTableProto(name=table.path)
        for column in table.columns:
            made.column.add(name=column.name, type=column.type)
        catalog.table.append(made)
        content = service_pb2.TableContent()
        content.table_data.SetInParent()
        for row in rows.get(table.path, ()):
            cells = content.table_data.row.add()
            for column, value in zip(table.columns, row, strict=True):
                cells.cell.append(encode(value, column.type))
        request.table_content[table.path].CopyFrom(content)
    request.simple_catalog.CopyFrom(catalog)
    prepared, answer = _ask(service, request)
    columns = [(each.name, Type.FromString(each.type.SerializeToString())) for each in prepared.columns]
    table_rows = [
        tuple(decode(cell, made) for cell, (_, made) in zip(row.cell, columns, strict=True))
        for row in answer.content.table_data.row
    ]
    return columns, table_rows


def tables(query: str, warehouse: Warehouse) -> list[Table]:
    """The tables that a query names."""
    return list(_flat(query, warehouse)[1].values())


_CHANGES = re.compile(r"\b(current_\w+|rand|generate_uuid|session_user)\b", re.IGNORECASE)


def _ask(service: Service, request: Any) -> tuple[Any, Any]:
    """The prepared query and its result, remembered where the query is a function of its rows."""
    key = AnalyzerCache.key(b"Evaluate", request.SerializeToString(deterministic=True))
    known = None if _CHANGES.search(request.sql) else service.cache.get(key)
    if known is not None:
        length = int.from_bytes(known[:8], "little")
        prepared = service_pb2.PreparedQueryState.FromString(known[8 : 8 + length])
        return prepared, service_pb2.EvaluateQueryResponse.FromString(known[8 + length :])
    try:
        prepared = service.call("PrepareQuery", request, service_pb2.PrepareQueryResponse).prepared
        try:
            evaluate = service_pb2.EvaluateQueryRequest(prepared_query_id=prepared.prepared_query_id)
            answer = service.call("EvaluateQuery", evaluate, service_pb2.EvaluateQueryResponse)
        finally:
            release = service_pb2.UnprepareQueryRequest(prepared_query_id=prepared.prepared_query_id)
            service.call("UnprepareQuery", release, empty_pb2.Empty)
    except ServerError as wrong:
        raise CannotRun(" ".join((wrong.raw_error.partition("Message: ")[2] or wrong.message).split())) from wrong
    except AnalyzerCrash as wrong:
        raise CannotRun(f"the reference implementation broke down: {wrong}") from wrong
    if not _CHANGES.search(request.sql):
        raw = prepared.SerializeToString()
        service.cache.put(key, len(raw).to_bytes(8, "little") + raw + answer.SerializeToString())
    return prepared, answer


def _flat(query: str, warehouse: Warehouse) -> tuple[str, dict[str, Table]]:
    """The query with each table's path as one name: the reference implementation looks no deeper than the first catalog."""
    stream = tokens(query)
    following = {token.start: token for token in stream}
    ends = sorted(following)
    used: dict[str, Table] = {}
    pieces: list[str] = []
    done = 0
    for path in paths(stream):
        for length in range(len(path.parts), 0, -1):
            table = warehouse.table(tuple(".".join(path.parts[:length]).split(".")))
            if table is None or length < len(path.parts):
                continue
            used[table.path] = table
            after = next((following[start] for start in ends if start >= path.end), None)
            bare = after is None or after.kind == "operator" or after.upper in NO_ALIAS_FOLLOWS
            pieces += [query[done : path.start], f"`{table.path}`", f" AS `{table.name}`" if bare else ""]
            done = path.end
            break
    return "".join(pieces) + query[done:], used


# ------------------------------------------------------------------------------------------------------------- values


def encode(value: Any, made: Type) -> Any:
    """A Python value as the analyzer's message. `None` is NULL."""
    out = value_pb2.ValueProto()
    if value is None:
        return out
    kind = made.type_kind
    if kind == type_pb2.TYPE_INT64:
        out.int64_value = int(value)
    elif kind == type_pb2.TYPE_DOUBLE:
        out.double_value = float(value)
    elif kind == type_pb2.TYPE_BOOL:
        out.bool_value = bool(value)
    elif kind == type_pb2.TYPE_STRING:
        out.string_value = str(value)
    elif kind == type_pb2.TYPE_BYTES:
        out.bytes_value = bytes(value)
    elif kind == type_pb2.TYPE_JSON:
        out.json_value = value if isinstance(value, str) else json.dumps(value)
    elif kind in _SCALE:
        scaled = int(Decimal(str(value)).scaleb(_SCALE[kind]).to_integral_value())
        length = max(1, (scaled.bit_length() + 8) // 8)
        raw = scaled.to_bytes(length, "little", signed=True)
        setattr(out, "numeric_value" if kind == type_pb2.TYPE_NUMERIC else "bignumeric_value", raw)
    elif kind == type_pb2.TYPE_DATE:
        day = value.date() if isinstance(value, datetime.datetime) else value
        out.date_value = (day - _EPOCH).days
    elif kind == type_pb2.TYPE_TIMESTAMP:
        moment = value if value.tzinfo else value.replace(tzinfo=datetime.UTC)
        whole = moment - datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)
        out.timestamp_value.seconds = whole.days * 86400 + whole.seconds
        out.timestamp_value.nanos = whole.microseconds * 1000
    elif kind == type_pb2.TYPE_DATETIME:
        out.datetime_value.bit_field_datetime_seconds = (
            value.year << 26 | value.month << 22 | value.day << 17 | value.hour << 12 | value.minute << 6 | value.second
        )
        out.datetime_value.nanos = value.microsecond * 1000
    elif kind == type_pb2.TYPE_TIME:
        out.time_value = (value.hour << 12 | value.minute << 6 | value.second) << 30 | value.microsecond * 1000
    elif kind == type_pb2.TYPE_ARRAY:
        out.array_value.SetInParent()
        out.array_value.element.extend(encode(each, made.array_type.element_type) for each in value)
    elif kind == type_pb2.TYPE_STRUCT:
        out.struct_value.SetInParent()
        each_value = list(value.values()) if isinstance(value, Mapping) else list(value)
        for each, field in zip(each_value, made.struct_type.field, strict=True):
            out.struct_value.field.append(encode(each, field.field_type))
    else:
        raise CannotRun(f"a value of type {sqltypes.words(made)} cannot be given to the reference implementation here")
    return out


def decode(value: Any, made: Type) -> Any:
    """The analyzer's message as a Python value: Decimal, date, datetime (aware for TIMESTAMP), list, dict, parsed JSON."""
    which = value.WhichOneof("value")
    if which is None:
        return None
    kind = made.type_kind
    if kind in _SCALE:
        raw = value.numeric_value if kind == type_pb2.TYPE_NUMERIC else value.bignumeric_value
        return Decimal(int.from_bytes(raw, "little", signed=True)).scaleb(-_SCALE[kind])
    if kind == type_pb2.TYPE_DATE:
        return _EPOCH + datetime.timedelta(days=value.date_value)
    if kind == type_pb2.TYPE_TIMESTAMP:
        start = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)
        return start + datetime.timedelta(
            seconds=value.timestamp_value.seconds, microseconds=value.timestamp_value.nanos // 1000
        )
    if kind == type_pb2.TYPE_DATETIME:
        bits = value.datetime_value.bit_field_datetime_seconds
        return datetime.datetime(
            bits >> 26, bits >> 22 & 15, bits >> 17 & 31, bits >> 12 & 31, bits >> 6 & 63, bits & 63,
            value.datetime_value.nanos // 1000,
        )  # fmt: skip
    if kind == type_pb2.TYPE_TIME:
        bits, nanos = value.time_value >> 30, value.time_value & ((1 << 30) - 1)
        return datetime.time(bits >> 12 & 31, bits >> 6 & 63, bits & 63, nanos // 1000)
    if kind == type_pb2.TYPE_JSON:
        return json.loads(value.json_value)
    if kind == type_pb2.TYPE_ARRAY:
        return [decode(each, made.array_type.element_type) for each in value.array_value.element]
    if kind == type_pb2.TYPE_STRUCT:
        return {
            field.field_name: decode(each, field.field_type)
            for each, field in zip(value.struct_value.field, made.struct_type.field, strict=True)
        }
    return getattr(value, which)
