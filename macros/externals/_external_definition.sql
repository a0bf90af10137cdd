{#
    What the YAML of a source says about its external table, as one definition:

    name, relation, kind, type (what the catalog calls it), parts (everything that makes it what it is, as rendered text by name),
    fingerprint, columns (pairs of name and type), may_lose_columns, refresh (a statement, or none), and what the engine's
    `_create_external` wants besides. None where this target needs no object. What is wrong goes into `problems`.
#}
{% macro _external_definition(declared, problems) -%}
    {{ return(adapter.dispatch('_external_definition', 'lakeweave')(declared, problems)) }}
{%- endmacro %}

{% macro default___external_definition(declared, problems) -%}
    {%- do lakeweave.raise_unsupported('_external_definition', ['bigquery', 'databricks', 'spark', 'duckdb']) -%}
{%- endmacro %}

{# The statements that make an object from its definition, or replace what is there. #}
{% macro _create_external(definition, replace) -%}
    {{ return(adapter.dispatch('_create_external', 'lakeweave')(definition, replace)) }}
{%- endmacro %}

{% macro default___create_external(definition, replace) -%}
    {%- do lakeweave.raise_unsupported('_create_external', ['bigquery', 'databricks', 'spark', 'duckdb']) -%}
{%- endmacro %}

{# What there is in the place of each definition: by relation, its type, the fingerprint that it carries and its columns. #}
{% macro _external_state(definitions) -%}
    {{ return(adapter.dispatch('_external_state', 'lakeweave')(definitions)) }}
{%- endmacro %}

{% macro default___external_state(definitions) -%}
    {%- do lakeweave.raise_unsupported('_external_state', ['bigquery', 'databricks', 'spark', 'duckdb']) -%}
{%- endmacro %}

{# The format under one name, whatever it is called in the YAML; none where nothing says it. #}
{% macro _external_format(block) -%}
    {%- set said = block.get('file_format') or block.get('using') or block.options.get('format') -%}
    {%- if not said and block.options.get('object_metadata') -%}
        {{ return('objects') }}
    {%- elif not said -%}
        {{ return(none) }}
    {%- endif -%}
    {%- set aliases = {
        'jsonl': 'json', 'ndjson': 'json', 'newline_delimited_json': 'json', 'delta_lake': 'delta', 'sheets': 'google_sheets',
        'binaryfile': 'objects', 'object_table': 'objects', 'txt': 'text',
    } -%}
    {%- set text = said | string | lower | replace(' ', '_') -%}
    {{ return(aliases.get(text, text)) }}
{%- endmacro %}

{#
    Where the files are: what the YAML says, else the folder of the landing zone with everything in it. `gcp/…` and `aws/…` are places
    of the landing zone, `gold/…` of the bucket that gold is published to.
#}
{% macro _external_uris(declared, block) -%}
    {%- set said = block.options.get('uris') or block.get('location') -%}
    {%- if not said -%}
        {{ return([lakeweave.landing_uri(declared) ~ '/*']) }}
    {%- endif -%}
    {%- set uris = [] -%}
    {%- for uri in ([said] if said is string else said) -%}
        {%- set uri = uri | string -%}
        {%- if uri.startswith('gcp/') -%}
            {%- set uri = lakeweave.setting('landing_gcs') ~ uri[3:] -%}
        {%- elif uri.startswith('aws/') -%}
            {%- set uri = lakeweave.setting('landing_s3') ~ uri[3:] -%}
        {%- elif uri.startswith('gold/') -%}
            {%- set uri = lakeweave._gold_bucket() ~ uri[4:] -%}
        {%- endif -%}
        {%- do uris.append(uri ~ '*' if uri.endswith('/') else uri) -%}
    {%- endfor -%}
    {{ return(uris) }}
{%- endmacro %}

{# The declared partition keys as pairs of name and type. #}
{% macro _external_partitions(block, problems) -%}
    {%- set pairs = [] -%}
    {%- for each in block.get('partitions') or [] -%}
        {%- if each is mapping and each.get('name') and each.get('data_type') -%}
            {%- do pairs.append([each.name, each.data_type]) -%}
        {%- else -%}
            {%- do problems.append('`external.partitions` has ' ~ tojson(each) ~ '; expected {name: …, data_type: …}, as the keys in the paths (`name=value/`).') -%}
        {%- endif -%}
    {%- endfor -%}
    {{ return(pairs) }}
{%- endmacro %}

{# The columns of the files, without the partition keys: those declared, or those of the model that `columns_of` names. #}
{% macro _external_columns(declared, block, partitions, problems) -%}
    {%- set keys, columns, untyped = partitions | map('first') | map('lower') | list, [], [] -%}
    {%- set of = namespace(columns=declared.columns) -%}
    {%- if block.get('columns_of') -%}
        {%- set of.columns = none -%}
        {%- for node in graph.nodes.values() if node.resource_type == 'model' and node.name == block.columns_of -%}
            {%- set of.columns = node.columns -%}
        {%- endfor -%}
        {%- if of.columns is none -%}
            {%- do problems.append("`external.columns_of` is '" ~ block.columns_of ~ "', and there is no model of that name.") -%}
            {{ return([]) }}
        {%- endif -%}
    {%- endif -%}
    {%- for column in of.columns.values() if column.name | lower not in keys -%}
        {%- if column.data_type -%}
            {%- do columns.append([column.name, column.data_type]) -%}
        {%- else -%}
            {%- do untyped.append(column.name) -%}
        {%- endif -%}
    {%- endfor -%}
    {%- if untyped -%}
        {%- do problems.append('no `data_type` for ' ~ untyped | join(', ') ~ '; give each column one, or none of them to have them detected.') -%}
    {%- endif -%}
    {{ return(columns) }}
{%- endmacro %}

{# The likest of the known names, for a name that is not known: one that shares most of its pairs of letters. #}
{% macro _likest(name, names) -%}
    {%- set best = namespace(name=none, score=0.0) -%}
    {%- set pairs = [] -%}
    {%- for place in range((name | length) - 1) -%}
        {%- do pairs.append(name[place:place + 2]) -%}
    {%- endfor -%}
    {%- for other in names -%}
        {%- set shared = [] -%}
        {%- for pair in pairs if pair in other -%}
            {%- do shared.append(pair) -%}
        {%- endfor -%}
        {%- set score = 2.0 * (shared | length) / ((pairs | length) + (other | length)) -%}
        {%- if score > best.score -%}
            {%- set best.name, best.score = other, score -%}
        {%- endif -%}
    {%- endfor -%}
    {{ return(best.name if best.score > 0.6 else none) }}
{%- endmacro %}

{# Whether the options of an `external:` block are those of this engine. They are BigQuery's. #}
{% macro _takes_bigquery_options() -%}
    {{ return(adapter.dispatch('_takes_bigquery_options', 'lakeweave')()) }}
{%- endmacro %}

{% macro default___takes_bigquery_options() -%}
    {{ return(false) }}
{%- endmacro %}

{# The address of `gold/`. #}
{% macro _gold_bucket() -%}
    {{ return(adapter.dispatch('_gold_bucket', 'lakeweave')()) }}
{%- endmacro %}

{% macro default___gold_bucket() -%}
    {{ return(lakeweave.setting('gold_bucket')) }}
{%- endmacro %}
