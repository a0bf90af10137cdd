{#
    "Now", as a timestamp expression. A build that is to be repeated gives the variable `as_of` a timestamp; with 'now'
    it is the clock.
#}
{% macro as_of() -%}
    {%- if lakeweave.setting('as_of') == 'now' -%}
        {{ dbt.current_timestamp() }}
    {%- else -%}
        cast('{{ lakeweave.setting('as_of') }}' as {{ dbt.type_timestamp() }})
    {%- endif -%}
{%- endmacro %}
