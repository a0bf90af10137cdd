{% macro duckdb___look_after_vector_index(relation, declared) -%}
    {%- set spec = lakeweave._duckdb_index_spec(relation, declared) -%}
    {%- if declared.duckdb_type == 'EXACT' -%}
        {%- do lakeweave.fetch_rows(
            "select lakeweave_vector_index_drop(" ~ lakeweave.text_literal(spec.folder) ~ ", " ~ lakeweave.text_literal(spec.index) ~ ") as dropped"
        ) -%}
        {{ return('exact') }}
    {%- endif -%}
    {%- do spec.update({
        'base': lakeweave._vector_base_name(relation),
        'column': declared.column,
        'minimum_rows': declared.minimum_rows if declared.minimum_rows is not none else 100000,
        'drift': declared.drift,
    }) -%}
    {%- set rows = lakeweave.fetch_rows(lakeweave._duckdb_index_sql('lakeweave_vector_index', relation, declared, spec)) -%}
    {%- set done = fromjson(rows[0][0]) if rows else {'state': 'unknown'} -%}
    {%- do log(relation ~ ": vector index " ~ done.state | replace('_', ' ') ~ ", " ~ done.get('vectors') ~ " vectors") -%}
    {{ return(done.state) }}
{%- endmacro %}

{% macro duckdb___vector_index_state(relation, declared) -%}
    {%- if declared.duckdb_type == 'EXACT' -%}
        {{ return(lakeweave.default___vector_index_state(relation, declared)) }}
    {%- endif -%}
    {%- set spec = lakeweave._duckdb_index_spec(relation, declared) -%}
    {%- do spec.update({'base': lakeweave._vector_base_name(relation), 'column': declared.column}) -%}
    {%- set rows = lakeweave.fetch_rows("select count(*) as row_count from " ~ relation, [[0]]) -%}
    {%- set said = lakeweave.fetch_rows(lakeweave._duckdb_index_sql('lakeweave_vector_index_status', relation, declared, spec), [['{}']]) -%}
    {%- set known = fromjson(said[0][0]) -%}
    {{ return([
        'HNSW', declared.distance_type, rows[0][0], known.state, ('%.0f' | format(100.0 * known.covered / [known.vectors, 1] | max)) ~ ' %',
        known.vectors ~ ' distinct vectors' ~ ('; searches are exact: ' ~ known.note if known.note else '')
    ]) }}
{%- endmacro %}

{#
    The functions of lakeweave/vectors: the rows of the base go into memory as the statement reads them, so a filter is a
    filter and nothing can be stale. An index is used only if it holds just these vectors.
#}
{% macro duckdb__vector_search(base, query, call_config) -%}
    {%- set spec = {
        'top_k': call_config.top_k,
        'distance_type': call_config.distance_type,
        'base': lakeweave._vector_base_name(base),
        'column': call_config.column,
    } -%}
    {%- if not call_config.use_brute_force -%}
        {%- do spec.update(lakeweave._duckdb_index_of(base, call_config)) -%}
    {%- endif -%}
    {%- set column, query_column = adapter.quote(call_config.column), adapter.quote(call_config.query_column) -%}
    {%- set model = adapter.quote(call_config.model_column) if call_config.model_column else none -%}
    (
        with

        lakeweave_base as materialized (
            select base, row_number() over () as place
            from {{ base }} as base
        ),

        lakeweave_query as materialized (
            select query, row_number() over () as place
            from {{ query }} as query
        ),

        lakeweave_opened as materialized (
            select lakeweave_vector_open(
                {{ lakeweave.text_literal(tojson(spec, sort_keys=true)) }},
                (select count(*) from lakeweave_base),
                (select count(*) from lakeweave_query)
            ) as handle
        ),

        lakeweave_added as materialized (
            select max(lakeweave_vector_add(
                (select handle from lakeweave_opened),
                place,
                cast(base.{{ column }} as float[]),
                {{ 'cast(base.' ~ model ~ ' as varchar)' if model else 'cast(null as varchar)' }}
            )) as handle
            from lakeweave_base
        ),

        lakeweave_ranked as materialized (
            select max(lakeweave_vector_rank((select handle from lakeweave_added), place, tie)) as handle
            from (
                select columns.place, row_number() over (order by columns) as tie
                from (
                    select * exclude ({{ column }}, place), place
                    from (select unnest(base), place from lakeweave_base) as rows
                ) as columns
            ) as ties
        ),

        lakeweave_found as materialized (
            select
                place,
                unnest(lakeweave_vector_search(
                    coalesce((select handle from lakeweave_ranked), (select handle from lakeweave_opened)),
                    cast(query.{{ query_column }} as float[]),
                    {{ 'cast(query.' ~ model ~ ' as varchar)' if model else 'cast(null as varchar)' }}
                )) as neighbour
            from lakeweave_query
        )

        select
            lakeweave_query.query as query,
            lakeweave_base.base as base,
            lakeweave_found.neighbour.distance as distance
        from lakeweave_found
        inner join lakeweave_query on lakeweave_found.place = lakeweave_query.place
        inner join lakeweave_base on lakeweave_found.neighbour.place = lakeweave_base.place
    )
{%- endmacro %}

{# One of the functions of lakeweave/vectors that are given all vectors of the column. #}
{% macro _duckdb_index_sql(function, relation, declared, spec) -%}
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

{# The description of an index that is passed to the functions of lakeweave/vectors. #}
{% macro _duckdb_index_spec(relation, declared) -%}
    {%- set spec = {
        'distance_type': declared.distance_type,
        'folder': lakeweave._duckdb_index_folder(),
        'index': relation.schema ~ '.' ~ relation.identifier ~ '.' ~ declared.column,
    } -%}
    {%- do spec.update(declared.duckdb_options) -%}
    {{ return(spec) }}
{%- endmacro %}

{# Beside the database's file, so that it goes where the database goes and `dbt clean` leaves it. #}
{% macro _duckdb_index_folder() -%}
    {%- set path = target.get('path') or 'lakeweave.duckdb' -%}
    {%- set parts = path.split('/')[:-1] -%}
    {{ return((parts | join('/') ~ '/' if parts else '') ~ 'vector_indexes') }}
{%- endmacro %}

{# The index that a search of this base may use: only a whole relation has one, and only for its own distance. #}
{% macro _duckdb_index_of(base, call_config) -%}
    {%- if base is string or not execute -%}
        {{ return({}) }}
    {%- endif -%}
    {%- for node in graph.get('nodes', {}).values() if node.resource_type == 'model' and node.alias == base.identifier and node.schema == base.schema -%}
        {%- set declared = node.config.meta.get('vector_index') -%}
        {%- if declared and declared.duckdb_type == 'HNSW' and declared.column == call_config.column and declared.distance_type == call_config.distance_type -%}
            {{ return(lakeweave._duckdb_index_spec(base, declared)) }}
        {%- endif -%}
    {%- endfor -%}
    {{ return({}) }}
{%- endmacro %}
