{#
    For a generic test: says in words what dbt only counts. When the query returns rows, the test ends with `what`, those rows
    and `remedy`; as a warning where the test has the severity `warn`. Where `max_share` is given, the last column of the query
    counts rows, and the test warns up to that share of the rows of `model`.
#}
{% macro explain_failure(sql, what, remedy, max_share=none, model=none) -%}
    {%- if not execute or flags.WHICH not in ['build', 'test', 'retry'] -%}
        {{ return('') }}
    {%- endif -%}
    {%- set found = [] -%}
    {%- set counted = namespace(rows=0) -%}
    {%- for row in lakeweave.fetch_rows(sql, []) -%}
        {%- set values = [] -%}
        {%- for value in row.values() -%}
            {# A delivered value may move the cursor of a terminal: then it is shown as a JSON text. #}
            {%- do values.append(("'" ~ value ~ "'" if value.isprintable() else tojson(value)) if value is string else (value | string)) -%}
        {%- endfor -%}
        {%- do found.append(values | join(' ')) -%}
        {%- set counted.rows = counted.rows + (row[-1] | int if max_share is not none else 0) -%}
    {%- endfor -%}
    {%- if found -%}
        {%- set message = what ~ ": " ~ found | join('; ') ~ ". " ~ remedy -%}
        {%- set is_few = max_share is not none
            and counted.rows <= max_share * (lakeweave.fetch_rows("select count(*) as all_rows from " ~ model, [[0]])[0][0] | int) -%}
        {%- if is_few or (config.get('severity') or 'error') | lower == 'warn' -%}
            {%- do exceptions.warn(message) -%}
        {%- else -%}
            {%- do exceptions.raise_compiler_error(message) -%}
        {%- endif -%}
    {%- endif -%}
    {{ return('') }}
{%- endmacro %}
