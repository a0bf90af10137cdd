{#
    Bronze and silver models carry their layer in the model name, because dbt wants names to be unique, and lose it in
    the relation, because the schema says it already: `silver_users` is `silver.users`.
#}
{% macro generate_alias_name(custom_alias_name=none, node=none) -%}
    {%- if custom_alias_name -%}
        {{ return(custom_alias_name | trim) }}
    {%- endif -%}
    {%- for layer in ['bronze', 'silver'] if node.name.startswith(layer ~ '_') and layer in node.fqn -%}
        {{ return(node.name[(layer | length) + 1:]) }}
    {%- endfor -%}
    {%- if node.version -%}
        {{ return(node.name ~ '_v' ~ (node.version | replace('.', '_'))) }}
    {%- endif -%}
    {{ return(node.name) }}
{%- endmacro %}
