{#
    The answers that an earlier version of a model's call gave to the rows of its relation, as a query in brackets: the newest version in
    the ledger with another called model, other options or another schema, or with the earlier input `earlier_input`. The fingerprints of
    the earlier questions are computed from the rows as they are now, because the ledger keeps no inputs.
#}
{% macro _earlier_answers(node, relation, earlier_input) -%}
    {%- set call_config = node.config.meta.inference -%}
    {%- set called = lakeweave.called_model(call_config.model) -%}
    {%- set ledger, options = lakeweave.ledger_relation('model_responses'), tojson(call_config.options, sort_keys=true) -%}
    {%- set is_present -%}
        model_version = {{ lakeweave.text_literal(lakeweave._model_version(called)) }} and options = {{ lakeweave.text_literal(options) }}
    {%- endset -%}
    {%- set versions = lakeweave.fetch_rows(
        "select model_version, options, max(requested_at) as last_asked from " ~ ledger ~ " where node_id = " ~ lakeweave.text_literal(node.unique_id)
        ~ " and function = " ~ lakeweave.text_literal(call_config.function) ~ " and model = " ~ lakeweave.text_literal(call_config.model)
        ~ " and state = 'ok'" ~ (" and not (" ~ is_present ~ ")" if earlier_input is none) ~ " group by model_version, options order by 3 desc, 1, 2", []
    ) -%}
    {%- if not versions -%}
        {%- do lakeweave.raise_problems("The call of `compare_answers`", [
            "`before` is not given, and the ledger has no answers of an earlier version of `" ~ node.name
            ~ "`: no other called model, options or schema. Give `before`, or the earlier input as SQL in `earlier_input`."
        ]) -%}
    {%- endif -%}
    {%- set version, earlier_options = versions[0][0], versions[0][1] -%}
    {%- set content = "cast(" ~ earlier_input ~ " as " ~ dbt.type_string() ~ ")" if earlier_input is not none else lakeweave._content_of('present', call_config) -%}
    {%- set brought, kept = lakeweave._answer_columns(call_config), [] -%}
    {%- for column in adapter.get_columns_in_relation(relation) if column.name | lower not in brought -%}
        {%- do kept.append('present.' ~ adapter.quote(column.name)) -%}
    {%- endfor -%}
    {%- set columns = kept + ['answers.fingerprint', 'answers.response'] -%}
    {%- do columns.extend(lakeweave._typed_columns(fromjson(earlier_options).get('schema', []), 'answers.response')) -%}
    {{ return({
        'version': version,
        'sql': "(select " ~ columns | join(', ') ~ " from " ~ relation ~ " as present inner join (select fingerprint, max(response) as response from "
            ~ ledger ~ " where state = 'ok' group by fingerprint) as answers on answers.fingerprint = "
            ~ lakeweave._fingerprint_of(call_config.function, call_config.model, version, earlier_options, content) ~ ") as earlier",
    }) }}
{%- endmacro %}
