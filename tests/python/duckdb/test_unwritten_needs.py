"""Each public macro is called in a project where nothing was built, and ends with a result or with a sentence of Lakeweave."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
import yaml

from tests.python import forking
from tests.python.support import ROOT

ROWS = "{{ ref('delivered_rows') }}"
EXPRESSIONS = {
    "trim_text": "'text'",
    "clean_text": "'text'",
    "compose_text": "'text'",
    "standardize": "'text', 'country'",
    "to_integer": "'text'",
    "to_float": "'text'",
    "to_money": "'text'",
    "money_value_type": "'text'",
    "parse_timestamp": "'text'",
    "nanoseconds": "'text'",
    "to_boolean": "'text'",
    "is_deletion": "'text'",
    "typed_value": "'text', lakeweave.to_integer('text')",
    "natural_order": "'text'",
    "regexp_extract": "'text', 'a(b)'",
    "regexp_replace": "'text', 'a', 'b'",
    "cast_or_null": "'text', 'integer'",
    "json_text": "'text', 'key'",
    "iso_week": "'current_date'",
    "is_blank": "'text'",
    "is_recognised": "'number'",
    "compatibility_form": "'text'",
    "one_line": "'text'",
    "redact": "'text', 'domain'",
    "fingerprint": "function='generate_text', model='asked', model_version='1', options={}, input='text'",
    "as_of": "",
    "run_timestamp": "",
}
"""Arguments of a macro that gives an expression over one row."""
TABLES = {
    "convert_to_usd": "ref('delivered_rows'), price='number', value_type='text', on_date='day'",
    "json_rows": "ref('delivered_rows'), 'text', '$', {'a': '$.a'}",
    "generate_text": "ref('delivered_rows'), model='asked', input='text'",
    "generate_embedding": "ref('delivered_rows'), model='embedded', input='text'",
    "annotate_image": "ref('delivered_rows'), model='seen', input='text'",
    "predict_image": "ref('delivered_rows'), model='posed', input='text'",
    "classify": "model='asked', input='text', categories=['a', 'b'], relation=ref('delivered_rows')",
    "filter_rows": "model='asked', input='text', condition='It is true.', relation=ref('delivered_rows')",
    "score": "model='asked', input='text', rubric='good', relation=ref('delivered_rows')",
    "extract": "model='asked', input='text', fields={'a': 'string'}, relation=ref('delivered_rows')",
    "confusion_matrix": "ref('delivered_rows'), ref('delivered_rows'), key='id', answer='text', expected='text'",
    "match_rows": "model='asked', left=ref('delivered_rows'), right=ref('delivered_rows'), left_input='text', condition='{left} is {right}', embedding='vector', as_table=true",
    "vector_search": "ref('delivered_rows'), 'vector', ref('delivered_rows'), top_k=1",
    "newest_records": "bronze=ref('claims'), key='id'",
    "ordered_records": "bronze=ref('claims'), key='id'",
    "listed_objects": "'shop', 'pictures'",
    "delivered_records": "'shop', 'claims'",
}
"""Arguments of a macro that gives a table expression."""
MODELS = {
    "object_table": "{{ lakeweave.object_table('shop', 'pictures') }} select * from {{ lakeweave.listed_objects('shop', 'pictures') }}",
    "priced_responses": "{{ lakeweave.priced_responses(ref('lakeweave', 'model_prices')) }}",
    "price_periods": "{{ lakeweave.price_periods(ref('lakeweave', 'model_prices')) }}",
    "change_order": "select * from {{ lakeweave.newest_records(bronze=ref('claims'), key='id', order_by=lakeweave.change_order('changed_at', 'operation')) }}",
    "one_row_per_key": "{{ lakeweave.one_row_per_key(bronze=ref('claims'), key='id') }}"
    " select *, {{ lakeweave.account_columns() }} from {{ lakeweave.newest_records(bronze=ref('claims'), key='id') }}",
    "one_row_per_version": "{{ lakeweave.one_row_per_version(bronze=ref('claims'), key='id', version=['changed_at']) }}"
    " select *, {{ lakeweave.account_columns() }} from {{ lakeweave.ordered_records(bronze=ref('claims'), key='id') }}",
    "inference": "{{ lakeweave.inference(function='generate_text', model='asked', input='text') }} select id, text from "
    + ROWS,
    "summarize_rows": "{{ lakeweave.summarize_rows(model='asked', group_by='id', input='text', instruction='sum up') }} select id, text from "
    + ROWS,
    "keyed_sync": "{{ lakeweave.keyed_sync(key='id') }} select id, text from " + ROWS,
    "vector_index": "{{ config(materialized='table') }} {{ lakeweave.vector_index('vector') }} select id, vector from "
    + ROWS,
    "publish_parquet": "{{ config(materialized='table', post_hook={'sql': '{{ lakeweave.publish_parquet() }}', 'transaction': false}) }} select id from "
    + ROWS,
}
"""The body of a model with a macro that configures it."""
OPERATIONS = {
    "profile": {"relation": "delivered_rows"},
    "externals_plan": {},
    "externals_apply": {},
    "inference_plan": {},
    "retry_failed": {"model": "asked"},
    "ledger_summary": {},
    "explain": {"model": "delivered_rows"},
    "release_held_files": {"source": "shop.claims"},
    "replay_file": {"source": "shop.claims", "file_name": "claims.csv"},
    "archive_files": {"source": "shop.claims"},
    "vector_index_status": {},
    "build_plan": {},
    "compare_answers": {"before": "inference", "after": "inference", "key": "id", "answer": "response"},
    "accept_answers": {"model": "inference", "column": "response"},
    "create_convert_to_usd": {"endpoint": "https://example.com", "connection": "eu.x"},
}
"""Arguments of `dbt run-operation`."""
CLAIMS = (
    "{{ lakeweave.ingestion('shop', 'claims') }} select id, changed_at, operation, {{ lakeweave.record_columns() }}"
    " from {{ lakeweave.delivered_records('shop', 'claims') }}"
)
RAW = (
    "Catalog Error",
    "Binder Error",
    "Parser Error",
    "Conversion Error",
    "is undefined",
    "has no attribute",
    "NoneType",
    "Traceback",
    "not callable",
)
COLUMNS = "1 as id, 'a' as text, 1.5 as number, date '2026-01-01' as day, [1.0, 0.0]::double[] as vector"


IN_MODELS = {"ingestion", "record_columns", "account_columns", "listed_objects", "remote_model"}
"""Called by the bodies above."""
NEED_SEEDS = {
    "clean_text",
    "convert_to_usd",
    "money_value_type",
    "price_periods",
    "priced_responses",
    "standardize",
    "to_money",
}
NEED_BRONZE = {"change_order", "newest_records", "one_row_per_key", "one_row_per_version", "ordered_records"}
NEVER = {"posed", "delivered_records", "match_rows", "vector_search"}
"""Wrong calls: outside of an ingestion, without the column of the vectors' model, of a model without a file."""
REFUSED = {"accept_answers", "archive_files", "compare_answers", "create_convert_to_usd"}
INTERNAL = set(
    [
        "absolute_uri",
        "add_missing_columns",
        "call_python",
        "called_model",
        "column_of",
        "connection_of",
        "create_ledger",
        "create_ledger_table",
        "create_response_ledger",
        "create_scratch",
        "declare_lookups",
        "declared_source",
        "drop_scratch",
        "engine",
        "execute_statement",
        "explain_failure",
        "external_block",
        "fetch_rows",
        "file_name_column",
        "forget_scratch",
        "generate_alias_name",
        "generate_schema_name",
        "has_table",
        "is_local_engine",
        "landing_uri",
        "last_delivery",
        "ledger_relation",
        "ledger_tables",
        "local_places",
        "missing_columns",
        "package_seed",
        "place_of_objects",
        "prepare_externals",
        "raise_problems",
        "raise_unsupported",
        "record_versions",
        "refuse_other_formats",
        "refuse_semicolon",
        "require_plugin",
        "require_relation",
        "restore_seed_nulls",
        "revenue_measures",
        "run_hooks_outside",
        "run_memory",
        "run_option",
        "schema_name",
        "scratch_relation",
        "session_lock",
        "setting",
        "shown_relation",
        "source_settings",
        "spark_listed_files",
        "spark_pattern",
        "star_without",
        "sync_iceberg",
        "text_literal",
        "type_double",
        "type_embedding",
        "with_share",
        "write_relation",
    ]
)
"""Called by Lakeweave's own macros, materializations and hooks, and by dbt."""


