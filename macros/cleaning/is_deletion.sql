{# Whether the operation of a change record deletes its key: `D` or `DELETE`, in capitals or small letters. Never NULL. #}
{% macro is_deletion(operation='op') -%}
    {{ return("coalesce(upper(" ~ operation ~ ") in ('D', 'DELETE'), false)") }}
{%- endmacro %}
