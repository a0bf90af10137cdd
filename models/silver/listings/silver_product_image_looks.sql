{{ config(materialized='table') }}

with

pictures as (

    select * from {{ ref('silver_product_image_annotations') }}

),

labels as (

    select * from {{ ref('silver_product_image_labels') }}

),

colors as (

    select * from {{ ref('silver_product_image_colors') }}

),

/* Of several labels for a characteristic, the highest score counts. Labels below the threshold are in silver_product_image_labels. */
ranked_labels as (

    select
        *,
        row_number() over (partition by uri, characteristic order by score desc, place asc) as surest
    from labels
    where characteristic is not null and value is not null and {{ lakeweave.is_recognised('score') }}

),

by_characteristic as (

    select
        uri,
        max(case when characteristic = 'category' then value end) as category,
        max(case when characteristic = 'category' then score end) as category_score,
        max(case when characteristic = 'pattern' then value end) as pattern,
        max(case when characteristic = 'background' then value end) as background
    from ranked_labels
    where surest = 1
    group by uri

),

/* In millionths, as whole numbers: a sum of floats would depend on the order in which an engine adds. */
by_color as (

    select
        uri,
        color,
        sum(cast(round(score * 1000000) as {{ dbt.type_bigint() }})) as score
    from colors
    group by uri, color

),

/* Shares of what was seen, as the scores of one picture need not add up to one. */
color_shares as (

    select
        uri,
        color,
        cast(score as {{ lakeweave.type_double() }}) / nullif(sum(score) over (partition by uri), 0) as share,
        row_number() over (partition by uri order by score desc, color asc) as place
    from by_color

),

main_colors as (

    select
        uri,
        color,
        share
    from color_shares
    where place = 1

),

looks as (

    select
        ---------- ids
        pictures.uri,
        pictures.md5_hash,
        pictures.product_id,

        ---------- text
        case
            when pictures.response_state <> 'ok' then 'not annotated'
            when by_characteristic.category is null then 'nothing recognised'
            else 'recognised'
        end as picture_state,
        by_characteristic.category,
        by_characteristic.pattern,
        by_characteristic.background,
        main_colors.color,
        pictures.response_status,

        ---------- numbers
        pictures.picture_number,
        by_characteristic.category_score,
        main_colors.share as color_share

    from pictures
    left join by_characteristic on pictures.uri = by_characteristic.uri
    left join main_colors on pictures.uri = main_colors.uri

)

select * from looks
