{# Text as a 64-bit float, NULL where it is none. dbt says `float` and means four bytes on DuckDB and Spark, hence the double. #}
{% macro to_float(expression) -%}
    {{ lakeweave.cast_or_null(expression, lakeweave.type_double()) }}
{%- endmacro %}
