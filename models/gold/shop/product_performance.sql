{# The cost is a valuation as of now: the last known rate counts where today has none, and `cost_rate_date` says of which day it is. #}
with

costed_products as (

    select
        products.*,
        {{ lakeweave.as_of() }} as priced_at
    from {{ ref('silver_products') }} as products

),

products as (

    select *
    from {{ lakeweave.convert_to_usd(
        'costed_products',
        price='cost',
        value_type='cost_value_type',
        on_date='priced_at',
        default_value_type=lakeweave.setting('shop_default_currency'),
        missing_rate='latest'
    ) }} as converted

),

items as (

    select * from {{ ref('orders_enriched') }}

),

inventory as (

    select * from {{ ref('silver_inventory_items') }}

),

sales as (

    select
        product_id,
        sum(case when is_sold then 1 else 0 end) as units_sold,
        sum(case when is_sold then sale_price_usd else 0 end) as total_revenue,
        sum(case when is_sold and sale_price_usd is not null then 1 else 0 end) as units_priced,
        sum(case when is_returned then 1 else 0 end) as return_count,
        sum(case when is_sold or is_returned then 1 else 0 end) as bought_count
    from items
    group by product_id

),

/* Units sold over units ever in stock. The item's own link names an unsold unit in this source, so any unit of the product counts. */
stock as (

    select
        product_id,
        count(*) as units_stocked,
        count(sold_at) as units_turned
    from inventory
    group by product_id

),

performance as (

    select
        ---------- ids
        cast(products.id as {{ dbt.type_bigint() }}) as product_id,

        ---------- text
        cast(products.name as {{ dbt.type_string() }}) as name,
        cast(products.category as {{ dbt.type_string() }}) as category,
        cast(products.brand as {{ dbt.type_string() }}) as brand,
        cast(products.department as {{ dbt.type_string() }}) as department,
        cast(products.cost_value_type as {{ dbt.type_string() }}) as cost_value_type,

        ---------- numbers
        cast(coalesce(sales.units_sold, 0) as {{ dbt.type_bigint() }}) as units_sold,
        cast(coalesce(sales.total_revenue, 0) as {{ dbt.type_numeric() }}) as total_revenue,
        cast(sales.total_revenue as {{ lakeweave.type_double() }}) / nullif(sales.units_priced, 0) as avg_sale_price,
        cast(coalesce(sales.return_count, 0) as {{ dbt.type_bigint() }}) as return_count,
        cast(sales.return_count as {{ lakeweave.type_double() }}) / nullif(sales.bought_count, 0) as return_rate,
        (
            cast(sales.total_revenue as {{ lakeweave.type_double() }})
            - cast(products.cost_usd as {{ lakeweave.type_double() }}) * sales.units_priced
        ) / nullif(cast(sales.total_revenue as {{ lakeweave.type_double() }}), 0) as avg_margin_pct,
        cast(stock.units_turned as {{ lakeweave.type_double() }}) / nullif(stock.units_stocked, 0) as inventory_turnover_ratio,
        cast(products.cost as {{ dbt.type_numeric() }}) as cost,
        cast(products.cost_usd as {{ dbt.type_numeric() }}) as cost_usd,

        ---------- dates
        cast(products.cost_rate_date as date) as cost_rate_date

    from products
    left join sales on products.id = sales.product_id
    left join stock on products.id = stock.product_id

)

select * from performance
