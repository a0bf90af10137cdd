{# The type of a vector's column. Its length is not part of the type: one ledger holds the vectors of all models. #}
{% macro type_embedding() -%}
    {{ return(adapter.dispatch('type_embedding', 'lakeweave')()) }}
{%- endmacro %}

{% macro default__type_embedding() -%}
    {%- do lakeweave.raise_unsupported('type_embedding', ['duckdb', 'spark', 'databricks', 'bigquery']) -%}
{%- endmacro %}

{% macro duckdb__type_embedding() -%}
    float[]
{%- endmacro %}

{# https://cloud.google.com/bigquery/docs/reference/standard-sql/data-types#array_type #}
{% macro bigquery__type_embedding() -%}
    array<float64>
{%- endmacro %}

{# https://spark.apache.org/docs/latest/sql-ref-datatypes.html #}
{% macro spark__type_embedding() -%}
    array<float>
{%- endmacro %}
