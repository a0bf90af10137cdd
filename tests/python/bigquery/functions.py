"""BigQuery's functions that are services and no part of the language: ML., AI., OBJ., VECTOR_SEARCH and their kin.

Google's analyzer does not know them. They are declared here once, each with the page it was read from, and turned into
messages for the analyzer (scalar functions) or into plain SQL that the analyzer understands (table functions):

    AI.GENERATE_TEXT(MODEL m, (select id, prompt from t), STRUCT(256 AS max_output_tokens))

is analyzed as

    (SELECT * FROM (select id, prompt from t) AS input
     CROSS JOIN (SELECT CAST(NULL AS STRING) AS result, ...) AS output
     WHERE `AI.GENERATE_TEXT input`(prompt => input.prompt)
       AND `AI.GENERATE_TEXT options`(max_output_tokens => 256))

so that the columns that pass through are the real ones, in any query and however deep, and so that Google's own rules for
arguments check each option's name and type. The model's and the table's kind are checked by `calls.py`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any

from zetasql.wasi._pb2.zetasql.proto import function_pb2 as signature_pb2
from zetasql.wasi._pb2.zetasql.public import function_pb2

from . import sqltypes

REFERENCE = "https://cloud.google.com/bigquery/docs/reference/standard-sql/"

OBJECT_REF = "STRUCT<uri STRING, version STRING, authorizer STRING, details JSON>"
"""https://cloud.google.com/bigquery/docs/reference/standard-sql/objectref_functions#objectref"""

OBJECT_DATA = "STRUCT<`content of the object` BYTES>"
"""Represents the pseudo column `data` of an object table, which nothing but ML.DECODE_IMAGE may take:
https://cloud.google.com/bigquery/docs/object-table-introduction#object_table_schema"""

OBJECT_TABLE: dict[str, str] = {
    "uri": "STRING",
    "generation": "INT64",
    "content_type": "STRING",
    "size": "INT64",
    "md5_hash": "STRING",
    "updated": "TIMESTAMP",
    "metadata": "ARRAY<STRUCT<name STRING, value STRING>>",
    "ref": OBJECT_REF,
}
"""The columns of every object table: https://cloud.google.com/bigquery/docs/object-table-introduction#object_table_schema"""

DECODED_IMAGE = "STRUCT<shape ARRAY<INT64>, values ARRAY<FLOAT64>>"
"""https://cloud.google.com/bigquery/docs/reference/standard-sql/bigqueryml-syntax-decode-image"""

ANY = "any type"
"""An argument of whatever type."""

STRUCT = "STRUCT"
"""A struct of whatever fields, as prompts of several pieces are."""

PROMPT = "STRING or STRUCT"
"""An argument that may be a text or a struct of texts and objects."""


# -------------------------------------------------------------------------------------------------- scalar functions


@dataclass(frozen=True)
class Argument:
    """An argument: by position (`name` then only serves the error), or by name with `named`."""

    name: str
    type: str
    required: bool = True
    named: bool = False


@dataclass(frozen=True)
class Scalar:
    """A scalar or aggregate function. `signatures`: the arguments of each form and the type that comes back."""

    page: str
    signatures: tuple[tuple[tuple[Argument, ...], str], ...]
    aggregate: bool = False


def _scalar(page: str, returns: str, *arguments: Argument, aggregate: bool = False) -> Scalar:
    forms: list[tuple[Argument, ...]] = [()]
    for argument in arguments:
        words = ("STRING", STRUCT) if argument.type == PROMPT else (argument.type,)
        forms = [(*form, replace(argument, type=word)) for form in forms for word in words]
    return Scalar(REFERENCE + page, tuple((form, returns) for form in forms), aggregate)


def _named(name: str, type_: str) -> Argument:
    return Argument(name, type_, required=False, named=True)


_GENERATION = (
    Argument("prompt", PROMPT),
    _named("endpoint", "STRING"),
    _named("model_params", "JSON"),
    _named("output_schema", "STRING"),
    _named("connection_id", "STRING"),
    _named("request_type", "STRING"),
)
_TYPED_GENERATION = tuple(argument for argument in _GENERATION if argument.name != "output_schema")

