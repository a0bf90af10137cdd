{#
    The nearest neighbours of each query, as a table expression with the columns of BigQuery's VECTOR_SEARCH on every engine:
    `query` (a struct of the query's columns), `base` (a struct of the base's) and `distance`, the smaller the nearer.

    `base` and `query` are relations, or queries in brackets: a filter on the base is `(select * from … where …)`. Both have
    the vectors in `column` and the name of the model that made them in `<column>_model`, as `inference` writes them. A search
    across two models, versions or dimensions is an error that names both. See docs/vectors.md.
#}
{% macro vector_search(base, column, query, top_k=10, distance_type='COSINE', options={}) -%}
    {%- set call_config = {
        'column': column,
        'top_k': top_k,
        'distance_type': distance_type | upper if distance_type is string else distance_type,
        'query_column': column,
        'model_column': column ~ '_model',
        'use_brute_force': false,
        'fraction_lists_to_search': none,
    } -%}
    {%- set problems = lakeweave._vector_search_problems(call_config, options) -%}
    {%- if not problems -%}
        {%- do call_config.update(options) -%}
        {%- do problems.extend(lakeweave._vector_column_problems(base, query, call_config)) -%}
    {%- endif -%}
    {%- do lakeweave.raise_problems("The call of `vector_search` in " ~ (this or 'this query'), problems) -%}
    {{ return(adapter.dispatch('vector_search', 'lakeweave')(base, query, call_config)) }}
{%- endmacro %}

{% macro default__vector_search(base, query, call_config) -%}
    {%- do lakeweave.raise_unsupported('vector_search', ['duckdb', 'spark', 'databricks', 'bigquery']) -%}
{%- endmacro %}

{# True, or an error that names the two kinds of vectors that met (promise P9). #}
{% macro _one_model_only(base, query, call_config) -%}
    {%- set string = dbt.type_string() -%}
    {%- set said = [] -%}
    {%- for side, relation, column in [('base', base, call_config.column), ('query', query, call_config.query_column)] -%}
        {%- set vector = side ~ '.' ~ adapter.quote(column) -%}
        {%- set model = "coalesce(cast(" ~ side ~ "." ~ adapter.quote(call_config.model_column) ~ " as " ~ string ~ "), 'a model without a name')"
            if call_config.model_column else "'one model'" -%}
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
    {{ return(adapter.dispatch('_vector_length', 'lakeweave')(vector)) }}
{%- endmacro %}

{% macro default___vector_length(vector) -%}
    {{ return('coalesce(size(' ~ vector ~ '), 0)') }}
{%- endmacro %}

{# An error with a computed message, where a condition is expected. #}
{% macro _raise_in_sql(message) -%}
    {{ return(adapter.dispatch('_raise_in_sql', 'lakeweave')(message)) }}
{%- endmacro %}

{# https://cloud.google.com/bigquery/docs/reference/standard-sql/debugging_functions#error #}
{% macro default___raise_in_sql(message) -%}
    error({{ message }})
{%- endmacro %}

{# What the base is called in messages. #}
{% macro _vector_base_name(base) -%}
    {{ return('a query' if base is string and base.strip().startswith('(') else (base if base is string else base.include(database=false).render()) | replace('"', '') | replace('`', '')) }}
{%- endmacro %}

{# The columns that a search reads and that a relation does not have, as sentences. Of a query in brackets nothing is known. #}
{% macro _vector_column_problems(base, query, call_config) -%}
    {%- set problems = [] -%}
    {%- if not execute or flags.WHICH not in ['run', 'build', 'test', 'snapshot', 'retry', 'show'] or model.resource_type == 'unit_test' -%}
        {{ return(problems) }}
    {%- endif -%}
    {%- for side, relation, column in [('base', base, call_config.column), ('query', query, call_config.query_column)] if relation is not string and not relation.is_cte -%}
        {%- set present = [] -%}
        {%- for each in adapter.get_columns_in_relation(lakeweave.require_relation(relation)) -%}
            {%- do present.append(each.name | lower) -%}
        {%- endfor -%}
        {%- for needed in [column, call_config.model_column] if present and needed and needed | lower not in present -%}
            {%- do problems.append(
                "`" ~ side ~ "` is " ~ lakeweave.shown_relation(relation) ~ ", which has no column `" ~ needed ~ "`; it has " ~ present | join(', ') ~ "."
                ~ (" An `inference` with `generate_embedding` writes it; for vectors of one known model give `options={'model_column': none}`."
                    if needed == call_config.model_column else '')
            ) -%}
        {%- endfor -%}
    {%- endfor -%}
    {{ return(problems) }}
{%- endmacro %}

{# Every mistake in a call, as sentences. #}
{% macro _vector_search_problems(call_config, options) -%}
    {%- set problems = [] -%}
    {%- if call_config.column is not string or not call_config.column -%}
        {%- do problems.append("`column` is " ~ tojson(call_config.column | string) ~ "; expected the name of the column with the vectors.") -%}
    {%- endif -%}
    {%- if call_config.top_k is not integer or call_config.top_k is boolean or call_config.top_k < 1 -%}
        {%- do problems.append("`top_k` is " ~ tojson(call_config.top_k | string) ~ "; expected a whole number from 1. More than the base has rows gives all of them.") -%}
    {%- endif -%}
    {%- set distances = ['COSINE', 'DOT_PRODUCT', 'EUCLIDEAN'] -%}
    {%- if call_config.distance_type not in distances -%}
        {%- do problems.append("`distance_type` is " ~ tojson(call_config.distance_type | string) ~ "; expected one of " ~ distances | join(', ') ~ ".") -%}
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
