"""The lines of a build's summary about nodes that failed or warned."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import duckdb
import pytest

from lakeweave.summary import main, summarize

TEST = "test.shop.not_null_silver_claims_amount.1a2b"
NODES = {
    "model.shop.silver_claims": {"name": "silver_claims", "schema": "silver", "alias": "claims"},
    TEST: {"name": "not_null", "schema": "main_tests", "alias": "x", "attached_node": "model.shop.silver_claims"},
    "test.shop.totals": {"name": "totals", "schema": "main_tests", "alias": "totals", "attached_node": None},
}


def result(unique_id: str, status: str, message: str | None = None, relation: str | None = None) -> dict[str, Any]:
    return {"unique_id": unique_id, "status": status, "message": message, "relation_name": relation}


@pytest.fixture
def warehouse(tmp_path: Path) -> Path:
    path = tmp_path / "warehouse.duckdb"
    duckdb.connect(str(path)).close()
    (tmp_path / "manifest.json").write_text(json.dumps({"nodes": NODES}))
    return path


def summary(warehouse: Path, *results: dict[str, Any]) -> str:
    run_results = warehouse.with_name("run_results.json")
    run_results.write_text(json.dumps({"results": results, "elapsed_time": 1}))
    return summarize(warehouse, run_results)


def test_a_failure_has_its_relation_and_its_whole_message(warehouse: Path) -> None:
    message = (
        "Compilation Error in model silver_claims (models/silver/silver_claims.sql)\n"
        "  The call of `one_row_per_key` in `silver_claims` is wrong:\n    - `key` is missing.\n    - `bronze` is missing."
    )
    text = summary(warehouse, result("model.shop.silver_claims", "error", message))
    assert (
        "FAILED model.shop.silver_claims (silver.claims): The call of `one_row_per_key` in `silver_claims` is wrong: "
        "- `key` is missing. - `bronze` is missing." in text
    )
    assert "Compilation Error" not in text


def test_a_message_of_one_line_stays(warehouse: Path) -> None:
    text = summary(warehouse, result("model.shop.silver_claims", "error", "Compilation Error in model silver_claims"))
    assert "(silver.claims): Compilation Error in model silver_claims" in text
    assert "(silver.claims): no message" in summary(warehouse, result("model.shop.silver_claims", "error"))


def test_a_test_has_the_relation_of_its_model(warehouse: Path) -> None:
    text = summary(
        warehouse,
        result(TEST, "fail", "Got 2 results, configured to fail if != 0"),
        result("test.shop.totals", "warn", "Got 1 result, configured to warn if != 0"),
    )
    assert f"FAILED {TEST} (silver.claims): Got 2 results" in text
    assert "WARNED test.shop.totals: Got 1 result" in text


def test_of_many_warnings_ten_are_shown_and_the_rest_is_counted(warehouse: Path) -> None:
    text = summary(warehouse, *(result(f"test.shop.t{n}", "warn", "Got 1 result") for n in range(13)))
    assert text.count("WARNED") == 10
    assert "and 3 more; all are in " in text


def test_without_a_manifest_the_relation_is_that_of_the_result(warehouse: Path) -> None:
    (warehouse.parent / "manifest.json").unlink()
    failed = result("model.shop.silver_claims", "error", "no", '"lakeweave"."silver"."claims"')
    assert "FAILED model.shop.silver_claims (lakeweave.silver.claims): no" in summary(warehouse, failed)


def test_results_of_an_earlier_run_are_not_those_of_this_one(
    warehouse: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A project that dbt cannot parse leaves the results of the run before."""
    run_results = warehouse.with_name("run_results.json")
    run_results.write_text(json.dumps({"results": [result("model.shop.silver_claims", "success")], "elapsed_time": 1}))
    os.utime(run_results, (1000, 1000))
    for since, expected in ((0, "1 models"), (999, "1 models"), (2000, "dbt     built nothing; its error is above")):
        assert expected in summarize(warehouse, run_results, since)
    assert main(["--target", "spark", "--run-results", str(run_results), "--since", "2000"]) == 0
    assert "built nothing" in capsys.readouterr().out
