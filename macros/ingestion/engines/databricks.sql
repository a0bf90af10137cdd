{# On Databricks, SQL over a view of files cannot return the file name of a row.
   https://docs.databricks.com/en/sql/language-manual/functions/input_file_name.html #}
{% macro databricks___spark_files_at_once() -%}
    {{ return(1) }}
{%- endmacro %}

{# https://docs.databricks.com/en/connect/unity-catalog/cloud-storage/index.html #}
{% macro databricks___folder_of_files(spec, declared) -%}
    {{ return(lakeweave.landing_uri(declared)) }}
{%- endmacro %}
