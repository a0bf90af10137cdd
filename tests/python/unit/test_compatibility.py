"""The versions that the documents, the pinned files and CI name agree, and the macros use nothing that dbt v2 lacks."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import yaml

from tests.python.support import ROOT

RE_OF_DBT_V2 = {"compile", "match", "search", "fullmatch", "findall", "split", "sub", "escape"}
"""Functions of ``modules.re`` that dbt v2 has: dbt-core 2.0, crate dbt-jinja."""

ADAPTER_OF_DBT_V2 = {
    "check_schema_exists", "commit", "create_schema", "dispatch", "drop_relation", "get_column_schema_from_query",
    "get_columns_in_relation", "get_dataset_location", "get_relation", "get_table_options", "is_replaceable",
    "parse_partition_by", "quote", "rename_relation",
}  # fmt: skip
"""Methods of the adapter that this project uses and dbt v2 has."""

COMMENT = re.compile(r"{#.*?#}", re.DOTALL)


def macro_texts() -> dict[str, str]:
    """The text of each file of macros, without comments."""
    return {
        str(path.relative_to(ROOT)): COMMENT.sub("", path.read_text(encoding="utf-8"))
        for folder in ("macros", "tests/generic")
        for path in sorted((ROOT / folder).rglob("*.sql"))
    }


def gaps(text: str) -> set[str]:
    """What a text of macros uses and dbt v2 lacks."""
    functions = set(re.findall(r"\b(?:modules\.re|re)\.(\w+)\(", text)) - RE_OF_DBT_V2
    methods = set(re.findall(r"\badapter\.(\w+)", text)) - ADAPTER_OF_DBT_V2
    computed = set(re.findall(r"\blakeweave\[[^\]]*\]", text))
    return {f"modules.re.{name}" for name in functions} | {f"adapter.{name}" for name in methods} | computed


def test_macros_use_nothing_that_dbt_v2_lacks() -> None:
    assert {path: gaps(text) for path, text in macro_texts().items() if gaps(text)} == {}


def test_a_gap_is_found() -> None:
    text = "{{ modules.re.finditer('a', b) }}{{ adapter.get_magic() }}{{ lakeweave['_bigquery_' ~ name]() }}"
    assert gaps(text) == {"modules.re.finditer", "adapter.get_magic", "lakeweave['_bigquery_' ~ name]"}


def rows() -> dict[str, list[str]]:
    """The rows of the table of versions, by package."""
    page = (ROOT / "docs" / "compatibility.md").read_text(encoding="utf-8")
    table = page.split("## Versions")[1].split("\n\n")[1]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines()[2:]]
    return {package: rest for package, *rest in cells}


def pinned(package: str) -> set[str]:
    """The versions of a package in the pinned files."""
    pattern = re.compile(rf"^{re.escape(package)}==(\S+)", re.MULTILINE)
    return {
        version for path in Path(ROOT, "requirements").glob("*.txt") for version in pattern.findall(path.read_text())
    }


def test_the_table_of_versions_is_that_of_the_project() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = [
        *project["dependencies"],
        *(each for extra in project["optional-dependencies"].values() for each in extra),
    ]
    ranges: dict[str, str] = {}
    for each in wanted:
        match = re.match(r"([A-Za-z0-9_.-]+)(?:\[[^\]]*\])?([<>=~!].*)?$", each.split(";")[0].strip())
        assert match is not None, each
        ranges[match[1].lower()] = (match[2] or "").strip()
    told = rows()
    assert told.pop("Python")[0] == project["requires-python"]
    assert {package: versions[0] for package, versions in told.items()} == {
        package: ranges[package] for package in told
    }
    assert {package: set(versions[1].split(", ")) for package, versions in told.items()} == {
        package: pinned(package) for package in told
    }


def test_dbt_and_python_have_the_same_range_for_dbt() -> None:
    wanted = yaml.safe_load((ROOT / "dbt_project.yml").read_text(encoding="utf-8"))["require-dbt-version"]
    assert [re.sub(r"\.0$", "", each) for each in wanted] == rows()["dbt-core"][0].split(",")


def test_ci_runs_each_version_of_python() -> None:
    workflow = yaml.safe_load((ROOT / ".github/workflows/ci.yml").read_text(encoding="utf-8"))
    assert workflow["jobs"]["ci"]["strategy"]["matrix"]["python"] == rows()["Python"][1].split(", ")
