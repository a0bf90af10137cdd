{#
    Warns of prompts that seem to hold personal values, whatever the tags say: e-mail addresses, telephone numbers, payment cards,
    bank accounts, national numbers. Only counts are reported. A sample of the pending prompts is checked, the first
    `inference_content_check` in order (vars; 1000 unless given, 0 switches it off). Where the engine runs no Python of ours,
    BigQuery and Databricks, nothing is looked at: the data test `no_personal_data_in_prompts` runs there.
#}
{% macro _warn_of_personal_values(pending, call_config) -%}
    {%- set most = lakeweave.setting('inference_content_check') | int -%}
    {%- if call_config.allow_pii or most <= 0 or (call_config.content_hash and not call_config.get('file')) or not lakeweave.is_local_engine() -%}
        {{ return('') }}
    {%- endif -%}
    {%- set rows = lakeweave.fetch_rows(
        "select lakeweave_personal_values(" ~ lakeweave._texts_as_json('sampled.input') ~ ") as found, count(*) as looked_at from (select input from "
        ~ pending ~ " order by place limit " ~ most ~ ") as sampled"
    ) -%}
    {%- if rows and rows[0][0] -%}
        {%- set found = [] -%}
        {%- for kind, number in fromjson(rows[0][0]).items() -%}
            {%- do found.append(kind ~ ": " ~ number) -%}
        {%- endfor -%}
        {%- if found -%}
            {%- do exceptions.warn(
                "Prompts of " ~ this ~ " seem to hold personal values, though no tag says so (of " ~ rows[0][1] ~ " looked at, " ~ found | join(', ')
                ~ "). Tag the columns that they come from (config: {meta: {pii: true}}), or announce it: inference(…, allow_pii=true)."
            ) -%}
        {%- endif -%}
    {%- endif -%}
{%- endmacro %}

{# Some texts as one JSON list, NULL for none. #}
{% macro _texts_as_json(column) -%}
    {{ return(adapter.dispatch('_texts_as_json', 'lakeweave')(column)) }}
{%- endmacro %}

{# https://duckdb.org/docs/stable/data/json/creating_json #}
{% macro default___texts_as_json(column) -%}
    {{ return("cast(to_json(list(" ~ column ~ ")) as varchar)") }}
{%- endmacro %}
