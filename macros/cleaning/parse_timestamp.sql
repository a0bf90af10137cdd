{#
    A delivered timestamp, in UTC; NULL where the text is none. Read are, in this order:

    1. ISO 8601: `2024-01-02`, `2024-01-02T03:04`, `2024-01-02 03:04:05.123456789 UTC`, `20240102T030405Z`; with `Z`, `UTC`, `GMT`, an
       offset (`+02:00`, `+0200`, `+02`) or the name of a time zone (`Europe/Berlin`), which is applied. Without one it is UTC.
       A local time that the zone's clock skips or shows twice is not read.
    2. The declared `formats`, as strptime has them. Formats differ from source to source (day or month first), so a source with its
       own passes its own. `epoch_seconds`, `epoch_milliseconds` and `epoch_microseconds` are formats too.

    A year has four digits, the first of which is not 0. A format with `%y` reads two, and needs `pivot`: years below it belong to this century, the
    others to the last one.
    Digits beyond the microsecond are cut; `change_order` has them.
#}
{% macro parse_timestamp(expression, formats=none, pivot=none) -%}
    {%- set formats = formats or lakeweave.setting('timestamp_formats') -%}
    {%- set pivot = lakeweave.setting('timestamp_pivot') if pivot is none else pivot -%}
    {%- set years = {'four': [], 'two': [], 'epoch': []} -%}
    {%- for format in formats -%}
        {%- do years['epoch' if format.startswith('epoch_') else ('two' if '%y' in format else 'four')].append(format) -%}
    {%- endfor -%}
    {%- set problems = [] -%}
    {%- if years.two and pivot is none -%}
        {%- do problems.append(
            "`formats` has '" ~ years.two[0] ~ "', whose year has two digits, and no `pivot`. "
            ~ "Give the first year of the last century, for example pivot=70: 69 is 2069, 70 is 1970."
        ) -%}
    {%- endif -%}
    {%- set unknown = [] -%}
    {%- for format in years.four + years.two -%}
        {%- for part in modules.re.findall('%.|.', format) if part.startswith('%') and part not in lakeweave._strptime_directives() -%}
            {%- do unknown.append(part ~ ' in ' ~ format) -%}
        {%- endfor -%}
    {%- endfor -%}
    {%- if unknown -%}
        {%- do problems.append(
            "`formats` has " ~ unknown | join(', ') ~ ", which is not read on every engine. Known are "
            ~ lakeweave._strptime_directives().keys() | join(', ') ~ "; offsets, zones and fractions of a second are read in ISO 8601."
        ) -%}
    {%- endif -%}
    {%- for format in years.epoch if format not in lakeweave._epoch_factors() -%}
        {%- do problems.append(
            "`formats` has '" ~ format ~ "'; expected a strptime format or one of " ~ lakeweave._epoch_factors().keys() | join(', ') ~ "."
        ) -%}
    {%- endfor -%}
    {%- do lakeweave.raise_problems("The call of `parse_timestamp` in `" ~ model.name ~ "`", problems) -%}
    {%- set read = [lakeweave._iso_timestamp(expression), lakeweave._basic_iso_timestamp(expression)] -%}
    {%- if years.four -%}
        {%- do read.append(lakeweave._declared_timestamp(expression, years.four)) -%}
    {%- endif -%}
    {%- if years.two -%}
        {%- do read.append(lakeweave._in_century(lakeweave._declared_timestamp(expression, years.two), pivot)) -%}
    {%- endif -%}
    {%- for format in years.epoch -%}
        {%- do read.append(lakeweave._epoch_timestamp(expression, format)) -%}
    {%- endfor -%}
    {%- set typed = 'coalesce(' ~ read | join(', ') ~ ')' -%}
    {%- set plain = lakeweave._plain_timestamp(expression) | trim -%}
    {#- The other forms are not tried for NULL. -#}
    {%- set typed = 'coalesce(' ~ plain ~ ', case when ' ~ expression ~ ' is not null then ' ~ typed ~ ' end)' if plain else typed -%}
    {{ return(lakeweave.typed_value(expression, typed, 'not_a_timestamp')) }}
{%- endmacro %}

{# The most frequent form, which needs no regular expression; empty where an engine gains nothing by it. #}
{% macro _plain_timestamp(expression) -%}
    {{ return(adapter.dispatch('_plain_timestamp', 'lakeweave')(expression)) }}
{%- endmacro %}

{% macro default___plain_timestamp(expression) -%}
    {{ return('') }}
{%- endmacro %}

{#
    ISO 8601. The text is matched first, because the engines' casts disagree on what else they read; then its date and time are
    cast, hour 24 is the next day, and the zone is applied. A moment after the year 9999 is none, as BigQuery has it.
#}
{% macro _iso_timestamp(expression) -%}
    {%- set day = '[1-9][0-9]{3}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])' -%}
    {%- set hour_and_minute = '(?:[01][0-9]|2[0-4]):[0-5][0-9]' -%}
    {%- set time = hour_and_minute ~ '(?::[0-5][0-9](?:[.,][0-9]{1,9})?)?' -%}
    {%- set offset = '[-+](?:0[0-9]|1[0-4])(?::?[0-5][0-9])?' -%}
    {#- The areas of the time zone database; an engine may know others, such as SystemV. -#}
    {%- set zone = '(?:Africa|America|Antarctica|Arctic|Asia|Atlantic|Australia|Brazil|Canada|Chile|Etc|Europe|Indian|Mexico|Pacific|US)/[A-Z][A-Za-z0-9_/+-]+' -%}
    {%- set local = dbt.concat([
        'delivered_iso.local_day', "' '",
        "case when delivered_iso.local_time is null then '00:00:00' when length(delivered_iso.local_time) = 5 then " ~ dbt.concat(['delivered_iso.local_time', "':00'"]) ~ " else delivered_iso.local_time end",
    ]) -%}
    {%- set int = dbt.type_int() -%}
    {%- set minutes = "(delivered_iso.later_minutes - coalesce((case when delivered_iso.utc_offset like '-%' then -1 else 1 end) * (60 * cast(substring("
        ~ "delivered_iso.utc_offset, 2, 2) as " ~ int ~ ") + case when length(delivered_iso.utc_offset) > 3 then cast(substring(replace(delivered_iso.utc_offset, ':', ''), 4, 2) as "
        ~ int ~ ") else 0 end), 0))" -%}
    {%- set parts = {} -%}
    {%- set found_time = lakeweave._regexp_group(expression, '^.{10}[Tt ](' ~ hour_and_minute ~ '(?::[0-5][0-9](?:[.,][0-9]{1,6})?)?)') -%}
    {%- do parts.update({
        'local_day': 'substring(' ~ expression ~ ', 1, 10)',
        'local_time': lakeweave.regexp_replace("replace(" ~ found_time ~ ", ',', '.')", '^24', '00'),
        'later_minutes': "case when " ~ lakeweave._matches(expression, '[Tt ]24:') ~ " then 1440 else 0 end",
        'utc_offset': lakeweave._regexp_group(expression, time ~ ' ?(' ~ offset ~ ')$'),
        'zone_name': lakeweave._regexp_group(expression, time ~ ' ?(' ~ zone ~ ')$'),
    }) -%}
    {%- set typed = lakeweave._let('delivered_iso', parts,
        "case when delivered_iso.local_day = '9999-12-31' and (delivered_iso.zone_name is not null or " ~ minutes ~ " > 0) then null"
        ~ " when delivered_iso.zone_name is not null then " ~ lakeweave._shifted(lakeweave._in_zone(local, 'delivered_iso.zone_name'), 'delivered_iso.later_minutes')
        ~ " else " ~ lakeweave._shifted(lakeweave.cast_or_null(local, dbt.type_timestamp()), minutes) ~ " end"
    ) -%}
    {{ return(
        "case when " ~ lakeweave._matches(expression, '^' ~ day ~ '(?:[Tt ]' ~ time ~ ' ?(?:[Zz]|UTC|GMT|' ~ offset ~ '|' ~ zone ~ ')?)?$')
        ~ " and (not " ~ lakeweave._matches(expression, '[Tt ]24:') ~ " or "
        ~ lakeweave._matches(expression, '[Tt ]24:00(?::00(?:[.,]0+)?)?(?:[^0-9:.,]|$)') ~ ") then " ~ typed ~ " end"
    ) }}
{%- endmacro %}

{# The basic form of ISO 8601: no separators, in UTC. #}
{% macro _basic_iso_timestamp(expression) -%}
    {%- set pattern = '^([1-9][0-9]{3})([0-9]{2})([0-9]{2})T([01][0-9]|2[0-3])([0-5][0-9])([0-5][0-9])Z?$' -%}
    {{ return(
        "case when " ~ lakeweave._matches(expression, pattern) ~ " then " ~ lakeweave.cast_or_null(
            lakeweave.regexp_replace(expression, pattern, '\\1-\\2-\\3 \\4:\\5:\\6'), dbt.type_timestamp()
        ) ~ " end"
    ) }}
{%- endmacro %}

{# A timestamp some minutes later. #}
{% macro _shifted(expression, minutes) -%}
    {{ return(adapter.dispatch('_shifted', 'lakeweave')(expression, minutes)) }}
{%- endmacro %}

{# https://duckdb.org/docs/stable/sql/functions/interval #}
{% macro default___shifted(expression, minutes) -%}
    {{ return(expression ~ " + to_minutes(" ~ minutes ~ ")") }}
{%- endmacro %}

{#
    A local time, as text, in the time zone of that name; NULL where there is no such zone, where the clock skips the time and where it shows
    it twice. The engines disagree on such times, and only the one who wrote them knows. The offsets of the day before and the day after
    give two candidates; a candidate counts if the clock of the zone shows the local time then.
#}
{% macro _in_zone(local, zone) -%}
    {%- set moments = {
        'clock': 'delivered_clock.clock',
        'earlier': lakeweave._shifted(lakeweave._at_clock(lakeweave._shifted('delivered_clock.clock', -1440), 'delivered_clock.zone'), 1440),
        'later': lakeweave._shifted(lakeweave._at_clock(lakeweave._shifted('delivered_clock.clock', 1440), 'delivered_clock.zone'), -1440),
        'zone': 'delivered_clock.zone',
    } -%}
    {%- set earlier_fits = lakeweave._clock_at('delivered_moments.earlier', 'delivered_moments.zone') ~ " = delivered_moments.clock" -%}
    {%- set later_fits = lakeweave._clock_at('delivered_moments.later', 'delivered_moments.zone') ~ " = delivered_moments.clock" -%}
    {%- set read = "case when delivered_moments.earlier = delivered_moments.later then delivered_moments.earlier"
        ~ " when " ~ earlier_fits ~ " and not " ~ later_fits ~ " then delivered_moments.earlier"
        ~ " when " ~ later_fits ~ " and not " ~ earlier_fits ~ " then delivered_moments.later end" -%}
    {{ return("case when " ~ lakeweave._is_zone(zone) ~ " then " ~ lakeweave._let('delivered_clock', {
        'clock': lakeweave.cast_or_null(local, dbt.type_timestamp()), 'zone': zone,
    }, lakeweave._let('delivered_moments', moments, read)) ~ " end") }}
{%- endmacro %}

{# Whether the text is the name of a time zone. #}
{% macro _is_zone(zone) -%}
    {{ return(adapter.dispatch('_is_zone', 'lakeweave')(zone)) }}
{%- endmacro %}

{#
    No subquery over the list of names: DuckDB would join each of them to every row, and type the column a second time for the account.
    The cast ignores the case of a name, other engines do not.
    https://duckdb.org/docs/stable/sql/data_types/timestamp#time-zone-support
#}
{% macro default___is_zone(zone) -%}
    {#- The names with capitals inside a word. -#}
    {%- set capitals = 'ACT|IN|LHI|NSW|UCT|UTC|GMT[-+]?[0-9]*|McMurdo|DumontDUrville|ComodRivadavia|BajaNorte|BajaSur|DeNoronha|EasterIsland' -%}
    {{ return(
        "(" ~ lakeweave._matches(zone, '^(?:US|[A-Z][a-z]+)(?:[/_-](?:' ~ capitals ~ '|[A-Z][a-z]+|of|es|au))+$') ~ " and not " ~ lakeweave._matches(zone, '[_-](?:Of|Es|Au)[_-]')
        ~ " and try_cast('2000-01-01 00:00:00 ' || " ~ zone ~ " as timestamptz) is not null)"
    ) }}
{%- endmacro %}

{# The moment in UTC at which the clock of a zone shows a local time. #}
{% macro _at_clock(clock, zone) -%}
    {{ return(adapter.dispatch('_at_clock', 'lakeweave')(clock, zone)) }}
{%- endmacro %}

{# https://duckdb.org/docs/stable/sql/functions/timestamptz#icu-timestamp-with-time-zone-operators #}
{% macro default___at_clock(clock, zone) -%}
    {{ return("timezone('UTC', timezone(" ~ zone ~ ", " ~ clock ~ "))") }}
{%- endmacro %}

{# The local time that the clock of a zone shows at a moment in UTC. #}
{% macro _clock_at(moment, zone) -%}
    {{ return(adapter.dispatch('_clock_at', 'lakeweave')(moment, zone)) }}
{%- endmacro %}

{# https://duckdb.org/docs/stable/sql/functions/timestamptz#icu-timestamp-with-time-zone-operators #}
{% macro default___clock_at(moment, zone) -%}
    {{ return("timezone(" ~ zone ~ ", timezone('UTC', " ~ moment ~ "))") }}
{%- endmacro %}

{#
    A text in the first of the strptime formats that fits. The text is matched first, because the engines' functions disagree on what
    else they read: short and signed years, three digits for a day, more than one blank.
#}
{% macro _declared_timestamp(expression, formats) -%}
    {%- set directives, patterns = lakeweave._strptime_directives(), [] -%}
    {%- for format in formats -%}
        {%- set parts = [] -%}
        {%- for part in modules.re.findall('%.|.', format) -%}
            {%- do parts.append(directives.get(part) or ('[' ~ part ~ ']' if part in '.+*?()|{}$' else part)) -%}
        {%- endfor -%}
        {%- do patterns.append(parts | join) -%}
    {%- endfor -%}
    {{ return(
        "case when " ~ lakeweave._matches(expression, '^(?:' ~ patterns | unique | join('|') ~ ')$') ~ " then "
        ~ lakeweave._strptime(expression, formats) ~ " end"
    ) }}
{%- endmacro %}

{# A regular expression for each directive that all engines read. #}
{% macro _strptime_directives() -%}
    {%- set months = ['january', 'february', 'march', 'april', 'may', 'june', 'july', 'august', 'september', 'october', 'november', 'december'] -%}
    {%- set short_months = [] -%}
    {%- for month in months -%}
        {%- do short_months.append(month[:3]) -%}
    {%- endfor -%}
    {{ return({
        '%Y': '[1-9][0-9]{3}', '%y': '[0-9]{2}', '%b': '(?i:' ~ short_months | join('|') ~ ')', '%B': '(?i:' ~ months | join('|') ~ ')', '%p': '[AaPp][Mm]', '%m': '[0-9]{1,2}', '%d': '[0-9]{1,2}',
        '%H': '[0-9]{1,2}', '%I': '[0-9]{1,2}', '%M': '[0-9]{1,2}', '%S': '[0-9]{1,2}', '%%': '%',
    }) }}
{%- endmacro %}

{% macro _strptime(expression, formats) -%}
    {{ return(adapter.dispatch('_strptime', 'lakeweave')(expression, formats)) }}
{%- endmacro %}

{# https://duckdb.org/docs/stable/sql/functions/dateformat#strptime-examples #}
{% macro default___strptime(expression, formats) -%}
    {{ return("try_strptime(" ~ expression ~ ", ['" ~ formats | join("', '") ~ "'])") }}
{%- endmacro %}

{# A timestamp whose year had two digits, in the century that the pivot says: the engines have pivots of their own. #}
{% macro _in_century(expression, pivot) -%}
    {{ return(adapter.dispatch('_in_century', 'lakeweave')(expression, pivot)) }}
{%- endmacro %}

{% macro _years_to_century(expression, pivot) -%}
    {%- set year = "cast(extract(year from " ~ expression ~ ") as " ~ dbt.type_int() ~ ")" -%}
    {{ return("(case when mod(" ~ year ~ ", 100) < " ~ pivot ~ " then 2000 else 1900 end + mod(" ~ year ~ ", 100) - " ~ year ~ ")") }}
{%- endmacro %}

{# https://duckdb.org/docs/stable/sql/functions/interval #}
{% macro default___in_century(expression, pivot) -%}
    {{ return(expression ~ " + to_years(cast(" ~ lakeweave._years_to_century(expression, pivot) ~ " as integer))") }}
{%- endmacro %}

{# By how much a number in the format is multiplied for microseconds. #}
{% macro _epoch_factors() -%}
    {{ return({'epoch_seconds': 1000000, 'epoch_milliseconds': 1000, 'epoch_microseconds': 1}) }}
{%- endmacro %}

{# A number of seconds, milliseconds or microseconds since 1970. #}
{% macro _epoch_timestamp(expression, format) -%}
    {%- set factors = lakeweave._epoch_factors() -%}
    {%- set digits = {'epoch_seconds': 11, 'epoch_milliseconds': 14, 'epoch_microseconds': 17}[format] -%}
    {%- set number = lakeweave.cast_or_null(
        lakeweave.regexp_extract(expression, '^-?[0-9]{1,' ~ digits ~ '}$'), dbt.type_bigint()
    ) -%}
    {{ return(adapter.dispatch('_from_microseconds', 'lakeweave')(number ~ ' * ' ~ factors[format])) }}
{%- endmacro %}

{# https://duckdb.org/docs/stable/sql/functions/timestamp#make_timestampmicroseconds #}
{% macro default___from_microseconds(number) -%}
    {{ return("make_timestamp(" ~ number ~ ")") }}
{%- endmacro %}
