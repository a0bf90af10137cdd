{#
    A delivered value as text: trimmed, in the composed form of Unicode, and NULL where it is empty or one of the words of
    seeds/null_sentinels.csv that mean "no value". The sentinels are read once per query, not once per row.

    `sentinels=false` takes every word as a value. `keep` names sentinels that are values in this column: `Null` is a surname, `NA` the
    code of Namibia.
#}
{% macro clean_text(expression, sentinels=true, keep=[]) -%}
    {%- set text = lakeweave.compose_text(lakeweave.trim_text(expression)) -%}
    {%- if not sentinels -%}
        {{ return("nullif(" ~ text ~ ", '')") }}
    {%- endif -%}
    {%- set kept = " or lower(" ~ text ~ ") in ('" ~ keep | map('lower') | join("', '") ~ "')" if keep else '' -%}
    {{ return(adapter.dispatch('clean_text', 'lakeweave')(text, kept)) }}
{%- endmacro %}

{% macro default__clean_text(text, kept) -%}
    {{ lakeweave.raise_unsupported('clean_text', ['duckdb', 'bigquery', 'spark', 'databricks']) }}
{%- endmacro %}
