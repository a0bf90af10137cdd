{#
    No value of the column is later than `as_of`. A value that is was delivered with a wrong date, or `as_of` is pinned to a moment
    before the data ends; measures that count days until `as_of` then say too little. Says how many are later, and up to when.
#}
{% test not_after_as_of(model, column_name) %}
{%- set later -%}
select {{ column_name }}
from {{ model }}
where {{ column_name }} > {{ lakeweave.as_of() }}
{%- endset -%}
{%- do lakeweave.explain_failure(
    "select cast(min(" ~ column_name ~ ") as " ~ dbt.type_string() ~ ") as first_later, cast(max(" ~ column_name ~ ") as "
    ~ dbt.type_string() ~ ") as last_later, count(*) as later_rows from (" ~ later ~ ") as later having count(*) > 0",
    column_name ~ " of " ~ model ~ " is later than `as_of`, " ~ lakeweave.setting('as_of') ~ " (first, last, rows)",
    "Set the variable `as_of` (LAKEWEAVE_AS_OF) to 'now' or to a moment after these, or ask the source for right dates. Until then their days count as 0."
) -%}
{{ later }}
{% endtest %}
