{# https://cloud.google.com/bigquery/docs/reference/standard-sql/remote-functions#create_a_remote_function #}
{% macro bigquery___create_convert_to_usd(endpoint, connection, on_unknown, max_batching_rows) -%}
    {%- set problems = [] -%}
    {%- if not endpoint.startswith('https://') -%}
        {%- do problems.append("`endpoint` is '" ~ endpoint ~ "'; expected the address of the service, https://…") -%}
    {%- endif -%}
    {%- if connection.count('.') not in (1, 2) -%}
        {%- do problems.append("`connection` is '" ~ connection ~ "'; expected [project.]location.name.") -%}
    {%- endif -%}
    {%- if on_unknown not in ('null', 'error') -%}
        {%- do problems.append("`on_unknown` is '" ~ on_unknown ~ "'; expected null or error.") -%}
    {%- endif -%}
    {%- do lakeweave.raise_problems('The call of `create_convert_to_usd`', problems) -%}
    {%- set schema = api.Relation.create(database=target.database, schema=lakeweave.schema_name('bronze')) -%}
    {%- do adapter.create_schema(schema) -%}
    {%- set statement -%}
create or replace function {{ schema.without_identifier() }}.`convert_to_usd`(price numeric, value_type string, on_date date) returns numeric
remote with connection `{{ connection }}`
options (
    endpoint = {{ lakeweave.text_literal(endpoint) }},
    user_defined_context = [('on_unknown', '{{ on_unknown }}')],
    max_batching_rows = {{ max_batching_rows }},
    description = 'The price in US dollars, by the rate of seeds/exchange_rates.csv on that day; NULL where there is none.'
)
    {%- endset -%}
    {%- do lakeweave.execute_statement(statement) -%}
    {%- do print('made ' ~ schema.without_identifier() ~ '.`convert_to_usd`') -%}
{%- endmacro %}

{# A product of NUMERICs has nine places and would be rounded twice.
   https://cloud.google.com/bigquery/docs/reference/standard-sql/data-types#decimal_types #}
{% macro bigquery___in_dollars(price, rate) -%}
    cast(round(cast({{ price }} as bignumeric) * cast({{ rate }} as bignumeric), 6) as {{ dbt.type_numeric() }})
{%- endmacro %}
