{# https://cloud.google.com/bigquery/docs/reference/standard-sql/json_functions#to_json_string #}
{% macro bigquery___profile_text(column, kind) -%}
    {%- if kind == 'nested' -%}
        case when {{ column }} is not null then to_json_string({{ column }}) end
    {%- else -%}
        {{ lakeweave.default___profile_text(column, kind) }}
    {%- endif -%}
{%- endmacro %}

{# https://cloud.google.com/bigquery/docs/reference/standard-sql/string_functions#regexp_contains #}
{% macro bigquery___profile_matches(expression, pattern) -%}
    regexp_contains({{ expression }}, r'{{ pattern }}')
{%- endmacro %}

{# https://cloud.google.com/bigquery/docs/reference/standard-sql/aggregate_functions#array_agg #}
{% macro bigquery___profile_most_frequent() -%}
    to_json_string(array_agg(
        if(shown is null, null, struct(substr(shown, 1, 80) as value, occurrences as count)) ignore nulls
        order by occurrences desc, shown limit 5
    ))
{%- endmacro %}
