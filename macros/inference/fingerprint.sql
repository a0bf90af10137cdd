{#
    SHA-256, in small hexadecimal letters, over function, model name, model version, canonical options and the input's
    content: what makes two calls the same call.

    What is hashed is a JSON array of the constant parts followed by the input. A JSON array ends where its bracket closes,
    whatever is in it, so no two different calls give the same bytes. It is written here, in ASCII, and not by the engine,
    so every engine hashes the same bytes; the input is hashed as UTF-8.

    The options are those of the request that is sent: `{}` and `{'temperature': 0}` are the same call. What was asked before this was
    so has another fingerprint, under which `_staged_sql` still finds it.
#}
{% macro fingerprint(function, model, model_version, options, input) -%}
    {{ return(lakeweave._fingerprint_of(
        function, model, model_version, tojson(lakeweave._canonical_options(function, options), sort_keys=true), input
    )) }}
{%- endmacro %}

{# The same over options that are JSON already. #}
{% macro _fingerprint_of(function, model, model_version, options, input) -%}
    {%- set constants = tojson(['lakeweave-1', function, model, model_version, options]) -%}
    {{ return(adapter.dispatch('fingerprint', 'lakeweave')(lakeweave.text_literal(constants), input)) }}
{%- endmacro %}

{% macro default__fingerprint(constants, input) -%}
    {%- do lakeweave.raise_unsupported('fingerprint', ['duckdb', 'spark', 'databricks', 'bigquery']) -%}
{%- endmacro %}

{#
    The other texts under which the same request was written before its defaults were filled in: each default that is sent may be
    absent, and each that is not sent may be there. JSON with sorted names, as in the ledger.
#}
{% macro _previous_options(function, options) -%}
    {%- set canonical = lakeweave._canonical_options(function, options) -%}
    {%- set defaults = lakeweave._default_options(function) -%}
    {%- set forms = [canonical] -%}
    {%- for name, value in defaults.sent.items() if canonical.get(name) == value -%}
        {%- for form in forms | list -%}
            {%- set less = {} -%}
            {%- for key in form if key != name -%}
                {%- do less.update({key: form[key]}) -%}
            {%- endfor -%}
            {%- do forms.append(less) -%}
        {%- endfor -%}
    {%- endfor -%}
    {%- for name, value in defaults.not_sent.items() if name not in canonical -%}
        {%- for form in forms | list -%}
            {%- set more = {} -%}
            {%- do more.update(form) -%}
            {%- do more.update({name: value}) -%}
            {%- do forms.append(more) -%}
        {%- endfor -%}
    {%- endfor -%}
    {%- set texts = [] -%}
    {%- for form in forms[1:] -%}
        {%- do texts.append(tojson(form, sort_keys=true)) -%}
    {%- endfor -%}
    {{ return(texts) }}
{%- endmacro %}
