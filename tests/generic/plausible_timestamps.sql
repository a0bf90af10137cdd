{#
    Every timestamp and date of the model is in a plausible year: from `first_year` to `last_year`, which is the next year
    unless given. On a model it tests every such column; on a column that column. Warns of any, fails where more than
    `max_share` of the rows have one.
#}
{% test plausible_timestamps(model, column_name=none, first_year=1990, last_year=none, max_share=0.05) %}
{{ config(warn_if='> 0', error_if='> 0 and max(share) > ' ~ max_share) }}
{%- set last = last_year or (run_started_at.year + 1) -%}
{%- set columns = [column_name] if column_name else [] -%}
{%- if execute and not column_name -%}
    {%- for column in adapter.get_columns_in_relation(model) if modules.re.match('timestamp|date', column.dtype | lower) -%}
        {%- do columns.append(column.name) -%}
    {%- endfor -%}
{%- endif -%}
{%- set selects = [] -%}
{%- for column in columns -%}
    {%- do selects.append(
        "select '" ~ column ~ "' as column_name, cast(" ~ column ~ " as " ~ dbt.type_string() ~ ") as value_found from " ~ model
        ~ " where extract(year from " ~ column ~ ") not between " ~ first_year ~ " and " ~ last
    ) -%}
{%- endfor -%}
{%- if not selects -%}
    {%- do selects.append("select cast(null as " ~ dbt.type_string() ~ ") as column_name, cast(null as " ~ dbt.type_string() ~ ") as value_found from " ~ model ~ " where false") -%}
{%- endif %}
{{ lakeweave.with_share(selects | join('\nunion all\n'), model) }}
{% endtest %}
