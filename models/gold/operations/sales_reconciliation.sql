{#
    One row per total of silver and breakdown of gold: total = in_breakdown + without_key + with_unknown_key.

    Totals are computed from silver. A breakdown with a row for what has no key (the marketplace) is asked for that row; what the
    others leave out is counted in silver, with its reason. A number of distinct orders does not add up over categories, so it has
    no row here.
#}
{%- set shop = [
    ['items', 'order item', 'orders_enriched', 'items', 'gold_items', '0', '0', none, none],
    ['sold items', 'price in US dollars', 'orders_enriched', 'sold_items', 'gold_priced_items', 'sold_without_price', 'sold_without_rate',
        'items without a price', 'prices without a day or an exchange rate'],
    ['revenue', 'day', 'daily_sales', 'revenue', 'gold_revenue_by_day', 'revenue_without_day', 'revenue_of_unknown_order',
        'orders without a date', 'items of an order that was not delivered'],
    ['revenue', 'customer', 'customer_metrics', 'revenue', 'gold_revenue_by_customer', 'revenue_without_user', 'revenue_of_unknown_user',
        'items without a customer', 'items of a customer who was not delivered'],
    ['revenue', 'product', 'product_performance', 'revenue', 'gold_revenue_by_product', 'revenue_without_product', 'revenue_of_unknown_product',
        'items without a product', 'items of a product that was not delivered'],
    ['sold items', 'product', 'product_performance', 'sold_items', 'gold_units_by_product', 'sold_without_product', 'sold_of_unknown_product',
        'items without a product', 'items of a product that was not delivered'],
    ['returned items', 'product', 'product_performance', 'returned_items', 'gold_returns_by_product', 'returned_without_product',
        'returned_of_unknown_product', 'items without a product', 'items of a product that was not delivered'],
    ['orders', 'day', 'daily_sales', 'orders', 'gold_orders_by_day', 'orders_without_day', '0', 'orders without a date', none],
    ['orders', 'customer', 'customer_metrics', 'orders', 'gold_orders_by_customer', 'orders_without_user', 'orders_of_unknown_user',
        'orders without a customer', 'orders of a customer who was not delivered'],
    ['customers', 'cohort', 'cohort_retention', 'customers', 'gold_customers_by_cohort', 'customers_without_day', 'unknown_customers',
        'customers without an order that has a date', 'customers who were not delivered'],
] -%}
{%- set marketplace_breakdowns = [
    ['month', 'amazon_revenue_by_month', 'sale_month is not null', 'lines without a date'],
    ['category', 'amazon_revenue_by_category', "category <> 'unknown'", 'lines without a category'],
    ['state', 'amazon_revenue_by_state', "state <> 'unknown'", 'lines without a state'],
] -%}
{%- set marketplace_measures = [
    ['revenue', 'total_revenue'], ['booked revenue', 'booked_revenue'], ['cancelled revenue', 'cancelled_revenue'],
    ['returned revenue', 'returned_revenue'], ['sold units', 'units_sold'], ['booked lines', 'booked_line_count'],
] -%}
{%- set lines = [
    ['realised lines', 'amount', 'silver_sale_lines', 'realised_lines', 'priced_lines', 'realised_lines - priced_lines', '0',
        'lines without an amount', none],
    ['lines', 'fulfilment', 'amazon_fulfilment_performance', 'all_lines', 'gold_lines', 'gold_lines_without_fulfilment', '0',
        'lines without a fulfilment', none],
    ['lines', 'stage', 'amazon_fulfilment_performance', 'all_lines', 'gold_lines_by_stage', '0', 'lines_without_stage',
        none, 'lines in a status that seeds/marketplace_statuses.csv does not have'],
] -%}
{%- set grocery = [
    ['items', 'day', 'grocery_daily_sales', 'items', 'gold_items_by_day', 'items_without_day', '0', 'items without a date', none],
    ['items', 'item', 'grocery_item_sales', 'items', 'gold_items_by_item', 'items_without_name', '0', 'items without a name', none],
    ['items', 'basket', 'silver_baskets', 'items', 'items_by_basket', 'items_without_basket', '0',
        'items without a member or a date', none],
    ['items', 'basket size', 'grocery_basket_sizes', 'items', 'gold_items_by_size', 'items_without_basket', '0',
        'items without a member or a date', none],
    ['baskets', 'day', 'grocery_daily_sales', 'baskets', 'gold_baskets_by_day', '0', '0', none, none],
    ['baskets', 'basket size', 'grocery_basket_sizes', 'baskets', 'gold_baskets_by_size', '0', '0', none, none],
] -%}
{%- set feeds = [
    ['shop', 'shop_figures', shop], ['marketplace', 'marketplace_lines', lines], ['grocery', 'grocery_figures', grocery],
] -%}

with

order_items as (

    select * from {{ ref('silver_order_items') }}

),

orders as (

    select * from {{ ref('silver_orders') }}

),

users as (

    select * from {{ ref('silver_users') }}

),

products as (

    select * from {{ ref('silver_products') }}

),

sale_lines as (

    select * from {{ ref('silver_sale_lines') }}

),

transactions as (

    select * from {{ ref('silver_transactions') }}

),

baskets as (

    select * from {{ ref('silver_baskets') }}

),

orders_enriched as (

    select * from {{ ref('orders_enriched') }}

),

daily_sales as (

    select * from {{ ref('daily_sales') }}

),

customer_metrics as (

    select * from {{ ref('customer_metrics') }}

),

product_performance as (

    select * from {{ ref('product_performance') }}

),

cohort_retention as (

    select * from {{ ref('cohort_retention') }}

),
{% for breakdown, relation, has_key, reason in marketplace_breakdowns %}
{{ relation }} as (

    select * from {{ ref(relation) }}

),
{% endfor %}
amazon_fulfilment_performance as (

    select * from {{ ref('amazon_fulfilment_performance') }}

),

grocery_daily_sales as (

    select * from {{ ref('grocery_daily_sales') }}

),

grocery_item_sales as (

    select * from {{ ref('grocery_item_sales') }}

),

grocery_basket_sizes as (

    select * from {{ ref('grocery_basket_sizes') }}

),

/* What silver says of each item, without gold.orders_enriched. */
shop_items as (

    select
        order_items.order_id,
        order_items.user_id,
        order_items.product_id,
        orders.order_id as known_order_id,
        users.id as known_user_id,
        products.id as known_product_id,
        order_items.sale_price,
        order_items.sale_price_value_type,
        coalesce(orders.status not in ('Cancelled', 'Returned'), true) as is_sold,
        coalesce(orders.status = 'Returned', false) as is_returned,
        orders.created_at as ordered_at,
        coalesce(orders.created_at, order_items.created_at, order_items.shipped_at) as priced_at
    from order_items
    left join orders on order_items.order_id = orders.order_id
    left join users on order_items.user_id = users.id
    left join products on order_items.product_id = products.id

),

shop_prices as (

    select *
    from {{ lakeweave.convert_to_usd(
        'shop_items',
        price='sale_price',
        value_type='sale_price_value_type',
        on_date='priced_at',
        default_value_type=lakeweave.setting('shop_default_currency')
    ) }} as converted

),

shop_item_totals as (

    select
        sum(case when is_sold then 1 else 0 end) as sold_items,
        sum(case when is_sold and sale_price is null then 1 else 0 end) as sold_without_price,
        sum(case when is_sold and sale_price is not null and sale_price_usd is null then 1 else 0 end) as sold_without_rate,
        sum(case when is_sold and product_id is null then 1 else 0 end) as sold_without_product,
        sum(case when is_sold and product_id is not null and known_product_id is null then 1 else 0 end) as sold_of_unknown_product,
        sum(case when is_returned then 1 else 0 end) as returned_items,
        sum(case when is_returned and product_id is null then 1 else 0 end) as returned_without_product,
        sum(case when is_returned and product_id is not null and known_product_id is null then 1 else 0 end) as returned_of_unknown_product,
        sum(case when is_sold then sale_price_usd end) as revenue,
        sum(
            case when is_sold and ordered_at is null and (order_id is null or known_order_id is not null) then sale_price_usd end
        ) as revenue_without_day,
        sum(case when is_sold and order_id is not null and known_order_id is null then sale_price_usd end) as revenue_of_unknown_order,
        sum(case when is_sold and user_id is null then sale_price_usd end) as revenue_without_user,
        sum(case when is_sold and user_id is not null and known_user_id is null then sale_price_usd end) as revenue_of_unknown_user,
        sum(case when is_sold and product_id is null then sale_price_usd end) as revenue_without_product,
        sum(
            case when is_sold and product_id is not null and known_product_id is null then sale_price_usd end
        ) as revenue_of_unknown_product
    from shop_prices

),

/* Counted without a join, so that a key that is there twice shows as a difference. */
shop_items_delivered as (

    select count(*) as items from order_items

),

shop_order_totals as (

    select
        count(*) as orders,
        sum(case when orders.created_at is null then 1 else 0 end) as orders_without_day,
        sum(case when orders.user_id is null then 1 else 0 end) as orders_without_user,
        sum(case when orders.user_id is not null and users.id is null then 1 else 0 end) as orders_of_unknown_user
    from orders
    left join users on orders.user_id = users.id

),

buyers as (

    select
        orders.user_id,
        max(users.id) as known_user_id,
        max(orders.created_at) as last_order_at
    from orders
    left join users on orders.user_id = users.id
    where orders.user_id is not null
    group by orders.user_id

),

shop_customer_totals as (

    select
        count(*) as customers,
        sum(case when known_user_id is not null and last_order_at is null then 1 else 0 end) as customers_without_day,
        sum(case when known_user_id is null then 1 else 0 end) as unknown_customers
    from buyers

),

shop_gold_items as (

    select
        count(*) as gold_items,
        sum(case when is_sold and sale_price_usd is not null then 1 else 0 end) as gold_priced_items
    from orders_enriched

),

shop_gold_days as (

    select
        sum(total_revenue) as gold_revenue_by_day,
        sum(order_count) as gold_orders_by_day
    from daily_sales

),

shop_gold_customers as (

    select
        sum(total_spend) as gold_revenue_by_customer,
        sum(lifetime_order_count) as gold_orders_by_customer
    from customer_metrics

),

shop_gold_products as (

    select
        sum(total_revenue) as gold_revenue_by_product,
        sum(units_sold) as gold_units_by_product,
        sum(return_count) as gold_returns_by_product
    from product_performance

),

shop_gold_cohorts as (

    select sum(cohort_size) as gold_customers_by_cohort
    from cohort_retention
    where traffic_source = 'all' and months_since_first_order = 0

),

shop_figures as (

    select
        shop_item_totals.*,
        shop_items_delivered.*,
        shop_order_totals.*,
        shop_customer_totals.*,
        shop_gold_items.*,
        shop_gold_days.*,
        shop_gold_customers.*,
        shop_gold_products.*,
        shop_gold_cohorts.*
    from shop_item_totals
    cross join shop_items_delivered
    cross join shop_order_totals
    cross join shop_customer_totals
    cross join shop_gold_items
    cross join shop_gold_days
    cross join shop_gold_customers
    cross join shop_gold_products
    cross join shop_gold_cohorts

),

marketplace_totals as (

    select
        {{ lakeweave.revenue_measures() | trim }},
        count(*) as all_lines,
        sum(case when is_realised then 1 else 0 end) as realised_lines,
        sum(case when is_realised and amount is not null then 1 else 0 end) as priced_lines,
        sum(case when stage is null then 1 else 0 end) as lines_without_stage
    from sale_lines

),

marketplace_gold_lines as (

    select
        sum(case when fulfilment is not null then line_count end) as gold_lines,
        sum(case when fulfilment is null then line_count end) as gold_lines_without_fulfilment,
        sum(pending_lines + shipped_lines + delivered_lines + returned_lines + cancelled_lines + lost_lines) as gold_lines_by_stage
    from amazon_fulfilment_performance

),

marketplace_lines as (

    select
        marketplace_totals.*,
        marketplace_gold_lines.*
    from marketplace_totals
    cross join marketplace_gold_lines

),

grocery_totals as (

    select
        count(*) as items,
        count(distinct basket_id) as baskets,
        sum(case when purchased_on is null then 1 else 0 end) as items_without_day,
        sum(case when item is null then 1 else 0 end) as items_without_name,
        sum(case when basket_id is null then 1 else 0 end) as items_without_basket
    from transactions

),

grocery_days as (

    select
        sum(items_sold) as gold_items_by_day,
        sum(basket_count) as gold_baskets_by_day
    from grocery_daily_sales

),

grocery_items as (

    select sum(items_sold) as gold_items_by_item from grocery_item_sales

),

grocery_baskets as (

    select sum(rows_sold) as items_by_basket from baskets

),

grocery_sizes as (

    select
        sum(basket_size * basket_count) as gold_items_by_size,
        sum(basket_count) as gold_baskets_by_size
    from grocery_basket_sizes

),

grocery_figures as (

    select
        grocery_totals.*,
        grocery_days.*,
        grocery_items.*,
        grocery_baskets.*,
        grocery_sizes.*
    from grocery_totals
    cross join grocery_days
    cross join grocery_items
    cross join grocery_baskets
    cross join grocery_sizes

),

compared as (

    {%- for feed, relation, rows in feeds %}
    {%- for measure, breakdown, model_name, total, in_breakdown, without_key, unknown_key, without_reason, unknown_reason in rows %}
    select
        '{{ feed }}' as feed,
        '{{ measure }}' as measure,
        '{{ breakdown }}' as breakdown,
        '{{ model_name }}' as model_name,
        {{ "'" ~ without_reason ~ "'" if without_reason else 'cast(null as ' ~ dbt.type_string() ~ ')' }} as without_key_reason,
        {{ "'" ~ unknown_reason ~ "'" if unknown_reason else 'cast(null as ' ~ dbt.type_string() ~ ')' }} as unknown_key_reason,
        cast(coalesce({{ total }}, 0) as {{ dbt.type_numeric() }}) as total,
        cast(coalesce({{ in_breakdown }}, 0) as {{ dbt.type_numeric() }}) as in_breakdown,
        cast(coalesce({{ without_key }}, 0) as {{ dbt.type_numeric() }}) as without_key,
        cast(coalesce({{ unknown_key }}, 0) as {{ dbt.type_numeric() }}) as with_unknown_key
    from {{ relation }}
    union all
    {%- endfor %}
    {%- endfor %}
    {%- for breakdown, relation, has_key, reason in marketplace_breakdowns %}
    {%- for measure, column in marketplace_measures %}
    select
        'marketplace' as feed,
        '{{ measure }}' as measure,
        '{{ breakdown }}' as breakdown,
        '{{ relation }}' as model_name,
        '{{ reason }}' as without_key_reason,
        cast(null as {{ dbt.type_string() }}) as unknown_key_reason,
        cast(coalesce(max(marketplace_totals.{{ column }}), 0) as {{ dbt.type_numeric() }}) as total,
        cast(coalesce(sum(case when by_key.{{ has_key }} then by_key.{{ column }} end), 0) as {{ dbt.type_numeric() }}) as in_breakdown,
        cast(coalesce(sum(case when not by_key.{{ has_key }} then by_key.{{ column }} end), 0) as {{ dbt.type_numeric() }}) as without_key,
        cast(0 as {{ dbt.type_numeric() }}) as with_unknown_key
    from marketplace_totals
    left join {{ relation }} as by_key on true
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}

),

reconciled as (

    select
        ---------- text
        cast(feed as {{ dbt.type_string() }}) as feed,
        cast(measure as {{ dbt.type_string() }}) as measure,
        cast(breakdown as {{ dbt.type_string() }}) as breakdown,
        cast(model_name as {{ dbt.type_string() }}) as model_name,
        cast(without_key_reason as {{ dbt.type_string() }}) as without_key_reason,
        cast(unknown_key_reason as {{ dbt.type_string() }}) as unknown_key_reason,

        ---------- numbers
        total,
        in_breakdown,
        without_key,
        with_unknown_key,
        cast(total - in_breakdown - without_key - with_unknown_key as {{ dbt.type_numeric() }}) as difference,
        cast(without_key + with_unknown_key as {{ lakeweave.type_double() }}) / nullif(cast(total as {{ lakeweave.type_double() }}), 0)
            as left_out_share

    from compared

)

select * from reconciled
