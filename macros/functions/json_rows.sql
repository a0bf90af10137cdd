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

{# https://duckdb.org/docs/stable/data/json/json_functions #}
{% macro duckdb__json_rows(relation, column, path, fields) -%}
    (
        select
            held.* exclude (lakeweave_elements, lakeweave_element),
            {% for name, key in fields.items() -%}
            json_extract_string(held.lakeweave_element, '$.{{ key }}') as {{ name }}{{ ',' if not loop.last }}
            {% endfor -%}
        from (
            select
                listed.*,
                unnest(range(1, len(listed.lakeweave_elements) + 1)) as place,
                unnest(listed.lakeweave_elements) as lakeweave_element
            from (
                select
                    asked.*,
                    json_extract(try_cast(asked.{{ column }} as json), '$.{{ path }}[*]') as lakeweave_elements
                from {{ relation }} as asked
            ) as listed
        ) as held
    )
{%- endmacro %}

{# https://cloud.google.com/bigquery/docs/reference/standard-sql/json_functions#json_query_array #}
{% macro bigquery__json_rows(relation, column, path, fields) -%}
    (
        select
            asked.*,
            place + 1 as place,
            {% for name, key in fields.items() -%}
            json_value(element, '$.{{ key }}') as {{ name }}{{ ',' if not loop.last }}
            {% endfor -%}
        from {{ relation }} as asked
        cross join unnest(json_query_array(safe.parse_json(asked.{{ column }}), '$.{{ path }}')) as element with offset as place
    )
{%- endmacro %}

{# https://spark.apache.org/docs/latest/api/sql/index.html#from_json; an object that is asked for as text comes as its JSON. #}
{% macro spark__json_rows(relation, column, path, fields) -%}
    (
        select
            held.* except (lakeweave_elements, lakeweave_place, lakeweave_element),
            held.lakeweave_place + 1 as place,
            {% for name, key in fields.items() -%}
            get_json_object(held.lakeweave_element, '$.{{ key }}') as {{ name }}{{ ',' if not loop.last }}
            {% endfor -%}
        from (
            select listed.*, posexplode(listed.lakeweave_elements) as (lakeweave_place, lakeweave_element)
            from (
                select
                    asked.*,
                    from_json(get_json_object(asked.{{ column }}, '$.{{ path }}'), 'array<string>') as lakeweave_elements
                from {{ relation }} as asked
            ) as listed
        ) as held
    )
{%- endmacro %}
