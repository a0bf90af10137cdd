{#
    Silver reconciles with bronze, delivery by delivery: the records of each content that the file ledger has as loaded are
    typed, in silver with an untyped value, without a key that can be typed, superseded, left out by a rule or exact repeats,
    and nothing else. The rows of silver are those that the accounts name, as many from each content.

    All records are compared, with `--empty` and `--sample` too: the ledger knows neither.
#}
{% test every_record_is_accounted(model) %}

with

accounts as (

    select * from {{ lakeweave.ledger_relation('silver_records') }} where relation = '{{ model.schema }}.{{ model.identifier }}'

),

files as (

    select
        file_id,
        max(accepted + repeats) as delivered
    from {{ lakeweave.ledger_relation('files') }}
    where state = 'loaded' and source in (select accounts.source from accounts)
    group by file_id

),

rows_of_silver as (

    select
        _content_hash as file_id,
        count(*) as built_rows
    from {{ model.render() }}
    group by _content_hash

),

compared as (

    select
        coalesce(accounts.file_id, files.file_id, rows_of_silver.file_id) as file_id,
        accounts.file_name,
        files.delivered,
        accounts.typed,
        accounts.with_untyped_values,
        accounts.untyped_keys,
        accounts.missing_keys,
        accounts.superseded,
        accounts.filtered,
        accounts.repeats,
        accounts.unaccounted,
        coalesce(rows_of_silver.built_rows, 0) as built_rows
    from files
    full outer join accounts on files.file_id = accounts.file_id
    full outer join rows_of_silver on coalesce(files.file_id, accounts.file_id) = rows_of_silver.file_id

)

select *
from compared
where file_name is null
    or delivered is null
    or delivered <> typed + with_untyped_values + untyped_keys + missing_keys + superseded + filtered + repeats
    or unaccounted <> 0
    or built_rows <> typed + with_untyped_values

{% endtest %}
