{{ lakeweave.classify(
    model='gemini',
    input='listing_text',
    column='kind',
    categories={
        'top': 'Worn on the upper body: shirts, sweaters, hoodies.',
        'bottom': 'Worn on the legs: trousers, jeans, shorts, skirts, leggings.',
        'whole body': 'Dresses, suits and sets.',
        'outerwear': 'Coats, jackets and vests worn over other clothes.',
        'underwear': 'Underwear, socks and sleepwear.',
        'swimwear': none,
        'accessory': 'Belts, hats, gloves, scarves, glasses.',
    },
    examples=[
        ("Men's Crew Neck Tee. From our Tops & Tees range.", 'top'),
        ("Women's Cable Knit Sweater, cardigan or turtleneck. From our Sweaters range.", 'top'),
        ("Men's Pullover Hoodie, zip hoodie, crew sweatshirt. From our Fashion Hoodies & Sweatshirts range.", 'top'),
        ("Women's Plus Size Tunic, polo shirt, henley.", 'top'),
        ("Women's Bootcut Jean, straight leg or skinny jean. From our Jeans range.", 'bottom'),
        ("Men's Chino Pant, cargo pant, inseam pant, capri. From our Pants range.", 'bottom'),
        ("Men's Chino Short, board short, denim short. From our Shorts range.", 'bottom'),
        ("Women's Pleated Skirt, a-line skirt. From our Skirts range.", 'bottom'),
        ("Women's Cropped Legging, high rise legging, running tight. From our Leggings range.", 'bottom'),
        ("Women's Maxi Dress, wrap dress, shirt dress. From our Dresses range.", 'whole body'),
        ("Men's Two-Button Suit, suit separate. From our Suits range.", 'whole body'),
        ("Men's Parka, wool coat, trench coat, down vest. From our Outerwear & Coats range.", 'outerwear'),
        ("Women's Blazer, open front jacket. From our Blazers & Jackets range.", 'outerwear'),
        ("Men's Denim Jacket, rain jacket. From our Blazers & Jackets range.", 'outerwear'),
        ("Women's Hipster Panty, camisole, slip, bralette. From our Intimates range.", 'underwear'),
        ("Men's Brief, 5-Pack, boxer, trunk. From our Underwear range.", 'underwear'),
        ("Men's Crew Sock, boot sock, knee sock. From our Socks & Hosiery range.", 'underwear'),
        ("Women's Pajama Set, nightshirt, robe. From our Sleep & Lounge range.", 'underwear'),
        ("Women's Swim Trunk, swimsuit, rash guard, cover-up. From our Swim range.", 'swimwear'),
        ("Women's Leather Belt or bag. From our Accessories range.", 'accessory'),
        ("Men's Knit Scarf, gloves. From our Accessories range.", 'accessory'),
        ("Men's Beanie, hat, sunglasses. From our Accessories range.", 'accessory'),
    ]
) }}

with

listings as (

    select * from {{ ref('silver_listings') }}

),

described as (

    select
        product_id,
        {{ dbt.concat([lakeweave.one_line('title'), "'. '", lakeweave.one_line('description')]) }} as listing_text
    from listings

)

select * from described
