{#
    Creates the ledger's schema and tables where they are absent, and adds the columns that an older table lacks. Runs at
    the start of every command that executes something. Nothing in this project ever drops a ledger table: what was loaded
    and what was paid for is only known there.

    The byte account of a file: `content_bytes` = `header_bytes` + `record_bytes` + `rejected_bytes` + `skipped_bytes`.
    `content_bytes` is the size of the delivered text, unpacked where the file is compressed. `record_bytes` covers accepted
    records and repeats. Line ends count with the record before them. `skipped_spans` has each skipped span with its reason.
    All of them are NULL where the engine or the format cannot measure bytes.
#}
{% macro create_ledger() -%}
    {%- if not execute or flags.WHICH not in ['run', 'build', 'test', 'seed', 'snapshot', 'retry', 'run-operation'] -%}
        {{ return('') }}
    {%- endif -%}
    {%- do lakeweave._refuse_other_formats() -%}
    {%- do adapter.create_schema(lakeweave.ledger_relation('files').without_identifier()) -%}
    {%- set tables = lakeweave._ledger_tables() -%}
    {%- for name in tables -%}
        {%- do run_query(lakeweave._create_ledger_table(name, tables[name])) -%}
        {%- do lakeweave._add_missing_columns(lakeweave.ledger_relation(name), tables[name]) -%}
    {%- endfor -%}
    {%- if lakeweave.create_response_ledger is defined -%}
        {%- do lakeweave.create_response_ledger() -%}
    {%- endif -%}
    {{ return('') }}
{%- endmacro %}


{% macro _ledger_tables() -%}
    {%- set text, whole, moment = dbt.type_string(), dbt.type_bigint(), dbt.type_timestamp() -%}
    {{ return({
        'files': [
            ('path', text), ('file_name', text), ('source', text), ('file_id', text), ('version', whole),
            ('bytes', whole), ('stat_key', text), ('format', text), ('encoding', text), ('delimiter', text),
            ('delivered_at', moment), ('records', whole), ('accepted', whole), ('rejected', whole), ('repeats', whole),
            ('state', text), ('reason', text), ('message', text), ('processed_at', moment), ('invocation_id', text),
            ('content_bytes', whole), ('header_bytes', whole), ('record_bytes', whole), ('rejected_bytes', whole),
            ('skipped_bytes', whole), ('encoding_confidence', lakeweave.type_double()),
        ],
        'rejected_records': [
            ('source', text), ('file_id', text), ('file_name', text), ('record_number', whole), ('line_number', whole),
            ('raw_text', text), ('reason', text), ('column_name', text), ('message', text), ('processed_at', moment),
            ('invocation_id', text), ('bytes', whole), ('raw_hash', text),
        ],
        'skipped_spans': [
            ('source', text), ('file_id', text), ('file_name', text), ('reason', text), ('spans', whole), ('start_byte', whole),
            ('bytes', whole), ('line_number', whole), ('message', text), ('processed_at', moment), ('invocation_id', text),
        ],
        'layout_changes': [
            ('source', text), ('file_id', text), ('file_name', text), ('column_name', text), ('change', text),
            ('policy', text), ('action', text), ('message', text), ('processed_at', moment), ('invocation_id', text),
        ],
        'silver_records': [
            ('model_name', text), ('relation', text), ('source', text), ('file_id', text), ('file_name', text),
            ('delivered', whole), ('typed', whole), ('with_untyped_values', whole), ('untyped_keys', whole),
            ('missing_keys', whole), ('superseded', whole), ('filtered', whole), ('repeats', whole), ('unaccounted', whole),
            ('rule', text), ('files_known', whole), ('processed_at', moment), ('invocation_id', text),
        ],
        'untyped_values': [
            ('model_name', text), ('relation', text), ('source', text), ('column_name', text), ('reason', text),
            ('untyped', whole), ('records', whole), ('example_1', text), ('example_2', text), ('example_3', text),
            ('is_masked', dbt.type_boolean()), ('first_file', text), ('processed_at', moment), ('invocation_id', text),
        ],
    }) }}
{%- endmacro %}


{% macro _create_ledger_table(name, columns) -%}
    {{ return(adapter.dispatch('_create_ledger_table', 'lakeweave')(name, columns)) }}
{%- endmacro %}

{% macro default___create_ledger_table(name, columns) -%}
    create table if not exists {{ lakeweave.ledger_relation(name) }} (
        {%- for column in columns %}
        {{ column[0] }} {{ column[1] }}{{ ',' if not loop.last }}
        {%- endfor %}
    )
{%- endmacro %}

{# https://docs.delta.io/latest/delta-batch.html#create-a-table #}
{% macro spark___create_ledger_table(name, columns) -%}
    {{ lakeweave.default___create_ledger_table(name, columns) }}
    using delta
{%- endmacro %}
