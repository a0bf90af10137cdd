{#
    "Now", as a timestamp expression: the variable `as_of`, a timestamp in UTC. With 'now', the default, it is the moment at which
    this run began, so that all models of a run have one clock. gold.reporting_date has it as a row.
#}
{% macro as_of() -%}
    {%- if lakeweave.setting('as_of') in ('now', '') -%}
        {{ lakeweave.run_timestamp() }}
    {%- else -%}
        cast('{{ lakeweave.setting('as_of') }}' as {{ dbt.type_timestamp() }})
    {%- endif -%}
{%- endmacro %}
