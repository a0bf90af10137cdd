{# The same names, registered in the session as pandas functions. #}
{% macro spark___called(relation, called, input, options, how) -%}
    {{ return(lakeweave.duckdb___called(relation, called, input, options, {'max_tries': how.get('max_tries'), 'file': how.get('file')})) }}
{%- endmacro %}

{# https://spark.apache.org/docs/latest/api/sql/index.html#regexp_extract #}
{% macro spark___answer_text(result, wants_json) -%}
    {%- set text = "regexp_replace(" ~ result ~ ", " ~ lakeweave.text_literal(lakeweave._closed_thought()) ~ ", '')" -%}
    {{ return("regexp_extract(" ~ text ~ ", " ~ lakeweave.text_literal('(?s)\\{.*\\}') ~ ", 0)" if wants_json else text) }}
{%- endmacro %}

{#
    Two statements: Spark may evaluate a call again wherever its result is read, so the answers first become a table. The functions
    run in other processes, so the remaining requests are divided among the questions before they are sent. The questions
    are spread over the executors. https://spark.apache.org/docs/latest/sql-performance-tuning.html#coalesce-hints-for-sql-queries
#}
{% macro spark___batch_statements(pending, after, next, call_config) -%}
    {%- set kept = lakeweave.scratch_relation(this, 'answers') -%}
    {%- set questions = lakeweave._batch_sql(pending, after, next, call_config) -%}
    {%- set questions = lakeweave._spread_questions(questions) -%}
    {%- set how = {'object_table': call_config.object_table, 'file': 'file' if call_config.get('file') else none} -%}
    {%- if next.requests is not none -%}
        {%- do how.update({'max_tries': [next.requests // next.questions, 1] | max}) -%}
    {%- endif -%}
    {%- set called = lakeweave._called('(' ~ questions ~ ')', call_config.called, 'input', call_config.options, how) -%}
    {{ return([
        lakeweave.create_scratch(kept, called),
        lakeweave._ledger_rows_sql('(' ~ lakeweave._unpacked(kept, call_config.called, call_config.options) ~ ') as answers', call_config),
    ]) }}
{%- endmacro %}

{% macro spark___take_lock(call_config) -%}
    {%- do lakeweave.session_lock('inference') -%}
{%- endmacro %}

{% macro spark___release_lock(call_config) -%}
    {%- do lakeweave.session_lock() -%}
{%- endmacro %}

{# Counts the unsent rows of the scratch table of answers, then drops it. #}
{% macro spark___settle(call_config) -%}
    {%- set kept = lakeweave.scratch_relation(this, 'answers') -%}
    {%- set rows = lakeweave.fetch_rows(
        "select count(*) as unsent, min_by(lakeweave_answer.status, place) as reason from " ~ kept ~ " where lakeweave_answer.state = 'unsent'",
        [[0, '']]
    ) -%}
    {%- do lakeweave._release_lock(call_config) -%}
    {%- do lakeweave.drop_scratch(kept) -%}
    {{ return({'refused': 0, 'unsent': rows[0][0] | int, 'reason': rows[0][1] or ''}) }}
{%- endmacro %}

{# https://spark.apache.org/docs/latest/api/sql/index.html#to_json #}
{% macro spark___pair_as_json(first, second) -%}
    {{ return("to_json(array(" ~ first ~ ", " ~ second ~ "))") }}
{%- endmacro %}

{# They are in a session that `python -m lakeweave.spark` opened, and in no other. #}
{% macro spark___model_version(called) -%}
    {%- if execute and not lakeweave.fetch_rows("show user functions like 'lakeweave_model_version'") -%}
        {%- do exceptions.raise_compiler_error(
            "This Spark session has no local models, but `" ~ called.model ~ "` is asked. Run dbt through the project: python -m lakeweave.spark "
            ~ "build --target spark (or: make build TARGET=spark)."
        ) -%}
    {%- endif -%}
    {{ return(lakeweave.duckdb___model_version(called)) }}
{%- endmacro %}

{% macro spark___model_row(called) -%}
    {{ return(lakeweave.duckdb___model_row(called)) }}
{%- endmacro %}

{% macro spark___personal_verdict(question) -%}
    {{ return(lakeweave.duckdb___personal_verdict(question)) }}
{%- endmacro %}

{# https://spark.apache.org/docs/latest/api/sql/index.html#to_json #}
{% macro spark___texts_as_json(column) -%}
    {{ return("to_json(collect_list(" ~ column ~ "))") }}
{%- endmacro %}

{# https://docs.delta.io/latest/delta-batch.html#create-a-table #}
{% macro spark___create_response_table(name, columns) -%}
    {{ lakeweave.default___create_response_table(name, columns) }}
    using delta
{%- endmacro %}

{# https://spark.apache.org/docs/latest/api/sql/index.html#sha2 #}
{% macro spark__fingerprint(constants, input) -%}
    sha2(concat({{ constants }}, {{ input }}), 256)
{%- endmacro %}

{# https://spark.apache.org/docs/latest/api/sql/index.html#xxhash64 #}
{% macro spark___content_mark(columns) -%}
    concat(count(*), ' ', sum(cast(xxhash64({{ columns | join(', ') }}) as decimal(38, 0))))
{%- endmacro %}

{# https://spark.apache.org/docs/latest/sql-ref-datatypes.html #}
{% macro spark__type_embedding() -%}
    array<float>
{%- endmacro %}

{# https://spark.apache.org/docs/latest/sql-performance-tuning.html#coalesce-hints-for-sql-queries #}
{% macro spark___spread_questions(questions) -%}
    {{ return('select /*+ repartition(${spark.sql.shuffle.partitions}) */ * from (' ~ questions ~ ') as questions') }}
{%- endmacro %}

{# https://spark.apache.org/docs/latest/sql-ref-literals.html#string-literal #}
{% macro spark___escapes_with_backslashes() -%}
    {{ return(true) }}
{%- endmacro %}

{# https://spark.apache.org/docs/latest/api/sql/index.html#array_sort #}
{% macro spark___joined_lines(line, place, fits) -%}
    array_join(
        transform(array_sort(collect_list(case when {{ fits }} then struct({{ place }} as place, {{ line }} as line) end)), each -> each.line),
        {{ lakeweave.text_literal('\n') }}
    )
{%- endmacro %}
