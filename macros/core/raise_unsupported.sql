{# The error of every `default__` that has no general form. A project may be parsed for an engine that it cannot run on. #}
{% macro raise_unsupported(macro_name, supported) -%}
    {%- if not execute -%}
        {{ return('') }}
    {%- endif -%}
    {%- do exceptions.raise_compiler_error(
        "`" ~ macro_name ~ "` is not implemented for the adapter `" ~ target.type ~ "`. It works on: " ~ supported | join(', ')
        ~ ". Add `" ~ target.type ~ "__" ~ macro_name ~ "` to your project, or run this model on one of these."
    ) -%}
{%- endmacro %}
