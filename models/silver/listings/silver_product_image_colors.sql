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

color_names as (

    select * from {{ ref('lakeweave', 'color_names') }}

),

listed as (

    select *
    from {{ lakeweave.json_rows(
        'annotations',
        'response',
        'image_properties_annotation.dominant_colors.colors',
        {
            'red_text': 'color.red',
            'green_text': 'color.green',
            'blue_text': 'color.blue',
            'score_text': 'score',
            'pixel_fraction_text': 'pixel_fraction',
        }
    ) }}

),

/* The Vision API leaves a part of a colour out where it is nothing. */
seen as (

    select
        uri,
        place,
        product_id,
        coalesce({{ lakeweave.to_float('red_text') }}, 0) as red,
        coalesce({{ lakeweave.to_float('green_text') }}, 0) as green,
        coalesce({{ lakeweave.to_float('blue_text') }}, 0) as blue,
        {{ lakeweave.to_float('score_text') }} as score,
        {{ lakeweave.to_float('pixel_fraction_text') }} as pixel_fraction
    from listed

),

/* Colours are compared in CIE L*a*b*, in which distances are differences that people see. */
linear as (

    select
        *,
        case
            when red <= 10.31 then red / 3294.6
            else power((red / 255.0 + 0.055) / 1.055, 2.4)
        end as linear_red,
        case
            when green <= 10.31 then green / 3294.6
            else power((green / 255.0 + 0.055) / 1.055, 2.4)
        end as linear_green,
        case
            when blue <= 10.31 then blue / 3294.6
            else power((blue / 255.0 + 0.055) / 1.055, 2.4)
        end as linear_blue
    from seen

),

relative_to_white as (

    select
        *,
        (0.4124 * linear_red + 0.3576 * linear_green + 0.1805 * linear_blue) / 0.95047 as x,
        0.2126 * linear_red + 0.7152 * linear_green + 0.0722 * linear_blue as y,
        (0.0193 * linear_red + 0.1192 * linear_green + 0.9505 * linear_blue) / 1.08883 as z
    from linear

),

cube_roots as (

    select
        *,
        case when x > 0.008856 then power(x, 1.0 / 3) else 7.787 * x + 16.0 / 116 end as root_x,
        case when y > 0.008856 then power(y, 1.0 / 3) else 7.787 * y + 16.0 / 116 end as root_y,
        case when z > 0.008856 then power(z, 1.0 / 3) else 7.787 * z + 16.0 / 116 end as root_z
    from relative_to_white

),

compared as (

    select
        cube_roots.*,
        color_names.color,
        power(116 * cube_roots.root_y - 16 - color_names.lightness, 2)
        + power(500 * (cube_roots.root_x - cube_roots.root_y) - color_names.a, 2)
        + power(200 * (cube_roots.root_y - cube_roots.root_z) - color_names.b, 2) as difference
    from cube_roots
    cross join color_names

),

ranked as (

    select
        *,
        row_number() over (partition by uri, place order by difference, color) as nearness
    from compared

),

colors as (

    select
        ---------- ids
        uri,
        place,
        product_id,

        ---------- text
        color,

        ---------- numbers
        red,
        green,
        blue,
        score,
        pixel_fraction

    from ranked
    where nearness = 1

)

select * from colors
