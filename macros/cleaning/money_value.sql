{#
    The amount of a delivered price, as text: `$12.50`, `EUR12.50`, `12.50 dollars` and `1,234.50` give `12.50` and
    `1234.50`. A value without a single number in it stays as it is, so that silver can count what it cannot type.
#}
{% macro money_value(expression) -%}
    {%- set cleaned = lakeweave.clean_text(expression) -%}
    coalesce(
        replace({{ lakeweave._regexp_extract(cleaned, '[-+]?[0-9][0-9,]*[.]?[0-9]*') }}, ',', ''),
        {{ cleaned }}
    )
{%- endmacro %}
