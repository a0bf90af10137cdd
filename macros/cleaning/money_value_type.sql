{#
    What the amount of a delivered price is counted in: the value_type of seeds/currency_symbols.csv for its symbol or word
    (`dollars`, `euros`, `pounds`, `yen`), NULL where it came without one or with one that the seed does not know.
#}
{% macro money_value_type(expression) -%}
    {{ return(
        "case when not " ~ lakeweave._matches(expression, '^-?[0-9.]+$') ~ " then "
        ~ lakeweave._with_money_parts(expression, 'delivered_amount.currency') ~ " end"
    ) }}
{%- endmacro %}
