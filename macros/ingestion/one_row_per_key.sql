{#
    Goes above a silver model that keeps the newest record of each key of one bronze table. Sets the incremental
    materialization, and takes out the keys that a run leaves without a record: those whose newest record no longer
    satisfies `keep_if`, and those of a file that was replaced by a version without them.
#}
{% macro one_row_per_key(source_name, table_name, key, keep_if=none, order_by=[]) -%}
    {%- set arguments = tojson({
        'source_name': source_name, 'table_name': table_name, 'key': key, 'keep_if': keep_if, 'order_by': order_by,
    }) -%}
    {{- config(
        materialized='incremental',
        incremental_strategy='delete+insert' if target.type == 'duckdb' else 'merge',
        unique_key=key,
        on_schema_change='append_new_columns',
        pre_hook="{{ lakeweave._forget_vanished_keys(**fromjson('" ~ (arguments | replace('\\', '\\\\') | replace("'", "\\'")) ~ "')) }}"
    ) -}}
{%- endmacro %}


{% macro _forget_vanished_keys(source_name, table_name, key, keep_if=none, order_by=[]) -%}
    {%- if not execute or not is_incremental() -%}
        {{ return('') }}
    {%- endif -%}
    {%- set records = ref('bronze_' ~ table_name) -%}
    delete from {{ this }}
    where {{ key }} in ({{ lakeweave._changed_keys(records, source_name ~ '.' ~ table_name, key) }})
        and {{ key }} not in (
            select {{ lakeweave.to_integer(key) }} from (
                {{ lakeweave._newest_records(records, source_name ~ '.' ~ table_name, key, keep_if, order_by) }}
            ) as remaining
        )
{%- endmacro %}
