{# One error with all problems, or nothing. #}
{% macro raise_problems(where, problems) -%}
    {%- if problems -%}
        {%- do exceptions.raise_compiler_error(where ~ " is wrong:\n  - " ~ problems | join('\n  - ')) -%}
    {%- endif -%}
{%- endmacro %}
