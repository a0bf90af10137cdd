{#
    A relation that a node reads by name. A node that runs before the relation was built ends with one sentence, instead of the error of
    the engine about a table that it does not know.
#}
{% macro require_relation(relation) -%}
    {%- if execute and relation is not string and not relation.is_cte and flags.WHICH in ['run', 'build', 'test', 'snapshot', 'retry', 'show'] and model.resource_type != 'unit_test' -%}
        {%- set found, shown = lakeweave.run_memory('required_relations', shared=true), relation.database ~ '.' ~ lakeweave.shown_relation(relation) -%}
        {%- if shown not in found -%}
            {%- if adapter.get_relation(database=relation.database, schema=relation.schema, identifier=relation.identifier) is none -%}
                {%- do exceptions.raise_compiler_error(
                    "`" ~ model.name ~ "` reads " ~ lakeweave.shown_relation(relation) ~ ", which does not exist in the target `" ~ target.name
                    ~ "`. Build the model with what it reads: `dbt build -s +" ~ model.name ~ "`. `dbt seed` loads a seed."
                ) -%}
            {%- endif -%}
            {%- do found.update({shown: true}) -%}
        {%- endif -%}
    {%- endif -%}
    {{ return(relation) }}
{%- endmacro %}
