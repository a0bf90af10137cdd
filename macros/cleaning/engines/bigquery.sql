{# https://cloud.google.com/bigquery/docs/reference/standard-sql/subqueries#correlated_subquery_concepts #}
{% macro bigquery___let(name, parts, body) -%}
    {%- set members = [] -%}
    {%- for part, expression in parts.items() -%}
        {%- do members.append(expression ~ ' as ' ~ part) -%}
    {%- endfor -%}
    {{ return('(select ' ~ body ~ ' from unnest([struct(' ~ members | join(', ') ~ ')]) as ' ~ name ~ ')') }}
{%- endmacro %}

{# https://cloud.google.com/bigquery/docs/reference/standard-sql/string_functions#translate #}
{% macro bigquery___number_text(expression) -%}
    {%- set characters = lakeweave._number_characters() -%}
    {{ return("translate(" ~ expression ~ ", '" ~ characters.from ~ "', '" ~ characters.to ~ "')") }}
{%- endmacro %}

{# https://cloud.google.com/bigquery/docs/reference/standard-sql/string_functions#regexp_contains #}
{% macro bigquery___matches(expression, pattern) -%}
    {{ return("regexp_contains(" ~ expression ~ ", r'" ~ pattern ~ "')") }}
{%- endmacro %}

{# https://cloud.google.com/bigquery/docs/reference/standard-sql/string_functions#regexp_extract #}
{% macro bigquery___regexp_group(expression, pattern) -%}
    {{ return("nullif(regexp_extract(" ~ expression ~ ", r'" ~ pattern ~ "'), '')") }}
{%- endmacro %}

{# https://cloud.google.com/bigquery/docs/reference/standard-sql/operators#in_operators #}
{% macro bigquery__clean_text(text, kept) -%}
    case
        when lower({{ text }}) not in unnest((select array_agg(lower(sentinel)) from {{ lakeweave.package_seed('null_sentinels') }})){{ kept }}
            then nullif({{ text }}, '')
    end
{%- endmacro %}

{# https://cloud.google.com/bigquery/docs/reference/standard-sql/string_functions#normalize #}
{% macro bigquery__compose_text(expression) -%}
    normalize({{ expression }}, NFC)
{%- endmacro %}

{# https://cloud.google.com/bigquery/docs/reference/standard-sql/timestamp_functions#timestamp_add #}
{% macro bigquery___shifted(expression, minutes) -%}
    {{ return("timestamp_add(" ~ expression ~ ", interval " ~ minutes ~ " minute)") }}
{%- endmacro %}

{# The safe functions know the zones. https://cloud.google.com/bigquery/docs/reference/standard-sql/data-types#time_zones #}
{% macro bigquery___is_zone(zone) -%}
    {{ return(zone ~ " is not null") }}
{%- endmacro %}

{# https://cloud.google.com/bigquery/docs/reference/standard-sql/timestamp_functions#timestamp #}
{% macro bigquery___at_clock(clock, zone) -%}
    {{ return("safe.timestamp(datetime(" ~ clock ~ ", 'UTC'), " ~ zone ~ ")") }}
{%- endmacro %}

{# https://cloud.google.com/bigquery/docs/reference/standard-sql/datetime_functions#datetime #}
{% macro bigquery___clock_at(moment, zone) -%}
    {{ return("timestamp(safe.datetime(" ~ moment ~ ", " ~ zone ~ "), 'UTC')") }}
{%- endmacro %}

{# `%S` reads a leap second here, which other engines refuse.
   https://cloud.google.com/bigquery/docs/reference/standard-sql/timestamp_functions#parse_timestamp #}
{% macro bigquery___strptime(expression, formats) -%}
    {%- set read = [] -%}
    {%- for format in formats -%}
        {%- do read.append("safe.parse_timestamp('" ~ format ~ "', " ~ expression ~ ")") -%}
    {%- endfor -%}
    {{ return(
        "case when not " ~ lakeweave._matches(expression, ':60(?:[^0-9]|$)') ~ " then coalesce(" ~ read | join(", ") ~ ") end"
    ) }}
{%- endmacro %}

{# https://cloud.google.com/bigquery/docs/reference/standard-sql/datetime_functions#datetime_add #}
{% macro bigquery___in_century(expression, pivot) -%}
    {{ return("timestamp(datetime_add(datetime(" ~ expression ~ "), interval " ~ lakeweave._years_to_century(expression, pivot) ~ " year))") }}
{%- endmacro %}

{# https://cloud.google.com/bigquery/docs/reference/standard-sql/timestamp_functions#timestamp_micros #}
{% macro bigquery___from_microseconds(number) -%}
    {{ return("timestamp_micros(" ~ number ~ ")") }}
{%- endmacro %}

{# https://cloud.google.com/bigquery/docs/reference/standard-sql/arrays#creating_arrays_from_subqueries #}
{% macro bigquery___currency_symbols() -%}
    {{ return(
        "(select array_agg(struct(lower(seed.symbol) as symbol, seed.value_type as value_type)) from "
        ~ lakeweave.package_seed('currency_symbols') ~ " as seed)"
    ) }}
{%- endmacro %}

{# https://cloud.google.com/bigquery/docs/reference/standard-sql/arrays#scanning_for_specific_values #}
{% macro bigquery___currency_of(word, symbols) -%}
    {{ return("(select max(known.value_type) from unnest(" ~ symbols ~ ") as known where known.symbol = " ~ word ~ ")") }}
{%- endmacro %}

{#
    BIGNUMERIC, because NUMERIC rounds to nine digits before `round` rounds to six. The range is compared, because a safe cast to a
    type with a precision raises an error. https://cloud.google.com/bigquery/docs/reference/standard-sql/data-types#decimal_types
#}
{% macro bigquery___exact_amount(expression) -%}
    {%- set number = "safe_cast(" ~ expression ~ " as bignumeric)" -%}
    {{ return("case when abs(" ~ number ~ ") < bignumeric '999999999999999.9999995' then cast(round(" ~ number ~ ", 6) as numeric) end") }}
{%- endmacro %}

{# https://cloud.google.com/bigquery/docs/reference/standard-sql/string_functions#trim #}
{% macro bigquery__trim_text(expression) -%}
    trim({{ expression }}, ' \t\n\r\v\f{{ lakeweave._characters_at_ends() }}')
{%- endmacro %}
