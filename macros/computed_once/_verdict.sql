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

{#
    Runs a unit test, or answers that it passed with the same code and the same rows. It reads no relation, so its version is all there is.
    dbt gives a unit test a graph of its own; so its row is read here, and not once for the run.
#}
{% macro _unit_verdict_once(build) -%}
    {%- if not lakeweave._is_computed_once(model) or flags.FULL_REFRESH -%}
        {{ return(build()) }}
    {%- endif -%}
    {%- set recorded = lakeweave.fetch_rows(
        "select version from " ~ lakeweave.ledger_relation('relations') ~ " where node_id = " ~ lakeweave.text_literal(model.unique_id)
        ~ " and relation = 'unit test'", [['']]
    )[0][0] -%}
    {%- if recorded != lakeweave._version_of_unit_test(model, lakeweave._engine_environment()) -%}
        {{ return(build()) }}
    {%- endif -%}
    {# No row that is there and none that is expected: dbt finds no difference. #}
    {%- do store_raw_result('main', message='UNCHANGED', code='UNCHANGED', rows_affected=0, agate_table=run_query(
        "select 'actual' as actual_or_expected from (select 1 as nothing) as nothing where 1 = 0"
    )) -%}
    {{ return({'relations': []}) }}
{%- endmacro %}

{% macro _version_of_unit_test(node, environment) -%}
    {{ return(local_md5(tojson(lakeweave._version_parts(node, node.compiled_code, environment, {
        'expected': (node.config.get('expected_rows') | string) ~ (node.config.get('expected_sql') | string),
    }), sort_keys=true))) }}
{%- endmacro %}

{# Rows of `ledger.relations` for the unit tests that ran and passed. One that calls the clock or chance gets none. #}
{% macro _unit_verdicts(results) -%}
    {%- set rows = [] -%}
    {%- for result in results if result.node.resource_type | string == 'unit_test' and result.status | string == 'pass' -%}
        {%- set node = result.node.to_dict(omit_none=true) -%}
        {%- if (result.adapter_response or {}).get('code') != 'UNCHANGED' and lakeweave._is_computed_once(node) -%}
            {%- set found = lakeweave._engine_reads(node.compiled_code, false) -%}
            {%- if not found.always and not found.names -%}
                {%- do rows.append([node.unique_id, 'unit test', {
                    'version': lakeweave._version_of_unit_test(node, lakeweave._version_memory().environment), 'parts': {}, 'reads': {}, 'mark': '',
                }]) -%}
            {%- endif -%}
        {%- endif -%}
    {%- endfor -%}
    {{ return(rows) }}
{%- endmacro %}
