{#
    A table whose metadata cache BigQuery refreshes by itself (`metadata_cache_mode: AUTOMATIC`) lists what the bucket lists.

    `listing` is an object table over the same place without a metadata cache, which lists the bucket in each query. `address` is the
    column with the address of an object: `uri` of an object table, where generations are compared as well, or `_FILE_NAME` of a table of
    records, where an object without a record counts as not listed.
    https://cloud.google.com/bigquery/docs/metadata-caching
#}
{% test lists_the_bucket(model, listing, address='uri') %}
{%- set has_generation = address == 'uri' -%}
{%- set different -%}
select
    coalesce(cached.uri, listed.uri) as uri,
    case
        when listed.uri is null then 'listed, and not in the bucket'
        when cached.uri is null then 'in the bucket, and not listed'
        else 'listed with an old generation'
    end as difference
from (select distinct {{ address }} as uri{{ ', generation' if has_generation }} from {{ model }}) as cached
full outer join {{ listing }} as listed on cached.uri = listed.uri
where cached.uri is null or listed.uri is null{{ ' or cached.generation <> listed.generation' if has_generation }}
{%- endset -%}
{%- do lakeweave.explain_failure(
    "select difference, count(*) from (" ~ different ~ ") as different group by difference order by 2 desc, 1 limit 3",
    "the metadata cache of " ~ model ~ " is not what the bucket lists (difference, objects)",
    "Shorten `max_staleness`, or set `metadata_cache_mode: MANUAL`: then each build refreshes the cache and waits for it.",
    none,
    model
) -%}
{{ different }}
{% endtest %}
