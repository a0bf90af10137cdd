"""A macro that another macro calls exists. dbt finds a missing one only on the engine whose variant calls it."""

from __future__ import annotations

import re

from tests.python.support import ROOT

DEFINED = re.compile(r"{%-?\s*(?:macro|test|materialization)\s+(\w+)")
CALLED = re.compile(r"\blakeweave\.(\w+)\s*\(")


def test_every_macro_that_is_called_is_defined() -> None:
    texts = {
        path: path.read_text()
        for folder in ("macros", "models", "tests/generic")
        for path in sorted((ROOT / folder).rglob("*.sql"))
    }
    defined = {name for text in texts.values() for name in DEFINED.findall(text)}
    missing = {
        f"{path.relative_to(ROOT)}: {name}"
        for path, text in texts.items()
        for name in CALLED.findall(text)
        if name not in defined
    }
    assert missing == set()


def test_models_call_no_private_macro() -> None:
    """A private macro may change, and the linter's templater refuses a name with an underscore before it."""
    called = [
        f"{path.relative_to(ROOT)}: {name}"
        for folder in ("models", "analyses", "tests/singular", "snapshots")
        for path in sorted((ROOT / folder).rglob("*.sql"))
        for name in CALLED.findall(path.read_text())
        if name.startswith("_")
    ]
    assert called == []


def test_every_model_is_linted() -> None:
    left_out = [line.strip() for line in (ROOT / ".sqlfluffignore").read_text().splitlines()]
    assert [line for line in left_out if line.startswith(("models", "analyses", "tests", "snapshots"))] == []
