{#
    Every delivered value of a typed column is typed, and every key. Reads `ledger.untyped_values`, not the tables. Warns of any
    untyped value; fails where one column has more than `max_share` of its records untyped and more than `at_least` of them.
    A single bad value then stops nothing, and a format that changed stops what is built on the model. Fails as well where the
    ledger has no account of a model that has rows.

    On a model it tests every column; on a column that column. The column's name is that in bronze.

    All records are compared, with `--empty` and `--sample` too: the ledger knows neither.
#}
{% test every_value_is_typed(model, column_name=none, max_share=0.1, at_least=100) %}
{{ config(
    fail_calc='coalesce(sum(untyped), 0)',
    warn_if='> 0',
    error_if='> 0 and max(case when untyped > ' ~ at_least ~ ' and share > ' ~ max_share ~ ' or share > 1 then 1 else 0 end) = 1'
) }}

with

untyped_values as (

    select * from {{ lakeweave.ledger_relation('untyped_values') }}

),

silver_records as (

    select * from {{ lakeweave.ledger_relation('silver_records') }}

),

untyped as (

    select
        column_name,
        reason,
        untyped,
        cast(untyped as {{ lakeweave.type_double() }}) / case when untyped > records then untyped else records end as share,
        example_1,
        example_2,
        example_3,
        first_file
    from untyped_values
    where relation = '{{ model.schema }}.{{ model.identifier }}'
        {%- if column_name %}
        and column_name = '{{ column_name }}'
        {%- endif %}

),

accounts as (

    select count(*) as accounts
    from silver_records
    where relation = '{{ model.schema }}.{{ model.identifier }}'

),

built as (

    select count(*) as built_rows from {{ model.render() }}

),

/* A share that no column can have, so that it fails whatever the thresholds are. */
without_account as (

    select
        cast(null as {{ dbt.type_string() }}) as column_name,
        'no_account' as reason,
        built.built_rows as untyped,
        cast(2 as {{ lakeweave.type_double() }}) as share,
        cast(null as {{ dbt.type_string() }}) as example_1,
        cast(null as {{ dbt.type_string() }}) as example_2,
        cast(null as {{ dbt.type_string() }}) as example_3,
        cast(null as {{ dbt.type_string() }}) as first_file
    from built
    cross join accounts
    where built.built_rows > 0 and accounts.accounts = 0

)

select * from untyped
union all
select * from without_account

{% endtest %}
