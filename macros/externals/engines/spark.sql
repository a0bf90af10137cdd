{#
    On Spark a table over files: https://spark.apache.org/docs/latest/sql-ref-syntax-ddl-create-table-datasource.html
    On Databricks a view over `read_files`: https://docs.databricks.com/en/sql/language-manual/functions/read_files.html
    Neither holds data, so replacing one loses nothing.
#}
{% macro spark___external_definition(declared, problems) -%}
    {%- if lakeweave._reads_files_itself(declared) -%}
        {{ return(none) }}
    {%- endif -%}
    {%- set definition = lakeweave._file_definition(declared, problems, ['csv', 'json', 'parquet', 'orc', 'text', 'delta']) -%}
    {%- set paths = [] -%}
    {%- for uri in definition.uris -%}
        {%- do paths.append(lakeweave._local_uri(uri).split('*')[0].rstrip('/')) -%}
    {%- endfor -%}
    {%- if paths | length != 1 -%}
        {%- do problems.append('Spark reads one place for a table, not ' ~ paths | join(', ') ~ '; make one source table for each.') -%}
    {%- endif -%}
    {%- set options = lakeweave._spark_reader_options(definition) -%}
    {%- if not definition.partitions and definition.format != 'delta' -%}
        {%- do options.update({'recursiveFileLookup': 'true'}) -%}
    {%- endif -%}
    {%- set texts, columns = [], [] -%}
    {%- for name in options | sort -%}
        {%- do texts.append("'" ~ name ~ "' " ~ lakeweave.text_literal(options[name])) -%}
    {%- endfor -%}
    {%- for name, type in definition.columns -%}
        {%- do columns.append('`' ~ name ~ '` ' ~ lakeweave._file_type(type)) -%}
    {%- endfor -%}
    {%- if definition.partitions and definition.format != 'delta' -%}
        {%- do definition.update({'refresh': 'msck repair table ' ~ definition.relation, 'refresh_what': 'new partitions'}) -%}
    {%- endif -%}
    {{ return(lakeweave._finished_definition(definition, 'table', 'table', {
        'format': definition.format,
        'location': lakeweave.absolute_uri(paths[0]) if paths else '',
        'options': texts | join(', '),
        'columns': columns | join(', '),
        'partitions': definition.partitions | map('first') | join(', '),
    })) }}
{%- endmacro %}

{#
    The options of the reader, and those of the YAML as they are. Spark reads a CSV by place; where names are asked for it compares
    them with the header, and a file of another order fails instead of being misread.
    https://spark.apache.org/docs/latest/sql-data-sources-csv.html#data-source-option
#}
{% macro _spark_reader_options(definition) -%}
    {%- set given, shared = {}, definition.shared -%}
    {%- if definition.format == 'csv' -%}
        {%- do given.update({'header': 'true' if shared.get('skip_leading_rows', 0) | int else 'false'}) -%}
        {%- if shared.get('source_column_match') | string | upper == 'NAME' -%}
            {%- do given.update({'enforceSchema': 'false'}) -%}
        {%- endif -%}
        {%- for name, theirs in [('field_delimiter', 'sep'), ('quote', 'quote'), ('encoding', 'encoding'), ('null_marker', 'nullValue')] if name in shared -%}
            {%- do given.update({theirs: shared[name] | string}) -%}
        {%- endfor -%}
        {%- if shared.get('allow_quoted_newlines') -%}
            {%- do given.update({'multiLine': 'true', 'escape': '"'}) -%}
        {%- endif -%}
    {%- endif -%}
    {%- for name, value in definition.block.options.items() if name not in ('format', 'uris') -%}
        {%- do given.update({name: value if value is string else value | string | lower}) -%}
    {%- endfor -%}
    {{ return(given) }}
{%- endmacro %}

{% macro spark___create_external(definition, replace) -%}
    {%- set parts, statements = definition.parts, ['create schema if not exists ' ~ definition.relation.without_identifier()] -%}
    {%- if replace -%}
        {%- do statements.append('drop table if exists ' ~ definition.relation) -%}
    {%- endif -%}
    {%- set table -%}
create table {{ definition.relation }}{{ ' (' ~ parts.columns ~ ')' if parts.columns and parts.format != 'delta' }}
using {{ parts.format }}
{%- if parts.options %}
options ({{ parts.options }}){% endif %}
{%- if parts.partitions and parts.format != 'delta' %}
partitioned by ({{ parts.partitions }}){% endif %}
location {{ lakeweave.text_literal(parts.location) }}
{%- if parts.format != 'delta' %}
comment {{ lakeweave.text_literal(lakeweave._external_description(parts.description, definition.fingerprint)) }}{% endif %}
    {%- endset -%}
    {%- do statements.append(table) -%}
    {%- if parts.format == 'delta' -%}
        {%- do statements.append('comment on table ' ~ definition.relation ~ ' is ' ~ lakeweave.text_literal(lakeweave._external_description(parts.description, definition.fingerprint))) -%}
    {%- endif -%}
    {{ return(statements) }}
{%- endmacro %}

{# https://spark.apache.org/docs/latest/sql-ref-syntax-aux-describe-table.html #}
{% macro spark___external_state(definitions) -%}
    {%- set state = {} -%}
    {%- for definition in definitions if load_relation(definition.relation) is not none -%}
        {%- set columns, about = [], {} -%}
        {%- for row in lakeweave.fetch_rows('describe table extended ' ~ definition.relation, []) -%}
            {%- if about or (row[0] or '').startswith('#') -%}
                {%- do about.update({row[0] or 'nothing': row[1]}) -%}
            {%- elif row[0] -%}
                {%- do columns.append([row[0], row[1]]) -%}
            {%- endif -%}
        {%- endfor -%}
        {%- do state.update({definition.relation | string: {
            'type': 'view' if about.get('Type') == 'VIEW' else 'table',
            'fingerprint': lakeweave._described_fingerprint(about.get('Comment')),
            'columns': columns,
        }}) -%}
    {%- endfor -%}
    {{ return(state) }}
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
    {%- set place = lakeweave.place_of_objects(source_name, table_name) -%}
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
        from {{ lakeweave.spark_listed_files(files, place.folder) }} as found
    {%- endset -%}
    {%- set known = load_relation(this) -%}
    {%- set since = none -%}
    {%- if known -%}
        {%- set found = lakeweave.fetch_rows(
            "select cast(min(listed.updated) as string) as since from (" ~ listed ~ ") as listed left anti join " ~ known
            ~ " as known on listed.uri = known.uri and listed.generation = known.generation and listed.size = known.size"
        ) -%}
        {%- set since = (found[0][0] if found else none) or 'nothing' -%}
    {%- endif -%}
    (
        select
            listed.uri,
            listed.generation,
            {{ lakeweave._spark_content_type('listed.uri') }} as content_type,
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

{# The media type of an object, by the ending of its address. https://spark.apache.org/docs/latest/api/sql/index.html#substring_index #}
{% macro _spark_content_type(uri) -%}
            case lower(substring_index({{ uri }}, '.', -1))
                when 'jpg' then 'image/jpeg'
                when 'jpeg' then 'image/jpeg'
                when 'png' then 'image/png'
                when 'gif' then 'image/gif'
                when 'bmp' then 'image/bmp'
                else 'application/octet-stream'
            end
{%- endmacro %}
