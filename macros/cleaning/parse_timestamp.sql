{#
    A delivered timestamp in UTC, NULL where it is none. ISO 8601 is read first, in all its usual forms: `T` or a space, a
    fraction of up to nine digits, `Z`, `UTC`, an offset or the name of a zone; a date alone is midnight, 24:00:00 that of the
    next day. Then the given strptime formats are tried in order. Formats differ from source to source (day or month first),
    so a source with its own passes its own. A year has four digits.

    A format with a two-digit year (`%y`) needs `pivot`: the first two-digit year of the last century. With `pivot=70`, 69 is
    2069 and 70 is 1970.
#}
{% macro parse_timestamp(expression, formats=none, pivot=none) -%}
    {%- set formats = formats or lakeweave.setting('timestamp_formats') -%}
    {%- set pivot = lakeweave.setting('timestamp_pivot') if pivot is none else pivot -%}
    {%- set wrong = [] -%}
    {%- for format in formats if '%y' in format and pivot is none -%}
        {%- do wrong.append(format) -%}
    {%- endfor -%}
    {%- if wrong -%}
        {%- do exceptions.raise_compiler_error(
            "`parse_timestamp` in `" ~ model.name ~ "` was given formats with a two-digit year and no pivot: " ~ wrong | join(', ')
            ~ ". Give `pivot`, the first two-digit year of the last century: parse_timestamp('" ~ expression ~ "', ['" ~ wrong[0] ~ "'], pivot=70)."
        ) -%}
    {%- endif -%}
    {{ return(lakeweave.typed_value(expression, lakeweave._parsed_timestamp(expression, formats, pivot) | trim, 'not_a_timestamp')) }}
{%- endmacro %}


{# The common form first; everything else only for what is left. #}
{% macro _parsed_timestamp(expression, formats, pivot) -%}
    {%- set common = lakeweave._common_timestamp(expression) -%}
    {%- set text = expression if lakeweave._column_of(expression) else '(' ~ expression ~ ')' -%}
    coalesce(
        {{ common }},
        {{ lakeweave._iso_timestamp(text) }}
        {%- for format in formats %},
        {{ lakeweave._formatted_timestamp(text, format, pivot) }}
        {%- endfor %}
    )
{%- endmacro %}

{# `YYYY-MM-DD HH:MM:SS`, which most sources write. #}
{% macro _common_timestamp(expression) -%}
    {{ return(adapter.dispatch('_common_timestamp', 'lakeweave')(expression)) }}
{%- endmacro %}

{% macro default___common_timestamp(expression) -%}
    {%- set seconds = '^(?:[1-9][0-9]{3}|0[1-9][0-9]{2}|00[1-9][0-9]|000[1-9])-[0-9]{2}-[0-9]{2} (?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]$' -%}
    {{ lakeweave.cast_or_null(lakeweave.regexp_extract('cast(' ~ expression ~ ' as ' ~ dbt.type_string() ~ ')', seconds), dbt.type_timestamp()) }}
{%- endmacro %}

{# A LIKE is several times faster than a regular expression here. The cast refuses days that are none.
   https://duckdb.org/docs/stable/sql/functions/pattern_matching#like #}
{% macro duckdb___common_timestamp(expression) -%}
    {%- set text = expression -%}
    case
        when {{ text }} like '____-__-__ __:__:__' and {{ text }} >= '0001' and {{ text }} < '9999-13' and {{ text }} not like '___________24%'
            then try_cast({{ text }} as timestamp)
    end
{%- endmacro %}


{#
    ISO 8601. The parts of the text are matched, put into one form with six digits of the second, and cast: the engines'
    casts differ in what they take beyond it.
#}
{% macro _iso_timestamp(text) -%}
    {%- set year = '(?:[1-9][0-9]{3}|0[1-9][0-9]{2}|00[1-9][0-9]|000[1-9])' -%}
    {%- set hour = '(?:[01][0-9]|2[0-3])' -%}
    {%- set time = '(?:' ~ hour ~ ':[0-5][0-9](?::[0-5][0-9](?:[.,][0-9]{1,9})?)?|24:00(?::00(?:[.,]0{1,9})?)?)' -%}
    {%- set offset = '[-+](?:(?:0[0-9]|1[0-3])(?::?[0-5][0-9])?|14(?::?00)?)' -%}
    {%- set zone = '(?: ?(?:[Zz]|UTC|GMT|' ~ offset ~ ')| [A-Z][A-Za-z_]+/[A-Z][A-Za-z_/-]+)' -%}
    {%- set iso = lakeweave.regexp_extract(text, '^' ~ year ~ '-[0-9]{2}-[0-9]{2}(?:[Tt ]' ~ time ~ zone ~ '?)?$') -%}
    {%- set day = 'substring(' ~ text ~ ', 1, 10)' -%}
    {%- set delivered_time = "coalesce(" ~ lakeweave.regexp_extract('substring(' ~ text ~ ', 12)', '^[0-9]{2}:[0-9]{2}(?::[0-9]{2})?') ~ ", '00:00:00')" -%}
    {%- set seconds = "substring(concat(" ~ delivered_time ~ ", ':00'), 1, 8)" -%}
    {%- set fraction = "substring(concat(coalesce(" ~ lakeweave.regexp_replace(lakeweave.regexp_extract(text, '[.,][0-9]+'), '[.,]', '') ~ ", ''), '000000'), 1, 6)" -%}
    {%- set given_offset = lakeweave.regexp_extract('substring(' ~ text ~ ', 17)', '[-+][0-9]{2}:?[0-9]{0,2}$') -%}
    {%- set minutes = "(substring(" ~ given_offset ~ ", 1, 3) || ':' || substring(" ~ lakeweave.regexp_replace('substring(' ~ given_offset ~ ', 4)', ':', '') ~ " || '00', 1, 2))" -%}
    {%- set name = lakeweave.regexp_extract(text, '[A-Z][A-Za-z_]+/[A-Z][A-Za-z_/-]+$') -%}
    {%- set suffix = "coalesce(" ~ minutes ~ ", ' ' || " ~ name ~ ", '+00:00')" -%}
    {%- set is_next_day = "substring(" ~ seconds ~ ", 1, 2) = '24'" -%}
    {%- set clock = "case when " ~ is_next_day ~ " then '00:00:00' else " ~ seconds ~ " end" -%}
    {%- set moment = lakeweave._utc_timestamp("concat(" ~ day ~ ", ' ', " ~ clock ~ ", '.', " ~ fraction ~ ", " ~ suffix ~ ")") | trim -%}
    case
        when {{ iso }} is null then null
        when {{ is_next_day }} then {{ lakeweave._next_day(moment) }}
        else {{ moment }}
    end
{%- endmacro %}


{# `YYYY-MM-DD HH:MM:SS.ffffff` with an offset or a zone's name, as a timestamp in UTC. #}
{% macro _utc_timestamp(text) -%}
    {{ return(adapter.dispatch('_utc_timestamp', 'lakeweave')(text)) }}
{%- endmacro %}

{# https://spark.apache.org/docs/latest/sql-ref-datetime-pattern.html #}
{% macro default___utc_timestamp(text) -%}
    {{ lakeweave.cast_or_null(text, dbt.type_timestamp()) }}
{%- endmacro %}

{# A cast to TIMESTAMP would drop the offset. https://duckdb.org/docs/stable/sql/functions/timestamptz #}
{% macro duckdb___utc_timestamp(text) -%}
    timezone('UTC', try_cast({{ text }} as timestamptz))
{%- endmacro %}


{# The same time a day later. #}
{% macro _next_day(moment) -%}
    {{ return(adapter.dispatch('_next_day', 'lakeweave')(moment)) }}
{%- endmacro %}

{# https://spark.apache.org/docs/latest/sql-ref-literals.html#interval-literal #}
{% macro default___next_day(moment) -%}
    {{ moment }} + interval '1' day
{%- endmacro %}

{# https://cloud.google.com/bigquery/docs/reference/standard-sql/timestamp_functions#timestamp_add #}
{% macro bigquery___next_day(moment) -%}
    timestamp_add({{ moment }}, interval 1 day)
{%- endmacro %}


{#
    One strptime format. The text is matched against it first: engines read years of fewer digits and let parts be left out.
    A two-digit year is put in front of the rest, with its century.
#}
{% macro _formatted_timestamp(text, format, pivot) -%}
    {%- set letters = {'Y': '(?:[1-9][0-9]{3}|0[1-9][0-9]{2}|00[1-9][0-9]|000[1-9])', 'y': '[0-9]{2}', 'm': '[0-9]{1,2}', 'd': '[0-9]{1,2}', 'H': '[0-9]{1,2}', 'M': '[0-9]{1,2}', 'S': '[0-9]{1,2}', 'b': '[A-Za-z]+', 'B': '[A-Za-z]+'} -%}
    {%- set found = namespace(pattern='', whole='', is_letter=false, unknown=none) -%}
    {%- for character in format -%}
        {%- if found.is_letter -%}
            {%- if character not in letters -%}{%- set found.unknown = '%' ~ character -%}{%- endif -%}
            {%- set part = letters.get(character, '') -%}
            {%- set found.whole = found.whole ~ part -%}
            {%- set found.pattern = found.pattern ~ (')(' ~ part ~ ')(' if character == 'y' else part) -%}
            {%- set found.is_letter = false -%}
        {%- elif character == '%' -%}
            {%- set found.is_letter = true -%}
        {%- else -%}
            {%- set part = '[' ~ character ~ ']' if character in '.+*?(){}|$' else '\\' ~ character if character in '^[]\\' else character -%}
            {%- set found.whole = found.whole ~ part -%}
            {%- set found.pattern = found.pattern ~ part -%}
        {%- endif -%}
    {%- endfor -%}
    {%- if found.unknown -%}
        {%- do exceptions.raise_compiler_error(
            "The timestamp format '" ~ format ~ "' in `" ~ model.name ~ "` has " ~ found.unknown ~ "; expected are %Y, %y, %m, %d, %H, %M, %S, %b and %B."
        ) -%}
    {%- endif -%}
    {%- set matched = lakeweave.regexp_extract(text, '^' ~ found.whole ~ '$') -%}
    {%- if '%y' not in format -%}
        {{ return(adapter.dispatch('_strptime', 'lakeweave')(matched, format) | trim) }}
    {%- endif -%}
    {%- set moved = lakeweave.regexp_replace(matched, '^(' ~ found.pattern ~ ')$', '\\2 \\1\\3') -%}
    {%- set dated = "concat(case when substring(" ~ moved ~ ", 1, 2) >= '" ~ '%02d' | format(pivot | int) ~ "' then '19' else '20' end, " ~ moved ~ ")" -%}
    {{ return(adapter.dispatch('_strptime', 'lakeweave')(dated, '%Y ' ~ format | replace('%y', '')) | trim) }}
{%- endmacro %}

{% macro default___strptime(text, format) -%}
    {{ lakeweave.raise_unsupported('parse_timestamp', ['duckdb', 'bigquery', 'spark', 'databricks']) }}
{%- endmacro %}

{# https://duckdb.org/docs/stable/sql/functions/dateformat#strptime-examples #}
{% macro duckdb___strptime(text, format) -%}
    try_strptime({{ text }}, '{{ format }}')
{%- endmacro %}

{# https://cloud.google.com/bigquery/docs/reference/standard-sql/timestamp_functions#parse_timestamp #}
{% macro bigquery___strptime(text, format) -%}
    safe.parse_timestamp('{{ format }}', {{ text }})
{%- endmacro %}

{# Spark writes patterns its own way. https://spark.apache.org/docs/latest/sql-ref-datetime-pattern.html #}
{% macro spark___strptime(text, format) -%}
    {%- set letters = {'%Y': 'yyyy', '%m': 'M', '%d': 'd', '%H': 'H', '%M': 'm', '%S': 's', '%b': 'MMM', '%B': 'MMMM'} -%}
    {%- set pattern = namespace(text=format) -%}
    {%- for letter in letters -%}
        {%- set pattern.text = pattern.text | replace(letter, letters[letter]) -%}
    {%- endfor -%}
    try_to_timestamp({{ text }}, '{{ pattern.text }}')
{%- endmacro %}
