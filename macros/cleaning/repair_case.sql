{#
    A name that has lost its case, all capitals or all small letters, with a capital on every word. A name in mixed case is
    somebody's own spelling ("Rio de Janeiro", "McDonald") and stays.
#}
{% macro repair_case(expression) -%}
    case
        when {{ expression }} = upper({{ expression }}) or {{ expression }} = lower({{ expression }})
            then {{ lakeweave.title_case(expression) }}
        else {{ expression }}
    end
{%- endmacro %}
