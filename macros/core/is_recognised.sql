{#
    Whether the score of a label or a class is high enough to count as recognised, as a condition. The one threshold for product
    pictures and for yoga poses: the variable `recognised_from`, 0.6 unless set. Networks give some score to what they have never seen.
#}
{% macro is_recognised(score) -%}
    {{ score }} >= {{ lakeweave.setting('recognised_from') }}
{%- endmacro %}
