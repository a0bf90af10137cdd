"""Mistakes put into a copy of the project, in every layer: the gate finds each one, and says where.

They go into two copies, each recorded in one run, in which a refused statement is noted and skipped; each must be reported
under its own node and in its own words. That is sound because no two of a copy are in one statement, and each statement meets the
tables that a good run left behind: a refused statement takes nothing from the next. What makes dbt itself stop, and pass over
what depends on it, is in the second copy. A mistake looks for a file that it can be put into, so that the project may change
under it.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import pytest

from . import checks
from .recorder import NOT_TESTS, ROOT, Recorder, Recording
from .warehouse import Warehouse

PARTS = ("analyses", "docs", "lakeweave", "macros", "models", "seeds", "snapshots", "tests/generic", "tests/singular")


@dataclass(frozen=True)
class Mistake:
    """`find` in the first free file of `files` becomes `put`; the gate then says `says` about a node that matches `node`.

    In `node`, `{stem}` is the name of the file. `leaf`: only a model that no other refers to will do. `copy`: into
    which copy of the project it goes; tests and analyses are run of the first.
    """

    kind: str
    files: str
    find: str
    put: str | Callable[[re.Match[str]], str]
    says: str
    node: str = r"^model\..*\.{stem}$"
    leaf: bool = False
    copy: int = 1


_COLUMN = r"(?m)^( {8})([a-z_]{4,})(,?)$"
"""A column that stands alone on its line in a select list."""

MISTAKES: tuple[Mistake, ...] = (
    # ---------- sources and bronze
    Mistake("a source's column misspelt", "models/bronze/thelook/_sources.yml", r"(external: &\w+\n)((?:.|\n)*?\{name: )street_address,", r"\1          on_column_change: replace\n\2street_adress,", "street_address", r"^model\..*\.bronze_users$"),
    Mistake("a bronze column misspelt", "models/bronze/**/*.sql", r"clean_text\('([a-z_]{4,})'\) \}\} as", r"clean_text('\1_gone') }} as", "Unrecognized name: \\w+_gone"),
    # ---------- models
    Mistake("a column misspelt", "models/silver/**/*.sql", _COLUMN, r"\1\2x\3", "Unrecognized name"),
    Mistake("a DuckDB cast", "models/silver/**/*.sql", _COLUMN, r"\1\2::text as \2\3", "Syntax error"),
    Mistake("a CTE misspelt", "models/gold/**/*.sql", r"(?m)^( {4}from )([a-z_]+)$", r"\1\2s_", "Table not found", leaf=True),
    Mistake("ILIKE", "models/gold/**/*.sql", r"(?m)^( {4}where [a-z_]+) (is not null|= [^\n]+)$", r"\1 ilike 'a%'", "(?i)ilike", leaf=True),
    Mistake("a function misspelt", "models/gold/**/*.sql", r"\bcoalesce\(", "coalesc(", "Function not found: coalesc", leaf=True),
    Mistake("text added to a number", "models/gold/**/*.sql", r"\bcount\(\*\) as", "count(*) + 'x' as", "literal|matching", leaf=True),
    Mistake("an aggregate with FILTER", "models/gold/**/*.sql", r"\bcount\(\*\)|\bsum\([a-z_.]+\)", r"\g<0> filter (where true)", "Syntax error", leaf=True),
    Mistake("GROUP BY forgotten", "analyses/*.sql", r"(?m)^ {4}group by [^\n]+$", "", "neither grouped|aggregated", r"^analysis\..*\.{stem}$"),
    Mistake("an alias that BigQuery reserves", "models/silver/thelook/*.sql", r"(?m)(to_integer\([^)]*\) \}\} as )((?!id\b)[a-z_]+)(,?)$", r"\1_file_\2\3", "Invalid field name"),
    # ---------- YAML, seeds, snapshots, tests, analyses
    Mistake("a type that the model does not have", "models/gold/**/*.yml", r"data_type: (bigint|string)\b", "data_type: date", "date|DATE", leaf=True, copy=2),
    Mistake("a column that the model does not have", "models/gold/**/*.yml", r"(?m)^( +- name: )([a-z_]+)(\n +description:[^\n]*\n +data_type:)", r"\1\2_x\3", "_x", leaf=True, copy=2),
    Mistake("a test on a column that is not there", "models/**/*.yml", r"(relationships:(?:.|\n)*?field: )([a-z_]+)", r"\1\2_gone", "_gone", r"^test\."),
    Mistake("a seed's header misspelt", "seeds/*.csv", r"\A([a-z_]+),", r"\1x,", "columns are|Unrecognized|column", r"^seed\..*\.{stem}$", copy=2),
    Mistake("a snapshot of a column that is not there", "snapshots/*.yml", r"check_cols: \[", "check_cols: [gone, ", "gone", r"^snapshot\."),
    Mistake("a singular test with a wrong function", "tests/singular/*.sql", r"(?m)^where ", "where datepart('day', current_date()) > 0 and ", "Function not found: datepart", r"^test\..*\.{stem}$"),
    Mistake("a generic test in another dialect", "tests/generic/*.sql", r"(?m)^from \{\{ model \}\}", "from {{ model }} limit 10 percent", "Syntax error", r"^test\..*{stem}"),
    Mistake("an analysis with a wrong column", "analyses/*.sql", _COLUMN, r"\1\2_gone\3", "Unrecognized name: \\w+_gone", r"^analysis\..*\.{stem}$"),
    # ---------- macros
    Mistake("a cleaning macro that misspells a function", "macros/cleaning/engines/bigquery.sql", r"\bnormalize\(", "normalise(", "Function not found: normalise", r"^model\..*\.bronze_", copy=2),
    Mistake("a model option that is not there", "macros/inference/engines/bigquery_functions.sql", r" as model_params'", " as model_parameters'", "model_parameters", r"^model\."),
    Mistake("the older function's output column", "macros/inference/engines/bigquery_functions.sql", r"'answered\.status'", "'answered.ml_generate_text_status'", "ml_generate_text_status", r"^model\.", copy=2),
    Mistake("a remote model without its connection", "macros/inference/engines/bigquery.sql", r"remote with connection \{%[^\n]*", "remote", "Syntax error|connection", r"^model\."),
    Mistake("an option of an external table misspelt", "macros/ingestion/engines/bigquery_new_files.sql", r"field_delimiter =", "field_delimeter =", "Unknown option: field_delimeter", r"^model\..*\.bronze_"),
    Mistake("a pseudo column misspelt", "macros/ingestion/engines/bigquery_loading.sql", r"where _FILE_NAME =", "where _FILENAME =", "_FILENAME", r"^model\..*\.bronze_", copy=2),
    Mistake("DDL inside a transaction", "macros/ingestion/engines/bigquery_loading.sql", r"begin transaction;", "begin transaction; create or replace table {{ target_relation }} as select 1 as a;", "a transaction takes", r"^model\..*\.bronze_"),
    Mistake("a type of another engine in the ledger", "macros/core/ledger_tables.sql", r"\('path', string_type\)", "('path', 'varchar')", "Type not found: varchar", r"^operation\."),
)  # fmt: skip


@dataclass(frozen=True)
class Seeded:
    """The file that a mistake was put into, and what the gate said then."""

    file: Path
    problems: list[checks.Problem]

    def node(self, mistake: Mistake) -> str:
        """The pattern of the nodes that must complain."""
        return mistake.node.replace("{stem}", re.escape(self.file.stem))


class Good(NamedTuple):
    """What a run of the good project left behind."""

    left_behind: Warehouse
    parsed: bytes


def _seed(project: Path, mistakes: Sequence[Mistake]) -> dict[Mistake, Path]:
    """Puts the mistakes into the project; where each went. Raises `AssertionError` for one that finds no place."""
    referred = {
        name
        for path in project.rglob("models/**/*.sql")
        for name in re.findall(r"ref\((?:'lakeweave', )?'(\w+)'\)", path.read_text())
    }
    taken: set[Path] = set()
    done = {}
    for mistake in mistakes:
        for file in sorted(project.glob(mistake.files)):
            shared = "macros" in file.parts or "/_" in mistake.files
            if not shared and (file.with_suffix("") in taken or file.name.startswith("_")):
                continue
            # What a model in Python makes is known only when it runs, which takes an account.
            if mistake.leaf and (file.stem in referred or not file.with_suffix(".sql").exists()):
                continue
            # It reads most models of gold, and is skipped when one of them has a mistake.
            if mistake.leaf and file.stem == "sales_reconciliation":
                continue
            text = file.read_text()
            changed = re.sub(mistake.find, mistake.put, text, count=1)
            if changed != text:
                file.write_text(changed)
                taken.add(file.with_suffix(""))
                done[mistake] = file
                break
        else:
            raise AssertionError(f"`{mistake.kind}` finds no place in {mistake.files}: adapt it to the project")
    return done


def _copy(project: Path) -> Path:
    project.mkdir(parents=True)
    for name in PARTS:
        if (ROOT / name).exists():
            shutil.copytree(ROOT / name, project / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("dbt_project.yml", "vars.yml", "profiles.example.yml"):
        shutil.copy(ROOT / name, project / name)
    return project


def _problems(project: Path, good: Good, tested: bool) -> list[checks.Problem]:
    """What the gate says of a run of the project over the tables that a good run left behind."""
    recorder = Recorder(project, warehouse=good.left_behind.copy(), raises=False, parsed=good.parsed)
    try:
        made = recorder.parse()
        recorder.phase("full refresh", "build", "--full-refresh", *NOT_TESTS)
        if tested:
            # Apart: in a build, a failing test makes dbt skip the models downstream.
            recorder.phase("tests", "test", "--exclude-resource-type", "unit_test")
            recorder.analyses()
        return checks.problems(made)
    finally:
        recorder.close()


def judge(good: Good, folder: Path) -> dict[str, Seeded]:
    """By its kind: each mistake with the file that it went into and what the gate says of that copy."""
    found: dict[str, Seeded] = {}
    for number in (1, 2):
        project = _copy(folder / str(number))
        files = _seed(project, [mistake for mistake in MISTAKES if mistake.copy == number])
        said = _problems(project, good, tested=number == 1)
        found |= {mistake.kind: Seeded(file, said) for mistake, file in files.items()}
    return found


@pytest.mark.parametrize("mistake", MISTAKES, ids=[mistake.kind for mistake in MISTAKES])
def test_the_gate_finds_it(seeded: dict[str, Seeded], mistake: Mistake) -> None:
    """The problem is reported for the node with the mistake, and names it."""
    each = seeded[mistake.kind]
    found = [problem for problem in each.problems if re.search(each.node(mistake), problem.node)]
    assert any(re.search(mistake.says, problem.message) for problem in found), "\n".join(
        [
            f"{each.file.name}: nothing says /{mistake.says}/ about /{each.node(mistake)}/",
            *map(str, found or each.problems),
        ]
    )


def test_there_are_enough_in_every_layer() -> None:
    assert len({mistake.kind for mistake in MISTAKES}) == len(MISTAKES) >= 20
    places = {"/".join(mistake.files.split("/")[:2]) for mistake in MISTAKES}
    assert {
        "models/bronze",
        "models/silver",
        "models/gold",
        "seeds/*.csv",
        "tests/singular",
        "tests/generic",
        "analyses/*.sql",
        "macros/cleaning",
        "macros/ingestion",
        "macros/inference",
        "macros/core",
    } <= places


def test_without_mistakes_the_gate_is_content(recording: Recording, seeded: dict[str, Seeded]) -> None:
    """No problem of the good project has the words of a seeded one: what is found was put there."""
    for problem in checks.problems(recording):
        for mistake in MISTAKES:
            node = seeded[mistake.kind].node(mistake)
            assert not (re.search(node, problem.node) and re.search(mistake.says, problem.message))
