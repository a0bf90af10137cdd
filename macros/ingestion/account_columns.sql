{#
    The last columns of a silver model that begins with `one_row_per_key`: when the row was loaded, its delivered values that
    could not be typed, and the record that it comes from. The untyped values are a JSON object, by bronze column; NULL where
    every value is typed. Goes last into the select list that types the values of bronze.

    `relation` is the name that this select list gives the bronze records, where it reads more than one relation.
#}
{% macro account_columns(relation=none) -%}
        {%- set prefix = relation ~ '.' if relation else '' -%}
        {{ lakeweave.run_timestamp() }} as silver_loaded_at,
        {{ lakeweave._untyped_values(relation) }} as untyped_values,
        {{ prefix }}_content_hash,
        {{ prefix }}_record_number
{%- endmacro %}

{# Names of those columns. #}
{% macro _account_column_names() -%}
    {{ return(['silver_loaded_at', 'untyped_values', '_content_hash', '_record_number']) }}
{%- endmacro %}

{% macro _untyped_values(relation) -%}
    {%- set columns = {} -%}
    {%- for value in (lakeweave.run_memory('typed_values').values() if execute else []) -%}
        {%- set qualifier = value.expression.split('.')[0] if '.' in value.expression and lakeweave.column_of(value.expression) else none -%}
        {# Other names are those of subqueries: the keys that `newest_records` reads. #}
        {%- if qualifier is none or qualifier == relation -%}
            {%- do columns.setdefault(value.column, []).append(value) -%}
        {%- endif -%}
    {%- endfor -%}
    {%- do lakeweave._remember_of_silver('columns', columns) -%}
    {%- if not columns -%}
        {{ return('cast(null as ' ~ dbt.type_string() ~ ')') }}
    {%- endif -%}
    {%- set untyped = {} -%}
    {%- for column, values in columns.items() -%}
        {%- set conditions = [] -%}
        {%- for value in values -%}
            {%- do conditions.append('(' ~ value.expression ~ ' is not null and ' ~ value.typed ~ ' is null)') -%}
        {%- endfor -%}
        {%- do untyped.update({column: conditions | join(' or ')}) -%}
    {%- endfor -%}
    {%- set members = [] -%}
    {%- for column, values in columns.items() -%}
        {%- set text = 'substring(cast(' ~ values[0].expression ~ ' as ' ~ dbt.type_string() ~ '), 1, 200)' -%}
        {%- do members.append(
            "case when " ~ untyped[column] ~ " then concat('\"" ~ column ~ "\": ', " ~ lakeweave._json_quoted(text) ~ ") end"
        ) -%}
    {%- endfor -%}
    case
            when {{ untyped.values() | join('\n                or ') }}
                then concat('{', {{ lakeweave._comma_separated(members) }}, '}')
        end
{%- endmacro %}

{# A text as JSON writes it, with its quotes. #}
{% macro _json_quoted(text) -%}
    {{ return(adapter.dispatch('_json_quoted', 'lakeweave')(text)) }}
{%- endmacro %}

{# https://duckdb.org/docs/stable/data/json/creating_json #}
{% macro default___json_quoted(text) -%}
    cast(to_json({{ text }}) as {{ dbt.type_string() }})
{%- endmacro %}

{# The texts that are not NULL, with commas between them. #}
{% macro _comma_separated(texts) -%}
    {{ return(adapter.dispatch('_comma_separated', 'lakeweave')(texts)) }}
{%- endmacro %}

{# https://duckdb.org/docs/stable/sql/functions/text#concat_wsseparator-string- https://spark.apache.org/docs/latest/api/sql/index.html#concat_ws #}
{% macro default___comma_separated(texts) -%}
    concat_ws(', ', {{ texts | join(', ') }})
{%- endmacro %}
