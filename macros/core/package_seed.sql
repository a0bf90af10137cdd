{# One of Lakeweave's own seeds, as a relation that must have been loaded. #}
{% macro package_seed(name) -%}
    {{ return(lakeweave.require_relation(ref('lakeweave', name))) }}
{%- endmacro %}
