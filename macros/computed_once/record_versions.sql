{#
    At the end of a run: records the versions of what was built and of the tests that passed, and says how much was unchanged. A run that
    was killed records nothing, so the next one builds.
#}
{% macro record_versions(results) -%}
    {%- if execute and (lakeweave.setting('computed_once') | string | lower) == 'true' and not lakeweave._engine_keeps_marks() -%}
        {%- do log("`vars: {computed_once: true}` has no effect on " ~ lakeweave.engine() ~ ": everything was built (docs/computed_once.md)", info=true) -%}
    {%- endif -%}
    {%- set used = [] -%}
    {%- for result in results if execute and lakeweave._is_computed_once(result.node) -%}
        {%- do used.append(result.node.unique_id) -%}
    {%- endfor -%}
    {%- if not used -%}
        {{ return('') }}
    {%- endif -%}
    {%- set memory = lakeweave._version_memory() -%}
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
    {%- set rows = lakeweave._unit_verdicts(results) + lakeweave._record_storage() -%}
    {%- for key in memory.pending if key.split(' ')[0] in succeeded -%}
        {%- set row = memory.pending[key] -%}
        {# The plan compiles nothing, and goes by what the code is made of. #}
        {%- do row.parts.update(lakeweave._sources_of_code(graph.nodes[key.split(' ')[0]]).digests) -%}
        {%- do rows.append([key.split(' ')[0], key.split(' ')[1:] | join(' '), row]) -%}
    {%- endfor -%}
    {%- do rows.extend(lakeweave._source_rows()) -%}
    {%- for batch in rows | batch(200) -%}
        {%- do lakeweave._write_versions(batch) -%}
    {%- endfor -%}
    {%- set reasons = {} -%}
    {%- for name in memory.reasons | sort -%}
        {%- do reasons.setdefault(memory.reasons[name], []).append(name) -%}
    {%- endfor -%}
    {%- for reason in (reasons | list)[:10] -%}
        {%- do log("Built because " ~ reason ~ ": " ~ reasons[reason][:3] | join(', ')
            ~ (' and ' ~ (reasons[reason] | length - 3) ~ ' more' if reasons[reason] | length > 3 else ''), info=true) -%}
    {%- endfor -%}
    {%- if reasons | length > 10 -%}
        {%- do log("Built for " ~ (reasons | length - 10) ~ " other reasons: dbt's log has them.", info=true) -%}
    {%- endif -%}
    {%- do log(
        "Unchanged: " ~ unchanged.relations ~ " of " ~ (unchanged.relations + ran.relations) ~ " relations, "
        ~ unchanged.tests ~ " of " ~ (unchanged.tests + ran.tests) ~ " tests (answered from the ledger)", info=true
    ) -%}
    {{ return('') }}
{%- endmacro %}

{% macro _write_versions(rows) -%}
    {%- set nodes, values, recorded_at = [], [], lakeweave.run_timestamp() -%}
    {%- for node_id, relation, row in rows -%}
        {%- do nodes.append(lakeweave.text_literal(node_id ~ ' ' ~ relation)) -%}
        {%- set texts = [] -%}
        {%- for text in [node_id, relation, row.version, tojson(row.parts), tojson(row.reads), row.mark, invocation_id] -%}
            {%- do texts.append(lakeweave.text_literal(text)) -%}
        {%- endfor -%}
        {%- do values.append('(' ~ texts | join(', ') ~ ', ' ~ recorded_at ~ ')') -%}
    {%- endfor -%}
    {%- set table = lakeweave.ledger_relation('relations') -%}
    {%- do lakeweave.execute_statement("delete from " ~ table ~ " where concat(node_id, ' ', relation) in (" ~ nodes | join(', ') ~ ")") -%}
    {%- do lakeweave.execute_statement(
        "insert into " ~ table ~ " (node_id, relation, version, parts, reads, mark, invocation_id, recorded_at) values " ~ values | join(', ')
    ) -%}
{%- endmacro %}
