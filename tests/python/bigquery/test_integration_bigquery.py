"""The project in integration_tests/ installs Lakeweave: every statement that it sends to BigQuery, by Google's analyzer."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator

import pytest

from tests.python.support import ROOT

from . import checks
from .recorder import PHASES, Recorder, Recording


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Recording]:
    """A first run, a second run and a full refresh of the installed project."""
    root = tmp_path_factory.mktemp("integration") / "project"
    ignored = shutil.ignore_patterns("target", "logs", "dbt_packages", "*.duckdb*", "package-lock.yml")
    shutil.copytree(ROOT / "integration_tests", root, ignore=ignored)
    (root / "packages.yml").write_text(f"packages:\n  - local: {ROOT}\n")
    profile = (ROOT / "profiles.example.yml").read_text()
    (root / "profiles.example.yml").write_text(profile.replace("\nlakeweave:", "\nintegration_tests:", 1))
    package = root / "dbt_packages" / "lakeweave"
    # What `dbt deps` does for a `local:` package.
    package.parent.mkdir()
    package.symlink_to(ROOT, target_is_directory=True)
    recorder = Recorder(root)
    try:
        recorder.parse()
        for name, arguments in PHASES:
            recorder.phase(name, *arguments)
        assert recorder.recording is not None
        yield recorder.recording
    finally:
        recorder.close()
        # The link points into this repository: it is removed before anything walks through it.
        package.unlink()


def test_every_statement_is_analyzed_and_every_node_is_covered(recording: Recording) -> None:
    problems = checks.problems(recording)
    assert not problems, "\n".join(str(each) for each in problems)


def test_what_the_package_does_there_is_sent(recording: Recording) -> None:
    """One model of each kind: the statement without which the recording would prove nothing."""
    for node, statement in {
        "bronze_users": r"begin transaction",
        "bronze_events": r"begin transaction",
        "users": r"\bmerge into\b",
        "product_sentences": r"generate_text\(",
        "product_embeddings": r"generate_embedding\(",
        "similar_products": r"vector_search\(",
        "stock_of_products": r"`partner`\.`stock`",
    }.items():
        sent = [each.text for each in recording.statements if each.node == f"model.integration_tests.{node}"]
        assert [text for text in sent if re.search(statement, text.strip(), re.IGNORECASE)], (node, sent)
    created = [each.text for each in recording.statements if "external table" in each.text.lower()]
    for table in ("users", "orders", "products", "events", "inbox_files", "stock"):
        assert [text for text in created if re.search(rf"external table [^(]*`{table}`", text, re.IGNORECASE)], table
