{# How one batch is asked, engine by engine: the statements that end with its rows in the ledger. #}

{% macro _batch_statements(pending, number, asked, calls_of_run) -%}
    {{ return(adapter.dispatch('_batch_statements', 'lakeweave')(pending, number, asked, calls_of_run)) }}
{%- endmacro %}

{# One statement asks and keeps: what was answered is committed with it or not at all. #}
{% macro default___batch_statements(pending, number, asked, calls_of_run) -%}
    {%- set answers = lakeweave._answered(
        '(' ~ lakeweave._batch_sql(pending, number) ~ ')', asked.called, 'input', asked.options, {'object_table': asked.object_table}
    ) -%}
    {{ return([lakeweave._ledger_rows_sql(answers ~ ' as answers', asked)]) }}
{%- endmacro %}

{# The same, with the questions claimed against other threads of this process. #}
{% macro duckdb___batch_statements(pending, number, asked, calls_of_run) -%}
    {%- set token = lakeweave._claim_token(asked, calls_of_run) -%}
    {%- set answers = lakeweave._answered(
        '(' ~ lakeweave._batch_sql(pending, number) ~ ' order by place)',
        asked.called,
        'input',
        asked.options,
        {'token': token, 'model_version': asked.model_version}
    ) -%}
    {{ return([lakeweave._ledger_rows_sql(answers ~ ' as answers', asked)]) }}
{%- endmacro %}

{# Two statements: Spark may evaluate a call anew wherever its result is read, so the answers first become a table. #}
{% macro spark___batch_statements(pending, number, asked, calls_of_run) -%}
    {%- set kept = lakeweave._scratch_relation(this, 'answers') -%}
    {%- set called = lakeweave._called('(' ~ lakeweave._batch_sql(pending, number) ~ ')', asked.called, 'input', asked.options,
        {'object_table': asked.object_table}) -%}
    {{ return([
        lakeweave._create_scratch(kept, called),
        lakeweave._ledger_rows_sql('(' ~ lakeweave._unpacked(kept, asked.called, asked.options) ~ ') as answers', asked),
        "drop table if exists " ~ kept,
    ]) }}
{%- endmacro %}


{# Who asks, for the claims of lakeweave/inference/claims.py. #}
{% macro _claim_token(asked, calls_of_run=none) -%}
    {{ return(tojson({'run': invocation_id, 'holder': asked.node_id, 'max_calls': calls_of_run}, sort_keys=true)) }}
{%- endmacro %}


{# After the commit of a batch: give the claims back, and hear what was not asked and why. #}
{% macro _settle(asked) -%}
    {{ return(adapter.dispatch('_settle', 'lakeweave')(asked)) }}
{%- endmacro %}

{% macro default___settle(asked) -%}
    {{ return({'refused': 0, 'unsent': 0, 'over_budget': 0, 'reason': ''}) }}
{%- endmacro %}

{% macro duckdb___settle(asked) -%}
    {%- set rows = lakeweave.ask("select lakeweave_settle(" ~ lakeweave.text_literal(lakeweave._claim_token(asked)) ~ ") as report") -%}
    {{ return(fromjson(rows[0][0]) if rows else lakeweave.default___settle(asked)) }}
{%- endmacro %}


{% macro _wait(asked) -%}
    {{ return(adapter.dispatch('_wait', 'lakeweave')(asked)) }}
{%- endmacro %}

{% macro default___wait(asked) -%}
{%- endmacro %}

{% macro duckdb___wait(asked) -%}
    {%- do lakeweave.ask("select lakeweave_wait(" ~ lakeweave.text_literal(lakeweave._claim_token(asked)) ~ ", 3600.0) as is_free") -%}
{%- endmacro %}
