{#
    Gives the variables that `body` reads their values. `common_tables` are the common table expressions of a unit test, which its
    seeds are in.
#}
{% macro declare_lookups(body, common_tables=[]) -%}
    {%- for name in lakeweave._lookup_types() if 'session.lakeweave_' ~ name in body -%}
        {%- do lakeweave._declare_lookup(name, common_tables) -%}
    {%- endfor -%}
{%- endmacro %}
