{# The error of every `default__` macro without a general implementation. Parsing a project for such an engine raises nothing. #}
{% macro raise_unsupported(macro_name, supported) -%}
    {%- if not execute -%}
        {{ return('') }}
    {%- endif -%}
    {%- do exceptions.raise_compiler_error(
        "`" ~ macro_name ~ "` is not implemented for the adapter `" ~ target.type ~ "`. It works on: " ~ supported | join(', ')
        ~ ". Add `" ~ target.type ~ "__" ~ macro_name ~ "` to your project, or run this model on one of these."
    ) -%}
{%- endmacro %}
