{#
    The name of the engine, for messages and for settings by engine. What differs between engines is a dispatched macro in
    `engines/<adapter>.sql` of its folder, and never a comparison with this name.
#}
{% macro engine() -%}
    {{ return(target.type) }}
{%- endmacro %}
