{#
    Schemas are plain (`bronze`, `silver`, …) on DuckDB, on Spark and in production; on a development
    target they carry the developer's own schema as a prefix, so that two people never write to one table.
#}
{% macro generate_schema_name(custom_schema_name, node) -%}
    {{ return(lakeweave.schema_name(custom_schema_name)) }}
{%- endmacro %}
