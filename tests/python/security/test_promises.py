"""docs/security.md: each promise names tests that exist."""

from __future__ import annotations

import ast
import re

from tests.python.support import ROOT

TEXT = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
PROMISES = TEXT.partition("## Promises")[2].partition("## Figures")[0]
ROWS = [line for line in PROMISES.splitlines() if line.startswith("| ") and not line.startswith("| promise")]


def test_each_promise_names_its_tests() -> None:
    assert len(ROWS) > 20
    for row in ROWS:
        assert re.search(r"`tests/python/[\w/]+\.py(::\w+)?`", row.rpartition(" | ")[2]), row


def test_the_named_tests_exist() -> None:
    named = re.findall(r"`(tests/python/[^`:]+)(?:::([^`]+))?`", TEXT)
    assert len(named) > 40
    missing = []
    for file, test in named:
        path = ROOT / file
        defined = (
            {each.name for each in ast.parse(path.read_text()).body if isinstance(each, ast.FunctionDef)}
            if path.is_file()
            else set()
        )
        if not path.is_file() or (test and test not in defined):
            missing.append(f"{file}::{test}")
    assert missing == []
