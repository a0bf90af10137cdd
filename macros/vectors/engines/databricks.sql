{#
    Exact, each query against each vector: Databricks has no index that SQL can make.
    https://docs.databricks.com/en/sql/language-manual/functions/zip_with.html
#}
{% macro databricks__vector_search(base, query, call_config) -%}
    {%- set product = "aggregate(zip_with(queries.vector, vectors.vector, (x, y) -> x * y), cast(0 as double), (total, x) -> total + x)" -%}
    {%- set squares = "aggregate(zip_with(queries.vector, vectors.vector, (x, y) -> (x - y) * (x - y)), cast(0 as double), (total, x) -> total + x)" -%}
    {%- set length = "sqrt(aggregate({}, cast(0 as double), (total, x) -> total + x * x))" -%}
    {%- set vector = "cast({} as array<double>)" -%}
    (
        with

        lakeweave_base as (
            select
                struct(base.*) as base,
                {{ vector.replace('{}', 'base.' ~ adapter.quote(call_config.column)) }} as vector
            from {{ base }} as base
        ),

        lakeweave_query as (
            select
                struct(query.*) as query,
                {{ vector.replace('{}', 'query.' ~ adapter.quote(call_config.query_column)) }} as vector
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
                {% if call_config.distance_type == 'COSINE' -%}
                round(1 - {{ product }} / (queries.length * vectors.length), 12) as distance
                {%- elif call_config.distance_type == 'DOT_PRODUCT' -%}
                round(-{{ product }}, 12) as distance
                {%- else -%}
                round(sqrt({{ squares }}), 12) as distance
                {%- endif %}
            from lakeweave_queries as queries
            cross join lakeweave_vectors as vectors
            where ({{ lakeweave._one_model_only(base, query, call_config) }})
                {%- if call_config.distance_type == 'COSINE' %}
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
        where nearness <= {{ call_config.top_k }}
    )
{%- endmacro %}
