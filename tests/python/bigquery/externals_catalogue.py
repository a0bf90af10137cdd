"""Shapes of external sources: what people read from on Google Cloud and AWS, and what they get wrong.

`SHAPES` are good, `BAD` are each wrong in one way, with the words that must be said about it. A project of nothing but these
is written by `write`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from .recorder import ROOT

CONNECTIONS: dict[str, dict[str, str]] = {
    "us-east4.files": {"type": "cloud_resource"},
    "us-east4.aws": {"type": "aws", "role": "arn:aws:iam::123456789012:role/omni", "identity": "1098"},
    "aws-us-east-1.omni": {"type": "aws", "role": "arn:aws:iam::123456789012:role/omni", "identity": "1098"},
    "us-east4.unmade": {"type": "aws", "role": "arn:aws:iam::123456789012:role/omni"},
    "us.elsewhere": {"type": "cloud_resource"},
    "europe-west2.far": {"type": "aws", "identity": "1"},
}
"""`vars.connections` of the catalogue's project."""

_COLUMNS = [
    {"name": "id", "data_type": "int64", "description": "It's the key."},
    {"name": "name", "data_type": "string"},
]
_DAY = [{"name": "day", "data_type": "date"}]
_CACHED = {"max_staleness": "4 hours", "metadata_cache_mode": "AUTOMATIC"}
_OMNI = {"connection": "aws-us-east-1.omni", "dataset_location": "aws-us-east-1"}

SHAPES: dict[str, dict[str, Any]] = {
    # ---------- Cloud Storage
    "csv": {"location": "gs://b/csv/*", "file_format": "csv"},
    "csv_of_a_folder": {"location": "gs://b/folder/", "file_format": "CSV"},
    "csv_of_the_landing_zone": {"location": "gcp/inbox/users/", "file_format": "csv", "options": {"skip_leading_rows": 1}},
    "csv_with_a_header": {"location": "gs://b/h/*.csv", "file_format": "csv", "options": {"skip_leading_rows": 1, "source_column_match": "NAME"}},
    "csv_of_another_kind": {"location": "gs://b/k/*.txt", "file_format": "csv", "options": {
        "field_delimiter": "|", "quote": "'", "encoding": "ISO-8859-1", "null_markers": ["", "NULL"], "allow_jagged_rows": True,
        "allow_quoted_newlines": True, "preserve_ascii_control_characters": True, "max_bad_records": 10, "compression": "GZIP"}},
    "csv_with_formats": {"location": "gs://b/f/*", "file_format": "csv", "options": {
        "date_format": "YYYY/MM/DD", "time_zone": "UTC", "timestamp_format": "YYYY-MM-DD HH24:MI:SS", "null_marker": "-"}},
    "csv_in_the_words_of_another_package": {"location": "gs://b/w/*", "options": {"format": "csv", "connection_name": "us-east4.files", "max_staleness": "INTERVAL 1 HOUR", "metadata_cache_mode": "AUTOMATIC"}},
    "csv_without_a_connection": {"location": "gs://b/n/*", "file_format": "csv", "connection": "none"},
    "several_places": {"file_format": "csv", "connection": "us-east4.files", "options": {"uris": ["gs://b/p1/*", "gs://b/p2/*.csv"]}},
    "json_lines": {"location": "gs://b/j/*.jsonl", "file_format": "jsonl", "connection": "us-east4.files", "options": {"ignore_unknown_values": True}},
    "geojson": {"location": "gs://b/g/*", "file_format": "json", "options": {"json_extension": "GEOJSON"}},
    "parquet": {"location": "gs://b/pq/*.parquet", "file_format": "parquet", "connection": "us-east4.files"},
    "parquet_lists": {"location": "gs://b/pl/*", "file_format": "parquet", "options": {"enable_list_inference": True, "enum_as_string": True, "decimal_target_types": ["NUMERIC", "STRING"]}},
    "avro": {"location": "gs://b/a/*.avro", "file_format": "avro", "options": {"enable_logical_types": True}},
    "orc": {"location": "gs://b/o/*", "file_format": "orc"},
    "iceberg": {"location": "gs://b/i/metadata/v3.metadata.json", "file_format": "iceberg", "connection": "us-east4.files"},
    "delta": {"location": "gs://b/d", "file_format": "delta", "connection": "us-east4.files"},
    "sheet": {"location": "https://docs.google.com/spreadsheets/d/1a", "file_format": "google_sheets", "options": {"sheet_range": "Sheet1!A1:B9", "skip_leading_rows": 1}},
    "partitioned": {"location": "gs://b/h2/*", "file_format": "parquet", "partitions": _DAY, "options": {"require_hive_partition_filter": True}},
    "partitioned_twice": {"location": "gs://b/h3/day=*", "file_format": "csv", "connection": "us-east4.files",
                          "partitions": [*_DAY, {"name": "country", "data_type": "string"}], "options": {"hive_partition_uri_prefix": "gs://b/h3"}},
    "cached": {"location": "gs://b/c/*", "file_format": "parquet", "connection": "us-east4.files", "options": _CACHED},
    "cached_by_hand": {"location": "gs://b/m/*", "file_format": "parquet", "connection": "us-east4.files", "options": {"max_staleness": "1 day", "metadata_cache_mode": "MANUAL"}},
    "cached_and_partitioned": {"location": "gs://b/cp/*", "file_format": "parquet", "connection": "us-east4.files", "partitions": _DAY, "options": _CACHED},
    "manifest": {"location": "gs://b/list/manifest.txt", "file_format": "parquet", "options": {"file_set_spec_type": "NEW_LINE_DELIMITED_MANIFEST"}},
    "expiring": {"location": "gs://b/e/*", "file_format": "csv", "options": {"expiration_timestamp": "2030-01-01 00:00:00 UTC", "tags": {"p/key": "value"}}},
    # ---------- object tables
    "objects": {"location": "gs://b/pictures/*", "file_format": "objects"},
    "objects_in_the_words_of_another_package": {"location": "gs://b/jpg/*.jpg", "options": {"object_metadata": "SIMPLE"}, "connection": "us-east4.files"},
    "objects_cached_by_hand": {"location": "gs://b/png/*.png", "file_format": "objects", "options": {"max_staleness": "30 minutes", "metadata_cache_mode": "MANUAL"}},
    # ---------- S3: by a connection in an ordinary region, and Omni
    "s3_csv": {"location": "s3://b/csv/*", "file_format": "csv", "connection": "us-east4.aws", "options": {"skip_leading_rows": 1}},
    "s3_parquet_partitioned": {"location": "s3://b/gold/*", "file_format": "parquet", "connection": "us-east4.aws", "partitions": _DAY},
    "omni_parquet": {**_OMNI, "location": "s3://b/pq/*", "file_format": "parquet", "options": _CACHED},
    "omni_csv_partitioned": {**_OMNI, "location": "s3://b/h/*", "file_format": "csv", "partitions": _DAY},
    "omni_json": {**_OMNI, "location": "s3://b/j/*", "file_format": "json"},
    "omni_delta": {**_OMNI, "location": "s3://b/delta", "file_format": "delta"},
    "omni_iceberg": {**_OMNI, "location": "s3://b/i/metadata/v1.metadata.json", "file_format": "iceberg"},
}  # fmt: skip
"""Name of the source table to its `external:` block."""

