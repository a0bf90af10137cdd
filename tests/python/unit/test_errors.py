"""The exceptions of the package are in one place."""

import ast
import inspect
from pathlib import Path

from lakeweave import errors

ROOT = Path(__file__).resolve().parents[3]


def test_errors_are_defined_in_one_place():
    """An exception for a caller has a name that ends in `Error`, or is in `errors.py` already."""
    found = [
        f"{path.relative_to(ROOT)}: {node.name}"
        for path in (ROOT / "lakeweave").rglob("*.py")
        if path.name != "errors.py"
        for node in ast.parse(path.read_text(encoding="utf-8")).body
        if isinstance(node, ast.ClassDef) and (node.name.endswith("Error") or hasattr(errors, node.name))
    ]
    assert found == []


def test_all_have_the_base_and_are_in_the_table():
    classes = [value for value in vars(errors).values() if inspect.isclass(value)]
    assert len(classes) > 10
    for error in classes:
        assert issubclass(error, errors.LakeweaveError)
        assert error.__doc__
        assert error is errors.LakeweaveError or f":class:`{error.__name__}`" in errors.__doc__
