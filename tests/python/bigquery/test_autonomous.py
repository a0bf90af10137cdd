"""A column that BigQuery fills by itself: the table that has it and the run that keeps it, by Google's analyzer."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from .recorder import Recorder, write_project

BEHIND = {"endpoint": "text-embedding-005", "connection": "us-east4.lakeweave"}
MODELS = {
    "text_embedding": "{{ lakeweave.remote_model(function='generate_embedding') }}",
    "described": """{{ lakeweave.keyed_sync(
    key='id', autonomous_embedding={'column': 'embedding', 'source': 'words', 'model': 'text_embedding'}
) }}
select 1 as id, 'some words' as words
""",
}


@pytest.fixture
def recorder(tmp_path: Path) -> Iterator[Recorder]:
    write_project(tmp_path, MODELS)
    made = Recorder(tmp_path, variables={"endpoints": {"bigquery": {"text_embedding": BEHIND}}})
    made.warehouse.connections.add(f"{made.warehouse.project}.{BEHIND['connection']}")
    yield made
    made.close()


def test_the_table_has_the_column_and_the_merge_leaves_it_alone(recorder: Recorder) -> None:
    sent = {}
    for phase in ("first run", "second run"):
        before = len(recorder.log.statements)
        outcomes = recorder.phase(phase, "run")
        failed = [each.message for each in outcomes if each.status not in ("success", "pass")]
        assert not failed, "\n".join(failed)
        statements = recorder.log.statements[before:]
        assert [str(each.problem) for each in statements if each.problem] == []
        sent[phase] = [each.text for each in statements if each.node == "model.lakeweave.described"]
    made = next(text for text in sent["first run"] if "generated always as" in text)
    assert "ai.embed(" in made
    assert "asynchronous = true" in made
    assert not any("create table" in text and "generated" in text for text in sent["second run"])
    merged = next(text for text in sent["second run"] if text.lstrip().startswith("merge into"))
    assert "embedding" not in merged
