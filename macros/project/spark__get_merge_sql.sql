{#
    A MERGE of nothing costs Delta as much as one of a few rows, and a build that finds nothing new would send one for each
    silver model: where `one_row_per_key` knows that no file has come, no statement is sent but a word about it.
    https://docs.delta.io/latest/delta-update.html#upsert-into-a-table-using-merge
#}
{% macro spark__get_merge_sql(target, source, unique_key, dest_columns, incremental_predicates) -%}
    {%- set known = graph.get('lakeweave_changed_contents', {}) -%}
    {%- set found = [] -%}
    {%- for key in known if key.startswith(invocation_id ~ ' ' ~ model.unique_id ~ ' ') -%}
        {%- do found.append(known[key].contents | length) -%}
    {%- endfor -%}
    {%- if found and found | sum == 0 -%}
        {{ return('select 0 as nothing_new') }}
    {%- endif -%}
    {{ return(dbt.spark__get_merge_sql(target, source, unique_key, dest_columns, incremental_predicates)) }}
{%- endmacro %}
