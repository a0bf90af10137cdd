{# Which records changed since a silver model was built, and which keys have no record any more. #}

{#
    As values, asked once: Spark plans a subquery again wherever it is used, and where nothing is
    new it sees that nothing is to be done. Up to a thousand of them, which is more than a build finds but after a long pause.
#}
{% macro spark___changed_contents(source) -%}
    {%- set found = lakeweave._spark_changed_contents(source) -%}
    {%- if found.contents | length > 1000 -%}
        {{ return(lakeweave.default___changed_contents(source)) }}
    {%- endif -%}
    {{ return(found.contents | join(', ') if found.contents else 'cast(null as string)') }}
{%- endmacro %}

{#
    The contents as literals, and whether one of the files has been replaced. One query per run of the model, for its body, its hook
    and its MERGE.
#}
{% macro _spark_changed_contents(source) -%}
    {%- set memory = lakeweave.run_memory('changed_contents') -%}
    {%- if source not in memory -%}
        {%- set found = {'contents': [], 'replaced': false} -%}
        {%- for row in lakeweave.fetch_rows(
            "select versions.file_id, max(versions.version) as version " ~ lakeweave._changed_files(source, lakeweave.default___built_until())
            ~ " and versions.file_id is not null group by versions.file_id order by version desc, versions.file_id limit 1001", []
        ) -%}
            {%- do found.contents.append("'" ~ row[0] ~ "'") -%}
            {%- if row[1] | int > 1 -%}
                {%- do found.update({'replaced': true}) -%}
            {%- endif -%}
        {%- endfor -%}
        {%- do memory.update({source: found}) -%}
    {%- endif -%}
    {{ return(memory[source]) }}
{%- endmacro %}

{# As a value: Delta does not read a table in a subquery so deep within a statement that changes it.
   https://docs.delta.io/latest/delta-update.html#upsert-into-a-table-using-merge #}
{% macro spark___built_until() -%}
    {%- set rows = lakeweave.fetch_rows("select cast(max(silver_loaded_at) as string) as built_until from " ~ this, [[none]]) -%}
    cast('{{ rows[0][0] or '1970-01-01' }}' as timestamp)
{%- endmacro %}

{# All contents of a file that was never replaced count, so each of their keys has a record. #}
{% macro spark___may_vanish(source, keep_if) -%}
    {%- set found = lakeweave._spark_changed_contents(source) -%}
    {{ return(found.contents and (found.replaced or keep_if is not none)) }}
{%- endmacro %}

{# Delta deletes by no subquery, but merges by one: https://docs.delta.io/latest/delta-update.html#delete-from-a-table #}
{% macro spark___delete_vanished_keys(key, changed_keys, newest_records, typed_key) -%}
    merge into {{ this }} as built
    using (
        select distinct changed.vanished_key
        from ({{ changed_keys }}) as changed (vanished_key)
        left anti join (
            select {{ typed_key }} as remaining_key from (
                {{ newest_records }}
            ) as newest
        ) as remaining on changed.vanished_key = remaining.remaining_key
    ) as vanished
    on built.{{ key }} = vanished.vanished_key
    when matched then delete
{%- endmacro %}