SCALARS: dict[str, Scalar] = {
    # What comes back with `output_schema` is worked out for each call, in calls.py.
    "AI.GENERATE": _scalar(
        "bigqueryml-syntax-ai-generate", "STRUCT<result STRING, full_response JSON, status STRING>", *_GENERATION
    ),
    "AI.GENERATE_BOOL": _scalar(
        "bigqueryml-syntax-ai-generate-bool", "STRUCT<result BOOL, full_response JSON, status STRING>", *_TYPED_GENERATION
    ),
    "AI.GENERATE_INT": _scalar(
        "bigqueryml-syntax-ai-generate-int", "STRUCT<result INT64, full_response JSON, status STRING>", *_TYPED_GENERATION
    ),
    "AI.GENERATE_DOUBLE": _scalar(
        "bigqueryml-syntax-ai-generate-double",
        "STRUCT<result FLOAT64, full_response JSON, status STRING>",
        *_TYPED_GENERATION,
    ),
    "AI.IF": _scalar(
        "bigqueryml-syntax-ai-if", "BOOL",
        Argument("prompt", PROMPT), _named("connection_id", "STRING"), _named("endpoint", "STRING"),
        _named("max_error_ratio", "FLOAT64"), _named("optimization_mode", "STRING"),
    ),
    "AI.CLASSIFY": _scalar(
        "bigqueryml-syntax-ai-classify", "STRING",
        Argument("input", PROMPT), Argument("categories", ANY), _named("connection_id", "STRING"),
        _named("endpoint", "STRING"), _named("max_error_ratio", "FLOAT64"), _named("optimization_mode", "STRING"),
    ),
    "AI.SCORE": _scalar(
        "bigqueryml-syntax-ai-score", "FLOAT64",
        Argument("prompt", PROMPT), _named("connection_id", "STRING"), _named("endpoint", "STRING"),
        _named("max_error_ratio", "FLOAT64"),
    ),
    "AI.EMBED": _scalar(
        "bigqueryml-syntax-ai-embed", "STRUCT<result ARRAY<FLOAT64>, status STRING>",
        Argument("content", PROMPT), _named("endpoint", "STRING"), _named("model", "STRING"), _named("task_type", "STRING"),
        _named("title", "STRING"), _named("model_params", "JSON"), _named("connection_id", "STRING"),
    ),
    "AI.SIMILARITY": _scalar(
        "bigqueryml-syntax-ai-similarity", "FLOAT64",
        Argument("content1", PROMPT), Argument("content2", PROMPT), _named("endpoint", "STRING"), _named("model", "STRING"),
        _named("model_params", "JSON"), _named("connection_id", "STRING"),
    ),
    "AI.COUNT_TOKENS": _scalar(
        "bigqueryml-syntax-ai-count-tokens", "STRUCT<result INT64, full_response JSON>",
        Argument("text", "STRING"), _named("endpoint", "STRING"),
    ),
    "ML.DISTANCE": _scalar(
        "bigqueryml-syntax-distance", "FLOAT64",
        Argument("vector1", "ARRAY<FLOAT64>"), Argument("vector2", "ARRAY<FLOAT64>"),
        Argument("type", "STRING", required=False),
    ),
    "ML.LP_NORM": _scalar(
        "bigqueryml-syntax-lp-norm", "FLOAT64", Argument("vector", "ARRAY<FLOAT64>"), Argument("degree", "FLOAT64")
    ),
    "ML.DECODE_IMAGE": _scalar("bigqueryml-syntax-decode-image", DECODED_IMAGE, Argument("data", OBJECT_DATA)),
    "ML.RESIZE_IMAGE": _scalar(
        "bigqueryml-syntax-resize-image", DECODED_IMAGE,
        Argument("image", DECODED_IMAGE), Argument("target_height", "INT64"), Argument("target_width", "INT64"),
        Argument("preserve_aspect_ratio", "BOOL"),
    ),
    "ML.CONVERT_COLOR_SPACE": _scalar(
        "bigqueryml-syntax-convert-color-space", DECODED_IMAGE,
        Argument("image", DECODED_IMAGE), Argument("target_color_space", "STRING"),
    ),
    "ML.CONVERT_IMAGE_TYPE": _scalar(
        "bigqueryml-syntax-convert-image-type", "STRUCT<shape ARRAY<INT64>, values ARRAY<INT64>>",
        Argument("image", DECODED_IMAGE),
    ),
    "OBJ.MAKE_REF": Scalar(
        REFERENCE + "objectref_functions#objmake_ref",
        (
            (
                (
                    Argument("uri", "STRING"), Argument("authorizer", "STRING", required=False),
                    _named("version", "STRING"), _named("details", "JSON"),
                ),
                OBJECT_REF,
            ),
            ((Argument("objectref_json", "JSON"),), OBJECT_REF),
            ((Argument("objectref", OBJECT_REF), Argument("authorizer", "STRING")), OBJECT_REF),
        ),
    ),
    "OBJ.FETCH_METADATA": _scalar("objectref_functions#objfetch_metadata", OBJECT_REF, Argument("objectref", OBJECT_REF)),
    "OBJ.GET_ACCESS_URL": _scalar(
        "objectref_functions#objget_access_url", "JSON",
        Argument("objectref", OBJECT_REF), Argument("mode", "STRING"), Argument("duration", "INTERVAL", required=False),
    ),
    "OBJ.GET_READ_URL": _scalar(
        "objectref_functions#objget_read_url", "STRUCT<url STRING, status STRING>", Argument("objectref", OBJECT_REF)
    ),
    # In BigQuery's language, but not in this release of ZetaSQL. The type that comes back is that of the first argument.
    "MAX_BY": _scalar(
        "aggregate_functions#max_by", "first argument", Argument("x", ANY), Argument("y", ANY), aggregate=True
    ),
    "MIN_BY": _scalar(
        "aggregate_functions#min_by", "first argument", Argument("x", ANY), Argument("y", ANY), aggregate=True
    ),
}  # fmt: skip


