{{ lakeweave.one_row_per_key('thelook', 'users', key='id', keep_if='email is not null') }}

with

newest as (

    select * from {{ lakeweave.newest_records('thelook', 'users', key='id', keep_if='email is not null') }}

),

standardized as (

    select
        ---------- ids
        {{ lakeweave.to_integer('id') }} as id,

        ---------- text
        first_name,
        last_name,
        lower(email) as email,
        {{ lakeweave.standardize('gender', 'gender') }} as gender,
        street_address,
        upper(postal_code) as postal_code,
        city,
        {{ lakeweave.standardize('state', 'state') }} as state,
        {{ lakeweave.standardize('country', 'country') }} as country,
        {{ lakeweave.standardize('traffic_source', 'user_traffic_source') }} as traffic_source,

        ---------- numbers
        {{ lakeweave.to_integer('age') }} as age,
        {{ lakeweave.to_float('latitude') }} as latitude,
        {{ lakeweave.to_float('longitude') }} as longitude,

        ---------- timestamps
        {{ lakeweave.parse_timestamp('created_at') }} as created_at,

        ---------- record
        {{ lakeweave.account_columns() }}

    from newest

)

select * from standardized
