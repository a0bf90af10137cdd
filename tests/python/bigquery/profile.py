"""What of ZetaSQL is BigQuery: the language features and the built-in functions that count.

ZetaSQL is the language of several Google engines; BigQuery has most of it. Start: Google's `maximum features`. Then out
with what BigQuery's documentation does not have or has in preview only, and in with the few that the maximum leaves out.
Where this list is stricter than the service, a statement is refused here that would run there: look the feature up, and
move it with the page that says so.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from zetasql.wasi._pb2.zetasql.local_service import local_service_pb2 as service_pb2
from zetasql.wasi._pb2.zetasql.proto import options_pb2
from zetasql.wasi._pb2.zetasql.public import options_pb2 as language_pb2
from zetasql.wasi._pb2.zetasql.public import type_pb2

from .runtime import Service

FEATURES_OUT: dict[str, tuple[str, ...]] = {
    "protocol buffers and modules are not in BigQuery": (
        "EXTRACT_FROM_PROTO", "EXTRACT_ONEOF_CASE", "PROTO_EXTENSIONS_WITH_SET", "PROTO_EXTENSIONS_WITH_NEW",
        "PROTO_DEFAULT_IF_NULL", "PROTO_MAPS", "IGNORE_PROTO3_USE_DEFAULTS", "BRACED_PROTO_CONSTRUCTORS", "REPLACE_FIELDS",
        "REPLACE_FIELDS_ALLOW_MULTI_ONEOF", "FILTER_FIELDS", "ENUM_VALUE_DESCRIPTOR_PROTO", "FROM_AND_TO_PROTO_INTERVAL",
        "EXPERIMENTAL_MODULES", "EXTENDED_TYPES",
    ),
    "property graphs are not used in this project": (
        "SQL_GRAPH", "SQL_GRAPH_ADVANCED_QUERY", "SQL_GRAPH_BOUNDED_PATH_QUANTIFICATION", "SQL_GRAPH_CALL",
        "SQL_GRAPH_CHEAPEST_PATH", "SQL_GRAPH_DYNAMIC_ELEMENT_TYPE", "SQL_GRAPH_DYNAMIC_LABEL_EXTENSION_IN_DDL",
        "SQL_GRAPH_DYNAMIC_LABEL_PROPERTIES_IN_DDL", "SQL_GRAPH_EXPOSE_GRAPH_ELEMENT", "SQL_GRAPH_PATH_MODE",
        "SQL_GRAPH_PATH_SEARCH_PREFIX_PATH_COUNT", "SQL_GRAPH_PATH_TYPE", "SQL_GRAPH_RETURN_EXTENSIONS", "GROUP_BY_GRAPH_PATH",
    ),
    "DML of other engines: BigQuery has no RETURNING, ON CONFLICT, FOR UPDATE or nested DML "
    "(https://cloud.google.com/bigquery/docs/reference/standard-sql/dml-syntax)": (
        "DML_RETURNING", "INSERT_ON_CONFLICT_CLAUSE", "FOR_UPDATE", "NESTED_UPDATE_DELETE_WITH_OFFSET",
        "CORRELATED_REFS_IN_NESTED_DML", "ARRAY_ELEMENTS_WITH_SET",
    ),
    "table DDL of other engines "
    "(https://cloud.google.com/bigquery/docs/reference/standard-sql/data-definition-language#create_table_statement)": (
        "CHECK_CONSTRAINT", "IDENTITY_COLUMNS", "ALTER_COLUMN_SET_GENERATED_AS_IDENTITY", "GENERATED_BY_DEFAULT",
    ),
    "pipe operators that BigQuery's page does not list "
    "(https://cloud.google.com/bigquery/docs/reference/standard-sql/pipe-syntax)": (
        "PIPE_ASSERT", "PIPE_CREATE_TABLE", "PIPE_DESCRIBE", "PIPE_EXPORT_DATA", "PIPE_FORK", "PIPE_IF", "PIPE_INSERT",
        "PIPE_RECURSIVE_UNION", "PIPE_STATIC_DESCRIBE", "PIPE_TEE",
    ),
    "preview only: aggregates with WHERE or GROUP BY inside, measures, finer timestamps "
    "(https://cloud.google.com/bigquery/docs/reference/standard-sql/aggregate-function-calls)": (
        "AGGREGATE_FILTERING", "MULTILEVEL_AGGREGATION", "MULTILEVEL_AGGREGATION_ON_UDAS", "ENABLE_MEASURES",
        "TIMESTAMP_NANOS", "TIMESTAMP_PICOS", "TIMESTAMP_PRECISION", "PARSE_TIMESTAMP_WITH_PRECISION_AND_TIMEZONE",
    ),
    "not in BigQuery's query syntax (https://cloud.google.com/bigquery/docs/reference/standard-sql/query-syntax)": (
        "LATERAL_JOIN", "MULTIWAY_UNNEST", "ALLOW_SLASH_PATHS", "WITH_RECURSIVE_DEPTH_MODIFIER", "LIMIT_OFFSET_EXPRESSIONS",
        "INLINE_LAMBDA_ARGUMENT", "LITERAL_CONCATENATION", "SAFE_FUNCTION_CALL_WITH_LAMBDA_ARGS", "STRATIFIED_RESERVOIR_TABLESAMPLE",
        "TABLESAMPLE_FROM_TABLE_VALUED_FUNCTIONS",
    ),
    "types and comparisons that BigQuery does not have: arrays and JSON cannot be compared or ordered, there is no UUID "
    "(https://cloud.google.com/bigquery/docs/reference/standard-sql/data-types)": (
        "UUID_TYPE", "JSON_TYPE_COMPARISON", "ARRAY_EQUALITY", "ARRAY_ORDERING", "ARRAY_GREATEST_LEAST",
        "IMPLICIT_COERCION_STRING_LITERAL_TO_BYTES", "BETWEEN_UINT64_INT64", "TIMESTAMP_FROM_UNIX_FUNCTIONS_WITH_UINT64",
    ),
}  # fmt: skip

FEATURES_IN: dict[str, tuple[str, ...]] = {
    "https://cloud.google.com/bigquery/docs/reference/standard-sql/data-definition-language#create_external_table_statement": (
        "CREATE_EXTERNAL_TABLE_WITH_PARTITION_COLUMNS", "CREATE_EXTERNAL_TABLE_WITH_TABLE_ELEMENT_LIST",
    ),
    "https://cloud.google.com/bigquery/docs/reference/standard-sql/data-definition-language#create_table_clone_statement": (
        "CREATE_TABLE_CLONE",
    ),
    "https://cloud.google.com/bigquery/docs/reference/standard-sql/data-definition-language"
    "#alter_column_set_data_type_statement": ("ALTER_COLUMN_SET_DATA_TYPE",),
    "https://cloud.google.com/bigquery/docs/reference/standard-sql/data-definition-language#create_view_statement": (
        "CREATE_VIEWS_WITH_COLUMN_OPTIONS",
    ),
    "https://cloud.google.com/bigquery/docs/reference/standard-sql/data-definition-language#create_vector_index_statement": (
        "CREATE_INDEX_PARTITION_BY",
    ),
    "https://cloud.google.com/bigquery/docs/reference/standard-sql/collation-concepts": ("COLLATION_SUPPORT",),
    "https://cloud.google.com/bigquery/docs/reference/standard-sql/mathematical_functions#sec": ("INVERSE_TRIG_FUNCTIONS",),
}  # fmt: skip

FUNCTIONS_OUT: frozenset[str] = frozenset({
    # Built into ZetaSQL, absent from https://cloud.google.com/bigquery/docs/reference/standard-sql/functions-all and from
    # https://cloud.google.com/bigquery/docs/reference/standard-sql/conditional_expressions
    "apply", "approx_cosine_distance", "approx_dot_product", "approx_euclidean_distance", "array_avg",
    "array_filter", "array_find_all", "array_first_n", "array_includes", "array_includes_all",
    "array_includes_any", "array_is_distinct", "array_last_n", "array_max", "array_min", "array_offsets",
    "array_remove_first_n", "array_remove_last_n", "array_sum", "array_transform", "array_zip", "bool_array", "dot_product",
    "elementwise_avg", "elementwise_sum", "flatten", "float32", "float32_array", "float64_array",
    "iferror", "int64_array", "iserror", "json_contains", "l1_norm", "l2_norm", "lax_bool_array", "lax_float32",
    "lax_float32_array", "lax_float64_array", "lax_int64_array", "lax_string_array", "manhattan_distance", 
    "nulliferror", "nullifzero", "pi", "pi_bignumeric", "pi_numeric", 
    "regexp_extract_groups", "safe_to_json", "split_substr", "st_askml", "st_geogfromkml",
    "st_nearest_neighbors", "string_array", "timestamp_from_unix_micros", "timestamp_from_unix_millis",
    "timestamp_from_unix_seconds", "to_seconds_interval", "zeroifnull", "zstd_compress", "zstd_decompress_to_bytes",
    "zstd_decompress_to_string",
})  # fmt: skip

MISSING_FROM_THE_ANALYZER: dict[str, str] = {
    "MAX_BY, MIN_BY": "functions of BigQuery that this release of ZetaSQL does not have; declared in functions.py",
    "CREATE CONNECTION": "a statement of BigQuery (April 2026) that this release cannot parse; read and checked by effects.py",
    "ALTER VECTOR INDEX ... REBUILD": "a statement of BigQuery (April 2026) that this release cannot parse; read by effects.py",
    "every ML., AI. and OBJ. function, VECTOR_SEARCH, EXTERNAL_OBJECT_TRANSFORM, BQ. procedures, INFORMATION_SCHEMA": (
        "services of BigQuery and no part of the language; declared in functions.py, each with the page it was read from"
    ),
    "names and types of OPTIONS": "services of BigQuery; declared in options.py",
    "what the service refuses beyond the language (reserved column names, replacing a table by a view, ...)": (
        "declared in rules.py, each with the page it was read from"
    ),
}
"""Features of BigQuery that the analyzer lacks, with the substitute for each. Nothing else is exempt."""


@lru_cache(maxsize=1)
def language_options() -> Any:
    """The language as BigQuery speaks it. Do not change the message that comes back."""
    options = Service.shared().language_options()
    out = {_feature(name) for names in FEATURES_OUT.values() for name in names}
    into = {_feature(name) for names in FEATURES_IN.values() for name in names}
    enabled = (set(options.enabled_language_features) - out) | into
    del options.enabled_language_features[:]
    options.enabled_language_features.extend(sorted(enabled))
    options.product_mode = language_pb2.PRODUCT_EXTERNAL
    # None named: every kind of statement.
    del options.supported_statement_kinds[:]
    options.reserved_keywords.append("QUALIFY")
    return options


def _feature(name: str) -> int:
    return language_pb2.LanguageFeature.Value(f"FEATURE_{name}")


@lru_cache(maxsize=1)
def builtin_functions() -> Any:
    """Which built-in functions exist: all of ZetaSQL's but those of `FUNCTIONS_OUT`."""
    options = options_pb2.ZetaSQLBuiltinFunctionOptionsProto(language_options=language_options())
    known = Service.shared().call("GetBuiltinFunctions", options, service_pb2.GetBuiltinFunctionsResponse)
    for function in known.function:
        if ".".join(function.name_path) in FUNCTIONS_OUT:
            options.exclude_function_ids.extend(signature.context_id for signature in function.signature)
    return options


