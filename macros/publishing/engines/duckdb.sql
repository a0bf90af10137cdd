{# https://duckdb.org/docs/stable/sql/statements/copy#copy--to #}
{% macro duckdb___sync_iceberg(relation) -%}
    {%- if not lakeweave.setting('iceberg') or model.config.materialized not in lakeweave._tables_of_iceberg() -%}
        {{ return('') }}
    {%- endif -%}
    {%- set place = lakeweave.call_python('lakeweave_iceberg_begin', {
        'warehouse': lakeweave.setting('iceberg_warehouse'), 'schema': relation.schema, 'name': relation.identifier,
        'description': model.description | trim,
    }) -%}
    {%- do run_query("copy (select * from " ~ relation ~ ") to " ~ lakeweave.text_literal(place.staged) ~ " (format parquet, compression zstd)") -%}
    {%- do lakeweave.call_python('lakeweave_sync_iceberg', place) -%}
    {{ return('') }}
{%- endmacro %}

{# https://duckdb.org/docs/stable/sql/statements/copy#copy--to #}
{% macro duckdb___publish_parquet(relation) -%}
    {%- set bucket = lakeweave.setting('gold_bucket') -%}
    {%- set place = lakeweave.call_python('lakeweave_publish_begin', {'bucket': bucket, 'name': relation.identifier}) -%}
    {%- do run_query("copy (select * from " ~ relation ~ ") to " ~ lakeweave.text_literal(place.staged) ~ " (format parquet, compression zstd)") -%}
    {%- do lakeweave.call_python('lakeweave_publish_end', place) -%}
    {{ return('') }}
{%- endmacro %}
