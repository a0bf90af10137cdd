{#
    Stops where the body of a model ends with a semicolon. Our materializations put the body into a larger statement, where the
    engine's message would name neither the model nor the semicolon. Text in quotes and comments are not looked at.
#}
{% macro refuse_semicolon(body) -%}
    {%- set without_comments = modules.re.sub(
        "('(?:[^'])*'|\"[^\"]*\"|`[^`]*`)|--[^\n]*|/[*](?s:.*?)[*]/", "\\1", body
    ) -%}
    {%- if without_comments.rstrip().endswith(';') -%}
        {%- do lakeweave.raise_problems("The body of `" ~ model.name ~ "`", ["It ends with `;`. It becomes part of a larger statement; delete the `;`."]) -%}
    {%- endif -%}
{%- endmacro %}
