{#
    Goes above a silver model that keeps the newest record of each key of one bronze table. Sets the incremental
    materialization, and takes out the keys that a run leaves without a record: those whose newest record no longer
    satisfies `keep_if`, and those of a file that was replaced by a version without them.
#}
{% macro one_row_per_key(source_name, table_name, key, keep_if=none, order_by=[], key_type='integer') -%}
    {%- set arguments = tojson({
        'source_name': source_name, 'table_name': table_name, 'key': key, 'keep_if': keep_if, 'order_by': order_by,
        'key_type': key_type,
    }) -%}
    {{- config(
        materialized='incremental',
        incremental_strategy='delete+insert' if target.type == 'duckdb' else 'merge',
        unique_key=key,
        on_schema_change='append_new_columns',
        pre_hook="{{ lakeweave._forget_vanished_keys(**fromjson('" ~ (arguments | replace('\\', '\\\\') | replace("'", "\\'")) ~ "')) }}"
    ) -}}
{%- endmacro %}


{% macro _forget_vanished_keys(source_name, table_name, key, keep_if=none, order_by=[], key_type='integer') -%}
    {%- if not execute or not is_incremental() -%}
        {{ return('') }}
    {%- endif -%}
    {%- set source = source_name ~ '.' ~ table_name -%}
    {%- if not lakeweave._may_vanish(source, keep_if) -%}
        {{ return('') }}
    {%- endif -%}
    {%- set records = ref('bronze_' ~ table_name) -%}
    {{ return(adapter.dispatch('_delete_vanished_keys', 'lakeweave')(
        key,
        lakeweave._changed_keys(records, source, key, key_type),
        lakeweave._newest_records(records, source, key, keep_if, order_by, key_type),
        lakeweave._typed_key(key, key_type)
    )) }}
{%- endmacro %}


{# Whether a key may have lost its record at all. To find out costs Spark less than to look for such keys. #}
{% macro _may_vanish(source, keep_if) -%}
    {{ return(adapter.dispatch('_may_vanish', 'lakeweave')(source, keep_if)) }}
{%- endmacro %}

{% macro default___may_vanish(source, keep_if) -%}
    {{ return(true) }}
{%- endmacro %}

{# All contents of a file that was never replaced count, so each of their keys has a record. #}
{% macro spark___may_vanish(source, keep_if) -%}
    {%- set found = lakeweave._spark_changed_contents(source) -%}
    {{ return(found.contents and (found.replaced or keep_if is not none)) }}
{%- endmacro %}


{% macro default___delete_vanished_keys(key, changed_keys, newest_records, typed_key) -%}
    delete from {{ this }}
    where {{ key }} in ({{ changed_keys }})
        and {{ key }} not in (
            select {{ typed_key }} from (
                {{ newest_records }}
            ) as remaining
        )
{%- endmacro %}


{# Delta deletes by no subquery, but merges by one: https://docs.delta.io/latest/delta-update.html#delete-from-a-table #}
{% macro spark___delete_vanished_keys(key, changed_keys, newest_records, typed_key) -%}
    merge into {{ this }} as built
    using (
        select distinct changed.vanished_key
        from ({{ changed_keys }}) as changed (vanished_key)
        left anti join (
            select {{ typed_key }} as remaining_key from (
                {{ newest_records }}
            ) as newest
        ) as remaining on changed.vanished_key = remaining.remaining_key
    ) as vanished
    on built.{{ key }} = vanished.vanished_key
    when matched then delete
{%- endmacro %}
