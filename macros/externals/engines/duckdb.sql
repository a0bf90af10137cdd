{# On DuckDB an external table is a view over a reader: https://duckdb.org/docs/stable/data/overview #}

{% macro duckdb___external_definition(declared, problems) -%}
    {%- if lakeweave._reads_files_itself(declared) -%}
        {{ return(none) }}
    {%- endif -%}
    {%- set definition = lakeweave._file_definition(declared, problems, ['csv', 'json', 'parquet']) -%}
    {%- set given = lakeweave._duckdb_reader_options(definition) -%}
    {%- set texts, paths = [], [] -%}
    {%- for uri in definition.uris -%}
        {%- do paths.append(lakeweave.text_literal(lakeweave._local_uri(uri) | replace('/*', '/**/*'))) -%}
    {%- endfor -%}
    {%- for name in given | sort -%}
        {%- do texts.append(name ~ ' = ' ~ given[name]) -%}
    {%- endfor -%}
    {%- set selected = [] -%}
    {%- for name, type in definition.columns -%}
        {%- do selected.append('cast("' ~ name ~ '" as ' ~ lakeweave._file_type(type) ~ ') as "' ~ name ~ '"') -%}
    {%- endfor -%}
    {{ return(lakeweave._finished_definition(definition, 'view', 'view', {
        'format': definition.format,
        'uris': '[' ~ paths | join(', ') ~ ']',
        'options': texts | join(', '),
        'columns': selected | join(',\n    ') or '*',
    })) }}
{%- endmacro %}

{# https://duckdb.org/docs/stable/data/csv/overview#parameters, and those of the YAML as they are #}
{% macro _duckdb_reader_options(definition) -%}
    {%- set given, shared = {'union_by_name': 'true'}, definition.shared -%}
    {%- if definition.partitions -%}
        {%- do given.update({'hive_partitioning': 'true'}) -%}
    {%- endif -%}
    {%- if definition.format == 'csv' -%}
        {%- set header = shared.get('skip_leading_rows', 0) | int -%}
        {%- do given.update({'header': 'true' if header else 'false', 'all_varchar': 'true'}) -%}
        {%- if header > 1 -%}
            {%- do given.update({'skip': header - 1}) -%}
        {%- endif -%}
        {%- if definition.file_columns and shared.get('source_column_match', 'POSITION') | upper == 'POSITION' -%}
            {%- set names = [] -%}
            {%- for name, _ in definition.file_columns -%}
                {%- do names.append(lakeweave.text_literal(name)) -%}
            {%- endfor -%}
            {%- do given.update({'names': '[' ~ names | join(', ') ~ ']', 'union_by_name': 'false'}) -%}
        {%- endif -%}
        {%- for name, theirs in [('field_delimiter', 'delim'), ('quote', 'quote'), ('encoding', 'encoding'), ('null_marker', 'nullstr')] if name in shared -%}
            {%- do given.update({theirs: lakeweave.text_literal(shared[name])}) -%}
        {%- endfor -%}
        {%- if shared.get('allow_jagged_rows') -%}
            {%- do given.update({'null_padding': 'true'}) -%}
        {%- endif -%}
    {%- endif -%}
    {%- for name, value in definition.block.options.items() if name not in ('format', 'uris') -%}
        {%- do given.update({name: lakeweave.text_literal(value) if value is string else value | string | lower}) -%}
    {%- endfor -%}
    {{ return(given) }}
{%- endmacro %}

{% macro duckdb___create_external(definition, replace) -%}
    {%- set parts = definition.parts -%}
    {%- set view -%}
create or replace view {{ definition.relation }} as
select
    {{ parts.columns }}
from read_{{ parts.format }}({{ parts.uris }}{{ ', ' ~ parts.options if parts.options }})
    {%- endset -%}
    {{ return([
        'create schema if not exists ' ~ definition.relation.without_identifier(),
        view,
        'comment on view ' ~ definition.relation ~ ' is ' ~ lakeweave.text_literal(lakeweave._external_description(parts.description, definition.fingerprint)),
    ]) }}
{%- endmacro %}

{# https://duckdb.org/docs/stable/sql/meta/duckdb_table_functions#duckdb_views #}
{% macro duckdb___external_state(definitions) -%}
    {%- set state, rows = {}, [] -%}
    {%- if definitions -%}
        {%- set rows = lakeweave.fetch_rows(
            "select things.database_name, things.schema_name, things.name, things.kind, things.comment, cast(to_json(list([columns.column_name,"
            ~ " columns.data_type] order by columns.column_index)) as varchar) as columns from (select database_name, schema_name, view_name as name, 'view' as kind, comment from duckdb_views()"
            ~ " union all select database_name, schema_name, table_name, 'table', comment from duckdb_tables()) as things"
            ~ " left join duckdb_columns() as columns on things.database_name = columns.database_name and things.schema_name = columns.schema_name"
            ~ " and things.name = columns.table_name group by all", []
        ) -%}
    {%- endif -%}
    {%- for row in rows -%}
        {%- set place = api.Relation.create(database=row[0], schema=row[1], identifier=row[2]) -%}
        {%- do state.update({place | string: {'type': row[3], 'fingerprint': lakeweave._described_fingerprint(row[4]), 'columns': fromjson(row[5])}}) -%}
    {%- endfor -%}
    {{ return(state) }}
{%- endmacro %}

{# The functions of lakeweave/objects.py, registered by the profile's plugin. #}
{% macro duckdb__listed_objects(source_name, table_name) -%}
    {%- if not execute or not graph.get('sources') -%}
        {{ return(lakeweave._no_objects()) }}
    {%- endif -%}
    {%- set place = lakeweave.place_of_objects(source_name, table_name) -%}
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

{# https://duckdb.org/docs/stable/sql/data_types/overview #}
{% macro duckdb___file_type(type) -%}
    {{ return(lakeweave._named_file_type(type, 'blob', 'json')) }}
{%- endmacro %}
