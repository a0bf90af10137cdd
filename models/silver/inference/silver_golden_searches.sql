{{ lakeweave.inference(function='generate_embedding', model='text_embedding', input='search_text') }}

with

golden as (

    select * from {{ ref('golden_searches') }}

),

searches as (

    select
        search_id,
        question_kind,
        search_text,
        category as expected_category
    from golden

)

select * from searches
