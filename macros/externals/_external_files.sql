{# What DuckDB, Spark and Databricks share: they read the files of a source by a reader, whose options have other names. #}

{#
    Whether a bronze model takes the source in by `ingestion` or `object_table`, or is a list of objects: these read the files
    themselves, so no object is wanted.
#}
{% macro _reads_files_itself(declared) -%}
    {%- for node in graph.nodes.values() if node.resource_type == 'model' -%}
        {%- set object_config = node.config.meta.get('ingestion') or node.config.meta.get('object_table') -%}
        {%- if object_config and object_config.source == declared.source_name and object_config.table == declared.name -%}
            {{ return(true) }}
        {%- endif -%}
    {%- endfor -%}
    {{ return((declared.external.get('file_format') or '') | lower in ('objects', 'object_table')) }}
{%- endmacro %}

{# The parts that each of these engines' definitions has. `shared` are options in BigQuery's words, `options` in the engine's. #}
{% macro _file_definition(declared, problems, readable) -%}
    {%- set block = lakeweave.external_block(declared, problems) -%}
    {%- set format = lakeweave._external_format(block) or (block.get('shared_options') or {}).get('format', '') | lower or none -%}
    {%- if not format -%}
        {%- do problems.append('`external.file_format` is missing; expected one of: ' ~ readable | join(', ') ~ '.') -%}
    {%- elif format not in readable -%}
        {%- do problems.append("`external.file_format` is '" ~ format ~ "', which " ~ lakeweave.engine() ~ ' cannot read; expected one of: ' ~ readable | join(', ') ~ '.') -%}
    {%- endif -%}
    {%- set partitions = lakeweave._external_partitions(block, problems) -%}
    {%- set columns = [] if format == 'objects' else lakeweave._external_columns(declared, block, partitions, problems) -%}
    {%- set shared = block.get('shared_options') or {} -%}
    {%- set known = lakeweave._bigquery_option_list() -%}
    {%- for name in shared if name not in known and name not in ('format', 'uris', 'connection_name') -%}
        {%- set likest = lakeweave._likest(name, known.keys() | list) -%}
        {%- do problems.append(
            '`external.options.' ~ name ~ '` is not known' ~ ('; did you mean `' ~ likest ~ '`?' if likest else '.')
            ~ ' Options of ' ~ lakeweave.engine() ~ ' go under `external.' ~ lakeweave.engine() ~ '.options`.'
        ) -%}
    {%- endfor -%}
    {{ return({
        'name': declared.source_name ~ '.' ~ declared.name,
        'relation': api.Relation.create(database=declared.database, schema=declared.schema, identifier=declared.identifier),
        'block': block,
        'format': format,
        'uris': lakeweave._external_uris(declared, block),
        'partitions': partitions,
        'file_columns': columns,
        'columns': columns + partitions,
        'shared': shared,
        'connection': block.get('connection'),
        'may_lose_columns': block.get('on_column_change') == 'replace',
        'description': declared.description | trim,
        'refresh': none,
    }) }}
{%- endmacro %}

{% macro _finished_definition(definition, kind, type, parts) -%}
    {%- do parts.update({'description': definition.description}) -%}
    {%- do definition.update({
        'kind': kind, 'type': type, 'parts': parts, 'fingerprint': local_md5(tojson(parts, sort_keys=true)),
    }) -%}
    {{ return(definition) }}
{%- endmacro %}

{# A place of the landing zone as a folder of this machine; any other as it is. #}
{% macro _local_uri(uri) -%}
    {%- for beginning, folder in lakeweave.local_places().items() if uri.startswith(beginning) -%}
        {{ return(folder ~ uri[beginning | length:]) }}
    {%- endfor -%}
    {{ return(uri) }}
{%- endmacro %}

{# BigQuery's type by the name that these engines have for it. #}
{% macro _file_type(type) -%}
    {{ return(adapter.dispatch('_file_type', 'lakeweave')(type)) }}
{%- endmacro %}

{% macro default___file_type(type) -%}
    {{ return(lakeweave._named_file_type(type, 'binary', dbt.type_string())) }}
{%- endmacro %}

{% macro _named_file_type(type, bytes_type, json_type) -%}
    {%- set names = {
        'STRING': dbt.type_string(), 'INT64': dbt.type_bigint(), 'FLOAT64': 'double', 'BOOL': 'boolean', 'BYTES': bytes_type,
        'NUMERIC': 'decimal(38, 9)', 'BIGNUMERIC': 'decimal(38, 18)', 'DATETIME': 'timestamp', 'JSON': json_type,
    } -%}
    {{ return(names.get(lakeweave._canonical_type(type), type | lower)) }}
{%- endmacro %}
