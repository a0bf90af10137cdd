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
    {# With `--defer` the relation is that of another environment, and the model is a parent with the same name. #}
    {%- for id in model.depends_on.nodes if lakeweave.run_option('defer') and id in graph.nodes -%}
        {%- set node = graph.nodes[id] -%}
        {%- if node.config.materialized == 'ingestion' and node.alias == relation.identifier -%}
            {{ return(node.config.meta.ingestion.source ~ '.' ~ node.config.meta.ingestion.table) }}
        {%- endif -%}
    {%- endfor -%}
    {%- do exceptions.raise_compiler_error(
        "`" ~ macro_name ~ "` was given " ~ relation ~ ", which is not a bronze model that begins with `lakeweave.ingestion(…)`. "
        ~ "Give it such a model."
    ) -%}
{%- endmacro %}
