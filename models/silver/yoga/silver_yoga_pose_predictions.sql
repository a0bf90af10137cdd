{#
    The folder of a picture names its pose: it is the second part of the address from the end. The names of the
    classes are those of lakeweave/models/yoga_pose.json, in its order; BigQuery does not read them from the file.
#}
{{ lakeweave.inference(
    function='predict_image',
    model='yoga_pose',
    input='uri',
    content_hash='md5_hash',
    object_table='bronze_yoga_images',
    options={'height': 64, 'width': 64, 'labels': ['Downdog', 'Goddess', 'Plank', 'Tree', 'Warrior2', 'none']}
) }}

with

objects as (

    select * from {{ ref('bronze_yoga_images') }}

),

pictures as (

    select
        ---------- ids
        uri,
        md5_hash,

        ---------- text
        {{ dbt.split_part(lakeweave.regexp_extract('uri', '[^/]+/[^/]+$'), "'/'", 1) }} as folder_pose,
        content_type,

        ---------- numbers
        size

    from objects

)

select * from pictures
