{#
    At the end of a run: records the versions of what was built and of the tests that passed, and says how much was unchanged. A run that
    was killed records nothing, so the next one builds.
#}
{% macro record_versions(results) -%}
    {%- if execute and (lakeweave.setting('computed_once') | string | lower) == 'true' and not lakeweave._engine_keeps_marks() -%}
        {%- do log("`vars: {computed_once: true}` has no effect on " ~ lakeweave.engine() ~ ": everything was built (docs/computed_once.md)", info=true) -%}
    {%- endif -%}
    {%- set memory = graph.get('lakeweave_versions ' ~ invocation_id) -%}
    {%- if not execute or not memory or not memory.get('rows') is mapping -%}
        {{ return('') }}
    {%- endif -%}
    {%- set succeeded, unchanged, ran = [], {'relations': 0, 'tests': 0}, {'relations': 0, 'tests': 0} -%}
    {%- for result in results -%}
        {%- set kind = 'tests' if result.node.resource_type | string in ('test', 'unit_test') else 'relations' -%}
        {%- if result.status | string in ('success', 'pass') -%}
            {%- do succeeded.append(result.node.unique_id) -%}
        {%- endif -%}
        {%- if result.node.resource_type | string in ('test', 'unit_test', 'model', 'seed', 'snapshot') -%}
            {%- set counted = unchanged if (result.adapter_response or {}).get('code') == 'UNCHANGED' else ran -%}
            {%- do counted.update({kind: counted[kind] + 1}) -%}
        {%- endif -%}
    {%- endfor -%}
    {%- set rows = [] -%}
    {%- for key in memory.pending if key.split(' ')[0] in succeeded -%}
        {%- do rows.append([key.split(' ')[0], key.split(' ')[1:] | join(' '), memory.pending[key]]) -%}
    {%- endfor -%}
    {%- for batch in rows | batch(200) -%}
        {%- do lakeweave._write_versions(batch) -%}
    {%- endfor -%}
    {%- do log(
        "Unchanged: " ~ unchanged.relations ~ " of " ~ (unchanged.relations + ran.relations) ~ " relations, "
        ~ unchanged.tests ~ " of " ~ (unchanged.tests + ran.tests) ~ " tests (answered from the ledger)", info=true
    ) -%}
    {{ return('') }}
{%- endmacro %}

{% macro _write_versions(rows) -%}
    {%- set nodes, values = [], [] -%}
    {%- for node_id, relation, row in rows -%}
        {%- do nodes.append(lakeweave.text_literal(node_id ~ ' ' ~ relation)) -%}
        {%- set texts = [] -%}
        {%- for text in [node_id, relation, row.version, tojson(row.parts), tojson(row.reads), row.mark, invocation_id] -%}
            {%- do texts.append(lakeweave.text_literal(text)) -%}
        {%- endfor -%}
        {%- do values.append('select ' ~ texts | join(', ') ~ ', ' ~ lakeweave.run_timestamp()) -%}
    {%- endfor -%}
    {%- set table = lakeweave.ledger_relation('relations') -%}
    {%- do lakeweave.execute_statement("delete from " ~ table ~ " where concat(node_id, ' ', relation) in (" ~ nodes | join(', ') ~ ")") -%}
    {%- do lakeweave.execute_statement(
        "insert into " ~ table ~ " (node_id, relation, version, parts, reads, mark, invocation_id, recorded_at) " ~ values | join(' union all ')
    ) -%}
{%- endmacro %}
