{#
    Loads the delivered files of one source table into the model below the call, each once, with an account of every record.
    The body below it is plain SQL over `delivered_records(…)` that cleans; it may not drop or add a record.
#}
{% macro ingestion(source_name, table_name) -%}
    {{- config(
        materialized='ingestion',
        meta={'ingestion': {'source': source_name, 'table': table_name}}
    ) -}}
{%- endmacro %}
