{{ config(materialized='table') }}

with

stock as (

    select * from {{ source('partner', 'stock') }}

),

products as (

    select * from {{ ref('products') }}

),

joined as (

    select
        products.sku,
        products.title,
        stock.pieces
    from products
    left join stock on products.sku = stock.sku

)

select * from joined
