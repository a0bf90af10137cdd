{#
    An expression over named parts, each of which is evaluated once: `body` reads them as `<name>.<part>`. An engine has no other way to
    name a part of an expression that stands in a select list. A body may hold another `_let`, under another name.
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

{# https://cloud.google.com/bigquery/docs/reference/standard-sql/subqueries#correlated_subquery_concepts #}
{% macro bigquery___let(name, parts, body) -%}
    {%- set members = [] -%}
    {%- for part, expression in parts.items() -%}
        {%- do members.append(expression ~ ' as ' ~ part) -%}
    {%- endfor -%}
    {{ return('(select ' ~ body ~ ' from unnest([struct(' ~ members | join(', ') ~ ')]) as ' ~ name ~ ')') }}
{%- endmacro %}

{# https://spark.apache.org/docs/latest/api/sql/index.html#transform #}
{% macro spark___let(name, parts, body) -%}
    {%- set members = [] -%}
    {%- for part, expression in parts.items() -%}
        {%- do members.append("'" ~ part ~ "', " ~ expression) -%}
    {%- endfor -%}
    {{ return('transform(array(named_struct(' ~ members | join(', ') ~ ')), ' ~ name ~ ' -> ' ~ body ~ ')[0]') }}
{%- endmacro %}
