{# https://duckdb.org/docs/stable/sql/functions/list#list_containslist-element #}
{% macro duckdb__clean_text(text, kept) -%}
    case
        when not list_contains((select list(lower(sentinel)) from {{ lakeweave.package_seed('null_sentinels') }}), lower({{ text }})){{ kept }}
            then nullif({{ text }}, '')
    end
{%- endmacro %}

{# https://duckdb.org/docs/stable/sql/functions/text#nfc_normalizestring #}
{% macro duckdb__compose_text(expression) -%}
    nfc_normalize({{ expression }})
{%- endmacro %}

{#
    A text that is the text of its own cast needs no regular expression.
    https://duckdb.org/docs/stable/sql/expressions/cast#try_cast
#}
{% macro duckdb___plain_integer(expression) -%}
    {{ return(
        "case when cast(try_cast(" ~ expression ~ " as bigint) as varchar) = cast(" ~ expression ~ " as varchar) then try_cast(" ~ expression ~ " as bigint) end"
    ) }}
{%- endmacro %}

{# Dates and times of 19 characters, and years of four digits. https://duckdb.org/docs/stable/sql/expressions/cast#try_cast #}
{% macro duckdb___plain_timestamp(expression) -%}
    {{ return(
        "case when strlen(" ~ expression ~ ") = 19 and " ~ expression ~ " between '1' and '9999-12-31 23:59:59' and cast(try_cast(" ~ expression
        ~ " as timestamp) as varchar) = " ~ expression ~ " then try_cast(" ~ expression ~ " as timestamp) end"
    ) }}
{%- endmacro %}

{# https://duckdb.org/docs/stable/sql/functions/text#trimstring-characters #}
{% macro duckdb__trim_text(expression) -%}
    {#- Trimming a set of characters is slow, and most values need none: look at the two ends first. -#}
    {%- set first, last = 'ascii(' ~ expression ~ ')', 'ascii(right(' ~ expression ~ ', 1))' -%}
    case
        when {{ first }} <= 32 or {{ first }} > 127 or {{ last }} <= 32 or {{ last }} > 127
            then trim({{ expression }}, e' \t\n\r\x0b\x0c{{ lakeweave._characters_at_ends() }}')
        else {{ expression }}
    end
{%- endmacro %}

{#
    A cast of text to a decimal of 18 digits is 64-bit arithmetic and takes a fiftieth of the time of a wider one. The wider one is for
    amounts of more than twelve digits before the point. https://duckdb.org/docs/stable/sql/data_types/numeric#fixed-point-decimals
#}
{% macro duckdb___exact_amount(expression) -%}
    {{ return(
        "cast(coalesce(try_cast(" ~ expression ~ " as decimal(18, 6)), try_cast(" ~ expression ~ " as decimal(21, 6))) as " ~ dbt.type_numeric() ~ ")"
    ) }}
{%- endmacro %}
