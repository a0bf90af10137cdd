{#
    A value in its standard spelling: looked up without regard to case in one domain of seeds/standard_spellings.csv, and
    `otherwise` (the value itself by default) where the seed does not know it.
#}
{% macro standardize(expression, domain, otherwise=none) -%}
    {{ return(adapter.dispatch('standardize', 'lakeweave')(expression, domain, otherwise or expression)) }}
{%- endmacro %}

{% macro default__standardize(expression, domain, otherwise) -%}
    coalesce(
        (
            select max(spellings.standard)
            from {{ lakeweave.package_seed('standard_spellings') }} as spellings
            where spellings.domain = '{{ domain }}' and lower(spellings.spelling) = lower({{ expression }})
        ),
        {{ otherwise }}
    )
{%- endmacro %}
