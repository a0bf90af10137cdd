{# External tables of BigQuery: over Cloud Storage, over S3 (Omni, or a connection in an ordinary region), and object tables. #}

{#
    https://cloud.google.com/bigquery/docs/reference/standard-sql/data-definition-language#create_external_table_statement
    https://cloud.google.com/bigquery/docs/object-tables
#}
{% macro bigquery___external_definition(declared, problems) -%}
    {%- set block = lakeweave._external_block(declared, problems) -%}
    {%- set format = lakeweave._external_format(block) -%}
    {%- set words = {
        'csv': 'CSV', 'json': 'NEWLINE_DELIMITED_JSON', 'parquet': 'PARQUET', 'avro': 'AVRO', 'orc': 'ORC', 'iceberg': 'ICEBERG',
        'delta': 'DELTA_LAKE', 'google_sheets': 'GOOGLE_SHEETS', 'objects': 'objects',
    } -%}
    {%- if not format -%}
        {%- do problems.append('`external.file_format` is missing; expected one of: ' ~ words.keys() | join(', ') ~ '.') -%}
    {%- elif format not in words -%}
        {%- do problems.append("`external.file_format` is '" ~ format ~ "', which BigQuery cannot read; expected one of: " ~ words.keys() | join(', ') ~ '.') -%}
    {%- endif -%}
    {%- set word = words.get(format, 'CSV') -%}
    {%- set uris = lakeweave._external_uris(declared, block) -%}
    {%- set partitions = lakeweave._external_partitions(block, problems) -%}
    {%- set columns = [] if format == 'objects' else lakeweave._external_columns(declared, block, partitions, problems) -%}
    {%- set dataset_location = block.get('dataset_location') or target.get('location') or 'US' -%}
    {%- set connection = lakeweave._bigquery_connection_of(block, uris, format) -%}
    {%- do lakeweave._bigquery_uri_problems(uris, format, problems) -%}
    {%- do lakeweave._bigquery_connection_problems(connection, uris, format, dataset_location, problems) -%}
    {%- set options = lakeweave._bigquery_options(block, word, uris, partitions, connection, problems) -%}

    {%- set parts = {} -%}
    {%- for name, value in options -%}
        {%- do parts.update({name: value}) -%}
    {%- endfor -%}
    {%- do parts.update({
        'columns': lakeweave._bigquery_columns(declared, columns),
        'partitions': lakeweave._bigquery_columns({'columns': {}}, partitions) if partitions else none,
        'connection': connection,
        'description': declared.description | trim,
    }) -%}
    {%- set relation = api.Relation.create(database=declared.database, schema=declared.schema, identifier=declared.identifier) -%}
    {%- set refreshed = block.options.get('metadata_cache_mode') | string | upper == 'MANUAL' -%}
    {{ return({
        'name': declared.source_name ~ '.' ~ declared.name,
        'relation': relation,
        'kind': 'object table' if format == 'objects' else 'external table',
        'type': 'external table',
        'parts': parts,
        'fingerprint': local_md5(tojson(parts, sort_keys=true)),
        'options': options,
        'columns': columns + partitions,
        'connection': connection,
        'dataset_location': dataset_location,
        'own_location': block.get('dataset_location') is not none,
        'buckets': uris,
        'may_lose_columns': block.get('on_column_change') == 'replace' or format == 'objects',
        'refresh': lakeweave._bigquery_refresh(relation, dataset_location) if refreshed else none,
    }) }}
{%- endmacro %}


{% macro bigquery___create_external(definition, replace) -%}
    {%- set parts = definition.parts -%}
    {%- set sql -%}
create {{ 'or replace ' if replace }}external table {{ definition.relation }}
{%- if parts.columns %} (
    {{ parts.columns | replace('\n', '\n    ') }}
){% endif %}
{%- if parts.partitions %}
with partition columns (
    {{ parts.partitions | replace('\n', '\n    ') }}
){% endif %}
{%- if definition.connection %}
with connection {{ 'default' if definition.connection | lower == 'default' else '`' ~ definition.connection ~ '`' }}{% endif %}
options (
    {%- for name, value in definition.options %}
    {{ name }} = {{ value }},
    {%- endfor %}
    description = {{ lakeweave.text_literal(lakeweave._external_description(parts.description, definition.fingerprint)) }}
)
    {%- endset -%}
    {{ return([sql]) }}
{%- endmacro %}


{% macro _bigquery_columns(declared, columns) -%}
    {%- set lines = [] -%}
    {%- for name, type in columns -%}
        {%- set described = (declared.columns.get(name) or {}).get('description') -%}
        {%- do lines.append(
            '`' ~ name ~ '` ' ~ type ~ (' options (description = ' ~ lakeweave.text_literal((described | trim)[:1024]) ~ ')' if described else '')
        ) -%}
    {%- endfor -%}
    {{ return(lines | join(',\n')) }}
{%- endmacro %}


{#
    One query for each dataset: what is there, its description and its columns.
    https://cloud.google.com/bigquery/docs/information-schema-table-options
#}
{% macro bigquery___external_state(definitions) -%}
    {%- set state, datasets = {}, {} -%}
    {%- for definition in definitions -%}
        {%- do datasets.update({definition.relation.without_identifier() | string: definition.relation}) -%}
    {%- endfor -%}
    {%- for dataset, relation in datasets.items() if adapter.check_schema_exists(relation.database, relation.schema) -%}
        {%- set rows = lakeweave.ask(lakeweave._bigquery_state_query(dataset), []) -%}
        {%- for row in rows -%}
            {%- set columns = [] -%}
            {%- for column in fromjson(row[3] or '[]') -%}
                {%- do columns.append([column.name, column.type]) -%}
            {%- endfor -%}
            {%- set place = api.Relation.create(database=relation.database, schema=relation.schema, identifier=row[0]) -%}
            {%- do state.update({place | string: {
                'type': {'EXTERNAL': 'external table', 'BASE TABLE': 'table', 'VIEW': 'view'}.get(row[1], row[1] | lower),
                'fingerprint': lakeweave._described_fingerprint(row[2]),
                'columns': columns,
            }}) -%}
        {%- endfor -%}
    {%- endfor -%}
    {{ return(state) }}
{%- endmacro %}


{% macro _bigquery_state_query(dataset) -%}
    select
        tables.table_name,
        tables.table_type,
        options.option_value as description,
        columns.columns
    from {{ dataset }}.INFORMATION_SCHEMA.TABLES as tables
    left join {{ dataset }}.INFORMATION_SCHEMA.TABLE_OPTIONS as options
        on tables.table_name = options.table_name and options.option_name = 'description'
    left join (
        select table_name, to_json_string(array_agg(struct(column_name as name, data_type as type) order by ordinal_position)) as columns
        from {{ dataset }}.INFORMATION_SCHEMA.COLUMNS
        group by table_name
    ) as columns on tables.table_name = columns.table_name
{%- endmacro %}


{#
    Refreshes a metadata cache and waits for it. One refresh of a table runs at a time: where somebody else's is under way, this one
    waits for its end and refreshes again, as that one may have begun before the newest file came. Gives up after half an hour.
    https://cloud.google.com/bigquery/docs/reference/system-procedures#bqrefresh_external_metadata_cache
    https://cloud.google.com/bigquery/docs/metadata-caching#get_information_on_metadata_caching_jobs
#}
{% macro _bigquery_refresh(relation, location) -%}
    {%- set jobs = '`region-' ~ location | lower ~ '`.INFORMATION_SCHEMA.JOBS' -%}
    {%- set name = relation.render() | replace('`', '') -%}
declare started timestamp default current_timestamp();
declare deadline timestamp default timestamp_add(current_timestamp(), interval 30 minute);
declare refreshed bool default false;
declare looked int64 default 0;
repeat
    begin
        call bq.refresh_external_metadata_cache('{{ name }}');
        set refreshed = true;
    exception when error then
        if current_timestamp() > deadline or not exists (
            select 1 from {{ jobs }}
            where job_id like '%metadata_cache_refresh%' and creation_time > timestamp_sub(started, interval 1 day)
                and (state <> 'DONE' or end_time >= started)
        ) then
            raise using message = concat('The metadata cache of {{ name }} cannot be refreshed: ', @@error.message);
        end if;
    end;
    while current_timestamp() < deadline and exists (
        select 1 from {{ jobs }}
        where job_id like '%metadata_cache_refresh%' and creation_time > timestamp_sub(started, interval 1 day) and state <> 'DONE'
    ) do
        set looked = looked + 1;
    end while;
until refreshed end repeat;
{%- endmacro %}
