{#
    Precision at 5: the share of right answers among the first five, where there are five right ones, and among as many as
    there are otherwise. A neighbour is right if it has the category (and brand) that was asked for.
#}

with

catalog as (

    select * from {{ ref('product_catalog') }}

),

pairs as (

    select * from {{ ref('similar_products') }}

),

floors as (

    select * from {{ ref('search_quality_floors') }}

),

in_category as (

    select
        category,
        count(*) as products
    from catalog
    where category is not null
    group by category

),

of_brand as (

    select
        category,
        brand,
        count(*) as products
    from catalog
    where category is not null and brand is not null
    group by category, brand

),

searched as (

    select
        found.query.search_id,
        found.query.question_kind,
        found.query.expected_category,
        found.base.category,
        found.base.embedding_model,
        found.distance
    from {{ lakeweave.vector_search(
        base=ref('product_catalog'),
        column='embedding',
        query="(select * from " ~ ref('silver_golden_searches') ~ " where response_state = 'ok')",
        top_k=5,
        distance_type='COSINE'
    ) }} as found

),

by_search as (

    select
        'same category' as question_kind,
        pairs.embedding_model,
        pairs.product_id as question_id,
        min(case when in_category.products > 5 then 5 else in_category.products - 1 end) as right_answers,
        sum(case when pairs.similar_category = pairs.category then 1 else 0 end) as hits
    from pairs
    inner join in_category on pairs.category = in_category.category
    where in_category.products > 1
    group by pairs.embedding_model, pairs.product_id

    union all

    select
        'same category and brand' as question_kind,
        pairs.embedding_model,
        pairs.product_id as question_id,
        min(case when of_brand.products > 5 then 5 else of_brand.products - 1 end) as right_answers,
        sum(case when pairs.similar_category = pairs.category and pairs.similar_brand = pairs.brand then 1 else 0 end) as hits
    from pairs
    inner join of_brand on pairs.category = of_brand.category and pairs.brand = of_brand.brand
    where of_brand.products > 1
    group by pairs.embedding_model, pairs.product_id

    union all

    select
        searched.question_kind,
        searched.embedding_model,
        searched.search_id as question_id,
        min(case when in_category.products > 5 then 5 else in_category.products end) as right_answers,
        sum(case when searched.category = searched.expected_category then 1 else 0 end) as hits
    from searched
    inner join in_category on searched.expected_category = in_category.category
    group by searched.question_kind, searched.embedding_model, searched.search_id

),

measured as (

    select
        question_kind,
        embedding_model,
        count(*) as questions,
        /* Rounded, because a sum of floats depends on the order in which an engine adds. */
        round(avg(
            cast(case when hits > right_answers then right_answers else hits end as {{ lakeweave.type_double() }}) / right_answers
        ), 6) as precision_at_5
    from by_search
    group by question_kind, embedding_model

),

judged as (

    select
        measured.question_kind,
        measured.embedding_model,
        measured.questions,
        measured.precision_at_5,
        max(coalesce(named.at_least, anyone.at_least)) as at_least
    from measured
    left join floors as named
        on measured.question_kind = named.question_kind and measured.embedding_model = named.embedding_model
    left join floors as anyone
        on measured.question_kind = anyone.question_kind and anyone.embedding_model = 'any other'
    group by measured.question_kind, measured.embedding_model, measured.questions, measured.precision_at_5

)

select * from judged
