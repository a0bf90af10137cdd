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

{#
    Two statements: Spark may evaluate a call anew wherever its result is read, so the answers first become a table. Whom the
    budget of the whole run leaves out is cut from the end, as on the embedded target. The questions are spread over the
    executors. https://spark.apache.org/docs/latest/sql-performance-tuning.html#coalesce-hints-for-sql-queries
#}
{% macro spark___batch_statements(pending, number, asked, calls_of_run) -%}
    {%- set kept = lakeweave._scratch_relation(this, 'answers') -%}
    {%- set questions = lakeweave._batch_sql(pending, number) -%}
    {%- if calls_of_run is not none -%}
        {%- set questions = questions ~ ' order by pending.place limit ' ~ lakeweave._calls_left(calls_of_run) -%}
    {%- endif -%}
    {%- if target.type == 'spark' -%}
        {%- set questions = 'select /*+ repartition(${spark.sql.shuffle.partitions}) */ * from (' ~ questions ~ ') as questions' -%}
    {%- endif -%}
    {%- set called = lakeweave._called('(' ~ questions ~ ')', asked.called, 'input', asked.options, {'object_table': asked.object_table}) -%}
    {{ return([
        lakeweave._create_scratch(kept, called),
        lakeweave._ledger_rows_sql('(' ~ lakeweave._unpacked(kept, asked.called, asked.options) ~ ') as answers', asked),
    ]) }}
{%- endmacro %}

{# How many calls of the whole run's budget are left. #}
{% macro _calls_left(calls_of_run) -%}
    {%- set rows = lakeweave.ask(
        "select count(*) as calls from " ~ lakeweave.ledger_relation('model_responses') ~ " where invocation_id = '" ~ invocation_id
        ~ "' and state <> 'offered'",
        [[0]]
    ) -%}
    {{ return([calls_of_run | int - rows[0][0] | int, 0] | max) }}
{%- endmacro %}


{# Who asks, for the claims of lakeweave/inference/claims.py. #}
{% macro _claim_token(asked, calls_of_run=none) -%}
    {{ return(tojson({'run': invocation_id, 'holder': asked.node_id, 'max_calls': calls_of_run}, sort_keys=true)) }}
{%- endmacro %}


{# Before a batch, and before its budget is looked up: on a local Spark whoever else asks waits until it is settled. #}
{% macro _take_turn(asked) -%}
    {%- if target.type == 'spark' -%}
        {# To Spark a setting without a meaning; lakeweave/spark/turns.py knows it. #}
        {%- do run_query('set lakeweave.turn = inference') -%}
    {%- endif -%}
{%- endmacro %}

{% macro _end_turn() -%}
    {%- do run_query('reset lakeweave.turn') -%}
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

{# What the table of answers says; with that it has done its duty. #}
{% macro spark___settle(asked) -%}
    {%- if target.type != 'spark' -%}
        {{ return(lakeweave.default___settle(asked)) }}
    {%- endif -%}
    {%- set kept = lakeweave._scratch_relation(this, 'answers') -%}
    {%- set rows = lakeweave.ask(
        "select count(*) as unsent, min_by(lakeweave_answer.status, place) as reason from " ~ kept ~ " where lakeweave_answer.state = 'unsent'",
        [[0, '']]
    ) -%}
    {%- do lakeweave._end_turn() -%}
    {%- do lakeweave._drop_scratch(kept) -%}
    {{ return({'refused': 0, 'unsent': rows[0][0] | int, 'over_budget': 0, 'reason': rows[0][1] or ''}) }}
{%- endmacro %}


{% macro _wait(asked) -%}
    {{ return(adapter.dispatch('_wait', 'lakeweave')(asked)) }}
{%- endmacro %}

{% macro default___wait(asked) -%}
{%- endmacro %}

{% macro duckdb___wait(asked) -%}
    {%- do lakeweave.ask("select lakeweave_wait(" ~ lakeweave.text_literal(lakeweave._claim_token(asked)) ~ ", 3600.0) as is_free") -%}
{%- endmacro %}
