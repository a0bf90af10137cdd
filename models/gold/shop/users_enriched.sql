with

users as (

    select * from {{ ref('silver_users') }}

),

addresses as (

    select * from {{ ref('silver_user_addresses') }}

),

risks as (

    select
        user_id,
        churn_risk,
        churn_reason,
        response_state
    from {{ ref('customer_churn_risk') }}

),

metrics as (

    select * from {{ ref('customer_metrics') }}

),

enriched as (

    select
        ---------- ids
        cast(users.id as {{ dbt.type_bigint() }}) as user_id,

        ---------- text
        cast(users.first_name as {{ dbt.type_string() }}) as first_name,
        cast(users.last_name as {{ dbt.type_string() }}) as last_name,
        cast(users.email as {{ dbt.type_string() }}) as email,
        cast(users.street_address as {{ dbt.type_string() }}) as street_address,
        cast(users.city as {{ dbt.type_string() }}) as city,
        cast(users.state as {{ dbt.type_string() }}) as state,
        cast(users.postal_code as {{ dbt.type_string() }}) as postal_code,
        cast(users.country as {{ dbt.type_string() }}) as country,
        cast({{ dbt.concat([
            'addresses.street_line', "', '", 'addresses.city', "', '", 'addresses.state_code', "' '", 'addresses.zip_code',
        ]) }} as {{ dbt.type_string() }}) as standardized_address,
        cast(coalesce(addresses.response_state, 'not_asked') as {{ dbt.type_string() }}) as address_state,
        cast(addresses.response_status as {{ dbt.type_string() }}) as address_status,
        cast(risks.churn_risk as {{ dbt.type_string() }}) as churn_risk,
        cast(risks.churn_reason as {{ dbt.type_string() }}) as churn_reason,
        cast(coalesce(risks.response_state, 'not_asked') as {{ dbt.type_string() }}) as churn_state,

        ---------- numbers
        cast(metrics.lifetime_order_count as {{ dbt.type_bigint() }}) as lifetime_order_count,
        cast(metrics.days_since_last_order as {{ dbt.type_bigint() }}) as days_since_last_order,

        ---------- booleans
        metrics.churn_flag

    from users
    left join addresses on users.id = addresses.user_id
    left join risks on users.id = risks.user_id
    left join metrics on users.id = metrics.user_id

)

select * from enriched
