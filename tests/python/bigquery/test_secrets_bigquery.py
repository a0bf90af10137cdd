"""No secret of the environment is in what is sent to BigQuery, or in what dbt leaves behind on that target."""

from __future__ import annotations

import json
import os
from pathlib import Path

from ..left_behind import MARK, in_files
from .recorder import Recorder, Recording


def test_no_secret_is_sent_or_said(recording: Recording) -> None:
    """Statements of all kinds of run, results of each node, compiled SQL, and the manifest."""
    assert len(recording.statements) > 500
    assert not [each.node for each in recording.statements if MARK in each.text]
    assert not [each for each in recording.outcomes if MARK in each.message]
    assert not [key for key, sql in recording.compiled.items() if MARK in sql]
    assert MARK not in json.dumps(recording.manifest.to_dict(), default=str)
    assert MARK.encode() not in recording.parsed


def test_no_secret_is_in_logs_or_artifacts(recording: Recording, tmp_path: Path, recorder: type[Recorder]) -> None:
    """A seed that is loaded and a model that fails, because what it reads is not there."""
    made = recorder(parsed=recording.parsed, target_path=tmp_path / "target", log_path=tmp_path / "logs")
    try:
        with made._offline():
            assert MARK in os.environ["DATABRICKS_TOKEN"]
        made.parse()
        good = made.phase("good", "seed", "--select", "exchange_rates")
        bad = made.phase("bad", "run", "--select", "silver_transactions")
        assert [each.status for each in good if each.node.startswith("seed")] == ["success"]
        assert any(each.status == "error" for each in bad), bad
        assert not [each for each in [*good, *bad] if MARK in each.message]
        assert (tmp_path / "target" / "manifest.json").is_file()
        assert list((tmp_path / "logs").iterdir())
        assert in_files(tmp_path) == []
        assert in_files(made._scratch) == []
    finally:
        made.close()
