{#
    Runs a data test, or answers from the ledger that it passed: the same statement over the same relations. A test that failed or warned
    has no version and runs again, and so does one that stores its failures.
#}
{% macro _verdict_once(build) -%}
    {%- set statement = get_test_sql(sql, config.get('fail_calc'), config.get('warn_if'), config.get('error_if'), config.get('limit')) -%}
    {%- set state = none if should_store_failures() else lakeweave._state_of_node(sql, {'test': statement}, has_relation=false) -%}
    {%- if state is none -%}
        {{ return(build()) }}
    {%- endif -%}
    {%- if not state.unchanged -%}
        {%- do log(model.name ~ ": runs, because " ~ state.reason) -%}
        {%- if state.row -%}
            {%- do lakeweave._version_memory().pending.update({state.key: state.row}) -%}
        {%- endif -%}
        {{ return(build()) }}
    {%- endif -%}
    {%- do store_raw_result('main', message='UNCHANGED', code='UNCHANGED', rows_affected=0, agate_table=lakeweave._passed()) -%}
    {{ return({'relations': []}) }}
{%- endmacro %}

{# The result of a test that passes, as dbt wants it. It reads no relation, and is asked once in a run. #}
{% macro _passed() -%}
    {%- set memory = lakeweave._version_memory() -%}
    {%- if 'passed' not in memory -%}
        {%- do memory.update({'passed': run_query('select 0 as failures, false as should_warn, false as should_error')}) -%}
    {%- endif -%}
    {{ return(memory.passed) }}
{%- endmacro %}
