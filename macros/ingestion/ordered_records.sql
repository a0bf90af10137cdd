{#
    All records of a bronze table that count, each with `_recency`: 1 for the newest of its key, 2 for the one before it.
    The order is that of `newest_records`.
#}
{% macro ordered_records(source_name=none, table_name=none, key=none, order_by=[], key_type='integer', bronze=none) -%}
    {%- set records = lakeweave._bronze_records('ordered_records', source_name, table_name, bronze, key, order_by, key_type) -%}
    ({{ lakeweave._ordered_records(records.relation, records.source, key, order_by, false, key_type) }})
{%- endmacro %}