# --------------------------------------------------------------------------------------------------- table functions


@dataclass(frozen=True)
class ModelCall:
    """A table function over a model: `F(MODEL m, {TABLE t | (query)}, STRUCT(... AS option))`.

    `input`: the column that the relation must have, with the types that it may be of. `object_table`: the relation must be
    an object table, given by name. `adds`: the columns that come beside those of the relation. `models`: the kinds of model
    that the function takes (see `MODEL_KINDS`).
    """

    page: str
    models: tuple[str, ...]
    options: dict[str, str]
    adds: dict[str, str]
    input: dict[str, tuple[str, ...]] = field(default_factory=dict)
    object_table: bool = False
    required_options: tuple[str, ...] = ()


MODEL_KINDS: dict[str, str] = {
    "text": "a remote model over a text generation endpoint (Gemini, Claude, Llama, Mistral, an open model)",
    "embedding": "a remote model over an embedding endpoint",
    "vision": "a remote model with REMOTE_SERVICE_TYPE = 'CLOUD_AI_VISION_V1'",
    "language": "a remote model with REMOTE_SERVICE_TYPE = 'CLOUD_AI_NATURAL_LANGUAGE_V1'",
    "translation": "a remote model with REMOTE_SERVICE_TYPE = 'CLOUD_AI_TRANSLATE_V3'",
    "document": "a remote model with REMOTE_SERVICE_TYPE = 'CLOUD_AI_DOCUMENT_V1'",
    "speech": "a remote model with REMOTE_SERVICE_TYPE = 'CLOUD_AI_SPEECH_TO_TEXT_V2'",
    "predict": "a trained, an imported (ONNX, TensorFlow, XGBoost) or an own remote model with INPUT and OUTPUT",
}

_SAFETY = "ARRAY<STRUCT<category STRING, threshold STRING>>"
_TEXT_OPTIONS = {
    "max_output_tokens": "INT64",
    "temperature": "FLOAT64",
    "top_p": "FLOAT64",
    "top_k": "INT64",
    "stop_sequences": "ARRAY<STRING>",
    "ground_with_google_search": "BOOL",
    "safety_settings": _SAFETY,
    "request_type": "STRING",
    "model_params": "STRING",
    "prompt": "STRING",
}
_EMBEDDING_OPTIONS = {
    "task_type": "STRING",
    "output_dimensionality": "INT64",
    "start_second": "FLOAT64",
    "end_second": "FLOAT64",
    "interval_seconds": "FLOAT64",
    "trial_id": "INT64",
}
_PROMPT = {"prompt": ("STRING", STRUCT)}
_CONTENT = {"content": ("STRING", STRUCT, "JSON")}

