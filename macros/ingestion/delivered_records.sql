{#
    The records of the files that this run takes in: the source's declared columns as text, and `_content_hash` (SHA-256 of
    the file; MD5 on BigQuery, where that is what the storage knows), the file's name, `_record_number`, and
    `is_duplicate_in_file` (an exact copy of an earlier record of the same file). In a unit test it is the source's fixture.
#}
{% macro delivered_records(source_name, table_name) -%}
    {%- set relation = source(source_name, table_name) -%}
    {%- if model.resource_type == 'unit_test' -%}
        {{ return(relation) }}
    {%- endif -%}
    {%- if execute and model.config.materialized != 'ingestion' -%}
        {%- do exceptions.raise_compiler_error(
            "`" ~ model.name ~ "` calls `delivered_records('" ~ source_name ~ "', '" ~ table_name ~ "')` and is no ingestion. Begin the model with `{"
            ~ "{ lakeweave.ingestion('" ~ source_name ~ "', '" ~ table_name ~ "') }" ~ "}`, or read the bronze model by `ref`."
        ) -%}
    {%- endif -%}
    {{ return(adapter.dispatch('_delivered_records', 'lakeweave')(relation, source_name, table_name)) }}
{%- endmacro %}

{% macro default___delivered_records(relation, source_name, table_name) -%}
    {{ lakeweave.raise_unsupported('delivered_records', ['duckdb', 'bigquery', 'spark', 'databricks']) }}
{%- endmacro %}
