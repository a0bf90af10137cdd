{#
    What the amount of a delivered price is counted in: the value_type of seeds/currency_symbols.csv for its symbol or word
    (`dollars`, `euros`, `pounds`, `yen`), NULL where it came without one, and the symbol itself where the seed does not know
    it, so that a test can name it.
#}
{% macro money_value_type(expression) -%}
    {%- set symbol = 'lower(nullif(' ~ lakeweave.regexp_replace(lakeweave.clean_text(expression), '[-+0-9., ' ~ '\u00a0' ~ ']', '') ~ ", ''))" -%}
    {{ return(adapter.dispatch('money_value_type', 'lakeweave')(symbol)) }}
{%- endmacro %}

{% macro default__money_value_type(symbol) -%}
    coalesce(
        (
            select max(currency_symbols.value_type)
            from {{ ref('lakeweave', 'currency_symbols') }} as currency_symbols
            where lower(currency_symbols.symbol) = {{ symbol }}
        ),
        {{ symbol }}
    )
{%- endmacro %}

{# A map: Spark makes a join of each correlated subquery. https://spark.apache.org/docs/latest/api/sql/index.html#try_element_at #}
{% macro spark__money_value_type(symbol) -%}
    coalesce(try_element_at({{ lakeweave._lookup('currency_symbols') }}, {{ symbol }}), {{ symbol }})
{%- endmacro %}
