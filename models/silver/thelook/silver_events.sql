{{ lakeweave.one_row_per_key('thelook', 'events', key='id') }}

with

newest as (

    select * from {{ lakeweave.newest_records('thelook', 'events', key='id') }}

),

standardized as (

    select
        ---------- ids
        {{ lakeweave.to_integer('id') }} as id,
        {{ lakeweave.to_integer('user_id') }} as user_id,
        session_id,

        ---------- text
        ip_address,
        city,
        {{ lakeweave.standardize('state', 'state') }} as state,
        upper(postal_code) as postal_code,
        {{ lakeweave.standardize('browser', 'browser') }} as browser,
        {{ lakeweave.standardize('traffic_source', 'event_traffic_source') }} as traffic_source,
        lower(uri) as uri,
        lower(event_type) as event_type,

        ---------- numbers
        {{ lakeweave.to_integer('sequence_number') }} as sequence_number,

        ---------- timestamps
        {{ lakeweave.parse_timestamp('created_at') }} as created_at,

        ---------- record
        {{ lakeweave.account_columns() }}

    from newest

)

select * from standardized
