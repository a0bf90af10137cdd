{#
    Keeps every version of each key of one bronze table in the model below the call, from `ordered_records`. Sets the
    materialization `table`, and accounts for every record of bronze as `one_row_per_key` does. Of the records of one key and
    version the newest is in silver, and the others are superseded.

    `version` holds the expressions over the bronze columns that tell the versions of a key apart. A record for which the first is
    NULL is a version by itself. `keep_if` is the condition without which a record has no row. The model ends the select list
    that types the values of bronze with `account_columns()` and keeps these columns to the end.
#}
{% macro one_row_per_version(source_name=none, table_name=none, key=none, version=[], keep_if=none, order_by=[], key_type='integer', bronze=none) -%}
    {%- set problems = [] -%}
    {%- if not version or version is string -%}
        {%- do problems.append(
            "`version` is " ~ tojson(version | string) ~ "; expected a list of expressions over the bronze columns, for example "
            ~ "version=lakeweave.change_order()[:2]."
        ) -%}
    {%- endif -%}
    {%- set records = lakeweave._bronze_records('one_row_per_version', source_name, table_name, bronze, key, order_by, key_type, problems) -%}
    {%- do lakeweave._remember_of_silver('rows', {
        'records': records.relation, 'source': records.source, 'key': key, 'keep_if': keep_if, 'order_by': order_by,
        'key_type': key_type, 'version': version,
    }) -%}
    {{- config(
        materialized='table',
        pre_hook="{{ lakeweave._before_silver() }}",
        post_hook="{{ lakeweave._account_for_silver() }}"
    ) -}}
{%- endmacro %}
