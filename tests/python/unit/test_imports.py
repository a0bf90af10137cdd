"""What the runtime package imports."""

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
OTHERS = ("demo", "tools", "app", "tests")
"""Code of this repository that the package is installed without."""


def imports(path: Path) -> Iterator[str]:
    """The modules that a file names, in functions too, and by their names for `import_module`."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or ""
        elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith(("import_module", "__import__")):
            yield from (str(each.value) for each in node.args if isinstance(each, ast.Constant))


def test_the_package_imports_nothing_of_the_demo_or_the_tools():
    files = list((ROOT / "lakeweave").rglob("*.py"))
    assert len(files) > 80
    found = [
        f"{path.relative_to(ROOT)} imports {name}"
        for path in files
        for name in imports(path)
        if name.partition(".")[0] in OTHERS
    ]
    assert found == []


def test_an_import_of_the_demo_is_found(tmp_path: Path):
    (tmp_path / "module.py").write_text(
        "import json\ndef f():\n    from demo.landing import words\n    importlib.import_module('tools.lineage')\n"
    )
    assert list(imports(tmp_path / "module.py")) == ["json", "demo.landing", "tools.lineage"]
