{#
    dbt run-operation release_held_files --args '{source: thelook.users, file_name: users_batch_001.csv}'

    Releases held files, so that the next build reads them again. Fix the cause first: declare a column, add an alias, change the policy.
    Without `file_name` it is all held files of the source, without `source` all there are.
#}
{% macro release_held_files(source=none, file_name=none) -%}
    {%- set condition -%}
        state = 'held'
        {%- if source %} and source = {{ lakeweave.text_literal(source) }}{% endif -%}
        {%- if file_name %} and file_name = {{ lakeweave.text_literal(file_name) }}{% endif -%}
    {%- endset -%}
    {%- set held = lakeweave.fetch_rows(
        "select source, file_name, reason from " ~ lakeweave.ledger_relation('files') ~ " where " ~ condition ~ " order by source, file_name", []
    ) -%}
    {%- if held | length == 0 -%}
        {%- do log("No held file matches. `dbt run-operation ledger_summary` lists what the ledger has.", info=True) -%}
        {{ return('') }}
    {%- endif -%}
    {%- do lakeweave.execute_statement("update " ~ lakeweave.ledger_relation('files') ~ " set state = 'released' where " ~ condition) -%}
    {%- for file in held -%}
        {%- do log("released " ~ file[0] ~ ": " ~ lakeweave._shown_name(file[1]) ~ " (was held: " ~ file[2] ~ ")", info=True) -%}
    {%- endfor -%}
    {%- do log("The next build takes " ~ held | length ~ " file(s) in again.", info=True) -%}
{%- endmacro %}
