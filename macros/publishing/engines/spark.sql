{# https://docs.delta.io/latest/delta-utility.html#generate-a-manifest-file #}
{% macro spark___publish_parquet(relation) -%}
    {%- set keys = (model.config.meta or {}).get('published_partition_by') or [] -%}
    {%- set place = 'delta.`' ~ lakeweave.absolute_uri(lakeweave.setting('gold_bucket')) ~ '/' ~ relation.identifier ~ '`' -%}
    {%- call statement('publish') -%}
        create or replace table {{ place }} using delta
        {%- if keys %}
        partitioned by ({{ keys | join(', ') }})
        {%- endif %}
        as select * from {{ relation }}
    {%- endcall -%}
    {%- call statement('manifest') -%}
        generate symlink_format_manifest for table {{ place }}
    {%- endcall -%}
    {{ return('') }}
{%- endmacro %}
