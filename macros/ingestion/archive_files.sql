{#
    dbt run-operation archive_files --args '{source: thelook.users}'

    Moves the files that the ledger has as loaded or repeated out of the source's folder into its archive, where
    `replay_file` and a full refresh find them. Embedded target only: elsewhere the bucket's lifecycle does it.
#}
{% macro archive_files(source) -%}
    {%- if target.type != 'duckdb' -%}
        {{ lakeweave.raise_unsupported('archive_files', ['duckdb']) }}
    {%- endif -%}
    {%- if '.' not in source -%}
        {%- do exceptions.raise_compiler_error("`archive_files` was given the source `" ~ source ~ "`; expected `name.table`, as in `thelook.users`.") -%}
    {%- endif -%}
    {%- set asked = {'source': source.split('.')[0], 'table': source.split('.')[1]} -%}
    {%- set spec = lakeweave._ingestion_spec(asked, lakeweave.source_node(asked.source, asked.table), false) -%}
    {%- set answer = lakeweave.call_python('lakeweave_archive', spec) -%}
    {%- do log(source ~ ": " ~ answer.moved ~ " file(s) moved to " ~ spec.archive, info=True) -%}
{%- endmacro %}
