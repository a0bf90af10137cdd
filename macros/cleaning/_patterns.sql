{# Whether a text matches a regular expression, in the syntax that RE2 and Java share. #}
{% macro _matches(expression, pattern) -%}
    {{ return(adapter.dispatch('_matches', 'lakeweave')(expression, pattern)) }}
{%- endmacro %}

{# https://duckdb.org/docs/stable/sql/functions/regular_expressions #}
{% macro default___matches(expression, pattern) -%}
    {{ return("regexp_matches(" ~ expression ~ ", '" ~ pattern ~ "')") }}
{%- endmacro %}

{#
    A pattern that matches in Java what it matches in RE2: there `$` is the end of the text, in Java also the place before a line break
    at the end. https://docs.oracle.com/en/java/javase/17/docs/api/java.base/java/util/regex/Pattern.html#lt
#}
{% macro _java_pattern(pattern) -%}
    {%- set parts = modules.re.findall('\\\\.|\\[[^\\]]*\\]|[^\\\\\\[]', pattern, modules.re.DOTALL) -%}
    {%- set written = [] -%}
    {%- for part in parts -%}
        {%- do written.append('\\z' if part == '$' else part) -%}
    {%- endfor -%}
    {{ return(written | join) }}
{%- endmacro %}

{# What the one group of a regular expression matches, NULL where nothing does. #}
{% macro _regexp_group(expression, pattern) -%}
    {{ return(adapter.dispatch('_regexp_group', 'lakeweave')(expression, pattern)) }}
{%- endmacro %}

{# https://duckdb.org/docs/stable/sql/functions/regular_expressions #}
{% macro default___regexp_group(expression, pattern) -%}
    {{ return("nullif(regexp_extract(" ~ expression ~ ", '" ~ pattern ~ "', 1), '')") }}
{%- endmacro %}
