{# Counted from digits, so that it is the same SQL on every engine and needs no query while dbt compiles. #}
with

digits as (

    {% for digit in range(10) -%}
    select {{ digit }} as digit
    {%- if not loop.last %}
    union all
    {% endif -%}
    {%- endfor %}

),

numbers as (

    select ones.digit + 10 * tens.digit + 100 * hundreds.digit + 1000 * thousands.digit as number
    from digits as ones
    cross join digits as tens
    cross join digits as hundreds
    cross join digits as thousands

),

days as (

    select
        ---------- dates
        cast({{ dbt.dateadd('day', 'number', "cast('2010-01-01' as date)") }} as date) as calendar_day

    from numbers

)

select * from days
