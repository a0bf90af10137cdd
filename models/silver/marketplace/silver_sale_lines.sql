{{ lakeweave.one_row_per_key('marketplace', 'sale_lines', key='line_id', key_type='text') }}

with

newest as (

    select * from {{ lakeweave.newest_records('marketplace', 'sale_lines', key='line_id', key_type='text') }}

),

statuses as (

    select * from {{ ref('lakeweave', 'marketplace_statuses') }}

),

typed as (

    select
        ---------- ids
        newest.line_id,
        newest.order_id,
        newest.sku,
        newest.asin,

        ---------- text
        coalesce(statuses.standard, newest.status) as status,
        statuses.stage,
        newest.courier_status,
        newest.fulfilment,
        newest.sales_channel,
        newest.service_level,
        newest.style,
        {{ lakeweave.standardize('newest.category', 'marketplace_category') }} as category,
        newest.size,
        newest.currency_code,
        {{ lakeweave.regexp_replace('newest.city', '[ ,.]+$', '') }} as city,
        {{ lakeweave.standardize('newest.state', 'indian_state') }} as state,
        {{ lakeweave.regexp_extract('newest.postal_code', '^[0-9]+') }} as postal_code,
        newest.country_code,
        newest.promotion_ids,

        ---------- numbers
        {{ lakeweave.to_integer('newest.quantity') }} as quantity,
        {{ lakeweave.to_money('newest.amount') }} as amount,

        ---------- booleans
        {{ lakeweave.to_boolean('newest.is_business') }} as is_business,
        case
            when statuses.stage in ('pending', 'cancelled') then coalesce(newest.courier_status, '') = 'Shipped'
            else coalesce(newest.courier_status, '') <> 'Shipped'
        end as is_contradicted_by_courier,
        coalesce(statuses.is_revenue, false) and {{ lakeweave.to_integer('newest.quantity') }} > 0 as is_realised,

        ---------- dates
        cast({{ lakeweave.parse_timestamp('newest.order_date', ['%m-%d-%y'], pivot=70) }} as date) as order_date,

        ---------- record
        {{ lakeweave.account_columns(relation='newest') }}

    from newest
    left join statuses on lower(newest.status) = lower(statuses.status)

)

select * from typed
