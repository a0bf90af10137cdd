{#
    Goes above a model and declares an index on its column of vectors. After each build the index is looked after: created
    once the table has `minimum_rows`, left alone while its definition and the data are the same, replaced when the definition
    changed, rebuilt when the data drifted from what it was built for. `dbt run-operation vector_index_status` tells.

    `index_type`, `storing` and `index_options` are BigQuery's; `embedded_type` is the embedded target's: 'EXACT' needs no
    index, 'HNSW' needs the extra `ann`. Spark always searches exactly. See docs/vectors.md.

    BigQuery keeps an index only while the table is not replaced: `keyed_sync` and `incremental` models keep theirs.
#}
{% macro vector_index(
    column,
    distance_type='COSINE',
    index_type='IVF',
    storing=[],
    index_options={},
    embedded_type='EXACT',
    embedded_options={},
    minimum_rows=none,
    drift=0.3
) -%}
    {%- set declared = {
        'column': column,
        'distance_type': distance_type | upper,
        'index_type': index_type | upper,
        'storing': storing,
        'index_options': index_options,
        'embedded_type': embedded_type | upper,
        'embedded_options': embedded_options,
        'minimum_rows': minimum_rows,
        'drift': drift,
    } -%}
    {%- do lakeweave.raise_problems("The call of `vector_index` in " ~ (this or 'this model'), lakeweave._vector_index_problems(declared)) -%}
    {{- config(meta={'vector_index': declared}, post_hook="{{ lakeweave._keep_vector_index() }}") -}}
{%- endmacro %}

{% macro _vector_index_problems(declared) -%}
    {%- set problems = [] -%}
    {%- for name, allowed in [
        ('distance_type', ['COSINE', 'DOT_PRODUCT', 'EUCLIDEAN']), ('index_type', ['IVF', 'TREE_AH']), ('embedded_type', ['EXACT', 'HNSW'])
    ] if declared[name] not in allowed -%}
        {%- do problems.append("`" ~ name ~ "` is '" ~ declared[name] ~ "'; expected one of " ~ allowed | join(', ') ~ ".") -%}
    {%- endfor -%}
    {%- set allowed = {'IVF': ['num_lists'], 'TREE_AH': ['leaf_node_embedding_count', 'normalization_type']}.get(declared.index_type, []) -%}
    {%- for name in declared.index_options if allowed and name not in allowed -%}
        {%- do problems.append("`index_options." ~ name ~ "` is unknown to " ~ declared.index_type ~ "; expected: " ~ allowed | join(', ') ~ ".") -%}
    {%- endfor -%}
    {%- for name in declared.embedded_options if name not in ['m', 'ef_construction', 'ef_search'] -%}
        {%- do problems.append("`embedded_options." ~ name ~ "` is unknown; expected: m, ef_construction, ef_search.") -%}
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

{# Gives one word about what was done. #}
{% macro _look_after_vector_index(relation, declared) -%}
    {{ return(adapter.dispatch('_look_after_vector_index', 'lakeweave')(relation, declared)) }}
{%- endmacro %}

{# Searches are exact without an index. #}
{% macro default___look_after_vector_index(relation, declared) -%}
    {{ return('exact') }}
{%- endmacro %}

{# One of the functions of lakeweave/vectors that are given all vectors of the column. #}
{% macro _of_embedded_index_sql(function, relation, declared, spec) -%}
    with

    opened as materialized (
        select lakeweave_vector_open(
            {{ lakeweave.text_literal(tojson(spec, sort_keys=true)) }},
            (select count(*) from {{ relation }}),
            1
        ) as handle
    ),

    added as materialized (
        select max(lakeweave_vector_add(
            (select handle from opened),
            place,
            cast({{ adapter.quote(declared.column) }} as float[]),
            cast(null as varchar)
        )) as handle
        from (select {{ adapter.quote(declared.column) }}, row_number() over () as place from {{ relation }}) as numbered
    )

    select {{ function }}(coalesce((select handle from added), (select handle from opened))) as done
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

{# What the embedded functions are told about an index. #}
{% macro _embedded_index_spec(relation, declared) -%}
    {%- set spec = {
        'distance_type': declared.distance_type,
        'folder': lakeweave._embedded_index_folder(),
        'index': relation.schema ~ '.' ~ relation.identifier ~ '.' ~ declared.column,
    } -%}
    {%- do spec.update(declared.embedded_options) -%}
    {{ return(spec) }}
{%- endmacro %}

{# Beside the database's file, so that it goes where the database goes and `dbt clean` leaves it. #}
{% macro _embedded_index_folder() -%}
    {%- set path = target.get('path') or 'lakeweave.duckdb' -%}
    {%- set parts = path.split('/')[:-1] -%}
    {{ return((parts | join('/') ~ '/' if parts else '') ~ 'vector_indexes') }}
{%- endmacro %}

{# The index that a search of this base may use: only a whole relation has one, and only for its own distance. #}
{% macro _embedded_index_of(base, asked) -%}
    {%- if base is string or not execute -%}
        {{ return({}) }}
    {%- endif -%}
    {%- for node in graph.get('nodes', {}).values() if node.resource_type == 'model' and node.alias == base.identifier and node.schema == base.schema -%}
        {%- set declared = node.config.meta.get('vector_index') -%}
        {%- if declared and declared.embedded_type == 'HNSW' and declared.column == asked.column and declared.distance_type == asked.distance_type -%}
            {{ return(lakeweave._embedded_index_spec(base, declared)) }}
        {%- endif -%}
    {%- endfor -%}
    {{ return({}) }}
{%- endmacro %}
