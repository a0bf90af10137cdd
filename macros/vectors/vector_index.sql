{#
    Declares an index on a vector column of the model below the call. Each build maintains the index: it is created once the
    table has `minimum_rows` rows, kept while its definition and the data are unchanged, replaced when the definition changes,
    and rebuilt when the data drifts by more than `drift`. `dbt run-operation vector_index_status` shows its state.

    `index_type`, `storing` and `index_options` apply to BigQuery. `duckdb_type` and `duckdb_options` apply to DuckDB: 'EXACT'
    needs no index, 'HNSW' needs the extra `ann`. Spark always searches exactly. See docs/vectors.md.

    BigQuery drops an index when its table is replaced. Models of the materializations `keyed_sync` and `incremental` keep it.
#}
{% macro vector_index(
    column,
    distance_type='COSINE',
    index_type='IVF',
    storing=[],
    index_options={},
    duckdb_type='EXACT',
    duckdb_options={},
    minimum_rows=none,
    drift=0.3
) -%}
    {%- set renamed, unknown = {'embedded_type': 'duckdb_type', 'embedded_options': 'duckdb_options'}, [] -%}
    {%- for name in kwargs if name in renamed -%}
        {%- do exceptions.warn("`vector_index` in " ~ (this or 'this model') ~ ": `" ~ name ~ "` is now `" ~ renamed[name] ~ "`. The old name still works.") -%}
    {%- endfor -%}
    {%- for name in kwargs if name not in renamed -%}
        {%- do unknown.append("`" ~ name ~ "` is not an argument.") -%}
    {%- endfor -%}
    {%- set declared = {
        'column': column,
        'distance_type': distance_type | upper,
        'index_type': index_type | upper,
        'storing': storing,
        'index_options': index_options,
        'duckdb_type': kwargs.get('embedded_type', duckdb_type) | upper,
        'duckdb_options': kwargs.get('embedded_options', duckdb_options),
        'minimum_rows': minimum_rows,
        'drift': drift,
    } -%}
    {%- do lakeweave.raise_problems("The call of `vector_index` in " ~ (this or 'this model'), unknown + lakeweave._vector_index_problems(declared)) -%}
    {{- config(meta={'vector_index': declared}, post_hook="{{ lakeweave._keep_vector_index() }}") -}}
{%- endmacro %}

{% macro _vector_index_problems(declared) -%}
    {%- set problems = [] -%}
    {%- for name, allowed in [
        ('distance_type', ['COSINE', 'DOT_PRODUCT', 'EUCLIDEAN']), ('index_type', ['IVF', 'TREE_AH']), ('duckdb_type', ['EXACT', 'HNSW'])
    ] if declared[name] not in allowed -%}
        {%- do problems.append("`" ~ name ~ "` is '" ~ declared[name] ~ "'; expected one of " ~ allowed | join(', ') ~ ".") -%}
    {%- endfor -%}
    {%- set allowed = {'IVF': ['num_lists'], 'TREE_AH': ['leaf_node_embedding_count', 'normalization_type']}.get(declared.index_type, []) -%}
    {%- for name in declared.index_options if allowed and name not in allowed -%}
        {%- do problems.append("`index_options." ~ name ~ "` is unknown to " ~ declared.index_type ~ "; expected: " ~ allowed | join(', ') ~ ".") -%}
    {%- endfor -%}
    {%- for name in declared.duckdb_options if name not in ['m', 'ef_construction', 'ef_search'] -%}
        {%- do problems.append("`duckdb_options." ~ name ~ "` is unknown; expected: m, ef_construction, ef_search.") -%}
    {%- endfor -%}
    {%- if declared.minimum_rows is not none and (declared.minimum_rows is not integer or declared.minimum_rows < 0) -%}
        {%- do problems.append("`minimum_rows` is " ~ tojson(declared.minimum_rows | string) ~ "; expected a whole number.") -%}
    {%- endif -%}
    {%- if declared.drift is not number or declared.drift <= 0 or declared.drift > 1 -%}
        {%- do problems.append("`drift` is " ~ tojson(declared.drift | string) ~ "; expected a number above 0 and up to 1.") -%}
    {%- endif -%}
    {{ return(problems) }}
{%- endmacro %}

{# After the build of a model that declares one. #}
{% macro _keep_vector_index() -%}
    {%- if execute and model.config.meta.get('vector_index') -%}
        {%- do lakeweave._look_after_vector_index(this, model.config.meta.vector_index) -%}
    {%- endif -%}
{%- endmacro %}

{# Returns the action as one word. #}
{% macro _look_after_vector_index(relation, declared) -%}
    {{ return(adapter.dispatch('_look_after_vector_index', 'lakeweave')(relation, declared)) }}
{%- endmacro %}

{# Searches are exact without an index. #}
{% macro default___look_after_vector_index(relation, declared) -%}
    {{ return('exact') }}
{%- endmacro %}

{# https://cloud.google.com/bigquery/docs/reference/standard-sql/data-definition-language#create_vector_index_statement #}
{% macro _create_vector_index_sql(relation, declared, name) -%}
    create vector index {{ adapter.quote(name) }}
    on {{ relation }} ({{ adapter.quote(declared.column) }})
    {%- if declared.storing %}
    storing ({% for column in declared.storing %}{{ adapter.quote(column) }}{{ ', ' if not loop.last }}{% endfor %})
    {%- endif %}
    options (
        index_type = {{ lakeweave.text_literal(declared.index_type) }},
        distance_type = {{ lakeweave.text_literal(declared.distance_type) }}
        {%- if declared.index_options %},
        {{ declared.index_type | lower }}_options = {{ lakeweave.text_literal(tojson(declared.index_options, sort_keys=true)) }}
        {%- endif %}
    )
{%- endmacro %}

{# https://cloud.google.com/bigquery/docs/information-schema-vector-indexes #}
{% macro _vector_indexes_sql(relation) -%}
    select index_name, index_status, coverage_percentage, unindexed_row_count, cast(last_refresh_time as string) as refreshed_at, disable_reason
    from {{ relation.information_schema('VECTOR_INDEXES') }}
    where table_name = {{ lakeweave.text_literal(relation.identifier) }}
        and index_status <> 'PENDING DISABLEMENT'
    order by index_name
{%- endmacro %}

{% macro _vector_index_name(relation, declared) -%}
    {%- set definition = {} -%}
    {%- for part in ['column', 'distance_type', 'index_type', 'storing', 'index_options'] -%}
        {%- do definition.update({part: declared[part]}) -%}
    {%- endfor -%}
    {{ return(relation.identifier ~ '_' ~ declared.column ~ '_' ~ local_md5(tojson(definition, sort_keys=true))[:8]) }}
{%- endmacro %}
