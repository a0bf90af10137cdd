{# https://spark.apache.org/docs/latest/api/sql/index.html#xxhash64 #}
{% macro spark___row_mark(columns) -%}
    xxhash64({{ columns | join(', ') }})
{%- endmacro %}

{#
    Exact, because Spark has no index on vectors: in blocks, by the function of lakeweave/spark/vectors.py. A session that this
    project did not open has no such function, and does it as Databricks does.
    https://spark.apache.org/docs/latest/api/sql/index.html#inline
#}
{% macro spark__vector_search(base, query, call_config) -%}
    {%- if not lakeweave.fetch_rows("show user functions like 'lakeweave_nearest'") -%}
        {{ return(lakeweave.databricks__vector_search(base, query, call_config)) }}
    {%- endif -%}
    (
        with

        lakeweave_base as (
            select base, vector, row_number() over (order by base) as place
            from (
                select struct(base.*) as base, cast(base.{{ adapter.quote(call_config.column) }} as array<float>) as vector
                from {{ base }} as base
            ) as vectors
            where size(vector) > 0
        ),

        lakeweave_query as (
            select query, vector, row_number() over (order by query) as place
            from (
                select struct(query.*) as query, cast(query.{{ adapter.quote(call_config.query_column) }} as array<float>) as vector
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
            select inline(lakeweave_nearest(queries.block, vectors.block, {{ call_config.top_k }}, '{{ call_config.distance_type }}')) as (query_place, base_place, distance)
            from lakeweave_query_blocks as queries
            cross join lakeweave_base_blocks as vectors
            where ({{ lakeweave._one_model_only(base, query, call_config) }})
        ),

        lakeweave_ranked as (
            select query_place, base_place, distance, row_number() over (partition by query_place order by distance, base_place) as nearness
            from lakeweave_pairs
        )

        select queries.query, vectors.base, ranked.distance
        from lakeweave_ranked as ranked
        inner join lakeweave_query as queries on ranked.query_place = queries.place
        inner join lakeweave_base as vectors on ranked.base_place = vectors.place
        where ranked.nearness <= {{ call_config.top_k }}
    )
{%- endmacro %}

{# https://spark.apache.org/docs/latest/api/sql/index.html#raise_error #}
{% macro spark___raise_in_sql(message) -%}
    cast(raise_error({{ message }}) as boolean)
{%- endmacro %}
