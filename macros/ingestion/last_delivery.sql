{#
    For `loaded_at_query` of a source: when the newest delivery that was loaded had arrived, by the file ledger. `dbt source freshness`
    then reads neither files nor tables. A delivery that was a repeat or could not be loaded makes nothing fresher.

        config:
          loaded_at_query: "{{ lakeweave.last_delivery(source_node) }}"
          freshness: {warn_after: {count: 2, period: day}, error_after: {count: 7, period: day}}

    https://docs.getdbt.com/reference/resource-properties/freshness#loaded_at_query
#}
{% macro last_delivery(source_node) -%}
    select max(coalesce(delivered_at, processed_at))
    from {{ lakeweave.ledger_relation('files') }}
    where source = '{{ source_node.source_name }}.{{ source_node.name }}' and state = 'loaded'
{%- endmacro %}
