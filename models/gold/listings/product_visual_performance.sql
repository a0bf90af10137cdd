{#
    A listing is judged by one picture: the first that shows something, or else the first. What the description names is
    looked for as whole words. A colour that covers more than `traces` of what is seen is no ground to contradict a description.
#}
{%- set traces = 0.1 -%}
{%- set clearly_there = 0.25 -%}

with

listings as (

    select * from {{ ref('silver_listings') }}

),

looks as (

    select * from {{ ref('silver_product_image_looks') }}

),

colors as (

    select * from {{ ref('silver_product_image_colors') }}

),

category_appearances as (

    select * from {{ ref('lakeweave', 'category_appearances') }}

),

color_names as (

    select * from {{ ref('lakeweave', 'color_names') }}

),

/* ' words in small letters with one blank between them ' */
described as (

    select
        product_id,
        concat(' ', {{ lakeweave.regexp_replace('lower(description)', '[^a-z&]+', ' ') }}, ' ') as words
    from listings
    where description is not null

),

named_categories as (

    select
        described.product_id,
        category_appearances.category,
        category_appearances.appearance,
        row_number() over (
            partition by described.product_id
            order by length(category_appearances.category) desc, category_appearances.category asc
        ) as place
    from described
    inner join category_appearances
        on described.words like concat('% ', lower(category_appearances.category), ' %')

),

named_colors as (

    select
        described.product_id,
        color_names.color,
        row_number() over (
            partition by described.product_id
            order by {{ dbt.position('color_names.color', 'described.words') }}
        ) as place
    from described
    inner join color_names on described.words like concat('% ', color_names.color, ' %')

),

ranked_pictures as (

    select
        *,
        row_number() over (
            partition by product_id
            order by case picture_state when 'recognised' then 0 when 'nothing recognised' then 1 else 2 end, picture_number, uri
        ) as place
    from looks
    where product_id is not null

),

/* In millionths, as whole numbers: a sum of floats would depend on the order in which an engine adds. */
color_shares as (

    select
        uri,
        color,
        sum(cast(round(score * 1000000) as {{ dbt.type_bigint() }})) as score
    from colors
    group by uri, color

),

picture_scores as (

    select
        uri,
        sum(score) as score
    from color_shares
    group by uri

),

judged as (

    select
        listings.product_id,
        listings.title,
        listings.category,
        listings.color,
        listings.description,
        listings.price,
        listings.units_sold,
        pictures.uri,
        coalesce(pictures.picture_state, 'no picture') as picture_state,
        pictures.category as shown_category,
        pictures.pattern as shown_pattern,
        pictures.background as shown_background,
        case when pictures.picture_state = 'recognised' then pictures.color end as shown_color,
        named_categories.category as described_category,
        named_categories.appearance as described_appearance,
        named_colors.color as described_color,
        coalesce(color_shares.score / nullif(picture_scores.score, 0), 0) as described_color_share
    from listings
    left join ranked_pictures as pictures on listings.product_id = pictures.product_id and pictures.place = 1
    left join named_categories on listings.product_id = named_categories.product_id and named_categories.place = 1
    left join named_colors on listings.product_id = named_colors.product_id and named_colors.place = 1
    left join picture_scores on pictures.uri = picture_scores.uri
    left join color_shares on pictures.uri = color_shares.uri and named_colors.color = color_shares.color

),

compared as (

    select
        *,
        case
            when described_category is null then 'not named'
            when picture_state <> 'recognised' then 'not seen'
            when shown_category = described_appearance then 'agrees'
            else 'disagrees'
        end as category_agreement,
        case
            when described_color is null then 'not named'
            when shown_color is null then 'not seen'
            when described_color = shown_color or described_color_share >= {{ clearly_there }} then 'agrees'
            when described_color_share >= {{ traces }} then 'unclear'
            else 'disagrees'
        end as color_agreement
    from judged

),

performance as (

    select
        ---------- ids
        product_id,
        uri,

        ---------- text
        title,
        category,
        color,
        description,
        picture_state,
        shown_category,
        shown_pattern,
        shown_background,
        shown_color,
        described_category,
        described_color,
        category_agreement,
        color_agreement,
        case
            when category_agreement = 'disagrees' and color_agreement = 'disagrees'
                then concat(
                        'the description says ', described_category, ' in ', described_color,
                        ', the picture shows ', shown_category, ' in ', shown_color
                    )
            when category_agreement = 'disagrees'
                then concat('the description says ', described_category, ', the picture shows ', shown_category)
            when color_agreement = 'disagrees'
                then concat('the description says ', described_color, ', the picture shows ', shown_color)
        end as disagreement,

        ---------- numbers
        price,
        units_sold

    from compared

)

select * from performance
