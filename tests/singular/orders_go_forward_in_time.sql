{{ config(warn_if='> 0', error_if='> 0 and max(share) > 0.05') }}
{%- set failing -%}
select orders.*
from {{ ref('silver_orders') }} as orders
where orders.shipped_at < orders.created_at
    or orders.delivered_at < orders.shipped_at
    or orders.returned_at < orders.delivered_at
{%- endset %}

{{ lakeweave.with_share(failing, ref('silver_orders')) }}
