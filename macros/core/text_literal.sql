{# A text as an SQL literal of the engine; none as NULL. All SQL that macros write quotes text with it. #}
{% macro text_literal(text) -%}
    {%- if text is none -%}
        {{ return('cast(null as ' ~ dbt.type_string() ~ ')') }}
    {%- endif -%}
    {{ return(adapter.dispatch('text_literal', 'lakeweave')(text)) }}
{%- endmacro %}

{% macro default__text_literal(text) -%}
    {{ return("'" ~ (text | string | replace("'", "''")) ~ "'") }}
{%- endmacro %}
