{#
    A delivered value as text: trimmed, and NULL where it is empty or one of the words of seeds/null_sentinels.csv that
    mean "no value". The sentinels are read once per query, not once per row. With `sentinels=false` only an empty text is
    NULL: for columns in which such a word is a value, as the surname Null or the state code NA.
#}
{% macro clean_text(expression, sentinels=true) -%}
    {%- if not sentinels -%}
        {{ return("nullif(" ~ lakeweave.trim_text(expression) ~ ", '')") }}
    {%- endif -%}
    {{ return(adapter.dispatch('clean_text', 'lakeweave')(expression)) }}
{%- endmacro %}

{% macro default__clean_text(expression) -%}
    {{ lakeweave.raise_unsupported('clean_text', ['duckdb', 'bigquery', 'spark', 'databricks']) }}
{%- endmacro %}

{# https://duckdb.org/docs/stable/sql/functions/list#list_containslist-element #}
{% macro duckdb__clean_text(expression) -%}
    {%- set trimmed = lakeweave.trim_text(expression) -%}
    case
        when not list_contains((select list(lower(sentinel)) from {{ ref('lakeweave', 'null_sentinels') }}), lower({{ trimmed }}))
            then nullif({{ trimmed }}, '')
    end
{%- endmacro %}

{# https://cloud.google.com/bigquery/docs/reference/standard-sql/operators#in_operators #}
{% macro bigquery__clean_text(expression) -%}
    {%- set trimmed = lakeweave.trim_text(expression) -%}
    case
        when lower({{ trimmed }}) not in unnest((select array_agg(lower(sentinel)) from {{ ref('lakeweave', 'null_sentinels') }}))
            then nullif({{ trimmed }}, '')
    end
{%- endmacro %}

{# https://spark.apache.org/docs/latest/api/sql/index.html#array_contains #}
{% macro spark__clean_text(expression) -%}
    {%- set trimmed = lakeweave.trim_text(expression) -%}
    case
        when not array_contains({{ lakeweave._lookup('null_sentinels') }}, lower({{ trimmed }}))
            then nullif({{ trimmed }}, '')
    end
{%- endmacro %}
