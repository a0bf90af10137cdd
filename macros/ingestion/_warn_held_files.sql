{#
    What a person has to know of the files of a build: what was not listed, which files are held back, with the way out, how
    many records are rejected, and what is remarkable about files that were loaded (`messages`).
#}
{% macro _warn_held_files(source_name, held, records, rejected, warnings=[], messages=[]) -%}
    {%- for warning in warnings[:20] -%}
        {%- do exceptions.warn(source_name ~ ": " ~ lakeweave._shown_message(warning)) -%}
    {%- endfor -%}
    {%- if warnings | length > 20 -%}
        {%- do exceptions.warn(source_name ~ ": " ~ (warnings | length - 20) ~ " more paths are passed over; lakeweave_plan lists them all.") -%}
    {%- endif -%}
    {%- for file in held -%}
        {%- do exceptions.warn(
            source_name ~ ": " ~ lakeweave._shown_name(file.file_name) ~ " is held back and nothing of it is loaded (" ~ file.reason ~ "): "
            ~ lakeweave._shown_message(file.message)
            ~ " Fix the file and deliver it again, or release it: dbt run-operation release_held_files --args '{source: " ~ source_name ~ "}'."
        ) -%}
    {%- endfor -%}
    {%- for message in messages[:20] -%}
        {%- do exceptions.warn(source_name ~ ": " ~ lakeweave._shown_message(message)) -%}
    {%- endfor -%}
    {%- if messages | length > 20 -%}
        {%- do exceptions.warn(source_name ~ ": " ~ (messages | length - 20) ~ " more loaded files have a message in " ~ lakeweave.shown_relation(lakeweave.ledger_relation('files')) ~ ".") -%}
    {%- endif -%}
    {%- if rejected > 0 -%}
        {%- do exceptions.warn(
            source_name ~ ": " ~ rejected ~ " of " ~ records ~ " records are rejected; see " ~ lakeweave.shown_relation(lakeweave.ledger_relation('rejected_records')) ~ "."
        ) -%}
    {%- endif -%}
{%- endmacro %}

{# A message may quote delivered text: control characters and letters that nobody sees are shown as their codes. #}
{% macro _shown_message(message) -%}
    {%- set text = message | string -%}
    {%- if not text.isprintable() -%}
        {{ return(tojson(text)[1:-1]) }}
    {%- endif -%}
    {{ return(text) }}
{%- endmacro %}
