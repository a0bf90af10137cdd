{#
    Text as an exact amount with six digits behind the point, NULL where it is none. Read is one number, and beside it only
    a symbol or word of seeds/currency_symbols.csv, one sign, or brackets as a minus. Groups are read where they are well
    formed. Anything else is untyped. Makes the model depend on that seed.

    `decimal_mark` declares what the source writes in front of the fraction: `.` or `,`. Without it the point is the mark,
    and an amount such as `€1.234` is untyped: it may be one euro or a thousand.
#}
{% macro to_money(expression, decimal_mark=none) -%}
    {%- if decimal_mark not in (none, '.', ',') -%}
        {%- do exceptions.raise_compiler_error(
            "`to_money` in `" ~ model.name ~ "` was given decimal_mark='" ~ decimal_mark ~ "'; expected '.' or ','. Write to_money('price', decimal_mark=',')."
        ) -%}
    {%- endif -%}
    {%- set text = 'cast(' ~ expression ~ ' as ' ~ dbt.type_string() ~ ')' -%}
    {%- set plain = lakeweave.regexp_extract(text, '^-?[0-9]{1,22}' ~ ('(?:[.][0-9]+)?' if decimal_mark != ',' else '') ~ '$') -%}
    {%- set value = 'coalesce(' ~ lakeweave._exact(plain) ~ ', ' ~ lakeweave._amount(expression, decimal_mark) ~ ')' -%}
    {{ return(lakeweave.typed_value(expression, value, 'not_an_amount')) }}
{%- endmacro %}


{# The amount of a text that is more than a plain number. The shape is matched first, then the words beside it are looked up. #}
{% macro _amount(expression, decimal_mark) -%}
    {%- set number = lakeweave._money_text(expression) -%}
    {%- if decimal_mark == ',' -%}
        {%- set number = "translate(" ~ number ~ ", '.,', ',.')" -%}
    {%- endif -%}
    {%- set whole = '(?:[0-9]{1,22}|[1-9][0-9]{0,2}(?:,[0-9]{3}){1,6}|[1-9][0-9]?(?:,[0-9]{2}){1,8},[0-9]{3}|[1-9][0-9]{0,2}(?: [0-9]{3}){1,6})' -%}
    {%- set n = '(?:' ~ whole ~ '(?:[.][0-9]+)?|[.][0-9]+)' -%}
    {%- set word = '[^-+0-9.,() ]+' -%}
    {%- set before, after = '(?:' ~ word ~ ' ?)?', '(?: ?' ~ word ~ ')?' -%}
    {%- set shape = '^(?:'
        ~ '[-+]? ?' ~ before ~ n ~ '[.]?' ~ after
        ~ '|' ~ word ~ ' ?[-+] ?' ~ n ~ after
        ~ '|' ~ before ~ n ~ after ~ ' ?[-+]' ~ '|' ~ n ~ '[-+] ?' ~ word
        ~ '|[(] ?' ~ before ~ n ~ after ~ ' ?[)]' ~ '|' ~ word ~ ' ?[(]' ~ n ~ '[)]' ~ '|[(]' ~ n ~ '[)] ?' ~ word
        ~ '|' ~ word ~ ' ?' ~ whole ~ '[.]-'
        ~ ')$' -%}
    {%- set found = lakeweave.regexp_extract(number, shape) -%}
    {%- set digits = lakeweave.regexp_replace(found, '[^0-9.]|[.][^0-9]*$', '') -%}
    {%- set is_minus = lakeweave.regexp_extract(found, '[(]|^-|-$|[^.]-') ~ ' is not null and ' ~ lakeweave.regexp_extract(found, '[.]-$') ~ ' is null' -%}
    {%- set ambiguous = lakeweave.regexp_extract(found, '(?:^|[^0-9,])[1-9][0-9]{0,2}[.][0-9]{3}(?:[^0-9]|$)') ~ ' is not null' -%}
    {%- set symbol = lakeweave._money_symbol(expression) -%}
    case
        when {{ found }} is null then null
        when {{ symbol }} is null then {{ lakeweave._signed(digits, is_minus) }}
        when not ({{ lakeweave._is_currency(symbol) }}) then null
        {%- if decimal_mark is none %}
        when {{ ambiguous }} then null
        {%- endif %}
        else {{ lakeweave._signed(digits, is_minus) }}
    end
{%- endmacro %}

{% macro _signed(digits, is_minus) -%}
    case when {{ is_minus }} then -{{ lakeweave._exact(digits) }} else {{ lakeweave._exact(digits) }} end
{%- endmacro %}


{# The text of an amount, without the point of an abbreviation (`Rs.12`). #}
{% macro _money_text(expression) -%}
    {{ return(lakeweave.regexp_replace(lakeweave._plain_number(expression), '([A-Za-z])[.]', '\\1')) }}
{%- endmacro %}

{# What stands beside the number, in small letters; NULL where nothing does. #}
{% macro _money_symbol(expression) -%}
    {{ return('lower(nullif(' ~ lakeweave.regexp_replace(lakeweave._money_text(expression), '[-+0-9.,() ]', '') ~ ", ''))") }}
{%- endmacro %}


{# The known symbols and words, and each two of one currency, as they stand before and behind a number: `¥1,200円`. #}
{% macro _money_words() -%}
    select lower(symbols.symbol) as symbol, symbols.value_type
    from {{ ref('lakeweave', 'currency_symbols') }} as symbols
    union distinct
    select lower(concat(front.symbol, back.symbol)) as symbol, front.value_type
    from {{ ref('lakeweave', 'currency_symbols') }} as front
    inner join {{ ref('lakeweave', 'currency_symbols') }} as back on front.value_type = back.value_type
{%- endmacro %}

{% macro _is_currency(symbol) -%}
    {{ return(adapter.dispatch('_is_currency', 'lakeweave')(symbol)) }}
{%- endmacro %}

{# https://duckdb.org/docs/stable/sql/functions/list#list_containslist-element #}
{% macro default___is_currency(symbol) -%}
    list_contains((select list(words.symbol) from ({{ lakeweave._money_words() | replace('union distinct', 'union') }}) as words), {{ symbol }})
{%- endmacro %}

{# https://cloud.google.com/bigquery/docs/reference/standard-sql/operators#in_operators #}
{% macro bigquery___is_currency(symbol) -%}
    {{ symbol }} in unnest((select array_agg(words.symbol) from ({{ lakeweave._money_words() }}) as words))
{%- endmacro %}

{# https://spark.apache.org/docs/latest/api/sql/index.html#map_contains_key #}
{% macro spark___is_currency(symbol) -%}
    map_contains_key({{ lakeweave._lookup('currency_symbols') }}, {{ symbol }})
{%- endmacro %}


{# Digits with a point as an exact number. #}
{% macro _exact(digits) -%}
    {{ return(adapter.dispatch('_exact', 'lakeweave')(digits) | trim) }}
{%- endmacro %}

{% macro default___exact(digits) -%}
    {{ lakeweave.cast_or_null(digits, dbt.type_numeric()) }}
{%- endmacro %}

{# BigQuery's NUMERIC keeps nine digits behind the point, and would hold on to the noise of a float that the others round away.
   https://cloud.google.com/bigquery/docs/reference/standard-sql/data-types#decimal_types #}
{% macro bigquery___exact(digits) -%}
    round({{ lakeweave.cast_or_null(digits, 'numeric') }}, 6)
{%- endmacro %}
