{{ lakeweave.one_row_per_key('thelook', 'inventory_items', key='id') }}

with

newest as (

    select * from {{ lakeweave.newest_records('thelook', 'inventory_items', key='id') }}

),

standardized as (

    select
        ---------- ids
        {{ lakeweave.to_integer('id') }} as id,
        {{ lakeweave.to_integer('product_id') }} as product_id,
        {{ lakeweave.to_integer('product_distribution_center_id') }} as product_distribution_center_id,

        ---------- text
        product_name,
        product_brand,
        {{ lakeweave.standardize('product_category', 'category') }} as product_category,
        {{ lakeweave.standardize('product_department', 'department') }} as product_department,
        upper(product_sku) as product_sku,

        ---------- numbers
        {{ lakeweave.to_money('cost') }} as cost,
        cost_value_type,
        {{ lakeweave.to_money('product_retail_price') }} as product_retail_price,
        product_retail_price_value_type,

        ---------- timestamps
        {{ lakeweave.parse_timestamp('created_at') }} as created_at,
        {{ lakeweave.parse_timestamp('sold_at') }} as sold_at,

        ---------- record
        {{ lakeweave.account_columns() }}

    from newest

)

select * from standardized
