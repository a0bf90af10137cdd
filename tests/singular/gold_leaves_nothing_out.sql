{{ config(severity='warn') }}
{%- set found -%}
select feed, measure, breakdown, model_name, without_key, without_key_reason, with_unknown_key, unknown_key_reason, left_out_share
from {{ ref('sales_reconciliation') }}
where without_key <> 0 or with_unknown_key <> 0
{%- endset -%}
{%- do lakeweave.explain_failure(
    "select feed || ': ' || measure || ' by ' || breakdown, without_key, coalesce(without_key_reason, '-'), with_unknown_key,"
    ~ " coalesce(unknown_key_reason, '-') from (" ~ found ~ ") as found order by left_out_share desc, 1 limit 5",
    "Breakdowns in gold leave a part of the total out (breakdown, amount and reason without a key, amount and reason with an unknown key)",
    "gold.sales_reconciliation has all of them. Ask the source for the missing keys."
) -%}
{{ found }}
