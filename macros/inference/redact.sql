{#
    The one place that masks a personal column on its way into a prompt. A NULL stays NULL.

    | kind | gives |
    |---|---|
    | `label` | `[column]`: that there is a value, not which |
    | `initial` | the first letter and `***` |
    | `domain` | `***@` and the domain of an e-mail address |
    | `digits` | the text with `#` for every digit |

    There is no hash among them: whoever has a list of addresses finds the address again from its hash.
#}
{% macro redact(column, kind='label') -%}
    {%- if kind not in ('label', 'initial', 'domain', 'digits') -%}
        {%- do exceptions.raise_compiler_error(
            "`redact` of `" ~ column ~ "`: `kind` is '" ~ kind ~ "'; expected one of: label, initial, domain, digits."
        ) -%}
    {%- endif -%}
    {%- set text = "cast(" ~ column ~ " as " ~ dbt.type_string() ~ ")" -%}
    /* lakeweave:redacted */ case when {{ column }} is not null then {{ lakeweave._redacted(text, kind, column.split('.')[-1]) }} end /* lakeweave:end */
{%- endmacro %}


{% macro _redacted(text, kind, name) -%}
    {%- if kind == 'label' -%}
        {{ return(lakeweave.text_literal('[' ~ name ~ ']')) }}
    {%- elif kind == 'initial' -%}
        {{ return("concat(substr(" ~ text ~ ", 1, 1), '***')") }}
    {%- elif kind == 'domain' -%}
        {{ return("concat('***@', " ~ dbt.split_part(text, "'@'", 2) ~ ")") }}
    {%- endif -%}
    {{ return(lakeweave._without_digits(text)) }}
{%- endmacro %}


{% macro _without_digits(text) -%}
    {{ return(adapter.dispatch('_without_digits', 'lakeweave')(text)) }}
{%- endmacro %}

{# https://spark.apache.org/docs/latest/api/sql/index.html#regexp_replace, https://cloud.google.com/bigquery/docs/reference/standard-sql/string_functions#regexp_replace #}
{% macro default___without_digits(text) -%}
    regexp_replace({{ text }}, '[0-9]', '#')
{%- endmacro %}

{# Without the option DuckDB replaces the first match only: https://duckdb.org/docs/stable/sql/functions/regular_expressions #}
{% macro duckdb___without_digits(text) -%}
    regexp_replace({{ text }}, '[0-9]', '#', 'g')
{%- endmacro %}

