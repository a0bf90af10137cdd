{# https://spark.apache.org/docs/latest/api/sql/index.html#transform #}
{% macro spark___let(name, parts, body) -%}
    {%- set members = [] -%}
    {%- for part, expression in parts.items() -%}
        {%- do members.append("'" ~ part ~ "', " ~ expression) -%}
    {%- endfor -%}
    {{ return('transform(array(named_struct(' ~ members | join(', ') ~ ')), ' ~ name ~ ' -> ' ~ body ~ ')[0]') }}
{%- endmacro %}

{# https://spark.apache.org/docs/latest/api/sql/index.html#translate #}
{% macro spark___number_text(expression) -%}
    {{ return(lakeweave.bigquery___number_text(expression)) }}
{%- endmacro %}

{# https://spark.apache.org/docs/latest/api/sql/index.html#rlike #}
{% macro spark___matches(expression, pattern) -%}
    {{ return("(" ~ expression ~ ") rlike r'" ~ lakeweave.spark_pattern(pattern) ~ "'") }}
{%- endmacro %}

{# https://spark.apache.org/docs/latest/api/sql/index.html#regexp_extract #}
{% macro spark___regexp_group(expression, pattern) -%}
    {{ return("nullif(regexp_extract(" ~ expression ~ ", r'" ~ lakeweave.spark_pattern(pattern) ~ "', 1), '')") }}
{%- endmacro %}

{# https://spark.apache.org/docs/latest/api/sql/index.html#array_contains #}
{% macro spark__clean_text(text, kept) -%}
    case
        when not array_contains({{ lakeweave._lookup('null_sentinels') }}, lower({{ text }})){{ kept }}
            then nullif({{ text }}, '')
    end
{%- endmacro %}

{#
    Spark has no function for it. Where a text holds a combining character, each pair of characters that has a composed form is replaced.
    https://spark.apache.org/docs/latest/api/sql/index.html#aggregate
#}
{% macro spark__compose_text(expression) -%}
    {%- set pairs = "'" ~ lakeweave._compositions() ~ "'" -%}
    case
        when {{ expression }} rlike r'[\x{0300}-\x{036f}]'
            then aggregate(
                sequence(1, cast(length({{ pairs }}) as int), 3),
                {{ expression }},
                (composed, place) -> replace(composed, substring({{ pairs }}, place, 2), substring({{ pairs }}, place + 2, 1))
            )
        else {{ expression }}
    end
{%- endmacro %}

{# https://spark.apache.org/docs/latest/api/sql/index.html#timestampadd #}
{% macro spark___shifted(expression, minutes) -%}
    {{ return("timestampadd(minute, " ~ minutes ~ ", " ~ expression ~ ")") }}
{%- endmacro %}

{# The cast of _at_clock knows the zones. https://spark.apache.org/docs/latest/sql-ref-datetime-pattern.html #}
{% macro spark___is_zone(zone) -%}
    {{ return(zone ~ " is not null") }}
{%- endmacro %}

{# https://spark.apache.org/docs/latest/sql-ref-datetime-pattern.html #}
{% macro spark___at_clock(clock, zone) -%}
    {{ return(lakeweave.cast_or_null(dbt.concat(["cast(" ~ clock ~ " as string)", "' '", zone]), dbt.type_timestamp())) }}
{%- endmacro %}

{# https://spark.apache.org/docs/latest/api/sql/index.html#from_utc_timestamp #}
{% macro spark___clock_at(moment, zone) -%}
    {{ return("from_utc_timestamp(" ~ moment ~ ", " ~ zone ~ ")") }}
{%- endmacro %}

{# Spark writes patterns its own way. https://spark.apache.org/docs/latest/sql-ref-datetime-pattern.html #}
{% macro spark___strptime(expression, formats) -%}
    {%- set letters = {
        '%Y': 'yyyy', '%y': 'yy', '%m': 'M', '%d': 'd', '%H': 'H', '%I': 'h', '%p': 'a', '%M': 'm', '%S': 's', '%b': 'MMM', '%B': 'MMMM',
    } -%}
    {%- set read = [] -%}
    {%- for format in formats -%}
        {%- set pattern = namespace(text=format) -%}
        {%- for letter in letters -%}
            {%- set pattern.text = pattern.text | replace(letter, letters[letter]) -%}
        {%- endfor -%}
        {%- do read.append("try_to_timestamp(" ~ expression ~ ", '" ~ pattern.text ~ "')") -%}
    {%- endfor -%}
    {{ return("coalesce(" ~ read | join(", ") ~ ")") }}
{%- endmacro %}

{# https://spark.apache.org/docs/latest/api/sql/index.html#timestampadd #}
{% macro spark___in_century(expression, pivot) -%}
    {{ return("timestampadd(year, " ~ lakeweave._years_to_century(expression, pivot) ~ ", " ~ expression ~ ")") }}
{%- endmacro %}

{# https://spark.apache.org/docs/latest/api/sql/index.html#timestamp_micros #}
{% macro spark___from_microseconds(number) -%}
    {{ return("timestamp_micros(" ~ number ~ ")") }}
{%- endmacro %}

{# A map: Spark makes a join of each correlated subquery. https://spark.apache.org/docs/latest/api/sql/index.html#try_element_at #}
{% macro spark__standardize(expression, domain, otherwise) -%}
    coalesce(
        try_element_at({{ lakeweave._lookup('standard_spellings') }}, concat('{{ domain }} ', lower({{ expression }}))),
        {{ otherwise }}
    )
{%- endmacro %}

{# https://spark.apache.org/docs/latest/sql-ref-syntax-ddl-declare-variable.html #}
{% macro spark___currency_symbols() -%}
    {{ return(lakeweave._lookup('currency_symbols', is_in_transform=true)) }}
{%- endmacro %}

{# https://spark.apache.org/docs/latest/api/sql/index.html#try_element_at #}
{% macro spark___currency_of(word, symbols) -%}
    {{ return("try_element_at(" ~ symbols ~ ", " ~ word ~ ")") }}
{%- endmacro %}

{# https://spark.apache.org/docs/latest/api/sql/index.html#trim #}
{% macro spark__trim_text(expression) -%}
    trim(both ' \t\n\r\u000b\u000c{{ lakeweave._characters_at_ends() }}' from {{ expression }})
{%- endmacro %}
