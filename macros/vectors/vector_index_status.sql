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
    {%- set rows = lakeweave.ask("select count(*) as row_count from " ~ relation, [[0]]) -%}
    {{ return(['EXACT', declared.distance_type, rows[0][0], 'none needed', '100 %', 'searches are exact']) }}
{%- endmacro %}

{% macro duckdb___vector_index_state(relation, declared) -%}
    {%- if declared.embedded_type == 'EXACT' -%}
        {{ return(lakeweave.default___vector_index_state(relation, declared)) }}
    {%- endif -%}
    {%- set spec = lakeweave._embedded_index_spec(relation, declared) -%}
    {%- do spec.update({'base': lakeweave._vector_base_name(relation), 'column': declared.column}) -%}
    {%- set rows = lakeweave.ask("select count(*) as row_count from " ~ relation, [[0]]) -%}
    {%- set said = lakeweave.ask(lakeweave._of_embedded_index_sql('lakeweave_vector_index_status', relation, declared, spec), [['{}']]) -%}
    {%- set known = fromjson(said[0][0]) -%}
    {{ return([
        'HNSW', declared.distance_type, rows[0][0], known.state, ('%.0f' | format(100.0 * known.covered / [known.vectors, 1] | max)) ~ ' %',
        known.vectors ~ ' distinct vectors' ~ ('; searches are exact: ' ~ known.note if known.note else '')
    ]) }}
{%- endmacro %}

{% macro bigquery___vector_index_state(relation, declared) -%}
    {%- set rows = lakeweave.ask("select count(*) as row_count from " ~ relation, [[0]]) -%}
    {%- set known = lakeweave.ask(lakeweave._vector_indexes_sql(relation), []) -%}
    {%- if not known -%}
        {{ return([declared.index_type, declared.distance_type, rows[0][0], 'none', '0 %', 'BigQuery makes none under 5,000 rows; searches are exact']) }}
    {%- endif -%}
    {%- set found = known[0] -%}
    {%- set note = found[5] or ((found[3] or 0) ~ ' rows not indexed, refreshed ' ~ (found[4] or 'never')) -%}
    {%- if found[0] != lakeweave._vector_index_name(relation, declared) -%}
        {%- set note = 'its definition changed; the next build replaces it' -%}
    {%- endif -%}
    {{ return([declared.index_type, declared.distance_type, rows[0][0], found[1], (found[2] or 0) ~ ' %', note]) }}
{%- endmacro %}
