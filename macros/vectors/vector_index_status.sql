{#
    dbt run-operation vector_index_status

    Each vector index that a model declares: whether it is there, how much of the table it covers, and why not. It changes
    nothing.
#}
{% macro vector_index_status() -%}
    {%- if not execute -%}
        {{ return('') }}
    {%- endif -%}
    {%- set lines = [['model', 'column', 'type', 'distance', 'rows', 'state', 'coverage', 'note']] -%}
    {%- for node in graph.nodes.values() if node.resource_type == 'model' and node.config.meta.get('vector_index') -%}
        {%- set declared = node.config.meta.vector_index -%}
        {%- set relation = load_relation(api.Relation.create(database=node.database, schema=node.schema, identifier=node.alias)) -%}
        {%- if relation is none -%}
            {%- do lines.append([node.name, declared.column, '', declared.distance_type, '', 'no table', '', 'build it first']) -%}
        {%- else -%}
            {%- do lines.append([node.name, declared.column] + lakeweave._vector_index_state(relation, declared)) -%}
        {%- endif -%}
    {%- endfor -%}
    {%- if lines | length == 1 -%}
        {%- do print('No model declares a vector index.') -%}
        {{ return('') }}
    {%- endif -%}
    {%- set widths = [] -%}
    {%- for place in range(lines[0] | length) -%}
        {%- do widths.append(lines | map(attribute=place) | map('string') | map('length') | max) -%}
    {%- endfor -%}
    {%- for line in lines -%}
        {%- set cells = [] -%}
        {%- for cell in line -%}
            {%- do cells.append((cell | string) ~ ' ' * (widths[loop.index0] - (cell | string | length))) -%}
        {%- endfor -%}
        {%- do print(cells | join('  ') | trim) -%}
    {%- endfor -%}
{%- endmacro %}

{# Type, distance, rows, state, coverage, note. #}
{% macro _vector_index_state(relation, declared) -%}
    {{ return(adapter.dispatch('_vector_index_state', 'lakeweave')(relation, declared)) }}
{%- endmacro %}

{% macro default___vector_index_state(relation, declared) -%}
    {%- set rows = lakeweave.fetch_rows("select count(*) as row_count from " ~ relation, [[0]]) -%}
    {{ return(['EXACT', declared.distance_type, rows[0][0], 'none needed', '100 %', 'searches are exact']) }}
{%- endmacro %}
