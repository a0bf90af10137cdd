{{ lakeweave.inference(function='generate_embedding', model='text_embedding', input='description') }}

with

products as (

    select * from {{ ref('silver_products') }}

),

described as (

    select
        id as product_id,
        {{ dbt.concat([
            "case when category is null then '' else " ~ dbt.concat(['category', "' - '"]) ~ " end",
            "case when brand is null then '' else " ~ dbt.concat(['brand', "' '"]) ~ " end",
            "coalesce(name, '')",
        ]) }} as description
    from products

)

select * from described
