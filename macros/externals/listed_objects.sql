{#
    The objects of a source, as a relation with the columns of an object table. A content is only read for its hash, and
    only when the relation of this model does not know the hash already: for the same address, generation and size.
#}
{% macro listed_objects(source_name, table_name) -%}
    {{ return(adapter.dispatch('listed_objects', 'lakeweave')(source_name, table_name)) }}
{%- endmacro %}

{% macro default__listed_objects(source_name, table_name) -%}
    {%- do lakeweave.raise_unsupported('listed_objects', ['duckdb', 'spark', 'databricks', 'bigquery']) -%}
{%- endmacro %}

{# The functions of lakeweave/objects.py, registered by the profile's plugin. #}
{% macro duckdb__listed_objects(source_name, table_name) -%}
    {%- if not execute or not graph.get('sources') -%}
        {{ return(lakeweave._no_objects()) }}
    {%- endif -%}
    {%- set place = lakeweave._place_of_objects(source_name, table_name) -%}
    {%- set known = adapter.get_relation(this.database, this.schema, this.identifier) -%}
    (
        with

        lakeweave_listed as materialized (
            select unnest(lakeweave_list_objects({{ lakeweave.text_literal(tojson(place, sort_keys=true)) }}), recursive := true)
        ),

        lakeweave_hashed as materialized (
            select
                lakeweave_listed.*,
                {% if known -%}
                case
                    when known.md5_hash is not null then known.md5_hash
                    else lakeweave_object_hash(lakeweave_listed.path)
                end as md5_hash
                {%- else -%}
                lakeweave_object_hash(lakeweave_listed.path) as md5_hash
                {%- endif %}
            from lakeweave_listed
            {%- if known %}
            left join {{ known }} as known
                on lakeweave_listed.uri = known.uri and lakeweave_listed.generation = known.generation and lakeweave_listed.size = known.size
            {%- endif %}
        )

        select uri, generation, content_type, size, md5_hash, updated, cast([] as struct(name varchar, value varchar)[]) as metadata
        from lakeweave_hashed
    )
{%- endmacro %}

{#
    A file source that gives path, time and length without reading, and the content where it is asked for. Files that are
    older than the oldest unknown one are left out before they are opened.
    https://spark.apache.org/docs/latest/sql-data-sources-binaryFile.html
#}
{% macro spark__listed_objects(source_name, table_name) -%}
    {%- if not execute or not graph.get('sources') -%}
        {{ return(lakeweave._no_objects()) }}
    {%- endif -%}
    {%- set place = lakeweave._place_of_objects(source_name, table_name) -%}
    {%- set files = 'lakeweave_objects_' ~ source_name ~ '_' ~ table_name -%}
    {%- do run_query(
        "create or replace temporary view " ~ files ~ " using binaryFile options (path " ~ lakeweave.text_literal(place.folder)
        ~ ", recursiveFileLookup 'true')"
    ) -%}
    {%- set listed -%}
        select
            path,
            concat({{ lakeweave.text_literal(place.uri ~ '/') }}, substring_index(path, {{ lakeweave.text_literal(place.folder ~ '/') }}, -1)) as uri,
            unix_micros(modificationTime) as generation,
            length as size,
            modificationTime as updated
        from {{ lakeweave._spark_listed(files, place.folder) }} as found
    {%- endset -%}
    {%- set known = load_relation(this) -%}
    {%- set since = none -%}
    {%- if known -%}
        {%- set found = lakeweave.ask(
            "select cast(min(listed.updated) as string) as since from (" ~ listed ~ ") as listed left anti join " ~ known
            ~ " as known on listed.uri = known.uri and listed.generation = known.generation and listed.size = known.size"
        ) -%}
        {%- set since = (found[0][0] if found else none) or 'nothing' -%}
    {%- endif -%}
    (
        select
            listed.uri,
            listed.generation,
            case lower(substring_index(listed.uri, '.', -1))
                when 'jpg' then 'image/jpeg'
                when 'jpeg' then 'image/jpeg'
                when 'png' then 'image/png'
                when 'gif' then 'image/gif'
                when 'bmp' then 'image/bmp'
                else 'application/octet-stream'
            end as content_type,
            listed.size,
            case
                when listed.size = 0 then base64(unhex(md5('')))
                else {% if known %}coalesce(known.md5_hash, hashed.md5_hash){% else %}hashed.md5_hash{% endif %}
            end as md5_hash,
            listed.updated,
            cast(array() as array<struct<name: string, value: string>>) as metadata
        from ({{ listed }}) as listed
        left join (
            select path, base64(unhex(md5(content))) as md5_hash
            from {{ files }}
            {%- if since == 'nothing' %}
            where false
            {%- elif since %}
            where modificationTime >= cast('{{ since }}' as timestamp)
            {%- endif %}
        ) as hashed on listed.path = hashed.path
        {%- if known %}
        left join {{ known }} as known
            on listed.uri = known.uri and listed.generation = known.generation and listed.size = known.size
        {%- endif %}
    )
{%- endmacro %}

{# The same file source, by its table function: https://docs.databricks.com/en/sql/language-manual/functions/read_files.html #}
{% macro databricks__listed_objects(source_name, table_name) -%}
    {%- if not execute or not graph.get('sources') -%}
        {{ return(lakeweave._no_objects()) }}
    {%- endif -%}
    {%- set place = lakeweave._place_of_objects(source_name, table_name) -%}
    (
        select
            path as uri,
            unix_micros(modificationTime) as generation,
            case lower(substring_index(path, '.', -1))
                when 'jpg' then 'image/jpeg'
                when 'jpeg' then 'image/jpeg'
                when 'png' then 'image/png'
                when 'gif' then 'image/gif'
                when 'bmp' then 'image/bmp'
                else 'application/octet-stream'
            end as content_type,
            length as size,
            base64(unhex(md5(content))) as md5_hash,
            modificationTime as updated,
            cast(array() as array<struct<name: string, value: string>>) as metadata
        from read_files({{ lakeweave.text_literal(place.uri) }}, format => 'binaryFile')
    )
{%- endmacro %}

{# The model is the object table, so its rows are its own: https://cloud.google.com/bigquery/docs/object-table-introduction #}
{% macro bigquery__listed_objects(source_name, table_name) -%}
    {{ return(this | string) }}
{%- endmacro %}


{# No rows, in the columns of an object table: what stands here while nothing is executed. #}
{% macro _no_objects() -%}
    (
        select
            cast(null as {{ dbt.type_string() }}) as uri,
            cast(null as {{ dbt.type_bigint() }}) as generation,
            cast(null as {{ dbt.type_string() }}) as content_type,
            cast(null as {{ dbt.type_bigint() }}) as size,
            cast(null as {{ dbt.type_string() }}) as md5_hash,
            cast(null as {{ dbt.type_timestamp() }}) as updated,
            cast(null as {{ dbt.type_string() }}) as metadata
        where false
    )
{%- endmacro %}


{# Where the objects of a source are, on this machine and by their address. #}
{% macro _place_of_objects(source_name, table_name) -%}
    {%- set declared = lakeweave._source_node(source_name, table_name) -%}
    {%- set meta = {} -%}
    {%- do meta.update(declared.source_meta or {}) -%}
    {%- do meta.update((declared.config or {}).get('meta') or {}) -%}
    {%- set folder = meta.get('folder') or (source_name ~ '/' ~ table_name) -%}
    {{ return({'folder': lakeweave.setting('landing_path') ~ '/' ~ folder, 'uri': lakeweave._landing_uri(declared)}) }}
{%- endmacro %}


{# For the local models: the folder behind each beginning of an address. #}
{% macro _local_places() -%}
    {%- set landing = lakeweave.setting('landing_path') -%}
    {{ return({
        lakeweave.setting('landing_gcs') ~ '/': landing ~ '/gcp/',
        lakeweave.setting('landing_s3') ~ '/': landing ~ '/aws/',
    }) }}
{%- endmacro %}
