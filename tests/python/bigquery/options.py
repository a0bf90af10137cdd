"""Names and types of OPTIONS(...), for each kind of statement. Each list has a link to its page.

An option that is not here is refused, and so is a value that does not coerce to the option's type. A few options take one
of a few words; those are in `WORDS`.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from zetasql.wasi._pb2.zetasql.proto import options_pb2

from . import sqltypes

DDL = "https://cloud.google.com/bigquery/docs/reference/standard-sql/data-definition-language"
REFERENCE = "https://cloud.google.com/bigquery/docs/reference/standard-sql/"

_LABELS = "ARRAY<STRUCT<STRING, STRING>>"

PAGES: dict[str, str] = {
    "table": DDL + "#table_option_list",
    "external table": DDL + "#external_table_option_list",
    "object table": "https://cloud.google.com/bigquery/docs/object-tables#create-object-table",
    "view": DDL + "#view_option_list",
    "materialized view": DDL + "#materialized_view_option_list",
    "schema": DDL + "#schema_option_list",
    "external schema": DDL + "#external_schema_option_list",
    "column": DDL + "#column_option_list",
    "model": REFERENCE + "bigqueryml-syntax-create#model_option_list",
    "function": DDL + "#function_option_list",
    "table function": DDL + "#table_function_option_list",
    "procedure": DDL + "#procedure_option_list",
    "vector index": DDL + "#vector_index_option_list",
    "search index": DDL + "#index_option_list",
    "snapshot": DDL + "#snapshot_option_list",
    "connection": "https://cloud.google.com/bigquery/docs/create-cloud-resource-connection",
    "export": REFERENCE + "export-statements#export_option_list",
    "load": REFERENCE + "load-statements#load_option_list",
}

_FILES = {
    "allow_jagged_rows": "BOOL", "allow_quoted_newlines": "BOOL", "compression": "STRING", "date_format": "STRING",
    "datetime_format": "STRING", "decimal_target_types": "ARRAY<STRING>", "enable_list_inference": "BOOL",
    "enable_logical_types": "BOOL", "encoding": "STRING", "enum_as_string": "BOOL", "field_delimiter": "STRING",
    "file_set_spec_type": "STRING", "format": "STRING", "hive_partition_uri_prefix": "STRING",
    "ignore_unknown_values": "BOOL", "json_extension": "STRING", "max_bad_records": "INT64", "null_marker": "STRING",
    "null_markers": "ARRAY<STRING>", "preserve_ascii_control_characters": "BOOL", "projection_fields": "ARRAY<STRING>",
    "quote": "STRING", "reference_file_schema_uri": "STRING", "require_hive_partition_filter": "BOOL",
    "sheet_range": "STRING", "skip_leading_rows": "INT64", "source_column_match": "STRING", "time_format": "STRING",
    "time_zone": "STRING", "timestamp_format": "STRING", "uris": "ARRAY<STRING>", "bigtable_options": "STRING",
}  # fmt: skip

NAMES: dict[str, dict[str, str]] = {
    "table": {
        "expiration_timestamp": "TIMESTAMP", "partition_expiration_days": "FLOAT64", "require_partition_filter": "BOOL",
        "kms_key_name": "STRING", "friendly_name": "STRING", "description": "STRING", "labels": _LABELS,
        "default_rounding_mode": "STRING", "enable_change_history": "BOOL", "max_staleness": "INTERVAL",
        "enable_fine_grained_mutations": "BOOL", "storage_uri": "STRING", "file_format": "STRING", "table_format": "STRING",
        "tags": _LABELS,
    },
    "external table": {
        **_FILES, "description": "STRING", "expiration_timestamp": "TIMESTAMP", "friendly_name": "STRING",
        "labels": _LABELS, "tags": _LABELS, "max_staleness": "INTERVAL", "metadata_cache_mode": "STRING",
        "object_metadata": "STRING",
    },
    "object table": {
        "object_metadata": "STRING", "uris": "ARRAY<STRING>", "max_staleness": "INTERVAL", "metadata_cache_mode": "STRING",
        "description": "STRING", "friendly_name": "STRING", "labels": _LABELS, "tags": _LABELS,
        "expiration_timestamp": "TIMESTAMP",
    },
    "view": {
        "expiration_timestamp": "TIMESTAMP", "friendly_name": "STRING", "description": "STRING", "labels": _LABELS,
        "privacy_policy": "STRING", "tags": _LABELS,
    },
    "materialized view": {
        "enable_refresh": "BOOL", "refresh_interval_minutes": "FLOAT64", "expiration_timestamp": "TIMESTAMP",
        "max_staleness": "INTERVAL", "allow_non_incremental_definition": "BOOL", "kms_key_name": "STRING",
        "friendly_name": "STRING", "description": "STRING", "labels": _LABELS, "tags": _LABELS,
    },
    "schema": {
        "default_kms_key_name": "STRING", "default_partition_expiration_days": "FLOAT64", "default_rounding_mode": "STRING",
        "default_table_expiration_days": "FLOAT64", "description": "STRING", "failover_reservation": "STRING",
        "friendly_name": "STRING", "is_case_insensitive": "BOOL", "is_primary": "BOOL", "labels": _LABELS,
        "location": "STRING", "max_time_travel_hours": "INT64", "primary_replica": "STRING",
        "storage_billing_model": "STRING", "tags": _LABELS,
    },
    "external schema": {"description": "STRING", "friendly_name": "STRING", "external_source": "STRING", "location": "STRING"},
    "column": {"description": "STRING", "rounding_mode": "STRING", "policy_tags": "ARRAY<STRING>"},
    "generated column": {"asynchronous": "BOOL"},
    "model": {
        # remote models: .../bigqueryml-syntax-create-remote-model, -service, -https, -open
        "endpoint": "STRING", "remote_service_type": "STRING", "document_processor": "STRING", "speech_recognizer": "STRING",
        "hugging_face_model_id": "STRING", "model_garden_model_name": "STRING", "hugging_face_token": "STRING",
        "machine_type": "STRING", "min_replica_count": "INT64", "max_replica_count": "INT64",
        "endpoint_idle_ttl": "INTERVAL", "prompt_col": "STRING", "max_iterations": "INT64", "learning_rate_multiplier": "FLOAT64",
        "evaluation_task": "STRING", "data_split_eval_fraction": "FLOAT64", "data_split_method": "STRING",
        "data_split_col": "STRING", "input_label_cols": "ARRAY<STRING>",
        # imported models: .../bigqueryml-syntax-create-onnx, -tensorflow, -tflite, -xgboost
        "model_type": "STRING", "model_path": "STRING", "color_space": "STRING",
        # trained models: .../bigqueryml-syntax-create-glm and its kin; those that this project may want
        "l1_reg": "FLOAT64", "l2_reg": "FLOAT64", "learn_rate": "FLOAT64", "learn_rate_strategy": "STRING",
        "early_stop": "BOOL", "min_rel_progress": "FLOAT64", "auto_class_weights": "BOOL", "enable_global_explain": "BOOL",
        "num_clusters": "INT64", "distance_type": "STRING", "standardize_features": "BOOL", "kmeans_init_method": "STRING",
        "time_series_timestamp_col": "STRING", "time_series_data_col": "STRING", "horizon": "INT64",
        "data_frequency": "STRING", "num_trials": "INT64", "vertex_ai_model_version_aliases": "ARRAY<STRING>",
        "model_registry": "STRING", "vertex_ai_model_id": "STRING",
        # any model
        "expiration_timestamp": "TIMESTAMP", "friendly_name": "STRING", "description": "STRING", "labels": _LABELS,
        "kms_key_name": "STRING", "tags": _LABELS,
    },
    "function": {
        "description": "STRING", "data_governance_type": "STRING", "library": "ARRAY<STRING>", "endpoint": "STRING",
        "user_defined_context": _LABELS, "max_batching_rows": "INT64", "entry_point": "STRING", "packages": "ARRAY<STRING>",
        "runtime_version": "STRING", "container_cpu": "FLOAT64", "container_memory": "STRING",
    },
    "table function": {"description": "STRING"},
    "procedure": {"description": "STRING", "strict_mode": "BOOL", "engine": "STRING", "runtime_version": "STRING",
                  "main_file_uri": "STRING", "py_file_uris": "ARRAY<STRING>", "jar_uris": "ARRAY<STRING>",
                  "properties": _LABELS},
    "vector index": {"index_type": "STRING", "distance_type": "STRING", "ivf_options": "STRING", "tree_ah_options": "STRING"},
    "search index": {
        "analyzer": "STRING", "analyzer_options": "STRING", "data_types": "ARRAY<STRING>",
        "default_index_column_granularity": "STRING",
    },
    "snapshot": {
        "expiration_timestamp": "TIMESTAMP", "friendly_name": "STRING", "description": "STRING", "labels": _LABELS,
        "tags": _LABELS,
    },
    "connection": {"connection_type": "STRING", "friendly_name": "STRING", "description": "STRING"},
    "export": {
        "compression": "STRING", "field_delimiter": "STRING", "format": "STRING", "header": "BOOL", "overwrite": "BOOL",
        "uri": "STRING", "use_avro_logical_types": "BOOL",
    },
    "load": {**_FILES},
}  # fmt: skip

REQUIRED: dict[str, tuple[str, ...]] = {
    "external table": ("format", "uris"),
    "object table": ("object_metadata", "uris"),
    "vector index": ("index_type",),
    "connection": ("connection_type",),
    "export": ("uri", "format"),
    "load": ("uris", "format"),
}
"""Options without which BigQuery refuses the statement."""

WORDS: dict[tuple[str, str], tuple[str, ...]] = {
    ("external table", "format"): (
        "AVRO", "CLOUD_BIGTABLE", "CSV", "DATASTORE_BACKUP", "DELTA_LAKE", "GOOGLE_SHEETS", "ICEBERG", "JSON",
        "NEWLINE_DELIMITED_JSON", "ORC", "PARQUET",
    ),
    ("load", "format"): ("AVRO", "CSV", "DATASTORE_BACKUP", "JSON", "NEWLINE_DELIMITED_JSON", "ORC", "PARQUET"),
    ("external table", "metadata_cache_mode"): ("AUTOMATIC", "MANUAL"),
    ("object table", "metadata_cache_mode"): ("AUTOMATIC", "MANUAL"),
    ("object table", "object_metadata"): ("SIMPLE",),
    ("external table", "source_column_match"): ("POSITION", "NAME"),
    ("external table", "file_set_spec_type"): ("FILE_SYSTEM_MATCH", "NEW_LINE_DELIMITED_MANIFEST"),
    ("vector index", "index_type"): ("IVF", "TREE_AH"),
    ("vector index", "distance_type"): ("EUCLIDEAN", "COSINE", "DOT_PRODUCT"),
    ("model", "remote_service_type"): (
        "CLOUD_AI_VISION_V1", "CLOUD_AI_NATURAL_LANGUAGE_V1", "CLOUD_AI_TRANSLATE_V3", "CLOUD_AI_DOCUMENT_V1",
        "CLOUD_AI_SPEECH_TO_TEXT_V2",
    ),
    ("connection", "connection_type"): ("CLOUD_RESOURCE",),
    ("table", "file_format"): ("PARQUET",),
    ("table", "table_format"): ("ICEBERG",),
}  # fmt: skip
"""Options whose value is one of a few words, in any case of letters."""


@lru_cache(maxsize=64)
def allowed(kinds: tuple[str, ...]) -> Any:
    """The analyzer's message about the OPTIONS(...) of a statement on the given kinds of objects."""
    made = options_pb2.AllowedHintsAndOptionsProto(disallow_unknown_options=True, disallow_duplicate_option_names=True)
    names: dict[str, str] = {}
    for kind in kinds:
        names |= NAMES[kind]
    for name, words in names.items():
        made.option.add(name=name, type=sqltypes.parse(words))
    return made
