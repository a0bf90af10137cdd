with

evaluation as (

    select * from {{ ref('yoga_model_evaluation') }}

),

matrix as (

    select
        folder_pose,
        predicted_pose,
        pictures,
        round(100 * recall, 1) as recall_pct,
        round(100 * accuracy, 1) as accuracy_pct
    from evaluation

)

select * from matrix
order by folder_pose asc, predicted_pose asc
