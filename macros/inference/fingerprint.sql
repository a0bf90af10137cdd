{#
    SHA-256, in small hexadecimal letters, over function, model name, model version, canonical options and the input's
    content: what makes two calls the same call.

    What is hashed is a JSON array of the constant parts followed by the input. A JSON array ends where its bracket closes,
    whatever is in it, so no two different calls give the same bytes. It is written here, in ASCII, and not by the engine,
    so every engine hashes the same bytes; the input is hashed as UTF-8.
#}
{% macro fingerprint(function, model, model_version, options, input) -%}
    {%- set constants = tojson([
        'lakeweave-1', function, model, model_version, tojson(lakeweave._canonical_options(function, options), sort_keys=true)
    ]) -%}
    {{ return(adapter.dispatch('fingerprint', 'lakeweave')(lakeweave.text_literal(constants), input)) }}
{%- endmacro %}

{% macro default__fingerprint(constants, input) -%}
    {%- do lakeweave.raise_unsupported('fingerprint', ['duckdb', 'spark', 'databricks', 'bigquery']) -%}
{%- endmacro %}

{# https://duckdb.org/docs/stable/sql/functions/text#sha256value #}
{% macro duckdb__fingerprint(constants, input) -%}
    sha256({{ constants }} || {{ input }})
{%- endmacro %}

{# https://cloud.google.com/bigquery/docs/reference/standard-sql/hash_functions#sha256 #}
{% macro bigquery__fingerprint(constants, input) -%}
    to_hex(sha256(concat({{ constants }}, {{ input }})))
{%- endmacro %}

{# https://spark.apache.org/docs/latest/api/sql/index.html#sha2 #}
{% macro spark__fingerprint(constants, input) -%}
    sha2(concat({{ constants }}, {{ input }}), 256)
{%- endmacro %}
