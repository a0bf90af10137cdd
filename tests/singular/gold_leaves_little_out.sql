{#
    A tenth, because a breakdown that lacks more is of no use. A total above 1,000, because of a few records any share says little.
#}
{%- set found -%}
select feed, measure, breakdown, model_name, total, without_key, with_unknown_key, left_out_share
from {{ ref('sales_reconciliation') }}
where left_out_share > 0.1 and total > 1000
{%- endset -%}
{%- do lakeweave.explain_failure(
    "select feed || ': ' || measure || ' by ' || breakdown, total, without_key, with_unknown_key from (" ~ found ~ ") as found order by left_out_share desc, 1 limit 5",
    "Breakdowns in gold leave out more than a tenth of the total (breakdown, total, without a key, with an unknown key)",
    "Ask the source for the missing keys. Figures by this key say little until then."
) -%}
{{ found }}
