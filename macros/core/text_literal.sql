{# A text as an SQL literal of the engine. #}
{% macro text_literal(text) -%}
    {{ return(adapter.dispatch('text_literal', 'lakeweave')(text)) }}
{%- endmacro %}

{% macro default__text_literal(text) -%}
    {{ return("'" ~ (text | string | replace("'", "''")) ~ "'") }}
{%- endmacro %}
