{#
    A file name as messages show it. A name may hold line ends, terminal codes or marks that turn the direction of writing;
    such a name is shown as a JSON text.
#}
{% macro _shown_name(name) -%}
    {%- set text = name | string -%}
    {{ return(text if modules.re.fullmatch('[\\w .,;:=/()\\[\\]{}+@#%&~$*?!^-]*', text) else tojson(text)) }}
{%- endmacro %}
