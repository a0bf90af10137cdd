{{ config(materialized='table') }}

with

predictions as (

    select
        uri,
        folder_pose,
        response
    from {{ ref('silver_yoga_pose_predictions') }}
    where response_state = 'ok'

),

listed as (

    select * from {{ lakeweave.json_rows('predictions', 'response', 'predictions', {'label': 'label', 'score_text': 'score'}) }}

),

scores as (

    select
        ---------- ids
        uri,
        place,

        ---------- text
        folder_pose,
        label,

        ---------- numbers
        {{ lakeweave.to_float('score_text') }} as score

    from listed

)

select * from scores
