{# The absolute URI of a place, for the location of a table. A relative path is resolved against the folder of the project. #}
{% macro absolute_uri(place) -%}
    {%- if '://' in place or place.startswith('/') -%}
        {{ return(place) }}
    {%- endif -%}
    {%- set folder = invocation_args_dict.get('project_dir') or '.' -%}
    {{ return('file:' ~ (folder if folder.startswith('/') else env_var('PWD', '') ~ '/' ~ folder) ~ '/' ~ place) }}
{%- endmacro %}
