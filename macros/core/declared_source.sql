{% macro declared_source(source_name, table_name) -%}
    {%- for node in graph.sources.values() if node.source_name == source_name and node.name == table_name -%}
        {{ return(node) }}
    {%- endfor -%}
    {%- do exceptions.raise_compiler_error(
        "`ingestion` was given the source `" ~ source_name ~ "." ~ table_name ~ "`, which no `sources:` block declares. "
        ~ "Declare it with its columns in a `_sources.yml`."
    ) -%}
{%- endmacro %}
