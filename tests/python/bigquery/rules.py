"""What the BigQuery service refuses beyond the language, each rule with the page that says so.

Google's analyzer knows GoogleSQL; these are properties of the service. The list holds what this project may run into, no
more: what is not here and not in the language is not proved offline (docs/bigquery_proof.md says what that is).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from zetasql.wasi._pb2.zetasql.public import type_pb2
from zetasql.wasi._pb2.zetasql.resolved_ast import resolved_ast_enums_pb2 as enums

from . import functions, sqltypes
from .tree import get, name_of, unwrap
from .warehouse import Partitioning, Warehouse, WarehouseError

if TYPE_CHECKING:
    from .analyzer import Analyzed, _Scope

RESERVED_PREFIXES = (
    "_table_", "_file_", "_partition", "_row_timestamp", "__root__", "_colidentifier", "_change_sequence_number",
    "_change_type", "_change_timestamp",
)  # fmt: skip
"""No column's name may begin with one of these, in whatever case: https://cloud.google.com/bigquery/docs/schemas#column_names"""

CLUSTERABLE = frozenset({
    type_pb2.TYPE_INT64, type_pb2.TYPE_STRING, type_pb2.TYPE_DATE, type_pb2.TYPE_DATETIME, type_pb2.TYPE_TIMESTAMP,
    type_pb2.TYPE_NUMERIC, type_pb2.TYPE_BIGNUMERIC, type_pb2.TYPE_BOOL, type_pb2.TYPE_GEOGRAPHY, type_pb2.TYPE_RANGE,
})  # fmt: skip
"""https://cloud.google.com/bigquery/docs/clustered-tables#cluster_column_types"""

_STORES = (
    "CreateTableStmt",
    "CreateTableAsSelectStmt",
    "CreateExternalTableStmt",
    "CreateViewStmt",
    "CreateMaterializedViewStmt",
)
_CHANGES = ("InsertStmt", "UpdateStmt", "DeleteStmt", "MergeStmt", "TruncateStmt")


def check(
    analyzed: Analyzed, about: tuple[str, ...], given: dict[str, Any], warehouse: Warehouse, scope: _Scope
) -> None:
    """Raises `WarehouseError` for what the service would refuse. `given`: the statement's options with literal values."""
    resolved, kind = analyzed.resolved, analyzed.kind
    if kind in _STORES:
        names = [name for name, _ in analyzed.columns] or [
            each.name for each in get(resolved, "column_definition_list", ())
        ]
        check_column_names(names)
        _check_layout(analyzed)
        _check_labels(given)
    for name, made in analyzed.columns:
        if sqltypes.words(made).replace("content of the object", "`content of the object`") == functions.OBJECT_DATA:
            raise WarehouseError(
                f"{name}: the content of an object table's objects can only be given to ML.DECODE_IMAGE"
            )
    if kind in _CHANGES:
        _check_change(analyzed, warehouse)
    _check_scope(analyzed, scope)
    if kind == "CreateExternalTableStmt":
        _check_external(resolved, about, given)
    elif kind == "CreateModelStmt":
        _check_model(resolved, given)
    elif kind == "CreateIndexStmt":
        _check_index(resolved, warehouse)
    elif kind in ("CreateTableStmt", "CreateTableAsSelectStmt"):
        _check_table(resolved, given)
    elif kind == "CreateFunctionStmt" and resolved.is_remote and get(resolved, "connection") is None:
        raise WarehouseError("A remote function needs a connection: REMOTE WITH CONNECTION ...")


def check_column_names(names: list[str]) -> None:
    """Names of the columns of one table. https://cloud.google.com/bigquery/docs/schemas#column_names"""
    seen: set[str] = set()
    for name in names:
        lower = name.lower()
        if lower.startswith(RESERVED_PREFIXES):
            raise WarehouseError(
                f'Invalid field name "{name}": names must not begin, in whatever case, with '
                + ", ".join(prefix.upper() for prefix in RESERVED_PREFIXES)
            )
        if lower in seen:
            raise WarehouseError(f"Duplicate column names in the result are not supported. Found duplicate(s): {name}")
        if not name or len(name) > 300 or re.search(r"[!\"$()*,./;?@\[\\\]^`{}~]", name):
            raise WarehouseError(f'Invalid field name "{name}"')
        seen.add(lower)


