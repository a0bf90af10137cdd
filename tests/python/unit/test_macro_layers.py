"""The folders of macros/ form layers, and each engine's implementations have one place.

A folder uses only the folders below it, a private macro is used in its own folder only, and what is written for one engine
is in ``engines/<adapter>.sql`` or ``engines/<adapter>_<subject>.sql`` of its folder.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.python.support import ROOT

ADAPTERS = ("duckdb", "spark", "bigquery", "databricks")
VARIANT = re.compile(rf"(default|{'|'.join(ADAPTERS)})__(?=\w)")
COMMENT = re.compile(r"{#.*?#}", re.DOTALL)
STARTS = re.compile(r"{%-?\s*(macro|materialization|test)\s+(\w+)([^%]*)")
CALLS = re.compile(r"\blakeweave\.(\w+)|adapter\.dispatch\(\s*'(\w+)'")


class Macro(NamedTuple):
    """A macro or a materialization of the project."""

    name: str
    folder: str
    path: Path
    text: str

    @property
    def base(self) -> str:
        """The name without the adapter."""
        return VARIANT.sub("", self.name, count=1)

    @property
    def adapter(self) -> str | None:
        """The engine that the macro is written for, by its name or by the materialization's argument."""
        named = re.match(rf"_?({'|'.join(ADAPTERS)})_", self.name) or re.search(r"^[^%]*adapter='(\w+)'", self.text)
        return named[1] if named else None

    @property
    def used(self) -> set[str]:
        """The names of the macros that it calls, without their adapters."""
        return {VARIANT.sub("", name or dispatched, count=1) for name, dispatched in CALLS.findall(self.text)}


def read(root: Path) -> list[Macro]:
    """The macros below ``root``, without comments."""
    found = []
    for path in sorted(root.rglob("*.sql")):
        text = COMMENT.sub("", path.read_text(encoding="utf-8"))
        for start in STARTS.finditer(text):
            end = text.index(f"end{start[1]}", start.end())
            found.append(
                Macro(start[2], path.relative_to(root).parts[0], path.relative_to(root), text[start.start() : end])
            )
    return found


def homes(macros: list[Macro]) -> dict[str, set[str]]:
    """The folders that define each name."""
    found: dict[str, set[str]] = defaultdict(set)
    for macro in macros:
        found[macro.base].add(macro.folder)
    return found


def crossings(macros: list[Macro]) -> Iterator[tuple[Macro, str, str]]:
    """Each use of a macro of another folder: the user, the name, the folder of the name."""
    known = homes(macros)
    for macro in macros:
        for name in sorted(macro.used):
            for folder in sorted(known.get(name, set()) - {macro.folder}):
                if macro.folder not in known[name]:
                    yield macro, name, folder


@pytest.fixture(scope="module")
def macros() -> list[Macro]:
    return read(ROOT / "macros")


def test_folders_form_no_cycle(macros: list[Macro]) -> None:
    below: dict[str, set[str]] = defaultdict(set)
    for macro, _, folder in crossings(macros):
        below[macro.folder].add(folder)
    try:
        order = list(TopologicalSorter(below).static_order())
    except CycleError as cycle:
        raise AssertionError(f"folders of macros/ use each other: {' -> '.join(cycle.args[1])}") from cycle
    assert order[0] == "core"
    assert below["core"] == set()


def test_a_private_macro_is_used_in_its_folder_only(macros: list[Macro]) -> None:
    wrong = {f"{macro.path}: {name} of {folder}" for macro, name, folder in crossings(macros) if name.startswith("_")}
    assert wrong == set()


def test_a_name_has_one_folder(macros: list[Macro]) -> None:
    assert {name: folders for name, folders in homes(macros).items() if len(folders) > 1} == {}


def test_an_implementation_for_one_engine_is_in_its_file(macros: list[Macro]) -> None:
    wrong = {
        f"{macro.name} in {macro.path}"
        for macro in macros
        if macro.adapter
        and not (macro.path.parent.name == "engines" and re.match(rf"{macro.adapter}(_|$)", macro.path.stem))
    }
    assert wrong == set()


def test_only_core_reads_the_type_of_the_target(macros: list[Macro]) -> None:
    assert {str(macro.path) for macro in macros if "target.type" in macro.text and macro.folder != "core"} == set()
    compared = re.compile(r"lakeweave\.engine\(\)\s*(==|!=|(not\s+)?in\b)|[=!]=\s*lakeweave\.engine\(\)")
    assert {str(macro.path) for macro in macros if compared.search(macro.text)} == set()


def test_every_call_is_found_by_its_name(macros: list[Macro]) -> None:
    assert {str(macro.path) for macro in macros if "lakeweave[" in macro.text} == set()


STATE = re.compile(
    r"\b(graph|model)\s*\.\s*(setdefault|update|pop)\b|\b(graph|model)(\.get\(')?\.?lakeweave_|'(re)?set lakeweave\."
)


def test_only_core_keeps_state(macros: list[Macro]) -> None:
    found = {f"{macro.base} in {macro.path}" for macro in macros if STATE.search(macro.text)}
    assert found == {"run_memory in core/run_memory.sql", "session_lock in core/engines/spark.sql"}


QUOTING = re.compile(r"""replace\((["'])'\1,\s*"(''|\\\\')"\)""")


def test_one_macro_quotes_text(macros: list[Macro]) -> None:
    assert {macro.base for macro in macros if QUOTING.search(macro.text)} == {"text_literal"}


def test_files_have_at_most_300_lines_and_materializations_110() -> None:
    lengths = {}
    for path in sorted((ROOT / "macros").rglob("*.sql")):
        text = path.read_text(encoding="utf-8")
        lengths[path.relative_to(ROOT).as_posix()] = text.count("\n")
        for story in re.finditer(r"(?s){% materialization (\w+).*?{% endmaterialization", text):
            assert story[0].count("\n") <= 110, f"{story[1]} in {path}"
    assert {path: lines for path, lines in lengths.items() if lines > 300} == {}


def test_the_checks_find_seeded_mistakes(tmp_path: Path) -> None:
    texts = {
        "core/a.sql": "{% macro a() %}{{ lakeweave._b() }}{% endmacro %}",
        "other/b.sql": "{% macro _b() %}{{ lakeweave.a() }}{% endmacro %}\n{% macro spark___b() %}{% endmacro %}",
        "other/d.sql": """{% macro d(text) %}'{{ text | replace("'", "''") }}'{% endmacro %}""",
        "other/c.sql": "{% macro c() %}{% do model.update({'lakeweave_c': 1}) %}{% endmacro %}",
    }
    for path, text in texts.items():
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_text(text)
    found = read(tmp_path)
    with pytest.raises(AssertionError, match="use each other"):
        test_folders_form_no_cycle(found)
    for check in (
        test_a_private_macro_is_used_in_its_folder_only,
        test_an_implementation_for_one_engine_is_in_its_file,
        test_only_core_keeps_state,
        test_one_macro_quotes_text,
    ):
        with pytest.raises(AssertionError):
            check(found)
