{#
    Text as a 64-bit float, NULL where it is none. The text is matched first, because the engines' casts disagree: BigQuery
    reads hexadecimal digits, Spark a trailing d or f, all of them the words for no number and for infinity, and a number that is too
    large is infinite on one and an error on another. dbt says `float` and means four bytes on DuckDB and Spark, hence the double.
#}
{% macro to_float(expression) -%}
    {%- set text = lakeweave._number_text('cast(' ~ expression ~ ' as ' ~ dbt.type_string() ~ ')') -%}
    {{ return(lakeweave.typed_value(
        expression,
        lakeweave.cast_or_null(
            lakeweave.regexp_extract(text, '^[-+]?(?:[0-9]{1,200}(?:[.][0-9]*)?|[.][0-9]+)(?:[eE][-+]?[0-9]{1,2})?$'), lakeweave.type_double()
        ),
        'not_a_number'
    )) }}
{%- endmacro %}
