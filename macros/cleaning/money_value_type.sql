{#
    What the amount of a delivered price is counted in: the value_type of seeds/currency_symbols.csv for its symbol or word
    (`dollars`, `euros`, `pounds`, `yen`), NULL where it came without one, and the symbol itself where the seed does not know
    it, so that a test can name it.
#}
{% macro money_value_type(expression) -%}
    {{ return(adapter.dispatch('money_value_type', 'lakeweave')(lakeweave._money_symbol(lakeweave.clean_text(expression)))) }}
{%- endmacro %}

{% macro default__money_value_type(symbol) -%}
    coalesce(
        (
            select max(currency_symbols.value_type)
            from ({{ lakeweave._money_words() | replace('union distinct', 'union distinct' if target.type == 'bigquery' else 'union') }}) as currency_symbols
            where currency_symbols.symbol = {{ symbol }}
        ),
        {{ symbol }}
    )
{%- endmacro %}

{# A map: Spark makes a join of each correlated subquery. https://spark.apache.org/docs/latest/api/sql/index.html#try_element_at #}
{% macro spark__money_value_type(symbol) -%}
    coalesce(try_element_at({{ lakeweave._lookup('currency_symbols') }}, {{ symbol }}), {{ symbol }})
{%- endmacro %}
