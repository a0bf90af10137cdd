{#
    Text as a 64-bit float, NULL where it is none. The text is matched first, because the engines' casts disagree: BigQuery
    reads hexadecimal digits, Spark a trailing d or f, all of them the words for no number and for infinity. An exponent has
    at most two digits, so that no value becomes infinite. dbt says `float` and means four bytes on DuckDB and Spark, hence
    the double.
#}
{% macro to_float(expression) -%}
    {%- set number = '^[-+]?(?:[0-9]{1,100}[.]?[0-9]*|[.][0-9]+)(?:[eE][-+]?[0-9]{1,2})?$' -%}
    {%- set text = 'cast(' ~ expression ~ ' as ' ~ dbt.type_string() ~ ')' -%}
    {{ lakeweave.typed_value(
        expression,
        'coalesce(' ~ lakeweave.cast_or_null(lakeweave.regexp_extract(text, number), lakeweave.type_double()) ~ ', '
        ~ lakeweave.cast_or_null(lakeweave.regexp_extract(lakeweave._plain_number(expression), number), lakeweave.type_double()) ~ ')',
        'not_a_number'
    ) }}
{%- endmacro %}
