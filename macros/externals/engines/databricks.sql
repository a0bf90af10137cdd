{#
    On Databricks an external table is a view over `read_files`, and a table of a SQL Server is one of a foreign catalog.
    `vars.connections` names the external servers:

        connections:
          landing: {type: external_location, url: "s3://lakeweave-landing", storage_credential: lakeweave}
          erp: {type: sqlserver, host: erp.example.com, port: "1433", database: ERP, catalog: erp, secret_scope: erp}

    https://docs.databricks.com/en/sql/language-manual/functions/read_files.html
    https://docs.databricks.com/en/sql/language-manual/sql-ref-external-locations.html
    https://docs.databricks.com/en/query-federation/sql-server.html
#}
{% macro databricks___external_definition(declared, problems) -%}
    {%- if lakeweave._reads_files_itself(declared) -%}
        {{ return(none) }}
    {%- endif -%}
    {%- if declared.external.get('databricks', {}).get('connection') or (declared.external.get('connection') and not declared.external.get('location') and lakeweave._databricks_connection(declared.external.connection)) -%}
        {{ return(lakeweave._databricks_foreign_table(declared, problems)) }}
    {%- endif -%}
    {%- set definition = lakeweave._file_definition(declared, problems, ['csv', 'json', 'xml', 'parquet', 'avro', 'orc', 'text', 'delta', 'objects']) -%}
    {%- do lakeweave._databricks_location_problems(definition, problems) -%}
    {%- set options, named, columns = lakeweave._spark_reader_options(definition), [], [] -%}
    {%- for name, type in definition.columns -%}
        {%- do columns.append('`' ~ name ~ '` ' ~ lakeweave._file_type(type)) -%}
    {%- endfor -%}
    {%- for name in options | sort -%}
        {%- do named.append(name ~ ' => ' ~ lakeweave.text_literal(options[name])) -%}
    {%- endfor -%}
    {%- set uri = definition.uris[0] -%}
    {{ return(lakeweave._finished_definition(definition, 'view', 'view', {
        'format': definition.format,
        'location': uri[:-1] if uri.endswith('/*') else uri,
        'options': named | join(', '),
        'columns': columns | join(', '),
    })) }}
{%- endmacro %}

{% macro _databricks_connection(name) -%}
    {{ return(lakeweave.setting('connections').get(name)) }}
{%- endmacro %}

{% macro _databricks_foreign_table(declared, problems) -%}
    {%- set name = declared.external.get('databricks', {}).get('connection') or declared.external.connection -%}
    {%- set connection = lakeweave._databricks_connection(name) -%}
    {%- if not connection -%}
        {%- do problems.append('connection `' ~ name ~ '` is not in `vars.connections`; declare it there: {type: sqlserver, host: …, port: …, database: …, catalog: …, secret_scope: …}.') -%}
    {%- elif connection.type not in ('sqlserver', 'postgresql', 'mysql') -%}
        {%- do problems.append("`vars.connections." ~ name ~ ".type` is '" ~ connection.type ~ "'; expected sqlserver, postgresql or mysql.") -%}
    {%- else -%}
        {%- for key in ['host', 'port', 'database', 'catalog', 'secret_scope'] if not connection.get(key) -%}
            {%- do problems.append('`vars.connections.' ~ name ~ '.' ~ key ~ '` is missing.') -%}
        {%- endfor -%}
        {%- if connection.get('catalog') and declared.database != connection.catalog -%}
            {%- do problems.append('the source is in catalog `' ~ declared.database ~ '`, and connection `' ~ name ~ '` makes `' ~ connection.catalog ~ '`; say `database: ' ~ connection.catalog ~ '`.') -%}
        {%- endif -%}
    {%- endif -%}
    {{ return({
        'name': declared.source_name ~ '.' ~ declared.name, 'kind': 'foreign table', 'type': 'table', 'connection': name, 'parts': {},
        'relation': api.Relation.create(database=declared.database, schema=declared.schema, identifier=declared.identifier),
        'fingerprint': local_md5(name), 'columns': [], 'uris': [], 'may_lose_columns': true, 'refresh': none, 'is_foreign': true,
    }) }}
{%- endmacro %}

{% macro _databricks_location_problems(definition, problems) -%}
    {%- if definition.uris | length != 1 -%}
        {%- do problems.append('`read_files` reads one place, not ' ~ definition.uris | join(', ') ~ '; make one source table for each.') -%}
    {%- endif -%}
    {%- set covered = namespace(yes=false) -%}
    {%- set places = [] -%}
    {%- for name, said in lakeweave.setting('connections').items() if said.type == 'external_location' -%}
        {%- do places.append(said.url) -%}
        {%- if definition.uris[0].startswith(said.url.rstrip('/') ~ '/') -%}
            {%- set covered.yes = true -%}
        {%- endif -%}
    {%- endfor -%}
    {%- if not covered.yes and not definition.uris[0].startswith('/Volumes/') -%}
        {%- do problems.append(
            '`' ~ definition.uris[0] ~ '` lies in no external location; declare one in `vars.connections`, as in {type: external_location, url: "s3://bucket", storage_credential: …}'
            ~ (' (declared: ' ~ places | join(', ') ~ ')' if places else '') ~ ', or name a path in /Volumes.'
        ) -%}
    {%- endif -%}
{%- endmacro %}

{% macro databricks___create_external(definition, replace) -%}
    {%- set parts = definition.parts -%}
    {%- set view -%}
create or replace view {{ definition.relation }}
comment {{ lakeweave.text_literal(lakeweave._external_description(parts.description, definition.fingerprint)) }}
as
{%- if parts.format == 'delta' %}
select * from delta.`{{ parts.location }}`
{%- elif parts.format == 'objects' %}
select
    path as uri,
    unix_micros(modificationTime) as generation,
    length as size,
    modificationTime as updated
from read_files({{ lakeweave.text_literal(parts.location) }}, format => 'binaryFile')
{%- else %}
select * except (_rescued_data)
from read_files(
    {{ lakeweave.text_literal(parts.location) }},
    format => '{{ parts.format }}',
    {%- if parts.columns %}
    schema => {{ lakeweave.text_literal(parts.columns) }},
    {%- endif %}
    {%- if parts.options %}
    {{ parts.options }},
    {%- endif %}
    rescuedDataColumn => '_rescued_data'
)
{%- endif -%}
    {%- endset -%}
    {{ return([view]) }}
{%- endmacro %}

{# https://docs.databricks.com/en/sql/language-manual/information-schema/tables.html #}
{% macro databricks___external_state(definitions) -%}
    {%- set state, schemas = {}, {} -%}
    {%- for definition in definitions -%}
        {%- if definition.is_foreign is defined -%}
            {%- do state.update({definition.relation | string: {'type': 'table', 'fingerprint': definition.fingerprint, 'columns': []}}) -%}
        {%- else -%}
            {%- do schemas.update({definition.relation.without_identifier() | string: definition.relation}) -%}
        {%- endif -%}
    {%- endfor -%}
    {%- for relation in schemas.values() -%}
        {%- set rows = lakeweave.fetch_rows(
            "select tables.table_name, tables.table_type, tables.comment, to_json(sort_array(collect_list(struct(columns.ordinal_position, columns.column_name,"
            ~ " columns.full_data_type)))) as columns from `" ~ relation.database ~ "`.information_schema.tables as tables"
            ~ " left join `" ~ relation.database ~ "`.information_schema.columns as columns on tables.table_schema = columns.table_schema"
            ~ " and tables.table_name = columns.table_name where tables.table_schema = " ~ lakeweave.text_literal(relation.schema)
            ~ " group by tables.table_name, tables.table_type, tables.comment", []
        ) -%}
        {%- for row in rows -%}
            {%- set columns = [] -%}
            {%- for column in fromjson(row[3] or '[]') if column.column_name -%}
                {%- do columns.append([column.column_name, column.full_data_type]) -%}
            {%- endfor -%}
            {%- set place = api.Relation.create(database=relation.database, schema=relation.schema, identifier=row[0]) -%}
            {%- do state.update({place | string: {
                'type': 'view' if row[1] == 'VIEW' else 'table', 'fingerprint': lakeweave._described_fingerprint(row[2]), 'columns': columns,
            }}) -%}
        {%- endfor -%}
    {%- endfor -%}
    {{ return(state) }}
{%- endmacro %}

{# External locations, connections to databases and their catalogs; the ledger remembers what was made. #}
{% macro databricks___external_surroundings(definitions, models, steps, problems) -%}
    {%- set wanted, schemas = {}, {} -%}
    {%- for name, said in lakeweave.setting('connections').items() -%}
        {%- for definition in definitions -%}
            {%- if said.type == 'external_location' and definition.uris and definition.uris[0].startswith(said.url.rstrip('/') ~ '/') -%}
                {%- do wanted.update({name: said}) -%}
            {%- elif definition.connection == name and definition.is_foreign is defined -%}
                {%- do wanted.update({name: said}) -%}
            {%- endif -%}
        {%- endfor -%}
    {%- endfor -%}
    {%- set noted = lakeweave._noted_connections() if wanted else {} -%}
    {%- for name, said in wanted.items() -%}
        {%- set parts = {'type': said.type, 'said': tojson(said, sort_keys=true)} -%}
        {%- set fingerprint = local_md5(tojson(parts, sort_keys=true)) -%}
        {%- do steps.append({
            'object': name, 'kind': 'connection', 'why': 'new', 'commands': [], 'notes': [],
            'action': 'nothing' if noted.get(name) == fingerprint else 'create',
            'statements': lakeweave._databricks_connection_statements(name, said),
            'definition': {'parts': parts, 'fingerprint': fingerprint},
        }) -%}
    {%- endfor -%}
    {%- for definition in definitions if definition.is_foreign is not defined -%}
        {%- do schemas.update({definition.relation.without_identifier() | string: definition.relation}) -%}
    {%- endfor -%}
    {%- for place, relation in schemas.items() if not lakeweave.fetch_rows(
        'show schemas in `' ~ relation.database ~ '` like ' ~ lakeweave.text_literal(relation.schema), []
    ) -%}
        {%- do steps.append({
            'object': place, 'kind': 'schema', 'action': 'create', 'why': 'new', 'commands': [], 'notes': [], 'definition': none,
            'statements': ['create schema if not exists ' ~ place],
        }) -%}
    {%- endfor -%}
{%- endmacro %}

{% macro _databricks_connection_statements(name, said) -%}
    {%- if said.type == 'external_location' -%}
        {{ return([
            'create external location if not exists `' ~ name ~ '` url ' ~ lakeweave.text_literal(said.url)
            ~ ' with (storage credential `' ~ said.storage_credential ~ "`) comment 'Made by Lakeweave.'"
        ]) }}
    {%- endif -%}
    {%- set scope = lakeweave.text_literal(said.secret_scope) -%}
    {{ return([
        'create connection if not exists `' ~ name ~ '` type ' ~ said.type ~ ' options (host ' ~ lakeweave.text_literal(said.host) ~ ', port '
        ~ lakeweave.text_literal(said.port) ~ ", user secret(" ~ scope ~ ", 'user'), password secret(" ~ scope ~ ", 'password'))",
        'create foreign catalog if not exists `' ~ said.catalog ~ '` using connection `' ~ name ~ '` options (database ' ~ lakeweave.text_literal(said.database) ~ ')',
    ]) }}
{%- endmacro %}

{# The same file source, by its table function: https://docs.databricks.com/en/sql/language-manual/functions/read_files.html #}
{% macro databricks__listed_objects(source_name, table_name) -%}
    {%- if not execute or not graph.get('sources') -%}
        {{ return(lakeweave._no_objects()) }}
    {%- endif -%}
    {%- set place = lakeweave.place_of_objects(source_name, table_name) -%}
    (
        select
            path as uri,
            unix_micros(modificationTime) as generation,
            {{ lakeweave._spark_content_type('path') }} as content_type,
            length as size,
            base64(unhex(md5(content))) as md5_hash,
            modificationTime as updated,
            cast(array() as array<struct<name: string, value: string>>) as metadata
        from read_files({{ lakeweave.text_literal(place.uri) }}, format => 'binaryFile')
    )
{%- endmacro %}