class Stranger:
    """A project that has installed Lakeweave, and nothing else."""

    def __init__(self, root: Path) -> None:
        self.root = root
        (root / "dbt_packages").mkdir(parents=True)
        (root / "dbt_packages" / "lakeweave").symlink_to(ROOT)
        self._write("packages.yml", {"packages": [{"local": str(ROOT)}]})
        self._write(
            "dbt_project.yml",
            {"name": "shop", "version": "1.0.0", "profile": "shop", "flags": {"send_anonymous_usage_stats": False}},
        )
        plugins = {"plugins": [{"module": "lakeweave.plugin", "alias": "lakeweave"}]}
        outputs = {
            name: {"type": "duckdb", "path": f"{name}.duckdb", "threads": 2, **more}
            for name, more in (("dev", plugins), ("bare", {}))
        }
        self._write("profiles.yml", {"shop": {"target": "dev", "outputs": outputs}})
        self._write(
            "models/_sources.yml",
            {
                "sources": [
                    {
                        "name": "shop",
                        "tables": [
                            {
                                "name": "claims",
                                "columns": [{"name": name} for name in ("id", "changed_at", "operation")],
                            },
                            {"name": "pictures"},
                        ],
                    }
                ]
            },
        )
        models = {"delivered_rows": f"select {COLUMNS}", "claims": CLAIMS}
        models |= {
            name: f"{{{{ lakeweave.remote_model(function='{function}') }}}}"
            for name, function in (
                ("asked", "generate_text"),
                ("embedded", "generate_embedding"),
                ("seen", "annotate_image"),
                ("posed", "predict_image"),
            )
        }
        models |= {
            f"call_{name}": f"select {{{{ lakeweave.{name}({given}) }}}} as answer from {ROWS}"
            for name, given in EXPRESSIONS.items()
        }
        models |= {
            f"call_{name}": f"select * from {{{{ lakeweave.{name}({given}) }}}} as answer"
            for name, given in TABLES.items()
        }
        models |= {f"call_{name}": body for name, body in MODELS.items()}
        for name, body in models.items():
            (root / "models" / f"{name}.sql").write_text(body)

    def _write(self, name: str, content: object) -> None:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(yaml.safe_dump(content))

    def dbt(self, *words: str) -> tuple[str, dict[str, str]]:
        """The output of dbt, and the message of each node that failed."""
        path = self.root / "target" / "run_results.json"
        path.unlink(missing_ok=True)
        done = forking.run(["--no-use-colors", *words], self.root, {**os.environ, "PYTHONPATH": str(ROOT)})
        results = json.loads(path.read_text())["results"] if path.exists() else []
        failed = {each["unique_id"].split(".")[2]: each["message"] for each in results if each["status"] == "error"}
        return done.stdout + done.stderr, failed


