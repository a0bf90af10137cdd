{# What a call of this model costs, from seeds/model_prices.csv; an error when a budget needs a price that is not there. #}
{% macro _price(called, settings) -%}
    {%- set price = lakeweave._price_if_known(called, settings.max_cost_per_run is not none) -%}
    {%- if price is none and settings.max_cost_per_run is not none -%}
        {%- do exceptions.raise_compiler_error(
            this ~ " has a budget in money (max_cost_per_run), but seeds/model_prices.csv has no price for `"
            ~ lakeweave._model_version(called).split('#')[0] ~ "`. Add a row with that model_version, and run `dbt seed`."
        ) -%}
    {%- endif -%}
    {{ return(price) }}
{%- endmacro %}


{# The same, none when there is no price. `is_built` says that the seed is a parent and needs no looking for. #}
{% macro _price_if_known(called, is_built=false) -%}
    {%- set prices = lakeweave._prices_relation() -%}
    {%- if prices is none or not (is_built or load_relation(prices) is not none) -%}
        {{ return(none) }}
    {%- endif -%}
    {%- set rows = lakeweave.ask(
        "select per_call, per_million_input_tokens, per_million_output_tokens from " ~ prices
        ~ " where model_version = " ~ lakeweave.text_literal(lakeweave._model_version(called).split('#')[0])
    ) -%}
    {%- if not rows -%}
        {{ return(none) }}
    {%- endif -%}
    {{ return({
        'per_call': rows[0][0] | float,
        'per_input': (rows[0][1] | float) / 1000000,
        'per_output': (rows[0][2] | float) / 1000000,
    }) }}
{%- endmacro %}


{# The relation of the price list, none when the project has no such seed. #}
{% macro _prices_relation() -%}
    {%- for node in graph.nodes.values() if node.resource_type == 'seed' and node.name == 'model_prices' -%}
        {{ return(api.Relation.create(database=node.database, schema=node.schema, identifier=node.alias)) }}
    {%- endfor -%}
    {{ return(none) }}
{%- endmacro %}


{# Estimated cost of one call, as an SQL expression: four characters to a token, and as much output as is allowed. #}
{% macro _estimated_cost(input, asked) -%}
    {%- set output = lakeweave._estimated_output_tokens(asked) -%}
    ({{ asked.price.per_call + output * asked.price.per_output }} + ceil(length({{ input }}) / 4.0) * {{ asked.price.per_input }})
{%- endmacro %}


{% macro _estimated_output_tokens(asked) -%}
    {%- if asked.function != 'generate_text' -%}
        {{ return(0) }}
    {%- endif -%}
    {{ return(asked.options.get('max_output_tokens', 1024)) }}
{%- endmacro %}