MODEL_CALLS: dict[str, ModelCall] = {
    "AI.GENERATE_TEXT": ModelCall(
        REFERENCE + "bigqueryml-syntax-ai-generate-text",
        models=("text",), input=_PROMPT, options=_TEXT_OPTIONS,
        adds={
            "result": "STRING", "rai_result": "JSON", "grounding_result": "JSON", "statistics": "JSON",
            "full_response": "JSON", "status": "STRING",
        },
    ),
    # With flatten_json_output => TRUE; without, see `columns_added`.
    "ML.GENERATE_TEXT": ModelCall(
        REFERENCE + "bigqueryml-syntax-generate-text",
        models=("text",), input=_PROMPT, options=_TEXT_OPTIONS | {"flatten_json_output": "BOOL"},
        adds={
            "ml_generate_text_llm_result": "STRING", "ml_generate_text_rai_result": "STRING",
            "ml_generate_text_grounding_result": "STRING", "ml_generate_text_status": "STRING",
        },
    ),
    # The columns of `output_schema` come besides; see `columns_added`.
    "AI.GENERATE_TABLE": ModelCall(
        REFERENCE + "bigqueryml-syntax-generate-table",
        models=("text",), input=_PROMPT,
        options={
            "output_schema": "STRING", "max_output_tokens": "INT64", "temperature": "FLOAT64", "top_p": "FLOAT64",
            "stop_sequences": "ARRAY<STRING>", "safety_settings": _SAFETY, "request_type": "STRING",
        },
        required_options=("output_schema",),
        adds={"full_response": "JSON", "status": "STRING"},
    ),
    "AI.GENERATE_EMBEDDING": ModelCall(
        REFERENCE + "bigqueryml-syntax-ai-generate-embedding",
        models=("embedding",), input=_CONTENT, options=_EMBEDDING_OPTIONS,
        adds={"embedding": "ARRAY<FLOAT64>", "statistics": "JSON", "status": "STRING"},
    ),
    "ML.GENERATE_EMBEDDING": ModelCall(
        REFERENCE + "bigqueryml-syntax-generate-embedding",
        models=("embedding",), input=_CONTENT, options=_EMBEDDING_OPTIONS | {"flatten_json_output": "BOOL"},
        adds={
            "ml_generate_embedding_result": "ARRAY<FLOAT64>", "ml_generate_embedding_statistics": "JSON",
            "ml_generate_embedding_status": "STRING",
        },
    ),
    "ML.ANNOTATE_IMAGE": ModelCall(
        REFERENCE + "bigqueryml-syntax-annotate-image",
        models=("vision",), object_table=True, options={"vision_features": "ARRAY<STRING>"},
        required_options=("vision_features",),
        adds={"ml_annotate_image_result": "JSON", "ml_annotate_image_status": "STRING"},
    ),
    "ML.PROCESS_DOCUMENT": ModelCall(
        REFERENCE + "bigqueryml-syntax-process-document",
        models=("document",), object_table=True, options={},
        adds={"ml_process_document_result": "JSON", "ml_process_document_status": "STRING"},
    ),
    "ML.TRANSCRIBE": ModelCall(
        REFERENCE + "bigqueryml-syntax-transcribe",
        models=("speech",), object_table=True, options={"recognition_config": "JSON"},
        adds={"transcripts": "STRING", "ml_transcribe_result": "JSON", "ml_transcribe_status": "STRING"},
    ),
    "ML.TRANSLATE": ModelCall(
        REFERENCE + "bigqueryml-syntax-translate",
        models=("translation",), input={"text_content": ("STRING",)},
        options={"translate_mode": "STRING", "target_language_code": "STRING"}, required_options=("translate_mode",),
        adds={"ml_translate_result": "JSON", "ml_translate_status": "STRING"},
    ),
    "ML.UNDERSTAND_TEXT": ModelCall(
        REFERENCE + "bigqueryml-syntax-understand-text",
        models=("language",), input={"text_content": ("STRING",)},
        options={"nlu_option": "STRING", "flatten_json_output": "BOOL"}, required_options=("nlu_option",),
        adds={"ml_understand_text_result": "JSON", "ml_understand_text_status": "STRING"},
    ),
    # The model's own output columns come besides; see `columns_added`.
    "ML.PREDICT": ModelCall(
        REFERENCE + "bigqueryml-syntax-predict",
        models=("predict",), options={"threshold": "FLOAT64", "keep_original_columns": "BOOL", "trial_id": "INT64"}, adds={},
    ),
}  # fmt: skip


VISION_FEATURES = frozenset({
    "FACE_DETECTION", "LANDMARK_DETECTION", "LOGO_DETECTION", "LABEL_DETECTION", "TEXT_DETECTION",
    "DOCUMENT_TEXT_DETECTION", "IMAGE_PROPERTIES", "OBJECT_LOCALIZATION",
})  # fmt: skip
"""https://cloud.google.com/bigquery/docs/reference/standard-sql/bigqueryml-syntax-annotate-image#arguments"""


