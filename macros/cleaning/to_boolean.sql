{# Text as a boolean, NULL where it is none. Read are `true`, `false`, `yes`, `no`, `t`, `f`, `y`, `n`, `1` and `0`, in any case. #}
{% macro to_boolean(expression) -%}
    {%- set text = 'lower(cast(' ~ expression ~ ' as ' ~ dbt.type_string() ~ '))' -%}
    {{ return(lakeweave.typed_value(
        expression,
        "case when " ~ text ~ " in ('true', 't', 'yes', 'y', '1') then true when " ~ text ~ " in ('false', 'f', 'no', 'n', '0') then false end",
        'not_a_boolean'
    )) }}
{%- endmacro %}
