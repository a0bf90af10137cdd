"""One model for each macro that asks a typed question, as a user would write it. All engines build or read these same models.

``worked_chat`` and ``worked_embedder`` are the models that are called. The rows are in ``worked_comments``.
"""

from __future__ import annotations

_ROWS = (
    (1, 10, "The zip broke after a week, I want my money back."),
    (2, 10, "Warm and light."),
    (3, 10, "The zip is stiff."),
    (4, 20, "Fits well."),
    (5, 20, None),
    (6, 30, " "),
)


def _texts() -> str:
    rows = []
    for number, product, text in _ROWS:
        written = "cast(null as {{ dbt.type_string() }})" if text is None else f"'{text}'"
        rows.append(f"select {number} as id, {product} as product_id, {written} as comment_text")
    return "\nunion all\n".join(rows)


def _over_comments(call: str, columns: str = "id, comment_text") -> str:
    return f"{{{{ lakeweave.{call} }}}}\n\nselect {columns} from {{{{ ref('worked_comments') }}}}"


MODELS = {
    "worked_chat": "{{ lakeweave.remote_model(function='generate_text') }}",
    "worked_embedder": "{{ lakeweave.remote_model(function='generate_embedding') }}",
    "worked_comments": f"{{{{ config(materialized='table') }}}}\n{_texts()}",
    "worked_classify": _over_comments("""classify(
    model='worked_chat', input='comment_text', categories={'praise': none, 'fault': 'Something broke.'}
)"""),
    "worked_filter": _over_comments("""filter_rows(
    model='worked_chat', input='comment_text', condition='The writer wants money back.'
)"""),
    "worked_score": _over_comments("""score(
    model='worked_chat', input='comment_text', rubric='How urgent is it?', lowest=1, highest=5
)"""),
    "worked_extract": _over_comments("""extract(
    model='worked_chat', input='comment_text', fields={'part': 'string', 'weeks': 'integer'}
)"""),
    "worked_summaries": _over_comments(
        """summarize_rows(
    model='worked_chat', group_by='product_id', input='comment_text', order_by='id desc',
    instruction='Which faults do customers name?'
)""",
        "id, product_id, comment_text",
    ),
    "worked_vectors": _over_comments(
        "inference(function='generate_embedding', model='worked_embedder', input='comment_text')"
    ),
    "worked_pairs": """{{ lakeweave.match_rows(
    model='worked_chat', left=ref('worked_vectors'), right=ref('worked_vectors'), left_input='comment_text',
    condition='{left} and {right} name the same fault.', candidates=1, symmetric=true
) }}""",
    "worked_matches": """{{ config(materialized='table') }}
select left_key, right_key, is_same from {{ lakeweave.match_rows(
    model='worked_chat', left=ref('worked_vectors'), right=ref('worked_vectors'), left_input='comment_text',
    condition='{left} and {right} name the same fault.', candidates=2, column='is_same', as_table=true
) }} as answered""",
    # The content is read by Databricks only; the others read the file at the address.
    "worked_files": """{{ config(materialized='table') }}
select {{ dbt.concat(["'" ~ var('worked_folder', 'gs://bucket') ~ "'", "'/label.png'"]) }} as uri, 'first' as md5_hash,
    cast('picture' as {{ 'bytes' if target.type == 'bigquery' else 'blob' if target.type == 'duckdb' else 'binary' }}) as content
union all
select {{ dbt.concat(["'" ~ var('worked_folder', 'gs://bucket') ~ "'", "'/missing.png'"]) }}, 'second', null""",
    "worked_pictures": """{{ lakeweave.extract(
    model='worked_chat', input='question', file='uri', content_hash='md5_hash', object_table='worked_files',
    fields={'material': 'string', 'is_washable': 'boolean'}
) }}

select uri, md5_hash, 'Read the care label.' as question from {{ ref('worked_files') }}""",
    "worked_documents": """{{ config(materialized='table') }}
select uri, pages from {{ lakeweave.generate_text(
    '(select uri, ' ~ dbt.string_literal('How many pages?') ~ ' as prompt from ' ~ ref('worked_files') ~ ')', model='worked_chat',
    schema={'pages': 'integer'}, file='uri', object_table='worked_files'
) }} as answered""",
    "worked_golden": """{{ config(materialized='table') }}
select 1 as id, 'fault' as expected
union all
select 2 as id, 'praise' as expected""",
    "worked_matrix": """{{ config(materialized='table') }}
select * from {{ lakeweave.confusion_matrix(ref('worked_classify'), ref('worked_golden'), 'id', 'category') }} as matrix""",
    "worked_expression": """{{ config(materialized='table') }}
select product_id, row_count, rows_left_out, faults from {{ lakeweave.summarize_rows(
    model='worked_chat', group_by=['product_id'], input='comment_text', instruction='Which faults do customers name?',
    schema={'faults': {'type': 'array', 'items': 'string'}}, max_input_characters=40, relation=ref('worked_comments')
) }} as answered""",
}

#: Data tests of answers, as YAML of the models. Any answer is good enough for them.
PROPERTIES = {
    "version": 2,
    "models": [
        {
            "name": "worked_classify",
            "data_tests": [
                {
                    "answers_match": {
                        "arguments": {
                            "golden": "ref('worked_golden')", "key": "id", "answer": "category", "at_least": 0
                        }
                    }
                }
            ],
            "columns": [{"name": "category", "data_tests": [{"answers_drift": {"arguments": {"at_most": 0}}}]}],
        },
        {
            "name": "worked_score",
            "columns": [{"name": "score", "data_tests": [{"judged_well": {"arguments": {"at_least": 1, "share": 0.5}}}]}],
        },
    ],
}  # fmt: skip


def with_switch(name: str) -> dict[str, str]:
    """The models, built only if the variable ``name`` is true."""
    return {model: f"{{{{ config(enabled=var('{name}', false)) }}}}{sql}" for model, sql in MODELS.items()}
