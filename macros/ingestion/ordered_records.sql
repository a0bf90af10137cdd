{#
    All records of a bronze table that count, each with `_recency`: 1 for the newest of its key, 2 for the one before it.
    The order is that of `newest_records`.
#}
{% macro ordered_records(source_name, table_name, key, order_by=[], key_type='integer') -%}
    ({{ lakeweave._ordered_records(ref('bronze_' ~ table_name), source_name ~ '.' ~ table_name, key, order_by, false, key_type) }})
{%- endmacro %}
