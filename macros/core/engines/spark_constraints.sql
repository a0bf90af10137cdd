{#
    The contract of a model on Spark. Delta takes NOT NULL for the columns of a new, empty table only, so dbt's `alter table … set not null`
    fails after a `create table as`. The check is in the select instead: the write fails, and the table keeps its rows.
    https://docs.getdbt.com/reference/resource-properties/constraints
    https://docs.delta.io/latest/delta-constraints.html#not-null-constraint
    https://spark.apache.org/docs/latest/api/sql/index.html#raise_error
#}
{% macro spark__get_select_subquery(sql) -%}
    {%- set selected = [] -%}
    {%- for column in model.columns.values() -%}
        {%- set name = adapter.quote(column.name) if column.get('quote') else column.name -%}
        {%- if column.constraints | default([]) | selectattr('type', 'equalto', 'not_null') | list -%}
            {%- set told = "the column " ~ column.name ~ " of " ~ this.schema ~ "." ~ this.identifier ~ " is NULL in a row, and its contract has the constraint not_null" -%}
            {%- do selected.append("coalesce(" ~ name ~ ", raise_error(" ~ lakeweave.text_literal(told) ~ ")) as " ~ name) -%}
        {%- else -%}
            {%- do selected.append(name) -%}
        {%- endif -%}
    {%- endfor -%}
    select {{ selected | join(', ') }}
    from (
        {{ sql }}
    ) as model_subq
{%- endmacro %}

{# Nothing is left to set: the select has checked it. Databricks sets it on its own. #}
{% macro spark__alter_column_set_constraints(relation, column_dict) -%}
    {%- for column in column_dict.values() -%}
        {%- for constraint in column.constraints | default([]) | rejectattr('type', 'equalto', 'not_null') -%}
            {%- do exceptions.warn(relation ~ ": Spark does not enforce the constraint " ~ constraint.type ~ " of the column " ~ column.name ~ ". Use a data test.") -%}
        {%- endfor -%}
    {%- endfor -%}
{%- endmacro %}
