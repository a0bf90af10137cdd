{# What a person has to know of the files of a build: which are held back, with the way out, and how many records are rejected. #}
{% macro _tell_of_files(source_name, held, records, rejected) -%}
    {%- for file in held -%}
        {%- do exceptions.warn(
            source_name ~ ": " ~ file.file_name ~ " is held back and nothing of it is loaded (" ~ file.reason ~ "): " ~ file.message
            ~ " Mend it and deliver it again, or release it: dbt run-operation release_held_files --args '{source: " ~ source_name ~ "}'."
        ) -%}
    {%- endfor -%}
    {%- if rejected > 0 -%}
        {%- do exceptions.warn(
            source_name ~ ": " ~ rejected ~ " of " ~ records ~ " records are rejected; see ledger.rejected_records."
        ) -%}
    {%- endif -%}
{%- endmacro %}
