{#
    The elements of a JSON array that a text column holds, one row each, as a relation: the columns of `relation`, `place`
    (from 1), and one text column per field. `path` leads to the array, `fields` maps names to the keys within an element
    (`a.b` goes deeper). A row without the array, or with an empty one, has no rows here.
#}
{% macro json_rows(relation, column, path, fields) -%}
    {{ return(adapter.dispatch('json_rows', 'lakeweave')(relation, column, path, fields)) }}
{%- endmacro %}

{% macro default__json_rows(relation, column, path, fields) -%}
    {%- do lakeweave.raise_unsupported('json_rows', ['duckdb', 'spark', 'databricks', 'bigquery']) -%}
{%- endmacro %}
