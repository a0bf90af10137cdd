{# What changed between two versions of a Delta table: time travel, on Spark and Databricks. Elsewhere silver has no versions. #}
{%- set travels = target.type in ('spark', 'databricks') %}
with

sales_now as (

    select * from {{ ref('grocery_item_sales') }}

),

/* Without time travel the first version is the present one, and nothing changed. */
sales_before as (

    select * from {{ ref('grocery_item_sales') }}{{ ' version as of 0' if travels }}

),

changes as (

    select
        sales_now.item,
        sales_before.items_sold as items_sold_before,
        sales_now.items_sold as items_sold_now,
        sales_now.items_sold - coalesce(sales_before.items_sold, 0) as difference
    from sales_now
    left join sales_before on sales_now.item = sales_before.item

)

select * from changes
order by difference desc, item asc
