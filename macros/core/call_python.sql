{% macro call_python(function, argument) -%}
    {%- set rows = lakeweave.fetch_rows("select " ~ function ~ "(" ~ lakeweave.text_literal(tojson(argument)) ~ ") as answer") -%}
    {%- set answer = fromjson(rows[0][0]) -%}
    {%- if answer.error -%}
        {%- do exceptions.raise_compiler_error(answer.error) -%}
    {%- endif -%}
    {{ return(answer) }}
{%- endmacro %}
