{# The source, as `name.table`, that a bronze relation takes in. #}
{% macro _source_of_bronze(relation, macro_name='reconciles') -%}
    {%- if not execute -%}
        {{ return('') }}
    {%- endif -%}
    {%- for node in graph.nodes.values()
        if node.resource_type == 'model' and node.config.materialized == 'ingestion'
            and node.alias == relation.identifier and node.schema == relation.schema -%}
        {%- set table_config = node.config.meta.ingestion -%}
        {{ return(table_config.source ~ '.' ~ table_config.table) }}
    {%- endfor -%}
    {%- do exceptions.raise_compiler_error(
        "`" ~ macro_name ~ "` was given " ~ relation ~ ", which is not a bronze model that begins with `lakeweave.ingestion(…)`. "
        ~ "Give it such a model."
    ) -%}
{%- endmacro %}
