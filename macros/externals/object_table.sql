{#
    Lists the objects of a bucket or folder in the bronze model below the call. The YAML of the source names the `folder`.
    The relation has the columns of BigQuery's object tables: uri, generation, content_type, size, md5_hash, updated, metadata.

    On BigQuery the model is the object table itself, so that functions which take nothing else can be given it. The other
    engines keep a table of what `listed_objects` finds. The contents stay where they are.
#}
{% macro object_table(source_name, table_name) -%}
    {%- set _ = source(source_name, table_name) -%}
    {{- config(
        materialized=adapter.dispatch('_object_table_materialization', 'lakeweave')(),
        meta={'object_table': {'source': source_name, 'table': table_name}}
    ) -}}
{%- endmacro %}

{% macro default___object_table_materialization() -%}
    {{ return('table') }}
{%- endmacro %}
