{#
    Stops where the ledger has loaded files of a source and the warehouse says that there is no bronze relation. Either
    the relation was dropped, or the warehouse did not list it (a failed listing, missing rights). Loading everything again
    is right for the first and wrong for the second, so a person has to say which it is: with `--full-refresh`.

    The rows of the ledger about a file are written in the transaction that writes its records, or after it. So a build
    that was killed leaves no such state.
#}
{% macro _refuse_missing_relation(source_name, target_relation, existing) -%}
    {%- if existing is not none or should_full_refresh() -%}
        {{ return('') }}
    {%- endif -%}
    {%- set loaded = lakeweave.fetch_rows(
        "select count(*) as files from " ~ lakeweave.ledger_relation('files') ~ " where source = "
        ~ lakeweave.text_literal(source_name) ~ " and state = 'loaded'", [[0]]
    ) -%}
    {%- if loaded[0][0] | int > 0 -%}
        {%- do exceptions.raise_compiler_error(
            "The ledger has " ~ loaded[0][0] ~ " loaded file(s) of the source " ~ source_name ~ ", but the warehouse lists no relation "
            ~ target_relation ~ ". Nothing was loaded. If the relation is there, check the rights of this connection and run again. If it was "
            ~ "dropped, build it again from the delivered files: dbt build --select " ~ model.name ~ " --full-refresh."
        ) -%}
    {%- endif -%}
    {{ return('') }}
{%- endmacro %}
