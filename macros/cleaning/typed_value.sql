{#
    Declares `typed` as the typed form of the delivered value `expression`, and returns `typed`. A value that is present in
    `expression` and NULL in `typed` is untyped: `account_columns` writes it into the row, and the ledger counts it.

    `to_integer`, `to_float`, `to_money` and `parse_timestamp` call it. A model calls it for any other expression that can
    lose a value. An expression that is more than the name of a column needs `column`, the name to count it under.
#}
{% macro typed_value(expression, typed, reason='not_typed', column=none) -%}
    {%- set name = column or lakeweave.column_of(expression) -%}
    {%- if execute and name -%}
        {%- do lakeweave.run_memory('typed_values').update({
            expression ~ ' ' ~ typed: {'expression': expression, 'typed': typed, 'reason': reason, 'column': name},
        }) -%}
    {%- endif -%}
    {{ return(typed) }}
{%- endmacro %}
