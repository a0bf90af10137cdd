{# A place as Delta and a table's location want it: an address or an absolute path stays, another path is below the project. #}
{% macro absolute_uri(place) -%}
    {%- if '://' in place or place.startswith('/') -%}
        {{ return(place) }}
    {%- endif -%}
    {%- set folder = invocation_args_dict.get('project_dir') or '.' -%}
    {{ return('file:' ~ (folder if folder.startswith('/') else env_var('PWD', '') ~ '/' ~ folder) ~ '/' ~ place) }}
{%- endmacro %}
