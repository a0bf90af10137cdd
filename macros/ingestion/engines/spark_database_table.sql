{# A table of a database through JDBC: its address, its columns and its rows. #}

{# How the database is reached: a foreign catalog, a file that the driver reads, JDBC, or not at all (none). #}
{% macro _spark_address(database) -%}
    {%- set chosen = (lakeweave.setting('databases').get(lakeweave.engine()) or {}).get(database.connection) -%}
    {%- if chosen and chosen.get('catalog') -%}
        {{ return({'catalog': chosen.catalog, 'schema': chosen.get('schema') or database.get('schema') or 'public', 'quote': '`'}) }}
    {%- endif -%}
    {%- set url = env_var('LAKEWEAVE_' ~ (database.connection | upper) ~ '_URL', '') or database.get('default_url') or '' -%}
    {%- set kind = url.split(':')[0] -%}
    {%- if not url or (kind == 'sqlite' and not lakeweave.is_local_engine()) -%}
        {{ return(none) }}
    {%- endif -%}
    {# Named, because the JVM finds a driver by itself only from the loader of classes that asked first, which is Hive's here. #}
    {%- set drivers = {
        'postgresql': 'org.postgresql.Driver', 'mysql': 'com.mysql.cj.jdbc.Driver', 'mariadb': 'org.mariadb.jdbc.Driver',
        'sqlserver': 'com.microsoft.sqlserver.jdbc.SQLServerDriver',
    } -%}
    {{ return({
        'driver': drivers.get(kind), 'catalog': none, 'schema': database.get('schema'), 'quote': '`' if kind in ('mysql', 'mariadb') else '"',
        'is_file': kind == 'sqlite',
    }) }}
{%- endmacro %}

{# A view of the table, or of a query of the database. `options` are those of the JDBC source. #}
{% macro _spark_database_view(name, database, where, options) -%}
    {%- set settings = 'spark.lakeweave.' ~ database.connection -%}
    create or replace temporary view {{ name }} using jdbc
    options (
        url '${ {{- settings }}.address}',
        user '${ {{- settings }}.user}',
        password '${ {{- settings }}.phrase}',
        {%- if where.driver %}
        driver {{ lakeweave.text_literal(where.driver) }},
        {%- endif %}
        preferTimestampNTZ 'true',
        fetchsize '10000'
        {%- for option in options %},
        {{ option }} {{ lakeweave.text_literal(options[option]) }}
        {%- endfor %}
    )
{%- endmacro %}

{% macro _spark_database_table(database, where) -%}
    {%- set mark = where.quote -%}
    {%- set parts = [] -%}
    {%- for part in [where.catalog, where.schema, database.table] if part -%}
        {%- do parts.append(mark ~ (part | replace(mark, mark ~ mark)) ~ mark) -%}
    {%- endfor -%}
    {{ return(parts | join('.')) }}
{%- endmacro %}

{#
    The columns of the file, each with its name in the table and an expression that makes it text. Undeclared columns
    come along; the layout policy of the source decides about them. The error lists all differences from the declaration.
#}
{% macro _spark_database_columns(spec, declared, database, where) -%}
    {%- set rows = lakeweave._spark_database_rows(spec, database, where, {}, 1) -%}
    {%- set present, kinds, wanted, problems = {}, {}, {}, [] -%}
    {%- set ended = namespace(yes=false) -%}
    {%- for row in lakeweave.fetch_rows("describe " ~ rows, []) -%}
        {# What comes after the columns begins with an empty line or a sign. #}
        {%- set ended.yes = ended.yes or not row[0] or row[0].startswith('#') -%}
        {%- if ended.yes -%}{%- break -%}{%- endif -%}
        {%- do present.update({lakeweave._snake_case(row[0]): row[0]}) -%}
        {%- do kinds.update({row[0]: row[2] if where.is_file else row[1]}) -%}
    {%- endfor -%}
    {%- for column in declared.columns.values() if column.name not in ['op', 'row_hash', 'read_number'] -%}
        {%- set original = present.get(lakeweave._snake_case(column.name)) -%}
        {%- set meta = ((column.config or {}).get('meta') or {}) if column.config is defined else {} -%}
        {%- set kind = (meta or column.meta or {}).get('database_type') -%}
        {%- if original is none -%}
            {%- do problems.append("column `" ~ column.name ~ "` is not in the table, which has " ~ kinds | join(', ')) -%}
        {%- elif kind and lakeweave._spark_family(kinds[original]) != kind -%}
            {%- do problems.append("column `" ~ original ~ "` is " ~ kinds[original] ~ " in the database, declared is " ~ kind) -%}
        {%- else -%}
            {%- do wanted.update({column.name: original}) -%}
        {%- endif -%}
    {%- endfor -%}
    {%- for name in ['key', 'watermark'] if database.get(name) and database[name] not in declared.columns -%}
        {%- do problems.append("`database." ~ name ~ "` is '" ~ database[name] ~ "', which is none of the declared columns") -%}
    {%- endfor -%}
    {%- if problems -%}
        {%- do exceptions.raise_compiler_error(
            "`" ~ database.table ~ "` is not what the source " ~ spec.source ~ " declares: " ~ problems | join('; ')
            ~ ". Fix the table, or update the declared columns and the silver model that reads them. Nothing was read."
        ) -%}
    {%- endif -%}
    {%- for name in present if present[name] not in wanted.values() and name not in ['op', 'row_hash', 'read_number'] -%}
        {%- do wanted.update({name: present[name]}) -%}
    {%- endfor -%}
    {%- set columns = {} -%}
    {%- for name in wanted -%}
        {%- set quoted = '`' ~ wanted[name] ~ '`' -%}
        {%- set is_moment = lakeweave._spark_family(kinds[wanted[name]]) == 'timestamp' and not where.is_file -%}
        {%- do columns.update({name: {
            'original': wanted[name],
            'text': "date_format(" ~ quoted ~ ", 'yyyy-MM-dd HH:mm:ss.SSSSSS')" if is_moment else 'cast(' ~ quoted ~ ' as string)',
        }}) -%}
    {%- endfor -%}
    {{ return(columns) }}
{%- endmacro %}

{# What a type of Spark's JDBC reader is declared as: `database_type` of a column. #}
{% macro _spark_family(kind) -%}
    {%- set name = kind.split('(')[0] | lower -%}
    {%- set families = {
        'tinyint': 'integer', 'smallint': 'integer', 'int': 'integer', 'bigint': 'integer',
        'string': 'text', 'varchar': 'text', 'char': 'text',
        'timestamp': 'timestamp', 'timestamp_ntz': 'timestamp', 'date': 'date',
        'decimal': 'number', 'float': 'number', 'double': 'number', 'boolean': 'boolean',
    } -%}
    {{ return(families.get(name, name)) }}
{%- endmacro %}
