"""Mistakes put into a copy of the project, in every layer: the gate finds each one, and says where.

All of them go into one copy and are recorded in one run, in which a refused statement is noted and passed over; each must
be told under its own node and in its own words. A mistake looks for a file that it can be put into, so that the project may
change under it.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from . import gate
from .recorder import ROOT, Recorder, Recording

PARTS = ("analyses", "docs", "lakeweave", "macros", "models", "seeds", "snapshots", "tests/generic", "tests/singular")


@dataclass(frozen=True)
class Mistake:
    """`find` in the first free file of `files` becomes `put`; the gate then says `says` about a node that matches `node`.

    In `node`, `{stem}` stands for the name of the file. `leaf`: only a model that no other refers to will do.
    """

    kind: str
    files: str
    find: str
    put: str | Callable[[re.Match[str]], str]
    says: str
    node: str = r"^model\..*\.{stem}$"
    leaf: bool = False


_COLUMN = r"(?m)^( {8})([a-z_]{4,})(,?)$"
"""A column that stands alone on its line in a select list."""

MISTAKES: tuple[Mistake, ...] = (
    # ---------- models
    Mistake("a column misspelt", "models/silver/**/*.sql", _COLUMN, r"\1\2x\3", "Unrecognized name"),
    Mistake("a DuckDB cast", "models/silver/**/*.sql", _COLUMN, r"\1\2::text as \2\3", "Syntax error"),
    Mistake("a CTE misspelt", "models/silver/**/*.sql", r"(?m)^( {4}from )([a-z_]+)$", r"\1\2s_", "Table not found"),
    Mistake("ILIKE", "models/gold/**/*.sql", r"(?m)^( {4}where [a-z_]+) (is not null|= [^\n]+)$", r"\1 ilike 'a%'", "ILIKE"),
    Mistake("a function misspelt", "models/gold/**/*.sql", r"\bcoalesce\(", "coalesc(", "Function not found: coalesc"),
    Mistake("text added to a number", "models/gold/**/*.sql", r"\bcount\(\*\) as", "count(*) + 'x' as", "literal|matching"),
    Mistake("an aggregate with FILTER", "models/gold/**/*.sql", r"\bcount\(\*\)|\bsum\([a-z_.]+\)", r"\g<0> filter (where true)", "Syntax error"),
    Mistake("GROUP BY forgotten", "models/gold/**/*.sql", r"(?m)^ {4}group by [^\n]+$", "", "neither grouped|Expression|aggregated"),
    Mistake("an alias that BigQuery reserves", "models/silver/**/*.sql", r"(?m)( as )([a-z_]+)(,?)$(?=\n *\n* *(?:-|\{|[a-z]))", r"\1_file_\2\3", "Invalid field name"),
    # ---------- YAML, seeds, snapshots, tests, analyses
    Mistake("a type that the model does not have", "models/gold/**/*.yml", r"data_type: (bigint|string)\b", "data_type: date", "date|DATE", leaf=True),
    Mistake("a column that the model does not have", "models/gold/**/*.yml", r"(?m)^( +- name: )([a-z_]+)(\n +description:[^\n]*\n +data_type:)", r"\1\2_x\3", "_x", leaf=True),
    Mistake("a test on a column that is not there", "models/**/*.yml", r"(relationships:(?:.|\n)*?field: )([a-z_]+)", r"\1\2_gone", "_gone", r"^test\.", leaf=False),
    Mistake("a seed's header misspelt", "seeds/*.csv", r"\A([a-z_]+),", r"\1x,", "columns are|Unrecognized|column", r"^seed\..*\.{stem}$"),
    Mistake("a snapshot of a column that is not there", "snapshots/*.yml", r"check_cols: \[", "check_cols: [gone, ", "gone", r"^snapshot\."),
    Mistake("a singular test with a wrong function", "tests/singular/*.sql", r"(?m)^where ", "where datepart('day', current_date()) > 0 and ", "Function not found: datepart", r"^test\..*\.{stem}$"),
    Mistake("a generic test in another dialect", "tests/generic/*.sql", r"(?m)^from \{\{ model \}\}", "from {{ model }} anti join {{ model }} using (x)", "Syntax error", r"^test\..*{stem}"),
    Mistake("an analysis with a wrong column", "analyses/*.sql", r"(?m)^( {4}group by )", r"    where totl > 0\n\1", "Unrecognized name: totl", r"^analysis\..*\.{stem}$"),
    # ---------- macros
    Mistake("a cleaning macro that misspells a function", "macros/cleaning/title_case.sql", r"\binitcap\(", "init_cap(", "Function not found: init_cap", r"^model\..*\.silver_"),
    Mistake("a model option that is not there", "macros/functions/generate_text.sql", r" as max_output_tokens'", " as max_tokens'", "max_tokens", r"^model\."),
    Mistake("the older function's output column", "macros/functions/generate_text.sql", r"answered\.status = ''", "answered.ml_generate_text_status = ''", "ml_generate_text_status", r"^model\."),
    Mistake("a remote model without its connection", "macros/inference/materialization_remote_model.sql", r"remote with connection \{%[^\n]*", "remote", "Syntax error|connection", r"^model\."),
    Mistake("an option of an external table misspelt", "macros/ingestion/materialization_ingestion_bigquery.sql", r"field_delimiter =", "field_delimeter =", "Unknown option: field_delimeter", r"^model\..*\.bronze_"),
    Mistake("a pseudo column misspelt", "macros/ingestion/materialization_ingestion_bigquery.sql", r"where _FILE_NAME =", "where _FILENAME =", "_FILENAME", r"^model\..*\.bronze_"),
    Mistake("a type of another engine in the ledger", "macros/ingestion/create_ledger.sql", r"\('path', text\)", "('path', 'varchar')", "Type not found: varchar", r"^operation\."),
    Mistake("DDL inside a transaction", "macros/ingestion/materialization_ingestion_bigquery.sql", r"begin transaction;", "begin transaction; create table {{ target_relation }}_x as select 1 as a;", "transaction", r"^model\..*\.bronze_"),
)  # fmt: skip


@dataclass(frozen=True)
class Seeded:
    """A mistake and the file that it was put into."""

    mistake: Mistake
    file: Path

    @property
    def node(self) -> str:
        """The pattern of the nodes that must complain."""
        return self.mistake.node.replace("{stem}", re.escape(self.file.stem))


def _seed(project: Path) -> list[Seeded]:
    """Puts every mistake into the project. Raises `AssertionError` for one that finds no place."""
    referred = {
        name
        for path in project.rglob("models/**/*.sql")
        for name in re.findall(r"ref\((?:'lakeweave', )?'(\w+)'\)", path.read_text())
    }
    taken: set[Path] = set()
    done = []
    for mistake in MISTAKES:
        for file in sorted(project.glob(mistake.files)):
            once = "macros" not in file.parts
            if (once and file.with_suffix("") in taken) or file.name.startswith("_"):
                continue
            if mistake.leaf and file.stem in referred:
                continue
            text = file.read_text()
            changed = re.sub(mistake.find, mistake.put, text, count=1)
            if changed != text:
                file.write_text(changed)
                taken.add(file.with_suffix(""))
                done.append(Seeded(mistake, file))
                break
        else:
            raise AssertionError(f"`{mistake.kind}` finds no place in {mistake.files}: adapt it to the project")
    return done


@pytest.fixture(scope="module")
def seeded(
    recording: Recording, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[list[Seeded], list[gate.Problem]]]:
    """The mistakes and what the gate says about a run of the copy with all of them."""
    project = tmp_path_factory.mktemp("mistakes")
    for name in PARTS:
        if (ROOT / name).exists():
            shutil.copytree(ROOT / name, project / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("dbt_project.yml", "profiles.example.yml"):
        shutil.copy(ROOT / name, project / name)
    mistakes = _seed(project)
    # What a good first run left behind: so a table that cannot be made anew does not take down what reads it.
    recorder = Recorder(project, warehouse=recording.snapshots["first run"].copy(), raises=False)
    try:
        made = recorder.parse()
        recorder.phase("full refresh", "build", "--full-refresh", "--exclude-resource-type", "unit_test")
        recorder.analyses()
        yield mistakes, gate.problems(made)
    finally:
        recorder.close()


@pytest.mark.parametrize("number", range(len(MISTAKES)), ids=[mistake.kind for mistake in MISTAKES])
def test_the_gate_finds_it(seeded: tuple[list[Seeded], list[gate.Problem]], number: int) -> None:
    """The problem is told under the node into which the mistake was put, in words that name it."""
    mistakes, problems = seeded
    each = mistakes[number]
    found = [problem for problem in problems if re.search(each.node, problem.node)]
    assert any(re.search(each.mistake.says, problem.message) for problem in found), "\n".join(
        [f"{each.file.name}: nothing says /{each.mistake.says}/ about /{each.node}/", *map(str, found or problems)]
    )


def test_there_are_enough_in_every_layer(seeded: tuple[list[Seeded], list[gate.Problem]]) -> None:
    mistakes, _ = seeded
    assert len(mistakes) >= 20
    places = {"/".join(each.mistake.files.split("/")[:2]) for each in mistakes}
    assert {
        "models/silver",
        "models/gold",
        "macros/cleaning",
        "macros/ingestion",
        "macros/inference",
        "macros/functions",
    } <= places


def test_without_mistakes_the_gate_is_content(
    recording: Recording, seeded: tuple[list[Seeded], list[gate.Problem]]
) -> None:
    """No problem of the good project has the words of a seeded one: what is found was put there."""
    mistakes, _ = seeded
    for problem in gate.problems(recording):
        for each in mistakes:
            assert not (re.search(each.node, problem.node) and re.search(each.mistake.says, problem.message))