def check_description(text: str | None, longest: int, of: str) -> None:
    """https://cloud.google.com/bigquery/docs/schemas#column_descriptions (1,024), table descriptions 16,384"""
    if text is not None and len(text) > longest:
        raise WarehouseError(f"The description of {of} has {len(text)} characters; BigQuery takes {longest}")


def _check_labels(given: dict[str, Any]) -> None:
    """https://cloud.google.com/bigquery/docs/labels-intro#requirements"""
    for pair in given.get("labels") or []:
        for text in pair:
            if not isinstance(text, str) or len(text) > 63 or not re.fullmatch(r"[\w-]*", text) or text != text.lower():
                raise WarehouseError(f"Label {text!r}: only lower-case letters, digits, _ and -, at most 63 characters")


# ---------------------------------------------------------------------------------------------- partitions, clusters


def partitioning(resolved: Any) -> Partitioning | None:
    """How the statement partitions its table. Raises `WarehouseError` for an expression that BigQuery does not take.

    https://cloud.google.com/bigquery/docs/reference/standard-sql/data-definition-language#partition_expression
    """
    expressions = get(resolved, "partition_by_list", ())
    if not expressions:
        return None
    if len(expressions) > 1:
        raise WarehouseError("PARTITION BY takes one expression")
    expression = unwrap(expressions[0])
    if name_of(expression) == "ResolvedColumnRef":
        column = expression.column
        if column.name.upper() in ("_PARTITIONDATE", "_PARTITIONTIME"):
            return Partitioning(None, "DAY")
        if column.type.type_kind == type_pb2.TYPE_DATE:
            return Partitioning(column.name, "DAY")
        raise WarehouseError(
            f"PARTITION BY {column.name}: only a DATE column stands alone; write TIMESTAMP_TRUNC, DATETIME_TRUNC, DATE or "
            f"RANGE_BUCKET over a column of type {sqltypes.words(column.type)}"
        )
    if name_of(expression) == "ResolvedFunctionCall":
        name = get(expression, "function").name.split(":")[-1].lower()
        arguments = [unwrap(each) for each in get(expression, "argument_list")]
        columns = [each for each in arguments if name_of(each) == "ResolvedColumnRef"]
        if name in ("timestamp_trunc", "datetime_trunc", "date_trunc") and columns:
            unit = _unit(arguments[-1])
            allowed = ("MONTH", "YEAR", "DAY") if name == "date_trunc" else ("HOUR", "DAY", "MONTH", "YEAR")
            if unit not in allowed:
                raise WarehouseError(f"PARTITION BY {name.upper()}: the unit is one of {', '.join(allowed)}")
            return _ingestion(columns[0].column.name, unit)
        if name == "date" and columns:
            return _ingestion(columns[0].column.name, "DAY")
        if name == "range_bucket" and columns and name_of(arguments[1]) == "ResolvedFunctionCall":
            bounds = [_integer(unwrap(each)) for each in get(arguments[1], "argument_list")]
            if len(bounds) == 2:
                bounds.append(1)
            return Partitioning(columns[0].column.name, bounds=(bounds[0], bounds[1], bounds[2]))
    raise WarehouseError(
        "PARTITION BY takes a DATE column, DATE(column), DATE_TRUNC, DATETIME_TRUNC, TIMESTAMP_TRUNC or RANGE_BUCKET"
    )


def _ingestion(column: str, unit: str) -> Partitioning:
    return Partitioning(None if column.upper() in ("_PARTITIONDATE", "_PARTITIONTIME") else column, unit)


def _unit(argument: Any) -> str:
    if name_of(argument) != "ResolvedLiteral":
        return "?"
    from zetasql.wasi._pb2.zetasql.public.functions import datetime_pb2

    return datetime_pb2.DateTimestampPart.Name(argument.value.value.enum_value)


def _integer(literal: Any) -> int:
    while name_of(literal) == "ResolvedCast":
        literal = unwrap(literal.expr)
    if name_of(literal) != "ResolvedLiteral":
        raise WarehouseError("PARTITION BY RANGE_BUCKET takes GENERATE_ARRAY of literals")
    return int(literal.value.value.int64_value)


def clustering(resolved: Any) -> tuple[str, ...]:
    """The columns by which the statement clusters its table."""
    found = []
    for each in get(resolved, "cluster_by_list", ()):
        expression = unwrap(each)
        found.append(expression.column.name if name_of(expression) == "ResolvedColumnRef" else "")
    return tuple(found)


