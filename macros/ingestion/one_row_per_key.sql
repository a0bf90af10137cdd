{#
    Keeps the newest record of each key of one bronze table in the model below the call. Sets the incremental
    materialization. Before the model is built, deletes the keys that this run leaves without a record: those whose newest
    record no longer satisfies `keep_if`, and those of a file that was replaced by a version without them. After it, accounts
    for every record of bronze in `ledger.silver_records` and for every untyped value in `ledger.untyped_values`.
    Bronze is given as the names of a source and its table, or as a relation: bronze=ref('bronze_orders').
    The model ends its select list with `account_columns()`.
#}
{% macro one_row_per_key(source_name=none, table_name=none, key=none, keep_if=none, order_by=[], key_type='integer', bronze=none) -%}
    {%- set records = lakeweave._bronze_records('one_row_per_key', source_name, table_name, bronze, key, order_by, key_type) -%}
    {%- do lakeweave._remember_of_silver('rows', {
        'records': records.relation, 'source': records.source, 'key': key, 'keep_if': keep_if, 'order_by': order_by,
        'key_type': key_type,
    }) -%}
    {{- config(
        materialized='incremental',
        incremental_strategy=adapter.dispatch('_silver_strategy', 'lakeweave')(),
        unique_key=key,
        on_schema_change='append_new_columns',
        pre_hook="{{ lakeweave._before_silver() }}",
        post_hook="{{ lakeweave._account_for_silver() }}"
    ) -}}
{%- endmacro %}

{# What the body of a silver model leaves for its hooks. #}
{% macro _remember_of_silver(name, value) -%}
    {%- if execute and model.resource_type == 'model' -%}
        {%- do lakeweave.run_memory('silver').update({name: value}) -%}
    {%- endif -%}
{%- endmacro %}

{% macro _remembered_of_silver(name) -%}
    {{ return(lakeweave.run_memory('silver').get(name)) }}
{%- endmacro %}

{#
    Whether this run reads the keys of new files alone. A table without the account columns was built before there were any:
    it is read again, once.
#}
{% macro _reads_only_changes() -%}
    {%- if not is_incremental() -%}
        {{ return(false) }}
    {%- endif -%}
    {%- set present = adapter.get_columns_in_relation(this) | map(attribute='name') | map('lower') | list -%}
    {{ return(lakeweave._account_column_names() | reject('in', present) | list | length == 0) }}
{%- endmacro %}

{# Stops a model that lacks an account column, with what to write. #}
{% macro _require_account_columns(present) -%}
    {%- set missing = lakeweave._account_column_names() | reject('in', present) | list -%}
    {%- if missing -%}
        {%- do exceptions.raise_compiler_error(
            "`" ~ model.name ~ "` begins with `" ~ ('one_row_per_version' if model.config.materialized == 'table' else 'one_row_per_key') ~ "` and lacks the column(s) " ~ missing | join(', ')
            ~ ". End the select list that types the values of bronze with `" ~ "{{" ~ " lakeweave.account_columns() " ~ "}}"
            ~ "` and keep these columns to the end."
        ) -%}
    {%- endif -%}
{%- endmacro %}

{% macro _before_silver() -%}
    {%- if not execute or flags.WHICH == 'clone' -%}
        {{ return('') }}
    {%- endif -%}
    {%- do lakeweave.refuse_semicolon(sql) -%}
    {# Before anything is built: the text of the model lacks these two only if no CTE makes them. #}
    {%- do lakeweave._require_account_columns(['silver_loaded_at', 'untyped_values'] | select('in', sql) | list + ['_content_hash', '_record_number']) -%}
    {%- if model.config.materialized == 'table' or not lakeweave._reads_only_changes() -%}
        {# The account of a table that is replaced ends here, so that a killed build leaves none rather than a wrong one. #}
        {%- call statement('forget_account') -%}
            delete from {{ lakeweave.ledger_relation('silver_records') }} where model_name = '{{ model.name }}'
        {%- endcall -%}
        {{ return(adapter.dispatch('_empty_silver', 'lakeweave')() if is_incremental() and not flags.EMPTY else '') }}
    {%- endif -%}
    {%- if flags.EMPTY -%}
        {{ return('') }}
    {%- endif -%}
    {%- set rows = lakeweave._remembered_of_silver('rows') -%}
    {%- if not lakeweave._may_vanish(rows.source, rows.keep_if) -%}
        {{ return('') }}
    {%- endif -%}
    {{ return(adapter.dispatch('_delete_vanished_keys', 'lakeweave')(
        rows.key,
        lakeweave._changed_keys(rows.records, rows.source, rows.key, rows.key_type),
        lakeweave._newest_records(rows.records, rows.source, rows.key, rows.keep_if, rows.order_by, rows.key_type),
        lakeweave._typed_key(rows.key, rows.key_type)
    )) }}
{%- endmacro %}

{# Empties a table without the account columns, so that the model fills it again. They are added by `on_schema_change`. #}
{% macro default___empty_silver() -%}
    delete from {{ this }} where true
{%- endmacro %}

{# Whether a key may have lost its record at all. To find out costs Spark less than to look for such keys. #}
{% macro _may_vanish(source, keep_if) -%}
    {{ return(adapter.dispatch('_may_vanish', 'lakeweave')(source, keep_if)) }}
{%- endmacro %}

{% macro default___may_vanish(source, keep_if) -%}
    {{ return(true) }}
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

{% macro default___silver_strategy() -%}
    {{ return('merge') }}
{%- endmacro %}