def columns_added(name: str, options: dict[str, str], outputs: dict[str, str]) -> dict[str, str]:
    """The columns that a model call adds to those of its relation.

    `options`: the text of each option given as a literal, without quotes; `outputs`: the model's own output columns.
    Raises `sqltypes.UnknownType` for an `output_schema` that names no type.
    """
    adds = dict(MODEL_CALLS[name].adds)
    if name == "ML.GENERATE_TEXT" and options.get("flatten_json_output", "false").lower() != "true":
        return {"ml_generate_text_result": "JSON", "ml_generate_text_status": "STRING"}
    if name == "ML.GENERATE_EMBEDDING" and options.get("flatten_json_output", "true").lower() == "false":
        return {"ml_generate_embedding_result": "JSON", "ml_generate_embedding_status": "STRING"}
    if name == "AI.GENERATE_TEXT" and options.get("ground_with_google_search", "false").lower() != "true":
        adds.pop("grounding_result")
    if name == "AI.GENERATE_TABLE":
        return output_schema(options.get("output_schema", "")) | adds
    if name == "ML.PREDICT":
        return dict(outputs)
    return adds


def output_schema(text: str) -> dict[str, str]:
    """The columns that the words of an `output_schema` name: `label STRING, score FLOAT64 OPTIONS(description = '...')`.

    https://cloud.google.com/bigquery/docs/reference/standard-sql/bigqueryml-syntax-ai-generate#arguments
    """
    plain = re.sub(r"OPTIONS\s*\((?:'[^']*'|\"[^\"]*\"|\[[^\]]*\]|[^()])*\)|NOT\s+NULL", "", text, flags=re.IGNORECASE)
    made = sqltypes.parse(f"STRUCT<{plain}>")
    if any(not each.field_name for each in made.struct_type.field):
        raise sqltypes.UnknownType(f"`{text}` is no output_schema: a field has no name")
    return {each.field_name: sqltypes.words(each.field_type) for each in made.struct_type.field}


VECTOR_SEARCH_PAGE = REFERENCE + "search_functions#vector_search"
VECTOR_SEARCH_OPTIONS: dict[str, str] = {
    "query_column_to_search": "STRING",
    "query_value": "ARRAY<FLOAT64>",
    "top_k": "INT64",
    "distance_type": "STRING",
    "options": "STRING",
}
DISTANCE_TYPES = frozenset({"EUCLIDEAN", "COSINE", "DOT_PRODUCT"})

OBJECT_LIST_PAGE = REFERENCE + "objectref_functions#objlist"
OBJECT_TRANSFORM_PAGE = REFERENCE + "table-functions-built-in#external_object_transform"

PROCEDURES: dict[str, tuple[str, tuple[Argument, ...]]] = {
    "BQ.REFRESH_EXTERNAL_METADATA_CACHE": (
        "https://cloud.google.com/bigquery/docs/reference/system-procedures#bqrefresh_external_metadata_cache",
        (Argument("table_name", "STRING"), Argument("subdirectories", "ARRAY<STRING>", required=False)),
    ),
    "BQ.ABORT_SESSION": (
        "https://cloud.google.com/bigquery/docs/reference/system-procedures#bqabort_session",
        (Argument("session_id", "STRING", required=False),),
    ),
    "BQ.JOBS.CANCEL": (
        "https://cloud.google.com/bigquery/docs/reference/system-procedures#bqjobscancel",
        (Argument("job", "STRING"),),
    ),
}

VECTOR_INDEX_STATISTICS_PAGE = REFERENCE + "vectorindex_functions#vector_indexstatistics"

TABLE_FUNCTIONS = frozenset(
    {*MODEL_CALLS, "VECTOR_SEARCH", "VECTOR_INDEX.STATISTICS", "OBJ.LIST", "EXTERNAL_OBJECT_TRANSFORM"}
)


# -------------------------------------------------------------------------------------------------- pseudo columns

EXTERNAL_PSEUDO_COLUMNS = {"_FILE_NAME": "STRING"}
"""Of every external table over files: https://cloud.google.com/bigquery/docs/query-cloud-storage-data#query_the_file_name_pseudo-column"""

INGESTION_TIME_PSEUDO_COLUMNS = {"_PARTITIONTIME": "TIMESTAMP", "_PARTITIONDATE": "DATE"}
"""Of tables partitioned by ingestion time: https://cloud.google.com/bigquery/docs/querying-partitioned-tables"""


# ------------------------------------------------------------------------------------------------ INFORMATION_SCHEMA

