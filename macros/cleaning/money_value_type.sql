{#
    What the amount of a delivered price is counted in: the value_type of seeds/currency_symbols.csv for its symbol or word
    (`dollars`, `euros`, `pounds`, `yen`), NULL where it came without one, and the symbol itself where the seed does not know
    it, so that a test can name it.
#}
{% macro money_value_type(expression) -%}
    {%- set symbol = 'lower(nullif(' ~ lakeweave.regexp_replace(lakeweave.clean_text(expression), '[-+0-9., ' ~ '\u00a0' ~ ']', '') ~ ", ''))" -%}
    coalesce(
        (
            select max(currency_symbols.value_type)
            from {{ ref('lakeweave', 'currency_symbols') }} as currency_symbols
            where lower(currency_symbols.symbol) = {{ symbol }}
        ),
        {{ symbol }}
    )
{%- endmacro %}
