{# What follows a star to leave one column out. #}
{% macro star_without(column) -%}
    {{ return(adapter.dispatch('star_without', 'lakeweave')(column)) }}
{%- endmacro %}

{# https://spark.apache.org/docs/latest/sql-ref-syntax-qry-star.html #}
{% macro default__star_without(column) -%}
    except ({{ column }})
{%- endmacro %}
