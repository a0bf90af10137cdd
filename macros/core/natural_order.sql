{#
    A key that sorts names the way people do: digit runs count as numbers, so `batch_10` comes after `batch_9`. Every run is
    padded to twenty digits.
#}
{% macro natural_order(expression) -%}
    {%- set padded = lakeweave.regexp_replace(expression, '([0-9]+)', '00000000000000000000\\1') -%}
    {{ lakeweave.regexp_replace(padded, '0*([0-9]{20})', '\\1') }}
{%- endmacro %}
