{# True on DuckDB and on a Spark session of this project: the engine reads local paths and calls this project's Python functions. #}
{% macro is_local_engine() -%}
    {{ return(target.type in ('duckdb', 'spark')) }}
{%- endmacro %}
