{#
    Connections: who reads the files. They are declared in `vars.connections`, by `location.name`:

        connections:
          us-east4.lakeweave: {type: cloud_resource}
          us-east4.lakeweave-aws: {type: aws, role: "arn:aws:iam::123456789012:role/lakeweave-omni", identity: "1098…"}

    CREATE CONNECTION makes those of the first type. One to AWS has no DDL: it counts as made once its `identity` is written
    here, which is what BigQuery answers when it is made, and what the role's trust policy has to name.
    https://cloud.google.com/bigquery/docs/create-cloud-resource-connection
    https://cloud.google.com/bigquery/docs/omni-aws-create-connection
#}
{% macro _connection(name) -%}
    {%- set plain = name.split('.')[-2:] | join('.') -%}
    {%- for known, said in lakeweave.setting('connections').items() if known in (name, plain) or known.split('.')[-2:] | join('.') == plain -%}
        {{ return(dict(said, name=plain)) }}
    {%- endfor -%}
    {{ return(none) }}
{%- endmacro %}


{# What the YAML says, else the connection that the project has for that cloud. None for a sheet, or where `connection: none`. #}
{% macro _bigquery_connection_of(block, uris, format) -%}
    {%- set said = block.get('connection') or block.options.get('connection_name') -%}
    {%- if said -%}
        {{ return(none if said | string | lower == 'none' else said | string | replace('`', '')) }}
    {%- elif format == 'google_sheets' -%}
        {{ return(none) }}
    {%- endif -%}
    {{ return(lakeweave.setting('aws_connection' if uris[0].startswith('s3://') else 'gcs_connection')) }}
{%- endmacro %}


{# Google's region beside each of Amazon's: https://cloud.google.com/bigquery/docs/omni-introduction#locations #}
{% macro _regions_beside_aws() -%}
    {{ return({
        'aws-us-east-1': 'us-east4', 'aws-us-west-2': 'us-west1', 'aws-ap-northeast-2': 'asia-northeast3',
        'aws-ap-southeast-2': 'australia-southeast1', 'aws-eu-west-1': 'europe-west1', 'aws-eu-central-1': 'europe-west3',
    }) }}
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


{# What has to be there before external tables are: datasets (or catalogs and locations), and connections. #}
{% macro _external_surroundings(definitions, models, steps, problems) -%}
    {{ return(adapter.dispatch('_external_surroundings', 'lakeweave')(definitions, models, steps, problems)) }}
{%- endmacro %}

{% macro default___external_surroundings(definitions, models, steps, problems) -%}
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
        {%- set connection = ((model.config.meta.get('remote_model') or {}).get('behind') or {}).get('connection') -%}
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


{# The fingerprint that each connection was last made with. #}
{% macro _noted_connections() -%}
    {%- set noted = {} -%}
    {%- if lakeweave._has_externals_ledger() -%}
        {%- for row in lakeweave.ask("select object, fingerprint from " ~ lakeweave._externals_ledger() ~ " where kind = 'connection' order by applied_at", []) -%}
            {%- do noted.update({row[0]: row[1]}) -%}
        {%- endfor -%}
    {%- endif -%}
    {{ return(noted) }}
{%- endmacro %}


{% macro _connection_step(connection, buckets, noted) -%}
    {%- set known = lakeweave._connection(connection) -%}
    {%- if not known -%}
        {{ return(none) }}
    {%- endif -%}
    {%- set project = connection.split('.')[0] if connection.count('.') == 2 else target.project -%}
    {%- set location, id = known.name.split('.') -%}
    {%- set full, step = project ~ '.' ~ known.name, {'kind': 'connection', 'statements': [], 'commands': [], 'notes': [], 'why': ''} -%}
    {%- set parts = {'type': known.type, 'role': known.get('role')} -%}
    {%- do step.update({'object': full, 'definition': {'parts': parts, 'fingerprint': local_md5(tojson(parts, sort_keys=true))}}) -%}
    {%- set names = [] -%}
    {%- for uri in buckets if '://' in uri -%}
        {%- do names.append(uri.split('://')[1].split('/')[0]) -%}
    {%- endfor -%}
    {%- if known.type == 'cloud_resource' -%}
        {%- do step.update({
            'action': 'nothing' if noted.get(full) == step.definition.fingerprint else 'create', 'why': 'new',
            'statements': [
                "create connection if not exists `" ~ full ~ "` options (connection_type = 'CLOUD_RESOURCE', description = 'Made by Lakeweave.')"
            ],
        }) -%}
        {%- if names -%}
            {%- do step.notes.append('Its service account is in `bq show --format=json --connection ' ~ full ~ '` (cloudResource.serviceAccountId). Let it read:') -%}
            {%- for name in names | unique -%}
                {%- do step.notes.append('gcloud storage buckets add-iam-policy-binding gs://' ~ name ~ ' --member=serviceAccount:<that account> --role=roles/storage.objectViewer') -%}
            {%- endfor -%}
        {%- endif -%}
    {%- elif known.get('identity') -%}
        {%- do step.update({'action': 'nothing'}) -%}
    {%- else -%}
        {%- set role = known.get('role') or 'arn:aws:iam::<account>:role/<role>' -%}
        {%- set how = '--iam_role_id=' ~ role if location.startswith('aws-') else '--properties=\'{"accessRole": {"iamRoleId": "' ~ role ~ '"}}\'' -%}
        {%- do step.update({
            'action': 'by hand', 'why': 'a connection to AWS has no DDL',
            'commands': [
                'bq mk --connection --connection_type=AWS ' ~ how ~ ' --location=' ~ location ~ ' --project_id=' ~ project ~ ' ' ~ id,
                'bq show --format=json --connection ' ~ full,
            ],
            'notes': [
                'The second prints the identity (aws.accessRole.identity): give it to the role as `BigQueryIdentity` of deploy/aws, and write it into '
                ~ '`vars.connections.' ~ known.name ~ '.identity`.'
            ],
        }) -%}
    {%- endif -%}
    {{ return(step) }}
{%- endmacro %}