def _check_layout(analyzed: Analyzed) -> None:
    resolved = analyzed.resolved
    partitioning(resolved)
    clusters = get(resolved, "cluster_by_list", ())
    if len(clusters) > 4:
        raise WarehouseError(
            "CLUSTER BY takes at most four columns: https://cloud.google.com/bigquery/docs/clustered-tables"
        )
    for each in clusters:
        expression = unwrap(each)
        if name_of(expression) != "ResolvedColumnRef":
            raise WarehouseError("CLUSTER BY takes columns, no expressions")
        if expression.column.type.type_kind not in CLUSTERABLE:
            raise WarehouseError(
                f"CLUSTER BY {expression.column.name}: BigQuery does not cluster by {sqltypes.words(expression.column.type)}"
            )


# ------------------------------------------------------------------------------------------------- kinds of statements


def _check_change(analyzed: Analyzed, warehouse: Warehouse) -> None:
    """https://cloud.google.com/bigquery/docs/reference/standard-sql/dml-syntax"""
    resolved, kind = analyzed.resolved, analyzed.kind
    scan = get(resolved, "table_scan")
    table = warehouse.tables.get(scan.table.full_name)
    if table is not None and table.kind != "TABLE":
        raise WarehouseError(f"{kind.removesuffix('Stmt').upper()} cannot change {table.path}: it is a {table.kind}")
    if kind in ("UpdateStmt", "DeleteStmt") and not resolved.HasField("where_expr"):
        raise WarehouseError(f"{kind.removesuffix('Stmt').upper()} must have a WHERE clause")


def _check_scope(analyzed: Analyzed, scope: _Scope) -> None:
    """https://cloud.google.com/bigquery/docs/transactions#transaction_statements, .../docs/multi-statement-queries"""
    resolved, kind = analyzed.resolved, analyzed.kind
    temporary = get(resolved, "create_scope", 0) == enums.ResolvedCreateStatementEnums.CREATE_TEMP
    if temporary and kind.startswith("CreateTable") and not scope.in_script:
        raise WarehouseError("Use of CREATE TEMPORARY TABLE requires a script or session")
    if scope.in_transaction and not temporary:
        names = get(resolved, "name_path", ())
        dropped = kind == "DropStmt" and tuple(names)[-1:] and tuple(names)[-1] in scope.temporary
        if (kind.startswith(("Create", "Alter")) or kind.startswith("Drop")) and not dropped:
            raise WarehouseError(f"{kind}: a transaction takes queries, DML and temporary tables only, no other DDL")


def _check_external(resolved: Any, about: tuple[str, ...], given: dict[str, Any]) -> None:
    """https://cloud.google.com/bigquery/docs/reference/standard-sql/data-definition-language#external_table_option_list"""
    connected = get(resolved, "connection") is not None
    for uri in given.get("uris") or []:
        bucket, _, rest = str(uri).split("://", 1)[-1].partition("/")
        if str(uri).count("*") > 1 or "*" in bucket:
            raise WarehouseError(f"URI {uri}: one asterisk, after the bucket's name")
        if str(uri).startswith(("s3://", "azure://")) and not connected:
            raise WarehouseError(f"URI {uri} needs WITH CONNECTION")
        if not re.match(r"(gs|s3|azure|https)://", str(uri)):
            raise WarehouseError(f"URI {uri}: BigQuery reads gs://, s3:// and azure://")
        del rest
    if about[0] == "object table":
        if not connected:
            raise WarehouseError("An object table needs WITH CONNECTION")
        if any(not str(uri).startswith("gs://") for uri in given.get("uris") or []):
            raise WarehouseError("An object table reads Cloud Storage (gs://) only")
    if "metadata_cache_mode" in given and not connected:
        raise WarehouseError("metadata_cache_mode needs WITH CONNECTION: only BigLake and object tables cache metadata")
    if ("max_staleness" in given) != ("metadata_cache_mode" in given):
        raise WarehouseError("max_staleness and metadata_cache_mode go together")
    if "null_marker" in given and "null_markers" in given:
        raise WarehouseError("null_marker and null_markers exclude each other")
    if get(resolved, "with_partition_columns") is not None and "hive_partition_uri_prefix" not in given:
        raise WarehouseError("WITH PARTITION COLUMNS needs hive_partition_uri_prefix")


