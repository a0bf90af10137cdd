{# The error of every `default__` that has no general form. #}
{% macro raise_unsupported(macro_name, supported) -%}
    {%- do exceptions.raise_compiler_error(
        "`" ~ macro_name ~ "` has no form for the adapter `" ~ target.type ~ "`. It works on: " ~ supported | join(', ')
        ~ ". Add `" ~ target.type ~ "__" ~ macro_name ~ "` to your project, or run this model on one of these."
    ) -%}
{%- endmacro %}
