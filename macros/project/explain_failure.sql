{#
    For a generic test: says in words what dbt only counts. When the query returns rows, the test ends with `what`, those rows
    and `remedy`; as a warning where the test has the severity `warn`.
#}
{% macro explain_failure(sql, what, remedy) -%}
    {%- if not execute or flags.WHICH not in ['build', 'test', 'retry'] -%}
        {{ return('') }}
    {%- endif -%}
    {%- set found = [] -%}
    {%- for row in lakeweave.ask(sql, []) -%}
        {%- set values = [] -%}
        {%- for value in row.values() -%}
            {%- do values.append(("'" ~ value ~ "'") if value is string else (value | string)) -%}
        {%- endfor -%}
        {%- do found.append(values | join(' ')) -%}
    {%- endfor -%}
    {%- if found -%}
        {%- set message = what ~ ": " ~ found | join('; ') ~ ". " ~ remedy -%}
        {%- if (config.get('severity') or 'error') | lower == 'warn' -%}
            {%- do exceptions.warn(message) -%}
        {%- else -%}
            {%- do exceptions.raise_compiler_error(message) -%}
        {%- endif -%}
    {%- endif -%}
    {{ return('') }}
{%- endmacro %}
