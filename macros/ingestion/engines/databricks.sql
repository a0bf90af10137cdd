{# There the name of the file that a row comes from cannot be had in SQL over a view of files.
   https://docs.databricks.com/en/sql/language-manual/functions/input_file_name.html #}
{% macro databricks___spark_files_at_once() -%}
    {{ return(1) }}
{%- endmacro %}
