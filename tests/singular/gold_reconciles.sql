{%- set found -%}
select feed, measure, breakdown, model_name, total, in_breakdown, without_key, with_unknown_key, difference
from {{ ref('sales_reconciliation') }}
where difference <> 0
{%- endset -%}
{%- do lakeweave.explain_failure(
    "select feed || ': ' || measure || ' by ' || breakdown || ' (' || model_name || ')', total, in_breakdown, without_key, with_unknown_key"
    ~ " from (" ~ found ~ ") as found order by 1 limit 5",
    "A total of silver and its breakdown in gold differ (breakdown, total, in the breakdown, without a key, with an unknown key)",
    "Look for a join that multiplies or drops rows in the model. Until then its figures are wrong."
) -%}
{{ found }}
