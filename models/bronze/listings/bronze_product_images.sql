{{ lakeweave.object_table('listings', 'product_images') }}

with

objects as (

    select * from {{ lakeweave.listed_objects('listings', 'product_images') }}

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
