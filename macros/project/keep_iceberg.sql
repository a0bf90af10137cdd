{#
    A post-hook (`{sql: …, transaction: false}`) of bronze and silver. With `vars: {iceberg: true}` the embedded target keeps each of
    their tables as an Iceberg table too, in `iceberg_warehouse`, where any other engine reads it: a whole version, the one before
    or the new one. The other targets have open formats of their own (docs/externals.md), and nothing happens here.
#}
{% macro keep_iceberg() -%}
    {%- if not execute or not lakeweave.setting('iceberg') -%}
        {{ return('') }}
    {%- endif -%}
    {{ return(adapter.dispatch('_keep_iceberg', 'lakeweave')(this)) }}
{%- endmacro %}

{% macro default___keep_iceberg(relation) -%}
    {{ return('') }}
{%- endmacro %}

{# https://duckdb.org/docs/stable/sql/statements/copy#copy--to #}
{% macro duckdb___keep_iceberg(relation) -%}
    {%- if model.config.materialized not in ('table', 'incremental', 'ingestion', 'inference') -%}
        {{ return('') }}
    {%- endif -%}
    {%- set place = lakeweave._call_reader('lakeweave_iceberg_begin', {
        'warehouse': lakeweave.setting('iceberg_warehouse'), 'schema': relation.schema, 'name': relation.identifier,
        'description': model.description | trim,
    }) -%}
    {%- do run_query("copy (select * from " ~ relation ~ ") to " ~ lakeweave.text_literal(place.staged) ~ " (format parquet, compression zstd)") -%}
    {%- do lakeweave._call_reader('lakeweave_keep_iceberg', place) -%}
    {{ return('') }}
{%- endmacro %}
