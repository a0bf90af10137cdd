{#
    A value in its standard spelling: looked up without regard to case in a seed of two columns (spelling, standard), and
    `otherwise` where the seed does not know it.
#}
{% macro standardize(expression, seed, standard, otherwise=none) -%}
    coalesce(
        (
            select max(spellings.{{ standard }})
            from {{ ref('lakeweave', seed) }} as spellings
            where lower(spellings.spelling) = lower({{ expression }})
        ),
        {{ otherwise or expression }}
    )
{%- endmacro %}
