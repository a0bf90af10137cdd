{#
    A pattern that matches in Java what it matches in RE2: there `$` is the end of the text, in Java also the place before a line break
    at the end. https://docs.oracle.com/en/java/javase/17/docs/api/java.base/java/util/regex/Pattern.html#lt
#}
{% macro spark_pattern(pattern) -%}
    {%- set parts = modules.re.findall('(?s)\\\\.|\\[[^\\]]*\\]|[^\\\\\\[]', pattern) -%}
    {%- set written = [] -%}
    {%- for part in parts -%}
        {%- do written.append('\\z' if part == '$' else part) -%}
    {%- endfor -%}
    {{ return(written | join) }}
{%- endmacro %}
