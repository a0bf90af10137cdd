{#
    A small table that a whole query looks things up in, as one value. Spark plans a scalar subquery anew at every place
    where it stands, and a bronze model has dozens of them. So the ingestion puts the value into a variable of the session
    first (`_declare_lookups`), and its body reads that. Anywhere else, unit tests included, it is the subquery.
    https://spark.apache.org/docs/latest/sql-ref-syntax-ddl-declare-variable.html
#}
{% macro _lookup(name) -%}
    {%- set query = lakeweave['_lookup_' ~ name]() -%}
    {%- if model.resource_type == 'model' and model.config.materialized == 'ingestion' -%}
        {{ return('session.lakeweave_' ~ name) }}
    {%- endif -%}
    {{ return('(' ~ query ~ ')') }}
{%- endmacro %}


{# The words that mean "no value", in small letters. #}
{% macro _lookup_null_sentinels() -%}
    select collect_list(lower(sentinel)) from {{ ref('lakeweave', 'null_sentinels') }}
{%- endmacro %}

{# What each symbol or word for a currency stands for. #}
{% macro _lookup_currency_symbols() -%}
    select map_from_entries(collect_list(struct(symbols.symbol, symbols.value_type)))
    from (
        select lower(symbol) as symbol, max(value_type) as value_type
        from {{ ref('lakeweave', 'currency_symbols') }}
        group by lower(symbol)
    ) as symbols
{%- endmacro %}


{# Gives the variables that `body` reads their values. #}
{% macro _declare_lookups(body) -%}
    {%- set types = {'null_sentinels': 'array<string>', 'currency_symbols': 'map<string, string>'} -%}
    {%- for name in types if 'session.lakeweave_' ~ name in body -%}
        {%- call statement('declare_' ~ name) -%}
            declare or replace variable lakeweave_{{ name }} {{ types[name] }}
        {%- endcall -%}
        {%- call statement('set_' ~ name) -%}
            set var lakeweave_{{ name }} = ({{ lakeweave['_lookup_' ~ name]() }})
        {%- endcall -%}
    {%- endfor -%}
{%- endmacro %}
