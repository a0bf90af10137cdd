{#
    Tables that are there already and are no Delta tables: this project could neither merge into them nor delete from them.
    All are named at once, before anything is changed.
#}
{% macro _refuse_other_formats() -%}
    {{ return(adapter.dispatch('_refuse_other_formats', 'lakeweave')()) }}
{%- endmacro %}

{% macro default___refuse_other_formats() -%}
{%- endmacro %}

{# https://docs.delta.io/latest/delta-utility.html#convert-a-parquet-table-to-a-delta-table #}
{% macro spark___refuse_other_formats() -%}
    {%- set wanted = [] -%}
    {%- for node in graph.nodes.values() if node.resource_type in ('model', 'seed', 'snapshot') -%}
        {%- if node.config.materialized not in ('ephemeral', 'view') and node.config.get('file_format') == 'delta' -%}
            {%- do wanted.append(api.Relation.create(database=node.database, schema=node.schema, identifier=node.alias)) -%}
        {%- endif -%}
    {%- endfor -%}
    {%- set others = [] -%}
    {%- for relation in wanted -%}
        {%- set existing = load_cached_relation(relation) -%}
        {%- if existing is not none and existing.is_table and not existing.is_delta -%}
            {%- do others.append(existing | string) -%}
        {%- endif -%}
    {%- endfor -%}
    {%- if others -%}
        {%- do exceptions.raise_compiler_error(
            (others | sort | join(', ')) ~ (' exists' if others | length == 1 else ' exist') ~ " already and not as Delta, which this project needs. "
            ~ "Move what is to be kept (alter table … rename to …), drop the rest, and run this again; nothing was changed."
        ) -%}
    {%- endif -%}
{%- endmacro %}

{# Every table of Unity Catalog's own is Delta, and the adapter does not tell the format of the others. #}
{% macro databricks___refuse_other_formats() -%}
{%- endmacro %}
