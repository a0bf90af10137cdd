{#
    Text as an exact amount, NULL where it is none: at most fifteen digits before the point and six behind it on every engine.
    BigQuery's NUMERIC keeps nine behind it, and would hold on to the noise of a float that the others round away.

    Beside one number, only a symbol or word of seeds/currency_symbols.csv is read, before or behind it or both, and one sign, or
    brackets, which mean a minus. Groups of digits are read where each has its full length (`1,234.56`, `1,00,000`, `12 345.67`,
    `1'234`), `5.-` is 5. Everything else is no amount: two numbers, a magnitude (`12.5k`), a minor unit (`50¢`), an exponent.

    `decimal_mark` is what the source declares: `.` or `,`. Without a declaration a point is the mark, a comma separates groups, and an
    amount with a currency and three digits behind one point (`€1.234`) is not read, because it may mean either.
#}
{% macro to_money(expression, decimal_mark=none) -%}
    {%- if decimal_mark not in (none, '.', ',') -%}
        {%- do exceptions.raise_compiler_error(
            "`decimal_mark` of `to_money` in `" ~ model.name ~ "` is '" ~ decimal_mark ~ "'; expected '.' or ','."
        ) -%}
    {%- endif -%}
    {{ return(lakeweave.typed_value(expression, lakeweave._amount(expression, decimal_mark) | trim, 'not_an_amount')) }}
{%- endmacro %}

{% macro _amount(expression, decimal_mark) -%}
    {%- set mark, group = ('[,]', '[.]') if decimal_mark == ',' else ('[.]', ',') -%}
    {%- set decimals = '(?:' ~ mark ~ '[0-9]+)?' -%}
    {%- set number = '^(?:[0-9]+' ~ decimals ~ '|[1-9][0-9]{0,2}(?:(?:' ~ group ~ '[0-9]{3})+|(?:[ ][0-9]{3})+|(?:\\x27[0-9]{3})+)' ~ decimals
        ~ ('' if decimal_mark == ',' else '|[1-9][0-9]?(?:,[0-9]{2})+,[0-9]{3}' ~ decimals) ~ ')$' -%}
    {%- set plain = lakeweave.regexp_replace('delivered_amount.digits', "[ \\x27" ~ ('.' if decimal_mark == ',' else ',') ~ "]", '') -%}
    {%- set plain = "replace(" ~ plain ~ ", ',', '.')" if decimal_mark == ',' else plain -%}
    {%- set ambiguous = lakeweave._matches('delivered_amount.digits', '^[1-9][0-9]{0,2}[.][0-9]{3}$') ~ " and delivered_amount.currency is not null" -%}
    {#- At most one sign, or brackets; every word is a known currency, and all of them the same; `5.-` has one. One decimal mark. -#}
    {%- set read = "case when " ~ lakeweave._matches('delivered_amount.digits', number)
        ~ " and delivered_amount.signs in ('|', '-|', '|-', '+|', '|+', '(|)')"
        ~ " and (delivered_amount.before in ('', '.') or delivered_amount.currency_before is not null)"
        ~ " and (delivered_amount.behind in ('', '.') or delivered_amount.currency_behind is not null)"
        ~ " and coalesce(delivered_amount.currency_before, delivered_amount.currency_behind, '') = coalesce(delivered_amount.currency_behind, delivered_amount.currency_before, '')"
        ~ " and (not delivered_amount.has_dash or delivered_amount.currency is not null)"
        ~ " and not (delivered_amount.ends_in_mark and delivered_amount.digits like '%" ~ (decimal_mark or '.') ~ "%')"
        ~ (" and not (" ~ ambiguous ~ ")" if decimal_mark is none else "")
        ~ " then case when delivered_amount.signs in ('-|', '|-', '(|)') then -1 else 1 end * " ~ lakeweave._exact_amount(plain) ~ " end" -%}
    {#- A function and not one `case`, because DuckDB evaluates an expression once for the row and its account only outside a `case`. -#}
    {{ return(
        "coalesce(case when " ~ lakeweave._matches(expression, '^-?[0-9]+$' if decimal_mark == ',' else '^-?[0-9]+(?:[.][0-9]*)?$') ~ " then "
        ~ lakeweave._exact_amount(expression) ~ " end, case when " ~ expression ~ " is not null then "
        ~ lakeweave._with_money_parts(expression, read) ~ " end)"
    ) }}
{%- endmacro %}

{#
    `body` over the parts of a delivered amount, as `amount.<part>`: the `digits` from the first to the last, the words `before` and
    `behind` them in lower case, the currencies that these mean, the `signs` and brackets as `before|behind`, whether it ends
    in `.-`, and whether a mark follows the digits. A point before the digits belongs to an abbreviation that the seed has (`Rs.5`), otherwise to the number (`$.50`).
#}
{% macro _with_money_parts(expression, body) -%}
    {%- set with_currencies = lakeweave._let('delivered_amount', {
        'digits': "case when delivered_words.before like '%.' and " ~ lakeweave._currency_of('delivered_words.before', 'delivered_words.symbols') ~ " is null then "
            ~ dbt.concat(["'0.'", 'delivered_words.digits']) ~ " else delivered_words.digits end",
        'before': 'delivered_words.before',
        'behind': 'delivered_words.behind',
        'signs': 'delivered_words.signs',
        'has_dash': 'delivered_words.has_dash',
        'ends_in_mark': 'delivered_words.ends_in_mark',
        'currency_before': "coalesce(" ~ lakeweave._currency_of('delivered_words.before', 'delivered_words.symbols') ~ ", "
            ~ lakeweave._currency_of(lakeweave.regexp_replace('delivered_words.before', '[.]$', ''), 'delivered_words.symbols') ~ ")",
        'currency_behind': lakeweave._currency_of('delivered_words.behind', 'delivered_words.symbols'),
        'currency': "coalesce(" ~ lakeweave._currency_of('delivered_words.before', 'delivered_words.symbols') ~ ", "
            ~ lakeweave._currency_of(lakeweave.regexp_replace('delivered_words.before', '[.]$', ''), 'delivered_words.symbols') ~ ", "
            ~ lakeweave._currency_of('delivered_words.behind', 'delivered_words.symbols') ~ ")",
    }, body) -%}
    {%- set with_words = lakeweave._let('delivered_words', {
        'digits': 'delivered_sides.digits',
        'before': 'lower(' ~ lakeweave.regexp_replace('delivered_sides.before', '[-+() ]', '') ~ ')',
        'behind': 'lower(' ~ lakeweave.regexp_replace(lakeweave.regexp_replace('delivered_sides.behind', '^[.,][-]', ''), '[-+() ]', '') ~ ')',
        'signs': dbt.concat([
            lakeweave.regexp_replace('delivered_sides.before', '[^-+()]', ''), "'|'",
            lakeweave.regexp_replace(lakeweave.regexp_replace('delivered_sides.behind', '^[.,][-]', ''), '[^-+()]', ''),
        ]),
        'has_dash': lakeweave._matches('delivered_sides.behind', '^[.,][-]'),
        'ends_in_mark': lakeweave._matches('delivered_sides.behind', '^[.,]'),
        'symbols': 'delivered_sides.symbols',
    }, with_currencies) -%}
    {%- set with_sides = lakeweave._let('delivered_sides', {
        'digits': lakeweave._regexp_group('delivered_delivered.text', '([0-9](?:(?s:.)*[0-9])?)'),
        'before': "coalesce(" ~ lakeweave._regexp_group('delivered_delivered.text', '^([^0-9]+)') ~ ", '')",
        'behind': "coalesce(" ~ lakeweave._regexp_group('delivered_delivered.text', '[0-9]([^0-9]+)$') ~ ", '')",
        'symbols': 'delivered_delivered.symbols',
    }, with_words) -%}
    {{ return(lakeweave._let('delivered_delivered', {
        'text': lakeweave._number_text(expression), 'symbols': lakeweave._currency_symbols(),
    }, with_sides)) }}
{%- endmacro %}

{# The words for currencies in seeds/currency_symbols.csv, in lower case, as one value that is read once for a query. #}
{% macro _currency_symbols() -%}
    {{ return(adapter.dispatch('_currency_symbols', 'lakeweave')()) }}
{%- endmacro %}

{# https://duckdb.org/docs/stable/sql/functions/map #}
{% macro default___currency_symbols() -%}
    {{ return(
        "(select map_from_entries(list({k: symbol, v: value_type})) from (select lower(symbol) as symbol, max(value_type) as value_type from "
        ~ lakeweave.package_seed('currency_symbols') ~ " group by lower(symbol)))"
    ) }}
{%- endmacro %}

{# The currency of a word; NULL if the seed does not have the word. #}
{% macro _currency_of(word, symbols) -%}
    {{ return(adapter.dispatch('_currency_of', 'lakeweave')(word, symbols)) }}
{%- endmacro %}

{# https://duckdb.org/docs/stable/sql/functions/map #}
{% macro default___currency_of(word, symbols) -%}
    {{ return("element_at(" ~ symbols ~ ", " ~ word ~ ")[1]") }}
{%- endmacro %}

{#
    The digits of an amount as an exact number. At most fifteen stand before the point: a damaged amount of more would make every sum
    overflow that it gets into.
#}
{% macro _exact_amount(expression) -%}
    {{ return(adapter.dispatch('_exact_amount', 'lakeweave')(expression)) }}
{%- endmacro %}

{% macro default___exact_amount(expression) -%}
    {{ return("cast(" ~ lakeweave.cast_or_null(expression, 'decimal(21, 6)') | trim ~ " as " ~ dbt.type_numeric() ~ ")") }}
{%- endmacro %}
