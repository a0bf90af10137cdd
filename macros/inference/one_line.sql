{# A column as part of a prompt: text, '' for NULL, and blanks for line breaks, so that a value cannot pose as the next line. #}
{% macro one_line(column) -%}
    replace(replace(coalesce(cast({{ column }} as {{ dbt.type_string() }}), ''), {{ lakeweave.text_literal('\n') }}, ' '), {{ lakeweave.text_literal('\r') }}, ' ')
{%- endmacro %}
