{#
    Text as an exact amount, NULL where it is none: six digits behind the point on every engine. BigQuery's NUMERIC keeps
    nine, and would hold on to the noise of a float that the others round away.
#}
{% macro to_money(expression) -%}
    {{ return(lakeweave.typed_value(expression, adapter.dispatch('to_money', 'lakeweave')(expression) | trim, 'not_an_amount')) }}
{%- endmacro %}

{% macro default__to_money(expression) -%}
    {{ lakeweave.cast_or_null(expression, dbt.type_numeric()) }}
{%- endmacro %}

{# https://cloud.google.com/bigquery/docs/reference/standard-sql/data-types#decimal_types #}
{% macro bigquery__to_money(expression) -%}
    round({{ lakeweave.cast_or_null(expression, 'numeric') }}, 6)
{%- endmacro %}