_GS = {"location": "gs://b/x/*"}

BAD: dict[str, tuple[dict[str, Any], str]] = {
    "no_format": ({**_GS}, "`external.file_format` is missing"),
    "unreadable_format": ({**_GS, "file_format": "xlsx"}, "'xlsx', which BigQuery cannot read"),
    "unknown_key": ({**_GS, "file_format": "csv", "formatt": "x"}, "`external.formatt` is not known"),
    "unknown_option": ({**_GS, "file_format": "csv", "options": {"skip_leading_row": 1}}, "did you mean `skip_leading_rows`?"),
    "option_of_another_format": ({**_GS, "file_format": "parquet", "options": {"quote": "'"}}, "`external.options.quote` is for CSV only"),
    "option_of_another_type": ({**_GS, "file_format": "csv", "options": {"skip_leading_rows": "one"}}, 'skip_leading_rows` is "one"; expected a whole number'),
    "both_null_markers": ({**_GS, "file_format": "csv", "options": {"null_marker": "-", "null_markers": ["-"]}}, "exclude each other"),
    "half_a_cache": ({**_GS, "file_format": "csv", "options": {"max_staleness": "1 hour"}}, "go together"),
    "stale_for_too_long": ({**_GS, "file_format": "csv", "options": {"max_staleness": "8 days", "metadata_cache_mode": "AUTOMATIC"}}, "expected 30 minutes to 7 days"),
    "cache_without_a_connection": ({**_GS, "file_format": "csv", "connection": "none", "options": _CACHED}, "a metadata cache needs a connection"),
    "no_place_for_files": ({"location": "ftp://b/x", "file_format": "csv"}, "no place that BigQuery reads files from"),
    "two_stars": ({"location": "gs://b/*/x/*", "file_format": "csv"}, "more than one"),
    "two_clouds": ({"file_format": "csv", "connection": "us-east4.files", "options": {"uris": ["gs://b/x/*", "s3://b/x/*"]}}, "mixes clouds"),
    "s3_under_a_connection_for_gcs": ({"location": "s3://b/x/*", "file_format": "csv", "connection": "us-east4.files"}, "is on S3, and connection `us-east4.files` is for Google Cloud"),
    "s3_under_the_default": ({"location": "s3://b/x/*", "file_format": "csv", "connection": "default"}, "the default connection is for Google Cloud only"),
    "gcs_under_a_connection_for_aws": ({**_GS, "file_format": "csv", "connection": "us-east4.aws"}, "is not on S3"),
    "missing_connection": ({**_GS, "file_format": "csv", "connection": "us-east4.nobody"}, "is not in `vars.connections`"),
    "connection_elsewhere": ({**_GS, "file_format": "csv", "connection": "us.elsewhere"}, "is in us, and the dataset in us-east4"),
    "region_without_s3": ({"location": "s3://b/x/*", "file_format": "csv", "connection": "europe-west2.far", "dataset_location": "europe-west2"}, "from where BigQuery does not reach S3"),
    "objects_on_s3": ({"location": "s3://b/x/*", "file_format": "objects", "connection": "us-east4.aws"}, "object tables are for Google Cloud Storage only"),
    "iceberg_of_a_folder": ({"location": "gs://b/x/*", "file_format": "iceberg"}, "named by one metadata file"),
    "delta_of_files": ({"location": "gs://b/x/*", "file_format": "delta"}, "named by its folder alone"),
    "partition_without_a_type": ({**_GS, "file_format": "csv", "partitions": ["day"]}, 'has "day"; expected {name'),
    "prefix_beside_the_files": ({**_GS, "file_format": "csv", "partitions": _DAY, "options": {"hive_partition_uri_prefix": "gs://b/y"}}, "does not begin with the prefix"),
    "filter_without_partitions": ({**_GS, "file_format": "csv", "options": {"require_hive_partition_filter": True}}, "without `external.partitions`"),
    "odd_column_policy": ({**_GS, "file_format": "csv", "on_column_change": "ask"}, "expected refuse or replace"),
}  # fmt: skip
"""Name to the `external:` block and the words of its complaint."""