INFORMATION_SCHEMA: dict[str, tuple[str, dict[str, str]]] = {
    "SCHEMATA": (
        "https://cloud.google.com/bigquery/docs/information-schema-datasets-schemata",
        {
            "catalog_name": "STRING", "schema_name": "STRING", "schema_owner": "STRING", "creation_time": "TIMESTAMP",
            "last_modified_time": "TIMESTAMP", "location": "STRING", "ddl": "STRING", "default_collation_name": "STRING",
        },
    ),
    "TABLES": (
        "https://cloud.google.com/bigquery/docs/information-schema-tables",
        {
            "table_catalog": "STRING", "table_schema": "STRING", "table_name": "STRING", "table_type": "STRING",
            "managed_table_type": "STRING", "is_insertable_into": "STRING", "is_fine_grained_mutations_enabled": "STRING",
            "is_typed": "STRING", "is_change_history_enabled": "STRING", "creation_time": "TIMESTAMP",
            "base_table_catalog": "STRING", "base_table_schema": "STRING", "base_table_name": "STRING",
            "snapshot_time_ms": "TIMESTAMP", "replica_source_catalog": "STRING", "replica_source_schema": "STRING",
            "replica_source_name": "STRING", "replication_status": "STRING", "replication_error": "STRING",
            "ddl": "STRING", "default_collation_name": "STRING", "upsert_stream_apply_watermark": "TIMESTAMP",
        },
    ),
    "TABLE_OPTIONS": (
        "https://cloud.google.com/bigquery/docs/information-schema-table-options",
        {
            "table_catalog": "STRING", "table_schema": "STRING", "table_name": "STRING", "option_name": "STRING",
            "option_type": "STRING", "option_value": "STRING",
        },
    ),
    "COLUMNS": (
        "https://cloud.google.com/bigquery/docs/information-schema-columns",
        {
            "table_catalog": "STRING", "table_schema": "STRING", "table_name": "STRING", "column_name": "STRING",
            "ordinal_position": "INT64", "is_nullable": "STRING", "data_type": "STRING", "is_generated": "STRING",
            "generation_expression": "STRING", "is_stored": "STRING", "is_hidden": "STRING", "is_updatable": "STRING",
            "is_system_defined": "STRING", "is_partitioning_column": "STRING", "clustering_ordinal_position": "INT64",
            "collation_name": "STRING", "column_default": "STRING", "rounding_mode": "STRING",
        },
    ),
    "COLUMN_FIELD_PATHS": (
        "https://cloud.google.com/bigquery/docs/information-schema-column-field-paths",
        {
            "table_catalog": "STRING", "table_schema": "STRING", "table_name": "STRING", "column_name": "STRING",
            "field_path": "STRING", "data_type": "STRING", "description": "STRING", "collation_name": "STRING",
            "rounding_mode": "STRING",
        },
    ),
    "VIEWS": (
        "https://cloud.google.com/bigquery/docs/information-schema-views",
        {
            "table_catalog": "STRING", "table_schema": "STRING", "table_name": "STRING", "view_definition": "STRING",
            "check_option": "STRING", "use_standard_sql": "STRING",
        },
    ),
    "PARTITIONS": (
        "https://cloud.google.com/bigquery/docs/information-schema-partitions",
        {
            "table_catalog": "STRING", "table_schema": "STRING", "table_name": "STRING", "partition_id": "STRING",
            "total_rows": "INT64", "total_logical_bytes": "INT64", "total_billable_bytes": "INT64",
            "last_modified_time": "TIMESTAMP", "storage_tier": "STRING",
        },
    ),
    "TABLE_STORAGE": (
        "https://cloud.google.com/bigquery/docs/information-schema-table-storage",
        {
            "project_id": "STRING", "project_number": "INT64", "table_catalog": "STRING", "table_schema": "STRING",
            "table_name": "STRING", "creation_time": "TIMESTAMP", "total_rows": "INT64", "total_partitions": "INT64",
            "total_logical_bytes": "INT64", "active_logical_bytes": "INT64", "long_term_logical_bytes": "INT64",
            "current_physical_bytes": "INT64", "total_physical_bytes": "INT64", "active_physical_bytes": "INT64",
            "long_term_physical_bytes": "INT64", "time_travel_physical_bytes": "INT64",
            "storage_last_modified_time": "TIMESTAMP", "deleted": "BOOL", "table_type": "STRING",
            "managed_table_type": "STRING", "fail_safe_physical_bytes": "INT64",
            "last_metadata_index_refresh_time": "TIMESTAMP",
        },
    ),
    "VECTOR_INDEXES": (
        "https://cloud.google.com/bigquery/docs/information-schema-vector-indexes",
        {
            "index_catalog": "STRING", "index_schema": "STRING", "table_name": "STRING", "index_name": "STRING",
            "index_status": "STRING", "creation_time": "TIMESTAMP", "last_modification_time": "TIMESTAMP",
            "last_refresh_time": "TIMESTAMP", "disable_time": "TIMESTAMP", "disable_reason": "STRING", "ddl": "STRING",
            "coverage_percentage": "INT64", "unindexed_row_count": "INT64", "total_logical_bytes": "INT64",
            "total_storage_bytes": "INT64",
        },
    ),
    "VECTOR_INDEX_COLUMNS": (
        "https://cloud.google.com/bigquery/docs/information-schema-vector-index-columns",
        {
            "index_catalog": "STRING", "index_schema": "STRING", "table_name": "STRING", "index_name": "STRING",
            "index_column_name": "STRING", "index_field_path": "STRING",
        },
    ),
    "VECTOR_INDEX_OPTIONS": (
        "https://cloud.google.com/bigquery/docs/information-schema-vector-index-options",
        {
            "index_catalog": "STRING", "index_schema": "STRING", "table_name": "STRING", "index_name": "STRING",
            "option_name": "STRING", "option_type": "STRING", "option_value": "STRING",
        },
    ),
    "SEARCH_INDEXES": (
        "https://cloud.google.com/bigquery/docs/information-schema-indexes",
        {
            "index_catalog": "STRING", "index_schema": "STRING", "table_name": "STRING", "index_name": "STRING",
            "index_status": "STRING", "creation_time": "TIMESTAMP", "last_modification_time": "TIMESTAMP",
            "last_refresh_time": "TIMESTAMP", "disable_time": "TIMESTAMP", "disable_reason": "STRING", "ddl": "STRING",
            "coverage_percentage": "INT64", "unindexed_row_count": "INT64", "total_logical_bytes": "INT64",
            "total_storage_bytes": "INT64", "analyzer": "STRING",
        },
    ),
    "ROUTINES": (
        "https://cloud.google.com/bigquery/docs/information-schema-routines",
        {
            "specific_catalog": "STRING", "specific_schema": "STRING", "specific_name": "STRING",
            "routine_catalog": "STRING", "routine_schema": "STRING", "routine_name": "STRING", "routine_type": "STRING",
            "data_type": "STRING", "routine_body": "STRING", "routine_definition": "STRING", "external_language": "STRING",
            "is_deterministic": "STRING", "security_type": "STRING", "created": "TIMESTAMP", "last_altered": "TIMESTAMP",
            "ddl": "STRING", "connection": "STRING",
        },
    ),
    "JOBS": (
        "https://cloud.google.com/bigquery/docs/information-schema-jobs",
        {
            "creation_time": "TIMESTAMP", "project_id": "STRING", "project_number": "INT64", "user_email": "STRING",
            "principal_subject": "STRING", "job_id": "STRING", "job_type": "STRING", "statement_type": "STRING",
            "priority": "STRING", "start_time": "TIMESTAMP", "end_time": "TIMESTAMP", "query": "STRING", "state": "STRING",
            "reservation_id": "STRING", "edition": "STRING", "total_bytes_processed": "INT64", "total_slot_ms": "INT64",
            "total_modified_partitions": "INT64", "total_bytes_billed": "INT64", "cache_hit": "BOOL",
            "destination_table": "STRUCT<project_id STRING, dataset_id STRING, table_id STRING>",
            "labels": "ARRAY<STRUCT<key STRING, value STRING>>",
            "error_result": "STRUCT<reason STRING, location STRING, debug_info STRING, message STRING>",
            "parent_job_id": "STRING", "transaction_id": "STRING",
        },
    ),
}  # fmt: skip
"""The views that this project queries, with the columns of their pages."""


