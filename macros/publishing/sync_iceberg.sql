{#
    A post-hook of bronze and silver, outside of the transaction (`{sql: …, transaction: false}`); inside of it on BigQuery. With `vars: {iceberg: true}` DuckDB keeps each of
    their tables as an Iceberg table too, in `iceberg_warehouse`, where any other engine reads it: a whole version, the one before
    or the new one. On BigQuery an Iceberg managed table (`vars.iceberg_storage`) gets its metadata exported, which other engines read.
    The other targets have open formats of their own (docs/externals.md), and nothing happens here.
#}
{% macro sync_iceberg() -%}
    {%- if not execute -%}
        {{ return('') }}
    {%- endif -%}
    {{ return(adapter.dispatch('_sync_iceberg', 'lakeweave')(this)) }}
{%- endmacro %}

{% macro default___sync_iceberg(relation) -%}
    {{ return('') }}
{%- endmacro %}

{# Views and what is no table of rows are not kept. #}
{% macro _tables_of_iceberg() -%}
    {{ return(['table', 'incremental', 'ingestion', 'inference']) }}
{%- endmacro %}