OPEN: dict[str, str] = {
    "kept": "{{ config(materialized='table', cluster_by=['id'], description='Kept.') }} select 1 as id, json '[1]' as payload, current_date() as day",
    "merged": "{{ config(materialized='incremental', unique_key='id', partition_by={'field': 'day'}) }} select 1 as id, current_date() as day",
    "native": "{{ config(materialized='table', meta={'iceberg': false}) }} select json '[1]' as payload",
    "too_wide": "{{ config(materialized='table') }} select cast(1 as bignumeric) as number, interval 1 day as while_it_lasts",
    "too_loose": "{{ config(materialized='incremental', unique_key='id') }} select 1 as id, json '[1]' as payload",
}  # fmt: skip
"""Models of silver, by name; with `iceberg_storage` set they are Iceberg tables, but for those that cannot be."""


def _tables(blocks: dict[str, dict[str, Any]]) -> list[dict[str, Any]]:
    keys = {"day", "country"}
    made = []
    for name, block in blocks.items():
        objects = block.get("file_format") == "objects" or "object_metadata" in (block.get("options") or {})
        columns = [] if objects else [column for column in _COLUMNS if column["name"] not in keys]
        made.append({"name": name, "description": f"The shape '{name}'.", "external": block, "columns": columns})
        if name == "objects":
            made[-1]["config"] = {"meta": {"folder": "gcp/pictures"}}
    return made


def write(folder: Path) -> Path:
    """Writes the catalogue as a dbt project with the macros of this one."""
    omni = {name: block for name, block in SHAPES.items() if "dataset_location" in block}
    ordinary = {name: block for name, block in SHAPES.items() if name not in omni}
    unmade = {"unmade": {"location": "s3://b/x/*", "file_format": "csv", "connection": "us-east4.unmade"}}
    sources = [
        {"name": "files", "schema": "files", "tables": _tables(ordinary)},
        {"name": "omni", "schema": "omni", "tables": _tables(omni)},
        {"name": "by_hand", "schema": "by_hand", "tables": _tables(unmade)},
        *(
            {"name": name, "schema": f"bad_{name}", "tables": _tables({name: block})}
            for name, (block, _) in BAD.items()
        ),
    ]
    project = {
        "name": "lakeweave", "version": "0.1.0", "profile": "lakeweave", "macro-paths": ["macros"], "model-paths": ["models"],
        "flags": {"send_anonymous_usage_stats": False}, "on-run-start": ["{{ lakeweave.prepare_externals() }}"],
        "models": {"lakeweave": {"silver": {"+post-hook": {"sql": "{{ lakeweave.sync_iceberg() }}", "transaction": True}}}},
    }  # fmt: skip
    models = folder / "models"
    models.mkdir(parents=True)
    (folder / "macros").symlink_to(ROOT / "macros")
    (folder / "profiles.example.yml").write_text((ROOT / "profiles.example.yml").read_text())
    (folder / "dbt_project.yml").write_text(yaml.safe_dump(project))
    (models / "_sources.yml").write_text(yaml.safe_dump({"version": 2, "sources": sources}, sort_keys=False))
    (models / "reader.sql").write_text("select id, name from {{ source('files', 'cached_by_hand') }}\n")
    silver = models / "silver"
    silver.mkdir()
    for name, sql in OPEN.items():
        (silver / f"{name}.sql").write_text(sql)
    pictures = "{{ lakeweave.object_table('files', 'objects') }} select * from {{ lakeweave.listed_objects('files', 'objects') }}"
    (models / "pictures.sql").write_text(pictures)
    return folder
