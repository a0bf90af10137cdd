{#
    Adds to a table the columns that it lacks. `columns` is a list of (name, type). What the table holds stays as it is, and
    the new columns are NULL in it: this is how a ledger that an older version created gets its new columns.
#}
{% macro add_missing_columns(relation, columns) -%}
    {%- set missing = lakeweave.missing_columns(relation, columns) -%}
    {%- if missing -%}
        {%- do log(relation ~ ": adding the columns " ~ missing | map('first') | join(', '), info=True) -%}
        {%- for sql in lakeweave._add_columns_sql(relation, missing) -%}
            {%- do lakeweave.execute_statement(sql) -%}
        {%- endfor -%}
    {%- endif -%}
{%- endmacro %}

{% macro _add_columns_sql(relation, columns) -%}
    {{ return(adapter.dispatch('_add_columns_sql', 'lakeweave')(relation, columns)) }}
{%- endmacro %}

{# One column for each statement: https://duckdb.org/docs/stable/sql/statements/alter_table #}
{% macro default___add_columns_sql(relation, columns) -%}
    {%- set statements = [] -%}
    {%- for column in columns -%}
        {%- do statements.append("alter table " ~ relation ~ " add column if not exists " ~ adapter.quote(column[0]) ~ " " ~ column[1]) -%}
    {%- endfor -%}
    {{ return(statements) }}
{%- endmacro %}