@lru_cache(maxsize=1)
def analyzer_options() -> Any:
    """How to analyze: BigQuery's language, UTC, errors on one line with their place, locations kept in the result."""
    options = Service.shared().call(
        "GetAnalyzerOptions", service_pb2.AnalyzerOptionsRequest(), options_pb2.AnalyzerOptionsProto
    )
    # The default hints speak of protocol buffer types that no pool of ours holds; options.py says what is allowed.
    options.ClearField("allowed_hints_and_options")
    options.language_options.CopyFrom(language_options())
    options.error_message_mode = language_pb2.ERROR_MESSAGE_ONE_LINE
    options.default_timezone = "UTC"
    options.prune_unused_columns = False
    options.parse_location_record_type = language_pb2.PARSE_LOCATION_RECORD_FULL_NODE_SCOPE
    # https://cloud.google.com/bigquery/docs/partitioned-tables#ingestion_time
    for name, kind in (("_PARTITIONTIME", type_pb2.TYPE_TIMESTAMP), ("_PARTITIONDATE", type_pb2.TYPE_DATE)):
        options.ddl_pseudo_columns.add(name=name, type=type_pb2.TypeProto(type_kind=kind))
    # https://cloud.google.com/bigquery/docs/reference/system-variables
    for path, kind in (
        ("error.message", type_pb2.TYPE_STRING),
        ("error.statement_text", type_pb2.TYPE_STRING),
        ("error.formatted_stack_trace", type_pb2.TYPE_STRING),
        ("row_count", type_pb2.TYPE_INT64),
        ("project_id", type_pb2.TYPE_STRING),
        ("dataset_id", type_pb2.TYPE_STRING),
        ("dataset_project_id", type_pb2.TYPE_STRING),
        ("location", type_pb2.TYPE_STRING),
        ("time_zone", type_pb2.TYPE_STRING),
        ("last_job_id", type_pb2.TYPE_STRING),
        ("query_label", type_pb2.TYPE_STRING),
        ("script.job_id", type_pb2.TYPE_STRING),
        ("script.bytes_billed", type_pb2.TYPE_INT64),
        ("script.bytes_processed", type_pb2.TYPE_INT64),
        ("script.creation_time", type_pb2.TYPE_TIMESTAMP),
        ("script.slot_ms", type_pb2.TYPE_INT64),
        ("current_job_id", type_pb2.TYPE_STRING),
    ):
        options.system_variables.add(name_path=path.split("."), type=type_pb2.TypeProto(type_kind=kind))
    return options


@lru_cache(maxsize=1)
def execution_options() -> Any:
    """As `analyzer_options`, for running a query: system variables have no value there."""
    options = type(analyzer_options())()
    options.CopyFrom(analyzer_options())
    del options.system_variables[:]
    return options
