"""Each macro that asks a typed question, as a model on BigQuery: Google's analyzer takes every statement."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from tests.python import worked_examples
from tests.python.support import ROOT

from .answers import EARLIER_ANSWERS, RULES
from .recorder import Recorder, write_project


@pytest.fixture
def recorder(tmp_path: Path) -> Iterator[Recorder]:
    write_project(tmp_path, worked_examples.MODELS)
    (tmp_path / "models" / "worked.yml").write_text(yaml.safe_dump(worked_examples.PROPERTIES))
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "generic").symlink_to(ROOT / "tests" / "generic")
    made = Recorder(tmp_path, rules=(*RULES, *EARLIER_ANSWERS))
    made.warehouse.connections.add(f"{made.warehouse.project}.us-east4.lakeweave-text")
    yield made
    made.close()


def test_the_analyzer_takes_each_worked_example(recorder: Recorder) -> None:
    outcomes = recorder.phase("first run", "run")
    failed = [f"{each.node}: {each.message}" for each in outcomes if each.status not in ("success", "pass")]
    assert not failed, "\n".join(failed)
    statements = recorder.log.statements
    assert [f"{each.node}: {each.problem}" for each in statements if each.problem] == []
    # Each example asks the model, and each that is a model keeps the answers in the ledger.
    asked = {each.node.split(".")[-1] for each in statements if "ai.generate_text(" in each.text.lower()}
    asking = {name for name, sql in worked_examples.MODELS.items() if "worked_chat" in sql}
    assert asked == asking
    before = len(statements)
    for arguments in (
        "{before: worked_classify, after: worked_classify, answer: category, golden: worked_golden}",
        "{after: worked_classify, answer: category, golden: worked_golden}",
    ):
        compared = recorder.phase("operations", "run-operation", "compare_answers", "--args", arguments)
        assert [each.message for each in compared if each.status not in ("success", "pass")] == []
    assert [f"{each.node}: {each.problem}" for each in statements[before:] if each.problem] == []
    # The answers of the earlier version are found by the fingerprints of its questions.
    assert any("gemini-2.5-flash" in each.text and "sha256" in each.text for each in statements[before:])
    before = len(statements)
    recorder.phase("data tests", "test")
    tested = [each for each in recorder.log.statements[before:] if each.node.startswith("test.")]
    assert [f"{each.node}: {each.problem}" for each in tested if each.problem] == []
    assert {each.node.split(".")[2].partition("_worked")[0] for each in tested} == {
        "answers_match", "answers_drift", "judged_well",
    }  # fmt: skip
