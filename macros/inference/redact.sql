{#
    The one place that masks a personal column on its way into a prompt. A NULL stays NULL.

    | kind | gives |
    |---|---|
    | `label` | `[column]`: that there is a value, not which |
    | `initial` | the first letter and `***` |
    | `domain` | `***@` and the domain of an e-mail address; `***@` where there is none |
    | `digits` | the text with `#` for every decimal digit of Unicode (`1`, `١`, `１`) |

    There is no hash among them: with a list of addresses, an address can be found from its hash.
#}
{% macro redact(column, kind='label') -%}
    {%- set problems = [] -%}
    {%- if kind not in ('label', 'initial', 'domain', 'digits') -%}
        {%- do problems.append("`kind` is '" ~ kind ~ "'; expected one of: label, initial, domain, digits.") -%}
    {%- endif -%}
    {# What is masked is left out of the check of personal columns, so it can be a name only. #}
    {%- set part = '(?:[^\\W\\d][\\w$]*|"[^"*]+"|`[^`*]+`)' -%}
    {%- if column is not string or not modules.re.fullmatch(part ~ '(?:[.]' ~ part ~ ')*', column) -%}
        {%- do problems.append("`column` is " ~ tojson(column | string) ~ "; expected the name of a column, such as email or u.email.") -%}
    {%- endif -%}
    {%- do lakeweave.raise_problems("The call of `redact` in `" ~ model.name ~ "`", problems) -%}
    {%- set text = "cast(" ~ column ~ " as " ~ dbt.type_string() ~ ")" -%}
    /* lakeweave:redacted {{ kind }} {{ column }} */ case when {{ column }} is not null then {{ lakeweave._redacted(text, kind, column.split('.')[-1]) }} end /* lakeweave:end */
{%- endmacro %}

{% macro _redacted(text, kind, name) -%}
    {%- if kind == 'label' -%}
        {{ return(lakeweave.text_literal('[' ~ name ~ ']')) }}
    {%- elif kind == 'initial' -%}
        {{ return("concat(substr(" ~ text ~ ", 1, 1), '***')") }}
    {%- elif kind == 'domain' -%}
        {# After the last @: a name in quotes may hold one too. Without an @ there is no domain, and nothing is shown. #}
        {{ return("concat('***', coalesce(" ~ lakeweave.regexp_extract(text, '@[^@]*$') ~ ", '@'))") }}
    {%- endif -%}
    {{ return(lakeweave.regexp_replace(text, '\\p{Nd}', '#')) }}
{%- endmacro %}
