{#
    A picture or a document beside the text of a question. The file travels by its address, and the engine or the server reads it.
    The question is known by the text and by the hash of the content: the same bytes under two names are one question, and new bytes
    under an old name are a new one. The option `file` keeps such a question apart from one without a file.
#}

{# The mistakes in a call with a file, as sentences. #}
{% macro _file_problems(call_config) -%}
    {%- set problems = [] -%}
    {%- if call_config.file is not string or not call_config.file | trim -%}
        {%- do problems.append("`file` is " ~ tojson(call_config.file | string) ~ "; expected the name of a column of the body.") -%}
    {%- endif -%}
    {%- if call_config.function != 'generate_text' -%}
        {%- do problems.append("`file` is given, but `" ~ call_config.function ~ "` has no file; only `generate_text` has.") -%}
    {%- elif call_config.content_hash is none -%}
        {%- do problems.append("`content_hash` is missing; `file` needs the column of the body that holds the hash of each file's content "
            ~ "(md5_hash of an object table), because a name says nothing about what is in the file.") -%}
    {%- endif -%}
    {%- if 'group_by' in call_config and call_config.group_by -%}
        {%- do problems.append("`file` is given with `group_by`; a group has no file.") -%}
    {%- endif -%}
    {{ return(problems) }}
{%- endmacro %}

{# The options of a call with a file, which are those of another question than without. #}
{% macro _options_with_file(options, file) -%}
    {%- if file is none -%}
        {{ return(options) }}
    {%- endif -%}
    {%- set made = {} -%}
    {%- do made.update(options) -%}
    {%- do made.update({'file': true}) -%}
    {{ return(made) }}
{%- endmacro %}

{# The text and the address as one JSON array, which lakeweave/inference/attachments.py reads; NULL without either. #}
{% macro _text_and_file(text, file) -%}
    {{ return("case when " ~ text ~ " is not null and " ~ file ~ " is not null and not " ~ lakeweave.is_blank(text) ~ " then "
        ~ adapter.dispatch('_pair_as_json', 'lakeweave')(text, file) ~ " end") }}
{%- endmacro %}

{# https://duckdb.org/docs/stable/data/json/creating_json #}
{% macro default___pair_as_json(first, second) -%}
    {{ return("cast(to_json([" ~ first ~ ", " ~ second ~ "]) as " ~ dbt.type_string() ~ ")") }}
{%- endmacro %}
