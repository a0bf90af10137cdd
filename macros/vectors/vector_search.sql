{#
    The nearest neighbours of each query, as a table expression with the columns of BigQuery's VECTOR_SEARCH on every engine:
    `query` (a struct of the query's columns), `base` (a struct of the base's) and `distance`, the smaller the nearer.

    `base` and `query` are relations, or queries in brackets: a filter on the base is `(select * from … where …)`. Both have
    the vectors in `column` and the name of the model that made them in `<column>_model`, as `inference` writes them. A search
    across two models, versions or dimensions is an error that names both. See docs/vectors.md.
#}
{% macro vector_search(base, column, query, top_k=10, distance_type='COSINE', options={}) -%}
    {%- set asked = {
        'column': column,
        'top_k': top_k,
        'distance_type': distance_type | upper if distance_type is string else distance_type,
        'query_column': column,
        'model_column': column ~ '_model',
        'use_brute_force': false,
        'fraction_lists_to_search': none,
    } -%}
    {%- do lakeweave._raise_problems(
        "The call of `vector_search` in " ~ (this or 'this query'), lakeweave._vector_search_problems(asked, options)
    ) -%}
    {%- do asked.update(options) -%}
    {{ return(adapter.dispatch('vector_search', 'lakeweave')(base, query, asked)) }}
{%- endmacro %}

{% macro default__vector_search(base, query, asked) -%}
    {%- do lakeweave.raise_unsupported('vector_search', ['duckdb', 'spark', 'databricks', 'bigquery']) -%}
{%- endmacro %}

{#
    The functions of lakeweave/vectors: the rows of the base go into memory as the statement reads them, so a filter is a
    filter and nothing can be stale. An index is used only if it holds just these vectors.
#}
{% macro duckdb__vector_search(base, query, asked) -%}
    {%- set spec = {
        'top_k': asked.top_k,
        'distance_type': asked.distance_type,
        'base': lakeweave._vector_base_name(base),
        'column': asked.column,
    } -%}
    {%- if not asked.use_brute_force -%}
        {%- do spec.update(lakeweave._embedded_index_of(base, asked)) -%}
    {%- endif -%}
    {%- set column, query_column = adapter.quote(asked.column), adapter.quote(asked.query_column) -%}
    {%- set model = adapter.quote(asked.model_column) if asked.model_column else none -%}
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

{#
    Which index is used, if any, is BigQuery's affair. The base may not be filtered by its vectors, so rows without one must
    not be in it. https://cloud.google.com/bigquery/docs/reference/standard-sql/search_functions#vector_search
#}
{% macro bigquery__vector_search(base, query, asked) -%}
    {%- set settings = {} -%}
    {%- if asked.use_brute_force -%}
        {%- do settings.update({'use_brute_force': true}) -%}
    {%- elif asked.fraction_lists_to_search is not none -%}
        {%- do settings.update({'fraction_lists_to_search': asked.fraction_lists_to_search}) -%}
    {%- endif -%}
    {%- set searched = 'table ' ~ base if base is not string else (base if base.strip().startswith('(') else '(select * from ' ~ base ~ ')') -%}
    (
        select found.query, found.base, found.distance
        from vector_search(
            {{ searched }},
            {{ lakeweave.text_literal(asked.column) }},
            (
                select query.*
                from {{ query }} as query
                where (select count(*) from unnest(query.{{ adapter.quote(asked.query_column) }}) as element where element <> 0) > 0
            ),
            query_column_to_search => {{ lakeweave.text_literal(asked.query_column) }},
            top_k => {{ asked.top_k }},
            distance_type => {{ lakeweave.text_literal(asked.distance_type) }},
            options => {{ lakeweave.text_literal(tojson(settings, sort_keys=true)) }}
        ) as found
        where ({{ lakeweave._one_model_only(base, query, asked) }})
    )
{%- endmacro %}

{#
    Exact, because Spark has no index on vectors: in blocks, by the function of lakeweave/spark/vectors.py. A session that this
    project did not open has no such function, and does it as Databricks does.
    https://spark.apache.org/docs/latest/api/sql/index.html#inline
#}
{% macro spark__vector_search(base, query, asked) -%}
    {%- if not lakeweave.ask("show user functions like 'lakeweave_nearest'") -%}
        {{ return(lakeweave.databricks__vector_search(base, query, asked)) }}
    {%- endif -%}
    (
        with

        lakeweave_base as (
            select base, vector, row_number() over (order by base) as place
            from (
                select struct(base.*) as base, cast(base.{{ adapter.quote(asked.column) }} as array<float>) as vector
                from {{ base }} as base
            ) as vectors
            where size(vector) > 0
        ),

        lakeweave_query as (
            select query, vector, row_number() over (order by query) as place
            from (
                select struct(query.*) as query, cast(query.{{ adapter.quote(asked.query_column) }} as array<float>) as vector
                from {{ query }} as query
            ) as queries
            where size(vector) > 0
        ),

        lakeweave_base_blocks as (
            select collect_list(struct(place, vector)) as block
            from lakeweave_base
            group by floor((place - 1) / 4096)
        ),

        lakeweave_query_blocks as (
            select collect_list(struct(place, vector)) as block
            from lakeweave_query
            group by floor((place - 1) / 4096)
        ),

        lakeweave_pairs as (
            select inline(lakeweave_nearest(queries.block, vectors.block, {{ asked.top_k }}, '{{ asked.distance_type }}')) as (query_place, base_place, distance)
            from lakeweave_query_blocks as queries
            cross join lakeweave_base_blocks as vectors
            where ({{ lakeweave._one_model_only(base, query, asked) }})
        ),

        lakeweave_ranked as (
            select query_place, base_place, distance, row_number() over (partition by query_place order by distance, base_place) as nearness
            from lakeweave_pairs
        )

        select queries.query, vectors.base, ranked.distance
        from lakeweave_ranked as ranked
        inner join lakeweave_query as queries on ranked.query_place = queries.place
        inner join lakeweave_base as vectors on ranked.base_place = vectors.place
        where ranked.nearness <= {{ asked.top_k }}
    )
{%- endmacro %}

{#
    Exact, each query against each vector: Databricks has no index that SQL can make.
    https://docs.databricks.com/en/sql/language-manual/functions/zip_with.html
#}
{% macro databricks__vector_search(base, query, asked) -%}
    {%- set product = "aggregate(zip_with(queries.vector, vectors.vector, (x, y) -> x * y), cast(0 as double), (total, x) -> total + x)" -%}
    {%- set squares = "aggregate(zip_with(queries.vector, vectors.vector, (x, y) -> (x - y) * (x - y)), cast(0 as double), (total, x) -> total + x)" -%}
    {%- set length = "sqrt(aggregate({}, cast(0 as double), (total, x) -> total + x * x))" -%}
    {%- set vector = "cast({} as array<double>)" -%}
    (
        with

        lakeweave_base as (
            select
                struct(base.*) as base,
                {{ vector.replace('{}', 'base.' ~ adapter.quote(asked.column)) }} as vector
            from {{ base }} as base
        ),

        lakeweave_query as (
            select
                struct(query.*) as query,
                {{ vector.replace('{}', 'query.' ~ adapter.quote(asked.query_column)) }} as vector
            from {{ query }} as query
        ),

        lakeweave_vectors as (
            select base, vector, {{ length.replace('{}', 'vector') }} as length
            from lakeweave_base
            where size(vector) > 0
        ),

        lakeweave_queries as (
            select query, vector, {{ length.replace('{}', 'vector') }} as length, row_number() over (order by query) as place
            from lakeweave_query
            where size(vector) > 0
        ),

        lakeweave_distances as (
            select
                queries.place,
                queries.query,
                vectors.base,
                {% if asked.distance_type == 'COSINE' -%}
                round(1 - {{ product }} / (queries.length * vectors.length), 12) as distance
                {%- elif asked.distance_type == 'DOT_PRODUCT' -%}
                round(-{{ product }}, 12) as distance
                {%- else -%}
                round(sqrt({{ squares }}), 12) as distance
                {%- endif %}
            from lakeweave_queries as queries
            cross join lakeweave_vectors as vectors
            where ({{ lakeweave._one_model_only(base, query, asked) }})
                {%- if asked.distance_type == 'COSINE' %}
                and queries.length > 0
                and vectors.length > 0
                {%- endif %}
        ),

        lakeweave_ranked as (
            select query, base, distance, row_number() over (partition by place order by distance, base) as nearness
            from lakeweave_distances
        )

        select query, base, distance
        from lakeweave_ranked
        where nearness <= {{ asked.top_k }}
    )
{%- endmacro %}


{# True, or an error that names the two kinds of vectors that met (promise P9). #}
{% macro _one_model_only(base, query, asked) -%}
    {%- set string = dbt.type_string() -%}
    {%- set said = [] -%}
    {%- for side, relation, column in [('base', base, asked.column), ('query', query, asked.query_column)] -%}
        {%- set vector = side ~ '.' ~ adapter.quote(column) -%}
        {%- set model = "coalesce(cast(" ~ side ~ "." ~ adapter.quote(asked.model_column) ~ " as " ~ string ~ "), 'a model without a name')"
            if asked.model_column else "'one model'" -%}
        {%- set length = lakeweave._vector_length(vector) -%}
        {%- do said.append(
            "select distinct '" ~ side ~ "' as side, concat(" ~ model ~ ", ' with ', cast(" ~ length ~ " as " ~ string ~ "), ' dimensions') as kind "
            ~ "from " ~ relation ~ " as " ~ side ~ " where " ~ length ~ " > 0"
        ) -%}
    {%- endfor -%}
    {%- set of_query = "coalesce(max(case when side = 'query' then kind end), '')" -%}
    {%- set lowest, highest = "min(kind)", "max(kind)" -%}
    select
        case
            when count(distinct kind) > 1
                then {{ lakeweave._raise_in_sql(
                    "concat(" ~ lakeweave.text_literal("A search of " ~ lakeweave._vector_base_name(base) ~ " was refused: vectors of ")
                    ~ ", min(kind), ' and of ', max(kind), "
                    ~ lakeweave.text_literal(" would meet. Vectors of two models, versions or dimensions have no distance; embed both with one.")
                    ~ ")"
                ) }}
            else true
        end
    from ({{ said | join(' union all ') }}) as kinds
{%- endmacro %}

{% macro _vector_length(vector) -%}
    {{ return(('coalesce(array_length(' if target.type == 'bigquery' else 'coalesce(size(') ~ vector ~ '), 0)') }}
{%- endmacro %}

{# An error with a computed message, where a condition is expected. #}
{% macro _raise_in_sql(message) -%}
    {{ return(adapter.dispatch('_raise_in_sql', 'lakeweave')(message)) }}
{%- endmacro %}

{# https://cloud.google.com/bigquery/docs/reference/standard-sql/debugging_functions#error #}
{% macro default___raise_in_sql(message) -%}
    error({{ message }})
{%- endmacro %}

{# https://spark.apache.org/docs/latest/api/sql/index.html#raise_error #}
{% macro spark___raise_in_sql(message) -%}
    cast(raise_error({{ message }}) as boolean)
{%- endmacro %}


{# What the base is called in messages. #}
{% macro _vector_base_name(base) -%}
    {{ return('a query' if base is string and base.strip().startswith('(') else (base if base is string else base.include(database=false).render()) | replace('"', '') | replace('`', '')) }}
{%- endmacro %}


{# Every mistake in a call, as sentences. #}
{% macro _vector_search_problems(asked, options) -%}
    {%- set problems = [] -%}
    {%- if asked.column is not string or not asked.column -%}
        {%- do problems.append("`column` is " ~ tojson(asked.column | string) ~ "; expected the name of the column with the vectors.") -%}
    {%- endif -%}
    {%- if asked.top_k is not integer or asked.top_k is boolean or asked.top_k < 1 -%}
        {%- do problems.append("`top_k` is " ~ tojson(asked.top_k | string) ~ "; expected a whole number from 1. More than the base has rows gives all of them.") -%}
    {%- endif -%}
    {%- set distances = ['COSINE', 'DOT_PRODUCT', 'EUCLIDEAN'] -%}
    {%- if asked.distance_type not in distances -%}
        {%- do problems.append("`distance_type` is " ~ tojson(asked.distance_type | string) ~ "; expected one of " ~ distances | join(', ') ~ ".") -%}
    {%- endif -%}
    {%- if options is not mapping -%}
        {%- do problems.append("`options` is " ~ tojson(options | string) ~ "; expected a mapping.") -%}
        {{ return(problems) }}
    {%- endif -%}
    {%- set known = ['query_column', 'model_column', 'use_brute_force', 'fraction_lists_to_search'] -%}
    {%- for name in options if name not in known -%}
        {%- do problems.append("`options." ~ name ~ "` is unknown; expected: " ~ known | join(', ') ~ ".") -%}
    {%- endfor -%}
    {%- set fraction = options.get('fraction_lists_to_search') -%}
    {%- if fraction is not none and (fraction is not number or fraction <= 0 or fraction >= 1) -%}
        {%- do problems.append("`options.fraction_lists_to_search` is " ~ tojson(fraction | string) ~ "; expected a number between 0 and 1.") -%}
    {%- elif fraction is not none and options.get('use_brute_force') -%}
        {%- do problems.append("`options` has `use_brute_force` and `fraction_lists_to_search`; a search that reads everything has no lists.") -%}
    {%- endif -%}
    {{ return(problems) }}
{%- endmacro %}
