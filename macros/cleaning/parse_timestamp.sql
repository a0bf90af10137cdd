{#
    A delivered timestamp in any of the given strptime formats, tried in order; NULL when none fits. Formats differ from
    source to source (day or month first), so a source with its own passes its own.
#}
{% macro parse_timestamp(expression, formats=none) -%}
    {{ return(lakeweave.typed_value(expression, adapter.dispatch('parse_timestamp', 'lakeweave')(expression, formats or lakeweave.setting('timestamp_formats')) | trim, 'not_a_timestamp')) }}
{%- endmacro %}

{% macro default__parse_timestamp(expression, formats) -%}
    {{ lakeweave.raise_unsupported('parse_timestamp', ['duckdb', 'bigquery', 'spark', 'databricks']) }}
{%- endmacro %}

{# https://duckdb.org/docs/stable/sql/functions/dateformat#strptime-examples #}
{% macro duckdb__parse_timestamp(expression, formats) -%}
    try_strptime({{ expression }}, ['{{ formats | join("', '") }}'])
{%- endmacro %}

{# https://cloud.google.com/bigquery/docs/reference/standard-sql/timestamp_functions#parse_timestamp #}
{% macro bigquery__parse_timestamp(expression, formats) -%}
    coalesce(
        {%- for format in formats %}
        safe.parse_timestamp('{{ format }}', {{ expression }}){{ ',' if not loop.last }}
        {%- endfor %}
    )
{%- endmacro %}

{# Spark writes patterns its own way. https://spark.apache.org/docs/latest/sql-ref-datetime-pattern.html #}
{% macro spark__parse_timestamp(expression, formats) -%}
    {%- set letters = {'%Y': 'yyyy', '%y': 'yy', '%m': 'M', '%d': 'd', '%H': 'H', '%M': 'm', '%S': 's', '%b': 'MMM', '%B': 'MMMM'} -%}
    coalesce(
        {%- for format in formats %}
        {%- set pattern = namespace(text=format) -%}
        {%- for letter in letters -%}
            {%- set pattern.text = pattern.text | replace(letter, letters[letter]) -%}
        {%- endfor %}
        try_to_timestamp({{ expression }}, '{{ pattern.text }}'){{ ',' if not loop.last }}
        {%- endfor %}
    )
{%- endmacro %}
