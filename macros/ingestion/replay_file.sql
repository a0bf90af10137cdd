{#
    dbt run-operation replay_file --args '{source: thelook.users, file_name: users_batch_001.csv}'

    Has the next build take a loaded file in again, from the source's folder or from its archive: its records give way to
    the new reading in the same transaction. For a changed cleaning rule, say.
#}
{% macro replay_file(source, file_name) -%}
    {%- set condition -%}
        source = {{ lakeweave.text_literal(source) }} and file_name = {{ lakeweave.text_literal(file_name) }} and state = 'loaded'
    {%- endset -%}
    {%- set loaded = lakeweave.fetch_rows(
        "select file_id from " ~ lakeweave.ledger_relation('files') ~ " where " ~ condition, []
    ) -%}
    {%- if loaded | length == 0 -%}
        {%- do exceptions.raise_compiler_error(
            "`replay_file` was given the file `" ~ lakeweave._shown_message(file_name) ~ "` of `" ~ source ~ "`, which the ledger does not have as loaded. "
            ~ "Names are relative to the source's folder; `dbt run-operation ledger_summary` lists the sources."
        ) -%}
    {%- endif -%}
    {%- do lakeweave.execute_statement("update " ~ lakeweave.ledger_relation('files') ~ " set state = 'released' where " ~ condition) -%}
    {%- do log("The next build takes " ~ source ~ ": " ~ lakeweave._shown_name(file_name) ~ " in again.", info=True) -%}
{%- endmacro %}