@pytest.fixture(scope="module")
def stranger(tmp_path_factory: pytest.TempPathFactory) -> Stranger:
    return Stranger(tmp_path_factory.mktemp("stranger") / "shop")


def told(text: str) -> None:
    """The text has a sentence of Lakeweave, and no error of the engine, of Jinja or of Python."""
    assert "Compilation Error" in text, text
    assert not [word for word in RAW if word in text], text


def test_each_public_macro_is_called() -> None:
    public = {
        macro["name"]
        for path in (ROOT / "macros").glob("*/_macros.yml")
        for macro in yaml.safe_load(path.read_text())["macros"]
        if not macro["name"].startswith("_")
    }
    called = {*EXPRESSIONS, *TABLES, *MODELS, *OPERATIONS, *IN_MODELS}
    assert called & INTERNAL == set()
    assert called | INTERNAL == public


def test_a_run_before_seeds_and_bronze_ends_in_sentences(stranger: Stranger) -> None:
    said, failed = stranger.dbt("run", "--exclude", "claims")
    assert {name.removeprefix("call_") for name in failed} == NEED_SEEDS | NEED_BRONZE | NEVER, said[-3000:]
    for name, message in failed.items():
        told(message)
        if name.removeprefix("call_") in NEED_SEEDS:
            assert f"`dbt build -s +{name}`" in message
    _, failed = stranger.dbt("run", "--select", "claims")
    told(failed["claims"])
    assert "The folder 'landing/shop/claims' does not exist" in failed["claims"]


def test_what_it_reads_is_all_that_it_needs(stranger: Stranger) -> None:
    folder = stranger.root / "landing" / "shop" / "claims"
    folder.mkdir(parents=True)
    (folder / "claims.csv").write_text("id,changed_at,operation\n1,2026-01-01 00:00:00,insert\n")
    said, failed = stranger.dbt("build")
    assert {name.removeprefix("call_") for name in failed} == NEVER, said[-3000:]


def test_operations_end_in_a_result_or_in_a_sentence(stranger: Stranger) -> None:
    for name, given in OPERATIONS.items():
        said, _ = stranger.dbt("run-operation", name, "--args", json.dumps(given))
        assert not [word for word in RAW if word in said], said
        assert ("[ERROR]" in said) == (name in REFUSED), said
        if name in REFUSED:
            told(said)


def test_a_profile_without_the_plugin_is_told_before_anything_runs(stranger: Stranger) -> None:
    said, _ = stranger.dbt("build", "--target", "bare")
    told(said)
    assert "the target `bare` has no plugin `lakeweave.plugin`" in said
    assert "call_inference" in said
    plain = [f"call_{name}" for name in EXPRESSIONS]
    said, failed = stranger.dbt("build", "--target", "bare", "--select", *plain, "delivered_rows", "resource_type:seed")
    assert failed == {}, said[-3000:]
