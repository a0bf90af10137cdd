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

{# Google's region beside each of Amazon's: https://cloud.google.com/bigquery/docs/omni-introduction#locations #}
{% macro _regions_beside_aws() -%}
    {{ return({
        'aws-us-east-1': 'us-east4', 'aws-us-west-2': 'us-west1', 'aws-ap-northeast-2': 'asia-northeast3',
        'aws-ap-southeast-2': 'australia-southeast1', 'aws-eu-west-1': 'europe-west1', 'aws-eu-central-1': 'europe-west3',
    }) }}
{%- endmacro %}

{# What has to be there before external tables are: datasets (or catalogs and locations), and connections. #}
{% macro _external_surroundings(definitions, models, steps, problems) -%}
    {{ return(adapter.dispatch('_external_surroundings', 'lakeweave')(definitions, models, steps, problems)) }}
{%- endmacro %}

{% macro default___external_surroundings(definitions, models, steps, problems) -%}
{%- endmacro %}

{# The fingerprint that each connection was last made with. #}
{% macro _noted_connections() -%}
    {%- set noted = {} -%}
    {%- if lakeweave._has_externals_ledger() -%}
        {%- for row in lakeweave.fetch_rows("select object, fingerprint from " ~ lakeweave._externals_ledger() ~ " where kind = 'connection' order by applied_at", []) -%}
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
