{# The source, as `name.table`, that a bronze relation takes in. #}
{% macro _source_of_bronze(relation) -%}
    {%- if not execute -%}
        {{ return('') }}
    {%- endif -%}
    {%- for node in graph.nodes.values()
        if node.resource_type == 'model' and node.config.materialized == 'ingestion'
            and node.alias == relation.identifier and node.schema == relation.schema -%}
        {%- set asked = node.config.meta.ingestion -%}
        {{ return(asked.source ~ '.' ~ asked.table) }}
    {%- endfor -%}
    {%- do exceptions.raise_compiler_error(
        "`reconciles` is on " ~ relation ~ ", which is not a bronze model that begins with `lakeweave.ingestion(…)`. "
        ~ "Put it on such a model."
    ) -%}
{%- endmacro %}