# ------------------------------------------------------------------------------------------------ for the analyzer


def _argument(argument: Argument) -> Any:
    options = signature_pb2.FunctionArgumentTypeOptionsProto(
        cardinality=function_pb2.FunctionEnums.REQUIRED if argument.required else function_pb2.FunctionEnums.OPTIONAL,
        argument_name=argument.name,
    )
    if argument.named:
        options.named_argument_kind = function_pb2.FunctionEnums.NAMED_ONLY
    else:
        options.named_argument_kind = function_pb2.FunctionEnums.POSITIONAL_OR_NAMED
    return _type(argument.type, options)


def _type(words: str, options: Any = None) -> Any:
    made = signature_pb2.FunctionArgumentTypeProto(num_occurrences=1)
    if words == ANY:
        made.kind = function_pb2.ARG_TYPE_ARBITRARY
    elif words == STRUCT:
        made.kind = function_pb2.ARG_STRUCT_ANY
    elif words == "first argument":
        made.kind = function_pb2.ARG_TYPE_ANY_1
    else:
        made.kind = function_pb2.ARG_TYPE_FIXED
        made.type.CopyFrom(sqltypes.parse(words))
    if options is not None:
        made.options.CopyFrom(options)
    return made


def declare(name: str, function: Scalar) -> Any:
    """The analyzer's message for a function. Its group is `BigQuery`; a dotted name lives in a catalog of its own."""
    made = signature_pb2.FunctionProto(
        name_path=name.split(".") if name in SCALARS else [name],
        group="BigQuery",
        mode=function_pb2.FunctionEnums.AGGREGATE if function.aggregate else function_pb2.FunctionEnums.SCALAR,
    )
    for arguments, returns in function.signatures:
        signature = made.signature.add()
        for argument in arguments:
            declared = _argument(argument)
            if returns == "first argument" and argument is arguments[0]:
                declared.kind = function_pb2.ARG_TYPE_ANY_1
            signature.argument.append(declared)
        signature.return_type.CopyFrom(_type(returns))
    return made


