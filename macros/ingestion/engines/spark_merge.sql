{#
    A MERGE of nothing costs Delta as much as one of a few rows, and a build that finds nothing new would send one for each
    silver model: if `one_row_per_key` found no new file, the MERGE is skipped and a no-op SELECT is returned.
    https://docs.delta.io/latest/delta-update.html#upsert-into-a-table-using-merge
#}
{% macro spark__get_merge_sql(target, source, unique_key, dest_columns, incremental_predicates) -%}
    {%- set found = lakeweave.run_memory('changed_contents').values() | list -%}
    {%- if found and not found | selectattr('contents') | list -%}
        {{ return('select 0 as nothing_new') }}
    {%- endif -%}
    {{ return(dbt.spark__get_merge_sql(target, source, unique_key, dest_columns, incremental_predicates)) }}
{%- endmacro %}
