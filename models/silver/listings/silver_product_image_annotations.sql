{#
    Known by the hash of its content: a picture under two names is asked about once, and new content under an old name is a
    new question. The product is in the name; a name of another form belongs to no product.
#}
{{ lakeweave.inference(
    function='annotate_image',
    model='vision',
    input='uri',
    content_hash='md5_hash',
    object_table='bronze_product_images',
    options={'features': ['LABEL_DETECTION', 'IMAGE_PROPERTIES']}
) }}

with

objects as (

    select * from {{ ref('bronze_product_images') }}

),

named as (

    select
        *,
        {{ lakeweave.regexp_extract('uri', '[0-9]+_[0-9]+[.][A-Za-z]+$') }} as file_name
    from objects

),

pictures as (

    select
        ---------- ids
        uri,
        md5_hash,
        {{ lakeweave.to_integer(dbt.split_part('file_name', "'_'", 1)) }} as product_id,

        ---------- text
        content_type,

        ---------- numbers
        {{ lakeweave.to_integer(dbt.split_part(dbt.split_part('file_name', "'_'", 2), "'.'", 1)) }} as picture_number,
        size

    from named

)

select * from pictures
