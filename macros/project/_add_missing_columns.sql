{#
    Adds to a table the columns that it lacks. `columns` is a list of (name, type). What the table holds stays as it is, and
    the new columns are NULL in it: this is how a ledger that an older version created gets its new columns.
#}
{% macro _add_missing_columns(relation, columns) -%}
    {%- set missing = lakeweave._missing_columns(relation, columns) -%}
    {%- if missing -%}
        {%- do log(relation ~ ": adding the columns " ~ missing | map('first') | join(', '), info=True) -%}
        {%- for sql in lakeweave._add_columns_sql(relation, missing) -%}
            {%- do lakeweave._execute(sql) -%}
        {%- endfor -%}
    {%- endif -%}
{%- endmacro %}


{# Those of `columns` that the table lacks; none when nothing is known of the table. #}
{% macro _missing_columns(relation, columns) -%}
    {%- set present = adapter.get_columns_in_relation(relation) | map(attribute='name') | map('lower') | list -%}
    {%- set missing = [] -%}
    {%- for column in columns if present and column[0] not in present -%}
        {%- do missing.append(column) -%}
    {%- endfor -%}
    {{ return(missing) }}
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

{# A table takes few changes of its columns in ten seconds, so all go into one.
   https://cloud.google.com/bigquery/docs/reference/standard-sql/data-definition-language#alter_table_add_column_statement #}
{% macro bigquery___add_columns_sql(relation, columns) -%}
    {%- set added = [] -%}
    {%- for column in columns -%}
        {%- do added.append("add column if not exists " ~ adapter.quote(column[0]) ~ " " ~ column[1]) -%}
    {%- endfor -%}
    {{ return(["alter table " ~ relation ~ " " ~ added | join(', ')]) }}
{%- endmacro %}

{# https://docs.delta.io/latest/delta-batch.html#add-columns #}
{% macro spark___add_columns_sql(relation, columns) -%}
    {%- set added = [] -%}
    {%- for column in columns -%}
        {%- do added.append(adapter.quote(column[0]) ~ " " ~ column[1]) -%}
    {%- endfor -%}
    {{ return(["alter table " ~ relation ~ " add columns (" ~ added | join(', ') ~ ")"]) }}
{%- endmacro %}
