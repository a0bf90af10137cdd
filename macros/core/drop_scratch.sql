{% macro drop_scratch(relation) -%}
    {%- do run_query("drop table if exists " ~ relation) -%}
{%- endmacro %}
