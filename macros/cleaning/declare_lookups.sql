{# Gives the variables that `body` reads their values. #}
{% macro declare_lookups(body) -%}
    {%- for name in lakeweave._lookup_types() if 'session.lakeweave_' ~ name in body -%}
        {%- do lakeweave._declare_lookup(name) -%}
    {%- endfor -%}
{%- endmacro %}
