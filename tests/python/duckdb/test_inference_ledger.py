"""A ledger that an older version created: it keeps its rows and gets the columns that it lacks."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from tests.python.duckdb.inference_project import InferenceProject, asking
from tests.python.fakes import model_server

OLD = """
create schema ledger;
create table ledger.model_responses (
    fingerprint varchar, function varchar, model varchar, model_version varchar, options varchar, response varchar,
    embedding float[], status varchar, state varchar, attempt bigint, input_tokens bigint, output_tokens bigint,
    requested_at timestamp, invocation_id varchar, node_id varchar
);
create table ledger.inference_runs (
    invocation_id varchar, node_id varchar, function varchar, model varchar, model_version varchar, ran_at timestamp,
    row_count bigint, input_count bigint, answered_before bigint, calls bigint, ok bigint, retryable bigint,
    failed bigint, pending bigint
);
insert into ledger.model_responses by name
select 'old' as fingerprint, 'kept' as response, 'ok' as state, 1 as attempt
"""


@pytest.mark.parametrize("hook", [True, False], ids=["with the hook", "without the hook"])
def test_an_old_ledger_gets_the_new_columns(tmp_path: Path, hook: bool) -> None:
    with model_server.running() as server:
        project = InferenceProject(tmp_path, {"backend": "openai", "base_url": server.base_url, "model": "fake-1"})
        if not hook:
            # A project that switched this package's own hooks off.
            path = project.root / "dbt_project.yml"
            path.write_text(path.read_text().replace('- "{{ lakeweave.create_ledger() }}"', '- "select 1"'))
        with duckdb.connect(str(project.warehouse)) as connection:
            connection.execute(OLD)
        project.write("asked", asking("select range as id, 'p' || range as prompt from range(3)"))
        said = project.build().said
    assert said.count("adding the columns") == 1, said
    kept = "select response, input_tokens, requests from ledger.model_responses where fingerprint = 'old'"
    assert project.query(kept) == [("kept", None, None)]
    assert project.states("asked") == {"ok": 3}
    columns = {name for (name,) in project.query("select column_name from (describe ledger.model_responses)")}
    assert {
        "cached_input_tokens",
        "reasoning_tokens",
        "requests",
        "reasoning",
        "served_model",
        "is_other_model",
    } <= columns