def _check_model(resolved: Any, given: dict[str, Any]) -> None:
    """https://cloud.google.com/bigquery/docs/reference/standard-sql/bigqueryml-syntax-create-remote-model"""
    if resolved.is_remote:
        if get(resolved, "connection") is None:
            raise WarehouseError("A remote model needs a connection: REMOTE WITH CONNECTION ...")
        targets = [
            name
            for name in ("endpoint", "remote_service_type", "hugging_face_model_id", "model_garden_model_name")
            if name in given
        ]
        if len(targets) != 1:
            raise WarehouseError("A remote model needs ENDPOINT or REMOTE_SERVICE_TYPE (or the name of an open model)")
        declared = bool(resolved.input_column_definition_list), bool(resolved.output_column_definition_list)
        if declared[0] != declared[1]:
            raise WarehouseError("INPUT and OUTPUT go together")
        if any(declared) and not str(given.get("endpoint") or "").startswith("https://"):
            raise WarehouseError("A model with INPUT and OUTPUT needs an https:// ENDPOINT")
        return
    if "model_type" not in given:
        raise WarehouseError("A model needs MODEL_TYPE, or REMOTE WITH CONNECTION")
    imported = str(given["model_type"] or "").upper() in ("ONNX", "TENSORFLOW", "TENSORFLOW_LITE", "XGBOOST")
    if imported and "model_path" not in given:
        raise WarehouseError(f"A model of type {given['model_type']} needs MODEL_PATH")
    if imported == (get(resolved, "query") is not None):
        raise WarehouseError("A model is trained by AS SELECT, or imported with MODEL_PATH")


def _check_index(resolved: Any, warehouse: Warehouse) -> None:
    """https://cloud.google.com/bigquery/docs/reference/standard-sql/data-definition-language#create_vector_index_statement"""
    table = warehouse.tables.get(resolved.table_scan.table.full_name)
    if table is not None and table.kind != "TABLE":
        raise WarehouseError(f"An index needs a table; {table.path} is a {table.kind}")
    if resolved.is_vector:
        items = [unwrap(each.column_ref) for each in resolved.index_item_list]
        made = [sqltypes.words(each.column.type) for each in items]
        if len(made) != 1 or made[0] not in ("ARRAY<FLOAT64>", "STRUCT<result ARRAY<FLOAT64>, status STRING>"):
            raise WarehouseError(f"A vector index is on one column of type ARRAY<FLOAT64>, not {', '.join(made)}")


NOT_IN_ICEBERG = re.compile(r"\b(JSON|BIGNUMERIC|INTERVAL|RANGE|GEOGRAPHY)\b")


def _check_iceberg(resolved: Any) -> None:
    """https://cloud.google.com/bigquery/docs/iceberg-tables#limitations"""
    if get(resolved, "create_mode", 0) == enums.ResolvedCreateStatementEnums.CREATE_OR_REPLACE:
        raise WarehouseError(
            "An Iceberg table is not replaced: its place must be empty; drop it and create it in another"
        )
    for each in get(resolved, "column_definition_list", ()):
        words = sqltypes.words(each.type)
        if NOT_IN_ICEBERG.search(words):
            raise WarehouseError(f"Column {each.name} is {words}, which an Iceberg table cannot hold")


def _check_table(resolved: Any, given: dict[str, Any]) -> None:
    """https://cloud.google.com/bigquery/docs/reference/standard-sql/data-definition-language#table_option_list"""
    partitioned = bool(get(resolved, "partition_by_list", ()))
    for name in ("require_partition_filter", "partition_expiration_days"):
        if given.get(name) not in (None, False) and not partitioned:
            raise WarehouseError(f"{name} needs PARTITION BY")
    iceberg = {"table_format", "storage_uri", "file_format"} & set(given)
    if iceberg and (iceberg != {"table_format", "storage_uri", "file_format"} or get(resolved, "connection") is None):
        raise WarehouseError("An Iceberg table needs WITH CONNECTION, table_format, file_format and storage_uri")
    if iceberg:
        _check_iceberg(resolved)
    check_description(given.get("description"), 16384, "the table")
    for each in get(resolved, "column_definition_list", ()):
        for option in each.annotations.option_list:
            value = unwrap(option.value)
            if option.name.lower() == "description" and name_of(value) == "ResolvedLiteral":
                check_description(value.value.value.string_value, 1024, f"column {each.name}")
