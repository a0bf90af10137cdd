with

pictures as (

    select
        folder_pose,
        coalesce(pose, 'none') as predicted_pose
    from {{ ref('yoga_pose_library') }}
    where picture_state <> 'not classified'

),

counted as (

    select
        folder_pose,
        predicted_pose,
        count(*) as pictures
    from pictures
    group by folder_pose, predicted_pose

),

totals as (

    select
        *,
        sum(pictures) over (partition by folder_pose) as folder_pictures,
        sum(pictures) over (partition by predicted_pose) as predicted_pictures,
        sum(pictures) over () as all_pictures,
        sum(case when folder_pose = predicted_pose then pictures else 0 end) over (partition by folder_pose) as right_in_folder,
        sum(case when folder_pose = predicted_pose then pictures else 0 end) over () as right_in_all
    from counted

),

evaluation as (

    select
        ---------- ids
        folder_pose,
        predicted_pose,

        ---------- numbers
        pictures,
        cast(folder_pictures as {{ dbt.type_bigint() }}) as folder_pictures,
        cast(predicted_pictures as {{ dbt.type_bigint() }}) as predicted_pictures,
        cast(right_in_folder as {{ lakeweave.type_double() }}) / folder_pictures as recall,
        cast(right_in_all as {{ lakeweave.type_double() }}) / all_pictures as accuracy

    from totals

)

select * from evaluation
