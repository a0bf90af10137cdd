{% macro _spark_view(source_name, table_name) -%}
    {{ return('lakeweave__' ~ source_name ~ '__' ~ table_name) }}
{%- endmacro %}

{# On Spark the landing zone is a folder; on Databricks it is the buckets. `marker` is the part of a path before the file's name. #}
{% macro _spark_places(spec, declared) -%}
    {%- set folder = adapter.dispatch('_folder_of_files', 'lakeweave')(spec, declared) -%}
    {%- set marker = modules.re.sub('^(?:[.]?/)+', '', folder) -%}
    {{ return({
        'folder': folder,
        'marker': marker ~ '/',
        'view': lakeweave._spark_view(spec.schema, spec.table),
    }) }}
{%- endmacro %}

{# A path of Hadoop is a pattern: what a name has of its signs is escaped. #}
{% macro _spark_path(path) -%}
    {{ return(modules.re.sub('([][{}*?\\\\])', '\\\\\\1', path)) }}
{%- endmacro %}

{# The file as it is now; the view of the inbox keeps the list that it was made with. #}
{% macro _spark_binary(file) -%}
    {{ return('binaryFile.`' ~ (lakeweave._spark_path(file.path) | replace('`', '``')) ~ '`') }}
{%- endmacro %}

{# fnmatch as a regular expression for the whole name. #}
{% macro _spark_glob(pattern) -%}
    {%- set escaped = modules.re.escape(pattern) -%}
    {{ return(
        escaped | replace('\\*', '.*') | replace('\\?', '.') | replace('\\[', '[') | replace('\\]', ']') | replace('\\-', '-')
        | replace('[!', '[^')
    ) }}
{%- endmacro %}

{% macro _spark_matches(name, pattern) -%}
    {%- set expression = lakeweave._spark_glob(pattern) ~ '\\Z' -%}
    {{ return(modules.re.match(expression, name) is not none or modules.re.match(expression, name.split('/')[-1]) is not none) }}
{%- endmacro %}

{# The files that the ledger does not know by path, length and time, in natural order, each with the hash of its content. #}
{% macro _spark_fresh_files(spec) -%}
    {%- set name = "substring(inbox.path, locate(" ~ lakeweave.text_literal(spec.marker) ~ ", inbox.path) + " ~ (spec.marker | length) ~ ")" -%}
    {%- set rows = lakeweave.fetch_rows(
        "select listed.path, listed.file_name, listed.bytes, listed.stat_key, listed.delivered_at"
        ~ " from (select inbox.path, " ~ name ~ " as file_name, inbox.length as bytes,"
        ~ " concat(inbox.length, ':', unix_micros(inbox.modificationTime)) as stat_key,"
        ~ " date_format(inbox.modificationTime, 'yyyy-MM-dd HH:mm:ss.SSSSSS') as delivered_at"
        ~ " from " ~ spec.listed ~ " as inbox) as listed"
        ~ (" where true" if spec.reload else
            " left anti join (select path, stat_key from " ~ lakeweave.ledger_relation('files')
            ~ " where source = '" ~ spec.source ~ "' and state <> 'released') as known"
            ~ " on listed.path = known.path and listed.stat_key = known.stat_key")
        ~ " order by " ~ lakeweave.natural_order('listed.file_name') ~ ", listed.file_name", []
    ) -%}
    {%- set files = [] -%}
    {%- for row in rows -%}
        {%- set matching = [] -%}
        {%- for pattern in spec.patterns if lakeweave._spark_matches(row[1], pattern) -%}
            {%- do matching.append(pattern) -%}
        {%- endfor -%}
        {%- if matching -%}
            {%- set file = {
                'path': row[0], 'file_name': row[1], 'bytes': row[2] | int, 'stat_key': row[3], 'delivered_at': row[4] | string,
                'file_id': none, 'format': none, 'delimiter': none, 'encoding': none, 'records': none, 'reason': none, 'message': none,
            } -%}
            {%- if file.bytes == 0 -%}
                {%- do file.update({
                    'reason': 'empty_file', 'message': 'The file holds no text at all.', 'records': 0,
                    'file_id': lakeweave._spark_hash_of_nothing(),
                }) -%}
            {%- elif file.bytes > 2147483647 -%}
                {%- do file.update({'reason': 'unreadable', 'message': 'The file has ' ~ file.bytes ~ ' bytes; this engine reads up to 2147483647.'}) -%}
            {%- endif -%}
            {%- do files.append(file) -%}
        {%- endif -%}
    {%- endfor -%}
    {# Some files to a query: one each would pay for a job each, all at once would make an endless query. #}
    {%- for few in files | selectattr('reason', 'none') | list | batch(40) -%}
        {%- set parts = [] -%}
        {%- for file in few -%}
            {%- do parts.append("select path, sha2(content, 256) as file_id from " ~ lakeweave._spark_binary(file)) -%}
        {%- endfor -%}
        {%- set hashes = {} -%}
        {%- for row in lakeweave.fetch_rows(parts | join(' union all '), []) -%}
            {%- do hashes.update({row[0]: row[1]}) -%}
        {%- endfor -%}
        {%- for file in few -%}
            {%- do file.update({'file_id': hashes.get(file.path)}) -%}
        {%- endfor -%}
    {%- endfor -%}
    {{ return(files) }}
{%- endmacro %}

{# https://csrc.nist.gov/pubs/fips/180-4/upd1/final #}
{% macro _spark_hash_of_nothing() -%}
    {{ return('e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855') }}
{%- endmacro %}

{# How many files of one layout are read together. #}
{% macro _spark_files_at_once() -%}
    {{ return(adapter.dispatch('_spark_files_at_once', 'lakeweave')()) }}
{%- endmacro %}

{% macro default___spark_files_at_once() -%}
    {{ return(100) }}
{%- endmacro %}

{#
    The files that are read together next, and the others. Not together: two of the same content, of which the second may be a
    repeat of the first, and names with signs that a pattern of paths cannot carry.
#}
{% macro _spark_next_batch(files) -%}
    {%- set batch, later, contents = [], [], [] -%}
    {%- set size = namespace(bytes=0) -%}
    {%- for file in files -%}
        {%- set is_plain = modules.re.match('[A-Za-z0-9_./:=-]+\\Z', file.path) is not none -%}
        {%- if batch and (
            not is_plain or not batch[0].is_plain or batch | length >= lakeweave._spark_files_at_once() or file.file_id in contents
            or size.bytes + file.bytes > lakeweave.setting('ingestion_batch_bytes')
        ) -%}
            {%- do later.append(file) -%}
        {%- else -%}
            {%- do file.update({'is_plain': is_plain}) -%}
            {%- do batch.append(file) -%}
            {%- do contents.append(file.file_id) -%}
            {%- set size.bytes = size.bytes + file.bytes -%}
        {%- endif -%}
    {%- endfor -%}
    {{ return({'batch': batch, 'later': later}) }}
{%- endmacro %}

{% macro default___folder_of_files(spec, declared) -%}
    {{ return(spec.folder) }}
{%- endmacro %}
