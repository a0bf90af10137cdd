{#
    dbt run-operation archive_files --args '{source: thelook.users}'

    Moves the files that the ledger has as loaded or repeated out of the source's folder into its archive, where
    `replay_file` and a full refresh find them. DuckDB only: elsewhere the bucket's lifecycle does it.
#}
{% macro archive_files(source) -%}
    {{ return(adapter.dispatch('archive_files', 'lakeweave')(source)) }}
{%- endmacro %}

{% macro default__archive_files(source) -%}
    {{ lakeweave.raise_unsupported('archive_files', ['duckdb']) }}
{%- endmacro %}
