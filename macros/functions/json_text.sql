{# One text value of a JSON object that is kept as text; NULL where the text is no JSON or lacks the key. #}
{% macro json_text(column, key) -%}
    {{ return(adapter.dispatch('json_text', 'lakeweave')(column, key)) }}
{%- endmacro %}

{% macro default__json_text(column, key) -%}
    {%- do lakeweave.raise_unsupported('json_text', ['duckdb', 'spark', 'databricks', 'bigquery']) -%}
{%- endmacro %}

{# https://duckdb.org/docs/stable/data/json/json_functions #}
{% macro duckdb__json_text(column, key) -%}
    json_extract_string(try_cast({{ column }} as json), '$.{{ key }}')
{%- endmacro %}

{# https://cloud.google.com/bigquery/docs/reference/standard-sql/json_functions#json_value #}
{% macro bigquery__json_text(column, key) -%}
    json_value(safe.parse_json({{ column }}), '$.{{ key }}')
{%- endmacro %}

{# https://spark.apache.org/docs/latest/api/sql/index.html#get_json_object #}
{% macro spark__json_text(column, key) -%}
    get_json_object({{ column }}, '$.{{ key }}')
{%- endmacro %}
