{#
    The bronze column that names the delivered file: `_file_name`, and `source_file_name` on BigQuery, which refuses
    every column that begins with `_file_`. https://cloud.google.com/bigquery/docs/schemas#column_names
#}
{% macro file_name_column() -%}
    {{ return('source_file_name' if target.type == 'bigquery' else '_file_name') }}
{%- endmacro %}
