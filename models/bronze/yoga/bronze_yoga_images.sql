{{ lakeweave.object_table('yoga', 'yoga_images') }}

with

objects as (

    select * from {{ lakeweave.listed_objects('yoga', 'yoga_images') }}

),

listed as (

    select
        ---------- ids
        uri,
        generation,

        ---------- text
        content_type,
        md5_hash,

        ---------- numbers
        size,

        ---------- timestamps
        updated,

        ---------- metadata
        metadata

    from objects

)

select * from listed
