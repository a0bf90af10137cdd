{# External tables of BigQuery: over Cloud Storage, over S3 (Omni, or a connection in an ordinary region), and object tables. #}

{#
    https://cloud.google.com/bigquery/docs/reference/standard-sql/data-definition-language#create_external_table_statement
    https://cloud.google.com/bigquery/docs/object-tables
#}
{% macro bigquery___external_definition(declared, problems) -%}
    {%- set block = lakeweave.external_block(declared, problems) -%}
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
    {%- set connection = lakeweave.connection_of(block, uris, format) -%}
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
        {%- set rows = lakeweave.fetch_rows(lakeweave._bigquery_state_query(dataset), []) -%}
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

{% macro _bigquery_connection_problems(connection, uris, format, dataset_location, problems) -%}
    {%- set on_s3, pairs = uris[0].startswith('s3://'), lakeweave._regions_beside_aws() -%}
    {%- set regions = pairs.keys() | list + pairs.values() | list -%}
    {%- if connection is none -%}
        {%- if on_s3 or format in ('objects', 'delta', 'iceberg') -%}
            {%- do problems.append('`external.connection` is none; ' ~ ('S3' if on_s3 else 'this format') ~ ' is read through a connection only.') -%}
        {%- endif -%}
        {{ return('') }}
    {%- endif -%}
    {%- if connection | lower == 'default' -%}
        {%- if on_s3 -%}
            {%- do problems.append('`' ~ uris[0] ~ '` is on S3, and the default connection is for Google Cloud only; name a connection of the type aws.') -%}
        {%- elif dataset_location.startswith('aws-') -%}
            {%- do problems.append('the dataset is in ' ~ dataset_location ~ ', which has no default connection; name a connection of the type aws.') -%}
        {%- endif -%}
        {{ return('') }}
    {%- endif -%}
    {%- if connection.count('.') not in (1, 2) -%}
        {%- do problems.append("the connection is '" ~ connection ~ "'; expected [project.]location.name, as in us-east4.lakeweave-aws.") -%}
        {{ return('') }}
    {%- endif -%}
    {%- set location, known = connection.split('.')[-2], lakeweave._connection(connection) -%}
    {%- if not known -%}
        {%- do problems.append(
            'connection `' ~ connection ~ '` is not in `vars.connections`; declare it there with its type, '
            ~ ('{type: aws, role: "arn:aws:iam::…", identity: …}.' if on_s3 else '{type: cloud_resource}.')
        ) -%}
    {%- elif known.type not in ('aws', 'cloud_resource') -%}
        {%- do problems.append("`vars.connections." ~ connection ~ ".type` is '" ~ known.type ~ "'; expected aws or cloud_resource.") -%}
    {%- elif on_s3 and known.type != 'aws' -%}
        {%- do problems.append('`' ~ uris[0] ~ '` is on S3, and connection `' ~ connection ~ '` is for Google Cloud; name one of the type aws.') -%}
    {%- elif not on_s3 and known.type == 'aws' -%}
        {%- do problems.append('`' ~ uris[0] ~ '` is not on S3, and connection `' ~ connection ~ '` is for AWS; name one of the type cloud_resource, or default.') -%}
    {%- endif -%}
    {%- if location | lower != dataset_location | lower -%}
        {%- do problems.append(
            'connection `' ~ connection ~ '` is in ' ~ location ~ ', and the dataset in ' ~ dataset_location ~ '; both must be in one location. '
            ~ 'Set the profile\'s `location`, or `external.dataset_location` for a dataset of its own.'
        ) -%}
    {%- elif on_s3 and location | lower not in regions -%}
        {%- do problems.append('connection `' ~ connection ~ '` is in ' ~ location ~ ', from where BigQuery does not reach S3; expected one of: ' ~ regions | sort | join(', ') ~ '.') -%}
    {%- endif -%}
{%- endmacro %}

{# https://cloud.google.com/bigquery/docs/reference/standard-sql/data-definition-language#create_schema_statement #}
{% macro bigquery___external_surroundings(definitions, models, steps, problems) -%}
    {%- set datasets, connections = {}, {} -%}
    {%- for definition in definitions -%}
        {%- set dataset = definition.relation.without_identifier() | string -%}
        {%- set before = datasets.get(dataset) -%}
        {%- if before and before.dataset_location | lower != definition.dataset_location | lower -%}
            {%- do problems.append(
                'source ' ~ definition.name ~ ' wants ' ~ dataset ~ ' in ' ~ definition.dataset_location ~ ', and source ' ~ before.name ~ ' in '
                ~ before.dataset_location ~ '; give one another `schema`.'
            ) -%}
        {%- endif -%}
        {%- do datasets.update({dataset: definition}) -%}
        {%- if definition.connection and definition.connection | lower != 'default' -%}
            {%- do connections.update({definition.connection: connections.get(definition.connection, []) + definition.buckets}) -%}
        {%- endif -%}
    {%- endfor -%}
    {%- for model in models -%}
        {%- set connection = ((model.config.meta.get('remote_model') or {}).get('endpoint_config') or {}).get('connection') -%}
        {%- if connection and connection | lower != 'default' and lakeweave._connection(connection) -%}
            {%- do connections.update({connection: connections.get(connection, [])}) -%}
        {%- endif -%}
    {%- endfor -%}
    {%- for dataset, definition in datasets.items() -%}
        {%- if not adapter.check_schema_exists(definition.relation.database, definition.relation.schema) -%}
            {%- do steps.append({
                'object': dataset, 'kind': 'dataset', 'action': 'create', 'why': 'in ' ~ definition.dataset_location, 'commands': [], 'notes': [],
                'statements': ["create schema if not exists " ~ dataset ~ " options (location = " ~ lakeweave.text_literal(definition.dataset_location) ~ ")"],
            }) -%}
        {%- else -%}
            {%- set is_in = adapter.get_dataset_location(definition.relation) -%}
            {%- if is_in and is_in | lower != definition.dataset_location | lower -%}
                {%- do problems.append(
                    'source ' ~ definition.name ~ ': ' ~ dataset ~ ' is in ' ~ is_in ~ ', and ' ~ definition.dataset_location
                    ~ ' is asked for. A dataset does not move: give the source another `schema`, or the location that it has.'
                ) -%}
            {%- endif -%}
        {%- endif -%}
    {%- endfor -%}
    {%- set noted = lakeweave._noted_connections() if connections else {} -%}
    {%- for connection, buckets in connections.items() -%}
        {%- set step = lakeweave._connection_step(connection, buckets, noted) -%}
        {%- if step -%}
            {%- do steps.append(step) -%}
        {%- endif -%}
    {%- endfor -%}
{%- endmacro %}

{# The model is the object table, so its rows are its own: https://cloud.google.com/bigquery/docs/object-table-introduction #}
{% macro bigquery__listed_objects(source_name, table_name) -%}
    {{ return(this | string) }}
{%- endmacro %}

{% macro bigquery___takes_bigquery_options() -%}
    {{ return(true) }}
{%- endmacro %}

{# BigQuery's types are the declared ones. #}
{% macro bigquery___file_type(type) -%}
    {{ return(type) }}
{%- endmacro %}

{# Gold is on S3, where BigQuery Omni reads it. https://cloud.google.com/bigquery/docs/omni-introduction #}
{% macro bigquery___gold_bucket() -%}
    {{ return(lakeweave.setting('gold_bucket_s3')) }}
{%- endmacro %}
