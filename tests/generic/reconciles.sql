{#
    The bronze table and the ledger tell the same story, file by file: for each loaded file the table holds its accepted
    records and its repeats, the ledger holds its rejected records, the three add up to what was counted in the file, and
    the table holds no record of a file that the ledger does not have as loaded.

    The bytes of a file add up as well: content = header + records + rejected + skipped, and each skipped and rejected byte is
    in a row of the ledger with its reason. The independent count of records (`counted_records`: objects of JSON, rows of a sheet's XML,
    Parquet's footer, lines) is the number of records. A file without a byte account (`content_bytes` is NULL) is compared by records only.

    All records are compared, with `--empty` and `--sample` too: the ledger knows neither.
#}
{% test reconciles(model) %}
{%- set asked = lakeweave._source_of_bronze(model) -%}

with

accounts as (

    select * from {{ lakeweave.ledger_relation('files') }} where source = '{{ asked }}' and state = 'loaded'

),

records as (

    select
        _content_hash,
        count(*) as records,
        sum(case when is_duplicate_in_file then 1 else 0 end) as repeats
    from {{ model.render() }}
    group by _content_hash

),

rejected as (

    select
        file_id,
        count(*) as records,
        sum(bytes) as bytes
    from {{ lakeweave.ledger_relation('rejected_records') }}
    where source = '{{ asked }}'
    group by file_id

),

skipped as (

    select
        file_id,
        sum(bytes) as bytes
    from {{ lakeweave.ledger_relation('skipped_spans') }}
    where source = '{{ asked }}'
    group by file_id

),

compared as (

    select
        coalesce(accounts.file_id, records._content_hash) as file_id,
        accounts.file_name,
        accounts.records as counted,
        accounts.accepted,
        accounts.rejected,
        accounts.repeats,
        coalesce(records.records, 0) as in_table,
        coalesce(records.repeats, 0) as repeats_in_table,
        coalesce(rejected.records, 0) as rejected_in_ledger,
        accounts.counted_records,
        accounts.content_bytes,
        accounts.header_bytes,
        accounts.record_bytes,
        accounts.rejected_bytes,
        accounts.skipped_bytes,
        coalesce(rejected.bytes, 0) as rejected_bytes_in_ledger,
        coalesce(skipped.bytes, 0) as skipped_bytes_in_ledger
    from accounts
    full outer join records on accounts.file_id = records._content_hash
    left join rejected on accounts.file_id = rejected.file_id
    left join skipped on accounts.file_id = skipped.file_id

)

select *
from compared
where counted is null
    or counted <> accepted + rejected + repeats
    or in_table <> accepted + repeats
    or repeats_in_table <> repeats
    or rejected_in_ledger <> rejected
    or counted_records <> counted
    or (
        content_bytes is not null
        and (
            header_bytes is null
            or record_bytes is null
            or rejected_bytes is null
            or skipped_bytes is null
            or content_bytes <> header_bytes + record_bytes + rejected_bytes + skipped_bytes
            or rejected_bytes_in_ledger <> rejected_bytes
            or skipped_bytes_in_ledger <> skipped_bytes
        )
    )

{% endtest %}
