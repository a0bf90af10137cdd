{{ config(materialized='table') }}

with

annotations as (

    select
        uri,
        product_id,
        response
    from {{ ref('silver_product_image_annotations') }}
    where response_state = 'ok'

),

visual_labels as (

    select * from {{ ref('lakeweave', 'visual_labels') }}

),

listed as (

    select *
    from {{ lakeweave.json_rows(
        'annotations', 'response', 'label_annotations', {'label': 'description', 'score_text': 'score', 'topicality_text': 'topicality'}
    ) }}

),

labels as (

    select
        ---------- ids
        listed.uri,
        listed.place,
        listed.product_id,

        ---------- text
        listed.label,
        visual_labels.characteristic,
        visual_labels.value,

        ---------- numbers
        {{ lakeweave.to_float('listed.score_text') }} as score,
        {{ lakeweave.to_float('listed.topicality_text') }} as topicality

    from listed
    left join visual_labels on lower(listed.label) = lower(visual_labels.label)

)

select * from labels
