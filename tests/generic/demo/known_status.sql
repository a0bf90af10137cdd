{# No status is left that seeds/marketplace_statuses.csv does not know. Says which, and what to do; fails where
   more than `max_share` of the rows have one, warns below that. #}
{% test known_status(model, column_name, max_share=0.05) %}
{{ config(warn_if='> 0', error_if='> 0 and max(share) > ' ~ max_share) }}
{%- set unknown -%}
select {{ column_name }}
from {{ model }}
where {{ column_name }} is not null
    and {{ column_name }} not in (select standard from {{ ref('lakeweave', 'marketplace_statuses') }})
{%- endset -%}
{%- do lakeweave.explain_failure(
    "select " ~ column_name ~ ", count(*) from (" ~ unknown ~ ") as unknown group by " ~ column_name ~ " order by 2 desc, 1 limit 5",
    column_name ~ " of " ~ model ~ " has values that seeds/marketplace_statuses.csv does not know (value, rows)",
    "Add a line for each, with its stage and whether it is revenue, then build again with --full-refresh; until then it counts as no revenue.",
    max_share,
    model
) -%}
{{ lakeweave.with_share(unknown, model) }}
{% endtest %}
