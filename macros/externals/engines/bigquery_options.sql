{#
    The options of an external table, each with its type and the formats that it is for ('any' for all).
    https://cloud.google.com/bigquery/docs/reference/standard-sql/data-definition-language#external_table_option_list
#}
{% macro _bigquery_option_list() -%}
    {%- set any, csv, text = ['any'], ['CSV'], ['CSV', 'NEWLINE_DELIMITED_JSON'] -%}
    {{ return({
        'allow_jagged_rows': ['bool', csv],
        'allow_quoted_newlines': ['bool', csv],
        'compression': ['string', text],
        'date_format': ['string', text],
        'datetime_format': ['string', text],
        'decimal_target_types': ['list', ['AVRO', 'CSV', 'ORC', 'PARQUET']],
        'enable_list_inference': ['bool', ['PARQUET']],
        'enable_logical_types': ['bool', ['AVRO']],
        'encoding': ['string', text],
        'enum_as_string': ['bool', ['PARQUET']],
        'expiration_timestamp': ['timestamp', any],
        'field_delimiter': ['string', csv],
        'file_set_spec_type': ['string', any],
        'hive_partition_uri_prefix': ['string', any],
        'ignore_unknown_values': ['bool', text],
        'json_extension': ['string', ['NEWLINE_DELIMITED_JSON']],
        'max_bad_records': ['int', ['CSV', 'NEWLINE_DELIMITED_JSON', 'GOOGLE_SHEETS']],
        'max_staleness': ['interval', any],
        'metadata_cache_mode': ['string', any],
        'null_marker': ['string', csv],
        'null_markers': ['list', csv],
        'object_metadata': ['string', ['objects']],
        'preserve_ascii_control_characters': ['bool', csv],
        'quote': ['string', csv],
        'reference_file_schema_uri': ['string', ['AVRO', 'ORC', 'PARQUET']],
        'require_hive_partition_filter': ['bool', any],
        'sheet_range': ['string', ['GOOGLE_SHEETS']],
        'skip_leading_rows': ['int', ['CSV', 'GOOGLE_SHEETS']],
        'source_column_match': ['string', csv],
        'tags': ['pairs', any],
        'time_format': ['string', text],
        'time_zone': ['string', text],
        'timestamp_format': ['string', text],
    }) }}
{%- endmacro %}

{# The options as pairs of name and literal, in the order in which they are written. #}
{% macro _bigquery_options(block, word, uris, partitions, connection, problems) -%}
    {%- set known, given, pairs = lakeweave._bigquery_option_list(), block.options, [] -%}
    {%- if word == 'objects' -%}
        {%- do pairs.append(['object_metadata', "'SIMPLE'"]) -%}
    {%- else -%}
        {%- do pairs.append(['format', "'" ~ word ~ "'"]) -%}
    {%- endif -%}
    {%- set literals = [] -%}
    {%- for uri in uris -%}
        {%- do literals.append(lakeweave.text_literal(uri)) -%}
    {%- endfor -%}
    {%- do pairs.append(['uris', '[' ~ literals | join(', ') ~ ']']) -%}
    {%- if partitions and 'hive_partition_uri_prefix' not in given -%}
        {%- do pairs.append(['hive_partition_uri_prefix', lakeweave.text_literal(lakeweave._hive_prefix(uris[0], partitions))]) -%}
    {%- endif -%}
    {%- for name in given | sort if name not in ('format', 'uris', 'connection_name', 'object_metadata') -%}
        {%- if name not in known -%}
            {%- set likest = lakeweave._likest(name, known.keys() | list) -%}
            {%- do problems.append(
                '`external.options.' ~ name ~ '` is no option of an external table on BigQuery'
                ~ ('; did you mean `' ~ likest ~ '`?' if likest else '; expected: ' ~ known.keys() | sort | join(', ') ~ '.')
            ) -%}
        {%- elif known[name][1][0] != 'any' and word not in known[name][1] -%}
            {%- do problems.append(
                '`external.options.' ~ name ~ '` is for ' ~ known[name][1] | join(', ') ~ ' only, and the format is ' ~ word ~ '; take it out.'
            ) -%}
        {%- else -%}
            {%- set literal = lakeweave._bigquery_option_literal(name, known[name][0], given[name], problems) -%}
            {%- if literal is not none -%}
                {%- do pairs.append([name, literal]) -%}
            {%- endif -%}
        {%- endif -%}
    {%- endfor -%}
    {%- do lakeweave._bigquery_option_rules(given, word, uris, partitions, connection, problems) -%}
    {{ return(pairs) }}
{%- endmacro %}

{# A value as a literal of the option's type; none, and a problem, where it is of another. #}
{% macro _bigquery_option_literal(name, type, value, problems) -%}
    {%- set right = {
        'bool': value is boolean,
        'int': value is integer and value is not boolean,
        'string': value is string or value is number,
        'list': value is iterable and value is not string and value is not mapping,
        'pairs': value is mapping,
        'timestamp': value is not mapping,
        'interval': value is string,
    } -%}
    {%- if not right[type] -%}
        {%- set expected = {'bool': 'true or false', 'int': 'a whole number', 'string': 'a text', 'list': 'a list of texts', 'pairs': 'names and values'} -%}
        {%- do problems.append('`external.options.' ~ name ~ '` is ' ~ tojson(value | string) ~ '; expected ' ~ expected.get(type, 'a ' ~ type) ~ '.') -%}
        {{ return(none) }}
    {%- endif -%}
    {%- if type == 'bool' -%}
        {{ return('true' if value else 'false') }}
    {%- elif type == 'int' -%}
        {{ return(value | string) }}
    {%- elif type == 'string' -%}
        {{ return(lakeweave.text_literal(value)) }}
    {%- elif type == 'timestamp' -%}
        {{ return('timestamp ' ~ lakeweave.text_literal(value)) }}
    {%- elif type == 'interval' -%}
        {{ return(lakeweave._bigquery_interval(name, value, problems)) }}
    {%- endif -%}
    {%- set literals = [] -%}
    {%- if type == 'list' -%}
        {%- for each in value -%}
            {%- do literals.append(lakeweave.text_literal(each)) -%}
        {%- endfor -%}
    {%- else -%}
        {%- for key in value -%}
            {%- do literals.append('(' ~ lakeweave.text_literal(key) ~ ', ' ~ lakeweave.text_literal(value[key]) ~ ')') -%}
        {%- endfor -%}
    {%- endif -%}
    {{ return('[' ~ literals | join(', ') ~ ']') }}
{%- endmacro %}

{# `30 minutes`, `interval 4 hour`, `1 day`: from half an hour to seven days; `0` switches the cache off. #}
{% macro _bigquery_interval(name, value, problems) -%}
    {%- set found = modules.re.fullmatch('(?:interval\\s+)?(\\d+)\\s*(minute|hour|day)s?', value | trim | lower) -%}
    {%- set minutes = (found.group(1) | int) * {'minute': 1, 'hour': 60, 'day': 1440}[found.group(2)] if found else -1 -%}
    {%- if minutes < 30 or minutes > 10080 -%}
        {%- do problems.append('`external.options.' ~ name ~ '` is ' ~ tojson(value) ~ '; expected 30 minutes to 7 days, as in `30 minutes`, `4 hours` or `1 day`.') -%}
        {{ return(none) }}
    {%- endif -%}
    {{ return('interval ' ~ found.group(1) ~ ' ' ~ found.group(2)) }}
{%- endmacro %}

{# What BigQuery refuses of options that are each right in themselves. #}
{% macro _bigquery_option_rules(given, word, uris, partitions, connection, problems) -%}
    {%- if ('max_staleness' in given) != ('metadata_cache_mode' in given) -%}
        {%- do problems.append('`max_staleness` and `metadata_cache_mode` go together; give both or neither.') -%}
    {%- endif -%}
    {%- if 'metadata_cache_mode' in given and given.metadata_cache_mode | string | upper not in ('AUTOMATIC', 'MANUAL') -%}
        {%- do problems.append("`external.options.metadata_cache_mode` is '" ~ given.metadata_cache_mode ~ "'; expected AUTOMATIC or MANUAL.") -%}
    {%- endif -%}
    {%- if 'metadata_cache_mode' in given and not connection -%}
        {%- do problems.append('a metadata cache needs a connection; give `external.connection`, or take `metadata_cache_mode` and `max_staleness` out.') -%}
    {%- endif -%}
    {%- if 'null_marker' in given and 'null_markers' in given -%}
        {%- do problems.append('`null_marker` and `null_markers` exclude each other; keep one.') -%}
    {%- endif -%}
    {%- if 'source_column_match' in given and given.source_column_match | string | upper not in ('NAME', 'POSITION') -%}
        {%- do problems.append("`external.options.source_column_match` is '" ~ given.source_column_match ~ "'; expected NAME or POSITION.") -%}
    {%- endif -%}
    {%- if given.get('object_metadata', 'SIMPLE') | string | upper != 'SIMPLE' -%}
        {%- do problems.append("`external.options.object_metadata` is '" ~ given.object_metadata ~ "'; expected SIMPLE.") -%}
    {%- endif -%}
    {%- for name in ['hive_partition_uri_prefix', 'require_hive_partition_filter'] if name in given and not partitions -%}
        {%- do problems.append('`external.options.' ~ name ~ '` is given without `external.partitions`; name the keys and their types.') -%}
    {%- endfor -%}
    {%- if partitions -%}
        {%- set prefix = given.get('hive_partition_uri_prefix') or lakeweave._hive_prefix(uris[0], partitions) -%}
        {%- for uri in uris if not uri.startswith(prefix) -%}
            {%- do problems.append('`' ~ uri ~ '` does not begin with the prefix of the partitions, `' ~ prefix ~ '`; all files must lie below it.') -%}
        {%- endfor -%}
        {%- if word in ('objects', 'ICEBERG', 'DELTA_LAKE', 'GOOGLE_SHEETS') -%}
            {%- do problems.append('`external.partitions` are given for ' ~ word ~ ', which knows its partitions itself or has none; take them out.') -%}
        {%- endif -%}
    {%- endif -%}
{%- endmacro %}

{# What comes before the first `key=` or `*` of a path. #}
{% macro _hive_prefix(uri, partitions) -%}
    {%- set folder = uri.split('*')[0] -%}
    {%- for name, _ in partitions -%}
        {%- set folder = folder.split('/' ~ name ~ '=')[0] -%}
    {%- endfor -%}
    {{ return(folder.rstrip('/')) }}
{%- endmacro %}

{# https://cloud.google.com/bigquery/docs/external-data-cloud-storage#wildcard-support #}
{% macro _bigquery_uri_problems(uris, format, problems) -%}
    {%- for uri in uris -%}
        {%- set scheme = uri.split('://')[0] if '://' in uri else '' -%}
        {%- if format == 'google_sheets' -%}
            {%- if not uri.startswith('https://docs.google.com/spreadsheets/') -%}
                {%- do problems.append('`' ~ uri ~ '` is no address of a Google sheet; expected https://docs.google.com/spreadsheets/d/….') -%}
            {%- endif -%}
        {%- elif scheme not in ('gs', 's3') -%}
            {%- do problems.append('`' ~ uri ~ '` is no place that BigQuery reads files from; expected gs://… or s3://…, or a folder of the landing zone (gcp/… or aws/…).') -%}
        {%- else -%}
            {%- set rest = uri.split('://')[1] -%}
            {%- if '*' in rest.split('/')[0] or uri.count('*') > 1 -%}
                {%- do problems.append('`' ~ uri ~ '` has a `*` in the bucket or more than one; BigQuery allows one, after the bucket.') -%}
            {%- endif -%}
            {%- if format == 'objects' and scheme == 's3' -%}
                {%- do problems.append('`' ~ uri ~ '`: object tables are for Google Cloud Storage only; copy the objects to a gs:// bucket (Storage Transfer Service).') -%}
            {%- endif -%}
        {%- endif -%}
    {%- endfor -%}
    {%- set schemes = [] -%}
    {%- for uri in uris -%}
        {%- do schemes.append(uri.split('://')[0]) -%}
    {%- endfor -%}
    {%- if schemes | unique | list | length > 1 -%}
        {%- do problems.append('`external.location` mixes clouds: ' ~ uris | join(', ') ~ '; make one source table for each.') -%}
    {%- endif -%}
    {%- if format == 'iceberg' and (uris | length != 1 or not uris[0].endswith('.metadata.json')) -%}
        {%- do problems.append('an Iceberg table is named by one metadata file (…/metadata/….metadata.json), not by ' ~ uris | join(', ') ~ '.') -%}
    {%- endif -%}
    {%- if format == 'delta' and (uris | length != 1 or '*' in uris[0]) -%}
        {%- do problems.append('a Delta table is named by its folder alone, without `*`; given: ' ~ uris | join(', ') ~ '.') -%}
    {%- endif -%}
{%- endmacro %}
