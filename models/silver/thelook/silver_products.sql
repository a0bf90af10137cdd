{{ lakeweave.one_row_per_key('thelook', 'products', key='id') }}

with

newest as (

    select * from {{ lakeweave.newest_records('thelook', 'products', key='id') }}

),

standardized as (

    select
        ---------- ids
        {{ lakeweave.to_integer('id') }} as id,
        {{ lakeweave.to_integer('distribution_center_id') }} as distribution_center_id,

        ---------- text
        name,
        brand,
        {{ lakeweave.standardize('category', 'category') }} as category,
        {{ lakeweave.standardize('department', 'department') }} as department,
        upper(sku) as sku,

        ---------- numbers
        {{ lakeweave.to_money('cost') }} as cost,
        cost_value_type,
        {{ lakeweave.to_money('retail_price') }} as retail_price,
        retail_price_value_type,

        ---------- record
        {{ lakeweave.account_columns() }}

    from newest

)

select * from standardized
