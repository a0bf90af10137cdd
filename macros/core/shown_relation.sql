{# A relation as a message shows it: schema and name, without quotes. #}
{% macro shown_relation(relation) -%}
    {{ return(relation.include(database=false).render() | replace('"', '') | replace('`', '')) }}
{%- endmacro %}
