{#
    An expression over named parts, each of which is evaluated once: `body` reads them as `<name>.<part>`. An engine has no other way to
    name a part of an expression in a select list. A body may hold another `_let`, under another name.
#}
{% macro _let(name, parts, body) -%}
    {{ return(adapter.dispatch('_let', 'lakeweave')(name, parts, body)) }}
{%- endmacro %}

{# https://duckdb.org/docs/stable/sql/functions/lambda #}
{% macro default___let(name, parts, body) -%}
    {%- set members = [] -%}
    {%- for part, expression in parts.items() -%}
        {%- do members.append(part ~ ' := ' ~ expression) -%}
    {%- endfor -%}
    {{ return('list_transform([struct_pack(' ~ members | join(', ') ~ ')], lambda ' ~ name ~ ': ' ~ body ~ ')[1]') }}
{%- endmacro %}
