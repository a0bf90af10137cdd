{#
    dbt run-operation create_convert_to_usd --args '{endpoint: "https://convert-to-usd-uc.a.run.app", connection: us-east4.lakeweave-text}'

    BigQuery only: the remote function `bronze.convert_to_usd(price, value_type, on_date)`, in front of the service of
    deploy/gcp/convert_to_usd. It returns the same as the macro `convert_to_usd`, for SQL outside of dbt.
    `on_unknown: error` makes an unknown currency fail the query instead of giving NULL.
    https://cloud.google.com/bigquery/docs/remote-functions#create_a_remote_function
#}
{% macro create_convert_to_usd(endpoint, connection, on_unknown='null', max_batching_rows=1000) -%}
    {%- if not execute -%}
        {{ return('') }}
    {%- endif -%}
    {%- do adapter.dispatch('_create_convert_to_usd', 'lakeweave')(endpoint, connection, on_unknown, max_batching_rows) -%}
{%- endmacro %}

{% macro default___create_convert_to_usd(endpoint, connection, on_unknown, max_batching_rows) -%}
    {%- do lakeweave.raise_unsupported('create_convert_to_usd', ['bigquery']) -%}
{%- endmacro %}
