with

predictions as (

    select * from {{ ref('silver_yoga_pose_predictions') }}

),

scores as (

    select * from {{ ref('silver_yoga_pose_scores') }}
    where place = 1

),

yoga_health as (

    select * from {{ ref('lakeweave', 'yoga_health') }}

),

best as (

    select
        predictions.uri,
        predictions.folder_pose,
        predictions.response_status,
        case
            when predictions.response_state <> 'ok' then 'not classified'
            when scores.label <> 'none' and {{ lakeweave.is_recognised('scores.score') }} then 'pose'
            else 'no pose'
        end as picture_state,
        scores.label,
        scores.score
    from predictions
    left join scores on predictions.uri = scores.uri

),

poses as (

    select
        *,
        case when picture_state = 'pose' then label end as pose
    from best

),

library as (

    select
        ---------- ids
        poses.uri,

        ---------- text
        poses.pose,
        poses.folder_pose,
        poses.picture_state,
        poses.response_status,
        yoga_health.focus,
        yoga_health.health_benefit,
        yoga_health.breath,

        ---------- numbers
        poses.score,

        ---------- booleans
        coalesce(poses.pose = poses.folder_pose, false) as is_in_its_folder

    from poses
    left join yoga_health on poses.pose = yoga_health.pose

)

select * from library
