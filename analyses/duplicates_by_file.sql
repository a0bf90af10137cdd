with

records as (

    select 'users' as table_name, {{ lakeweave.file_name_column() }} as file_name, is_duplicate_in_file
    from {{ ref('bronze_users') }}
    union all
    select 'products' as table_name, {{ lakeweave.file_name_column() }} as file_name, is_duplicate_in_file
    from {{ ref('bronze_products') }}
    union all
    select 'orders' as table_name, {{ lakeweave.file_name_column() }} as file_name, is_duplicate_in_file
    from {{ ref('bronze_orders') }}
    union all
    select 'order_items' as table_name, {{ lakeweave.file_name_column() }} as file_name, is_duplicate_in_file
    from {{ ref('bronze_order_items') }}
    union all
    select 'inventory_items' as table_name, {{ lakeweave.file_name_column() }} as file_name, is_duplicate_in_file
    from {{ ref('bronze_inventory_items') }}
    union all
    select 'events' as table_name, {{ lakeweave.file_name_column() }} as file_name, is_duplicate_in_file
    from {{ ref('bronze_events') }}
    union all
    select 'distribution_centers' as table_name, {{ lakeweave.file_name_column() }} as file_name, is_duplicate_in_file
    from {{ ref('bronze_distribution_centers') }}
    union all
    select 'listings' as table_name, {{ lakeweave.file_name_column() }} as file_name, is_duplicate_in_file
    from {{ ref('bronze_listings') }}

),

counted as (

    select
        table_name,
        file_name,
        count(*) as records,
        sum(case when is_duplicate_in_file then 1 else 0 end) as copies
    from records
    group by table_name, file_name

),

shares as (

    select
        table_name,
        file_name,
        records,
        copies,
        round(100.0 * copies / records, 2) as copies_pct
    from counted

)

select * from shares
order by table_name, file_name
