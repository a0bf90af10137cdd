{# No value is left that seeds/standard_spellings.csv does not know as a standard of its domain. Says which, and what to do; fails where
   more than `max_share` of the rows have one, warns below that. #}
{% test known_spelling(model, column_name, domain, max_share=0.05) %}
{{ config(warn_if='> 0', error_if='> 0 and max(share) > ' ~ max_share) }}
{%- set unknown -%}
select {{ column_name }}
from {{ model }}
where {{ column_name }} is not null
    and {{ column_name }} not in (
        select standard from {{ ref('lakeweave', 'standard_spellings') }} where domain = '{{ domain }}'
    )
{%- endset -%}
{%- do lakeweave.explain_failure(
    "select " ~ column_name ~ ", count(*) from (" ~ unknown ~ ") as unknown group by " ~ column_name ~ " order by 2 desc, 1 limit 5",
    column_name ~ " of " ~ model ~ " has values that seeds/standard_spellings.csv does not know in its domain `" ~ domain ~ "` (value, rows)",
    "Add a line `" ~ domain ~ ",<value>,<standard>` for each, then build again; rows that are in silver already take it with --full-refresh.",
    max_share,
    model
) -%}
{{ lakeweave.with_share(unknown, model) }}
{% endtest %}
