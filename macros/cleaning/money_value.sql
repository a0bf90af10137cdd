{#
    The amount of a delivered price, as text: `$12.50`, `EUR12.50`, `12.50 dollars` and `1,234.50` give `12.50` and
    `1234.50`. It takes one amount with at most one sign and its symbol or word before or behind it; anything else
    (a decimal comma, an exponent, a range) stays as it is, so that silver can count what it cannot type.
#}
{% macro money_value(expression) -%}
    {%- set cleaned = lakeweave.clean_text(expression) -%}
    {%- set whole = '(?:[0-9]{1,3}(?:,[0-9]{3})+|[0-9]+)(?:[.][0-9]*)?|[.][0-9]+' -%}
    {%- set amount = '^[^0-9.,+-]*[-+]?[^0-9.,+-]*(?:' ~ whole ~ ')[^0-9.,+-]*$' -%}
    coalesce(
        nullif({{ lakeweave.regexp_replace(lakeweave.regexp_extract(cleaned, amount), '[^0-9.+-]', '') }}, ''),
        {{ cleaned }}
    )
{%- endmacro %}
