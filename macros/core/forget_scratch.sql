{# What a killed run of the same model left. A scratch table of BigQuery expires, one of DuckDB ends with its
   connection; on Spark it stays. #}
{% macro forget_scratch(target_relation) -%}
    {%- for left in adapter.dispatch('left_scratch', 'lakeweave')(target_relation) -%}
        {%- do lakeweave.drop_scratch(left) -%}
    {%- endfor -%}
{%- endmacro %}

{% macro default__left_scratch(target_relation) -%}
    {{ return([]) }}
{%- endmacro %}
