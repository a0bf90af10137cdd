{#
    A post-hook (`{sql: …, transaction: false}`) of bronze and silver. With `vars: {iceberg: true}` the embedded target keeps each of
    their tables as an Iceberg table too, in `iceberg_warehouse`, where any other engine reads it: a whole version, the one before
    or the new one. The other targets have open formats of their own (docs/externals.md), and nothing happens here.
#}
{% macro sync_iceberg() -%}
    {%- if not execute or not lakeweave.setting('iceberg') -%}
        {{ return('') }}
    {%- endif -%}
    {{ return(adapter.dispatch('_sync_iceberg', 'lakeweave')(this)) }}
{%- endmacro %}

{% macro default___sync_iceberg(relation) -%}
    {{ return('') }}
{%- endmacro %}
