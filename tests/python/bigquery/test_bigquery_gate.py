"""Every statement that dbt would send to BigQuery is read by Google's own analyzer."""

from __future__ import annotations

import re
from collections.abc import Sequence

import pytest

from . import checks
from .recorder import Recording


def _fail(problems: Sequence[checks.Problem]) -> None:
    if problems:
        pytest.fail("\n".join([f"{len(problems)} problem(s)", *(str(each) for each in problems)]), pytrace=False)


def test_every_statement_is_analyzed(recording: Recording) -> None:
    """One line for each statement that BigQuery would refuse: node, line:column, message."""
    assert recording.statements
    _fail(checks.refused(recording))


def test_dbt_is_content(recording: Recording) -> None:
    """No node ends in an error of dbt itself (a contract, a macro, an operation)."""
    _fail(checks.failed(recording))


def test_contracts_are_kept(recording: Recording) -> None:
    """Each model's columns and types, as the analyzer sees them, are those of its YAML."""
    _fail(checks.broken_contracts(recording))


def test_every_node_is_covered(recording: Recording) -> None:
    """As many nodes are covered as the manifest has."""
    _fail(checks.not_covered(recording))


def test_gold_is_published(recording: Recording) -> None:
    """What others read as Parquet is exported, and the table that they read it by is switched to the new version."""
    for kind in (r"\bexport data\b", r"\bcreate or replace external table [^(]+_published` \("):
        found = {each.node.rpartition(".")[2] for each in recording.statements if re.search(kind, each.text)}
        assert found == {
            "amazon_revenue_by_category",
            "amazon_revenue_by_state",
            "amazon_revenue_by_month",
            "amazon_fulfilment_performance",
        }, kind


def test_both_answers_to_a_question_are_recorded(recording: Recording) -> None:
    """A rule that no question asked for proves nothing: it is out of date."""
    from .answers import RULES

    used = {statement.answered_by for statement in recording.statements}
    assert [rule.name for rule in RULES if rule.name not in used] == []
