{#
    The text without white space and invisible characters at either end, in the normal form NFC. White space is that of
    Unicode. Most values are ASCII and have none: their two ends and their size tell it.
#}
{% macro trim_text(expression) -%}
    {{ return(adapter.dispatch('trim_text', 'lakeweave')(expression)) }}
{%- endmacro %}

{% macro default__trim_text(expression) -%}
    {{ lakeweave.raise_unsupported('trim_text', ['duckdb', 'bigquery', 'spark', 'databricks']) }}
{%- endmacro %}

{# https://duckdb.org/docs/stable/sql/functions/text#nfc_normalizestring #}
{% macro duckdb__trim_text(expression) -%}
    {%- set edges = lakeweave._escaped(lakeweave._white_space() ~ lakeweave._invisible()) -%}
    case
        when ascii({{ expression }}) between 33 and 126 and ascii(right({{ expression }}, 1)) between 33 and 126
            then case when strlen({{ expression }}) = length({{ expression }}) then {{ expression }} else nfc_normalize({{ expression }}) end
        else nfc_normalize(trim({{ expression }}, {{ edges }}))
    end
{%- endmacro %}

{# https://cloud.google.com/bigquery/docs/reference/standard-sql/string_functions#normalize #}
{% macro bigquery__trim_text(expression) -%}
    normalize(trim({{ expression }}, {{ lakeweave._escaped(lakeweave._white_space() ~ lakeweave._invisible()) }}), NFC)
{%- endmacro %}

{# https://spark.apache.org/docs/latest/api/sql/index.html#trim #}
{% macro spark__trim_text(expression) -%}
    trim(both {{ lakeweave._escaped(lakeweave._white_space() ~ lakeweave._invisible()) }} from {{ expression }})
{%- endmacro %}