def checker(name: str, arguments: dict[str, str | tuple[str, ...]], required: tuple[str, ...] = ()) -> Any:
    """A function that takes the given named arguments and gives TRUE: it makes the analyzer check names and types.

    An argument of several types makes one signature for each.
    """
    forms: list[dict[str, str]] = [{}]
    for key, types in arguments.items():
        each = (types,) if isinstance(types, str) else types
        forms = [form | {key: word} for form in forms for word in each]
    signatures = tuple(
        (tuple(Argument(key, word, required=key in required, named=True) for key, word in form.items()), "BOOL")
        for form in forms
    )
    return declare(name, Scalar("", signatures))


@lru_cache(maxsize=1)
def declared_scalars() -> dict[str, Any]:
    """Every scalar function's message, by its name in capitals."""
    return {name: declare(name, function) for name, function in SCALARS.items()}


@lru_cache(maxsize=1)
def declared_checkers() -> dict[str, Any]:
    """The functions that check the arguments of the table functions, by name."""
    made: dict[str, Any] = {}
    for name, call in MODEL_CALLS.items():
        made[f"{name} options"] = checker(f"{name} options", dict(call.options), call.required_options)
        if call.input:
            made[f"{name} input"] = checker(f"{name} input", dict(call.input), tuple(call.input))
    made["VECTOR_SEARCH options"] = checker("VECTOR_SEARCH options", dict(VECTOR_SEARCH_OPTIONS))
    vector: tuple[str, ...] = ("ARRAY<FLOAT64>", "STRUCT<result ARRAY<FLOAT64>, status STRING>")
    made["VECTOR_SEARCH base column"] = checker(
        "VECTOR_SEARCH base column", {"column_to_search": vector}, ("column_to_search",)
    )
    made["VECTOR_SEARCH query column"] = checker(
        "VECTOR_SEARCH query column", {"query_column_to_search": vector}, ("query_column_to_search",)
    )
    made["OBJ.LIST arguments"] = declare(
        "OBJ.LIST arguments",
        Scalar(
            OBJECT_LIST_PAGE, (((Argument("uri", "STRING"), Argument("authorizer", "STRING", required=False)), "BOOL"),)
        ),
    )
    made["EXTERNAL_OBJECT_TRANSFORM arguments"] = declare(
        "EXTERNAL_OBJECT_TRANSFORM arguments",
        Scalar(OBJECT_TRANSFORM_PAGE, (((Argument("transforms", "ARRAY<STRING>"),), "BOOL"),)),
    )
    return made


def nothing() -> Any:
    """What a procedure returns. The wheel's analyzer breaks down over the kind that says `nothing`, so it is some type."""
    return _type("INT64")


@lru_cache(maxsize=1)
def declared_procedures() -> list[Any]:
    """Every system procedure's message."""
    made = []
    for name, (_, arguments) in PROCEDURES.items():
        procedure = signature_pb2.ProcedureProto(name_path=name.split("."))
        for argument in arguments:
            procedure.signature.argument.append(_argument(argument))
        procedure.signature.return_type.CopyFrom(nothing())
        made.append(procedure)
    return made
