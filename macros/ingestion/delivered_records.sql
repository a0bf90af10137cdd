{#
    The records of the files that this run takes in: the source's declared columns as text, and
    `_file_id` (SHA-256 of the file), `_file_name`, `_record_number`, `is_duplicate_in_file` (an exact copy of an earlier
    record of the same file). In a unit test it is the fixture of the source.
#}
{% macro delivered_records(source_name, table_name) -%}
    {%- set relation = source(source_name, table_name) -%}
    {%- if model.resource_type == 'unit_test' -%}
        {{ return(relation) }}
    {%- endif -%}
    {{ return(adapter.dispatch('_delivered_records', 'lakeweave')(relation, source_name, table_name)) }}
{%- endmacro %}

{% macro default___delivered_records(relation, source_name, table_name) -%}
    {{ lakeweave.raise_unsupported('delivered_records', ['duckdb', 'bigquery', 'spark', 'databricks']) }}
{%- endmacro %}

{# The reader has put the accepted records there, under the source's own name: https://duckdb.org/docs/stable/sql/statements/attach #}
{% macro duckdb___delivered_records(relation, source_name, table_name) -%}
    {{ return(relation) }}
{%- endmacro %}
