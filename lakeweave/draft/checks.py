"""The checks of a draft: a project and a database of its own, beside the warehouse, which is attached read-only.

The scratch project has the macros, seeds, docs blocks and generic tests of the project, the
draft, and a stand-in for each
model that the draft reads. The stand-in's relation is a view of the relation in the warehouse. DuckDB refuses every write to the
warehouse.
"""

from __future__ import annotations

import csv
import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb
import yaml

from lakeweave.draft.building import RESULT
from lakeweave.draft.catalog import Catalog
from lakeweave.draft.tree import template_problems
from lakeweave.draft.writing import Draft
from lakeweave.errors import UserError
from lakeweave.sql import literal_body

_LINKED = ("macros", "seeds", "lakeweave", "demo", "landing")
_ROWS_SHOWN = 5
_SECRET = re.compile(r"(?i)key|token|secret|passw|credential")
_ASKS = re.compile(r"lakeweave\.(inference|generate_\w+|annotate_\w+|predict_\w+|evaluate\w*|compare_answers)")


@dataclass(frozen=True)
class Check:
    """One check: its name, ``passed``, ``failed`` or ``not run``, and what it says."""

    name: str
    outcome: str
    message: str = ""


@dataclass
class Checked:
    """What is known of a draft after its checks."""

    checks: list[Check] = field(default_factory=list)
    steps: list[tuple[str, int]] = field(default_factory=list)
    """Row counts: the relations that are read, what each step leaves, the result."""
    columns: list[str] = field(default_factory=list)
    rows: list[tuple[Any, ...]] = field(default_factory=list)
    """The first rows, personal columns masked."""
    differences: list[str] = field(default_factory=list)
    """How the rows differ from those of the model by the same name in the warehouse."""
    compared: bool = False
    """Whether there is such a model, with the key of the draft."""
    seconds: float = 0.0

    @property
    def passed(self) -> bool:
        """Whether no check failed."""
        return all(check.outcome != "failed" for check in self.checks)


def check(draft: Draft, catalog: Catalog, project: Path, warehouse: Path, scratch: Path) -> Checked:
    """Check a draft in the folder ``scratch``, which does not exist yet.

    Raises:
        UserError: there is no warehouse, or it lacks a relation that the draft reads.
    """
    began = time.perf_counter()
    result = Checked()
    problems = template_problems(draft.written.sql, draft.written.reads)
    result.checks.append(_outcome("one select", problems))
    result.checks.append(_outcome("lineage to the right", _lineage_problems(draft, catalog)))
    calls = sorted(set(_ASKS.findall(draft.written.sql)))
    asks = [f"The draft calls {name}; a draft asks no model." for name in calls]
    result.checks.append(_outcome("no personal column in a prompt", asks))
    if result.passed:
        _scratch_project(draft, catalog, project, warehouse, scratch)
        with ThreadPoolExecutor(1) as beside:
            lint = beside.submit(_lint, draft, project)
            result.checks += _built(draft, catalog, project, scratch)
            result.checks.append(lint.result())
        result.checks += [_other_engine(name) for name in ("BigQuery's analyzer", "Spark's parser")]
        if any(one.name == "build" and one.outcome == "passed" for one in result.checks):
            with _opened(scratch / "scratch.duckdb", warehouse) as connection:
                _measure(draft, catalog, connection, result)
    result.seconds = time.perf_counter() - began
    return result


def _outcome(name: str, problems: Sequence[str]) -> Check:
    return Check(name, "failed" if problems else "passed", " ".join(problems))


def _lineage_problems(draft: Draft, catalog: Catalog) -> list[str]:
    allowed = {"silver": ("bronze",), "gold": ("silver", "gold")}[draft.plan.layer]
    layers = {one.model: one.name.partition(".")[0] for one in catalog.relations.values()}
    return [
        f"{draft.model} is {draft.plan.layer} and reads {model}, which is {layers.get(model, 'no model of a layer')}."
        for model in draft.written.reads
        if layers.get(model) not in allowed
    ]


def _other_engine(name: str) -> Check:
    return Check(
        name, "not run", "The draft is compiled for DuckDB. After --write: make test-bigquery, make test-spark."
    )


def _lint(draft: Draft, project: Path) -> Check:
    """SQLFluff with the project's configuration, on the text of the model."""
    if importlib.util.find_spec("sqlfluff") is None or not (project / ".sqlfluff").exists():
        return Check("lint", "not run", "sqlfluff is not installed: it is in requirements/dev.txt.")
    path = next(name for name in draft.files if name.endswith(".sql"))
    done = subprocess.run(
        [sys.executable, "-m", "sqlfluff", "lint", "--disable-progress-bar", "--stdin-filename", path, "-"],
        cwd=project, input=draft.files[path], capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    found = [line.strip() for line in done.stdout.splitlines() if re.match(r"L:\s*\d", line)]
    if done.returncode not in (0, 1):
        return Check("lint", "failed", (done.stderr or done.stdout).strip()[-500:])
    return _outcome("lint", found)


# ---------- the project and the database


def _scratch_project(draft: Draft, catalog: Catalog, project: Path, warehouse: Path, scratch: Path) -> None:
    if not warehouse.exists():
        raise UserError(f"There is no warehouse at {warehouse}. Build it first: make build.")
    scratch.mkdir(parents=True)
    for name in _LINKED:
        if (project / name).exists():
            (scratch / name).symlink_to((project / name).resolve(), target_is_directory=True)
    for name in ("dbt_project.yml", "vars.yml"):
        shutil.copy(project / name, scratch)
    shutil.copytree(project / "docs" / "blocks", scratch / "docs" / "blocks")
    shutil.copytree(project / "tests" / "generic", scratch / "tests" / "generic", dirs_exist_ok=True)
    for name, content in draft.files.items():
        (scratch / name).parent.mkdir(parents=True, exist_ok=True)
        (scratch / name).write_text(content)
    by_model = {one.model: one for one in catalog.relations.values()}
    for model in draft.written.reads:
        relation = by_model[model]
        stand_in = scratch / "models" / relation.name.partition(".")[0] / relation.feed / f"{model}.sql"
        stand_in.parent.mkdir(parents=True, exist_ok=True)
        stand_in.write_text("{{ config(materialized='view') }}\n\nselect 1 as stand_in\n")
    groups = project / "models" / "_groups.yml"
    if groups.exists():
        shutil.copy(groups, scratch / "models")
    (scratch / "lakeweave.duckdb").symlink_to(warehouse.resolve())
    (scratch / "profiles.yml").write_text(yaml.safe_dump(_profile(project)))
    database = scratch / "scratch.duckdb"
    with duckdb.connect(str(database), config={"memory_limit": "2GB"}) as connection:
        connection.execute(f"attach '{_sql(warehouse)}' as lakeweave (read_only)")
        known = set(connection.execute(
            "select table_schema, table_name from information_schema.tables where table_catalog = 'lakeweave'"
        ).fetchall())  # fmt: skip
        missing = [
            by_model[model].name for model in draft.written.reads if tuple(by_model[model].name.split(".")) not in known
        ]
        if missing:
            raise UserError(
                f"The warehouse has no {', '.join(missing)}, which the draft reads. Build them first: make build."
            )
        for schema in ("bronze", "silver", "gold", "seeds", "ledger"):
            connection.execute(f"create schema if not exists {schema}")
        for model in draft.written.reads:
            name = by_model[model].name
            connection.execute(f"create view {name} as select * from lakeweave.{name}")
        for schema, table in sorted(known):
            if schema == "seeds":
                connection.execute(f'create view seeds."{table}" as select * from lakeweave.seeds."{table}"')
        if ("ledger", "files") in known:
            connection.execute("create table ledger.files as select * from lakeweave.ledger.files")


def _sql(path: Path) -> str:
    return literal_body(str(path.resolve()))


def _profile(project: Path) -> dict[str, Any]:
    profile_name = yaml.safe_load((project / "dbt_project.yml").read_text())["profile"]
    output = {
        "type": "duckdb", "path": "scratch.duckdb", "schema": "main", "threads": 2,
        "settings": {"memory_limit": "2GB", "preserve_insertion_order": True}, "module_paths": ["."],
        "attach": [{"path": "lakeweave.duckdb", "alias": "lakeweave", "read_only": True}],
        "plugins": [{
            "module": "lakeweave.plugin", "alias": "lakeweave",
            "config": {"wait_for_other_build": 60, "text": {"backend": "offline"}, "embeddings": {"backend": "hashed"}},
        }],
    }  # fmt: skip
    return {profile_name: {"target": "duckdb", "outputs": {"duckdb": output}}}


@contextmanager
def _opened(database: Path, warehouse: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    connection = duckdb.connect(config={"memory_limit": "2GB"})
    try:
        connection.execute(f"attach '{_sql(warehouse)}' as lakeweave (read_only)")
        connection.execute(f"attach '{_sql(database)}' as scratch (read_only)")
        connection.execute("use scratch")
        yield connection
    finally:
        connection.close()


# ---------- dbt


def _built(draft: Draft, catalog: Catalog, project: Path, scratch: Path) -> list[Check]:
    """Parse, compile, build and test in one process of dbt, which has no keys in its environment."""
    path = next(name for name in draft.files if name.endswith(".sql"))
    by_model = {one.model: one.name for one in catalog.relations.values()}
    relations = [by_model[model] for model in draft.written.reads] + ["ledger.files"]
    relations += [f"seeds.{name.stem}" for name in sorted((project / "seeds").glob("*.csv"))]
    environment = {
        **{name: value for name, value in os.environ.items() if not _SECRET.search(name)},
        "LAKEWEAVE_TARGET": "duckdb",
        "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
        "PYTHONPATH": str(scratch),
        "DBT_PROFILES_DIR": str(scratch),
    }
    kept = project / "target" / "draft_parse.msgpack"
    parsed = scratch / "target" / "partial_parse.msgpack"
    if kept.exists():
        parsed.parent.mkdir(exist_ok=True)
        shutil.copy(kept, parsed)
    done = subprocess.run(
        [sys.executable, "-m", "lakeweave.draft.building", draft.model, path, ",".join(relations)],
        cwd=scratch, env=environment, capture_output=True, text=True, timeout=600, check=False,
    )  # fmt: skip
    line = next((one for one in reversed(done.stdout.splitlines()) if one.startswith(RESULT)), None)
    if line is None:
        return [Check("parse and compile", "failed", (done.stderr or done.stdout).strip()[-1500:])]
    said = json.loads(line.removeprefix(RESULT))
    if parsed.exists() and kept.parent.exists():
        # Most of the time of a parse is that of the macros, which the next draft has in common.
        shutil.copy(parsed, f"{kept}.{os.getpid()}")
        os.replace(f"{kept}.{os.getpid()}", kept)
    checks = [
        _outcome("parse and compile", [said["parse"]] if said["parse"] else []),
        _outcome("deprecations", said["deprecations"]),
        _outcome("compiled SQL is one select", said["select"]),
    ]
    if any(one.outcome == "failed" for one in checks):
        return checks
    for kind, name in (("model", "build"), ("unit_test", "unit tests"), ("test", "data tests")):
        of_kind = [one for one in said["results"] if one["id"].startswith(kind + ".")]
        bad = [one for one in of_kind if one["status"] not in ("success", "pass", "warn")]
        texts = "; ".join(f"{one['id'].split('.')[2]}: {one['status']} {one['message'].strip()[:600]}" for one in bad)
        warned = [one["id"].split(".")[2] for one in of_kind if one["status"] == "warn"]
        told = f"{len(of_kind) - len(bad)} of {len(of_kind)}" + (f", warnings: {', '.join(warned)}" if warned else "")
        checks.append(Check(name, "failed" if bad or not of_kind else "passed", f"{told}. {texts}".strip(" .")))
    if draft.plan.layer == "gold":
        outcome = next(one for one in checks if one.name == "build").outcome
        checks.append(Check("contract", outcome, "enforced by the build" if outcome == "passed" else "not built"))
    return checks


# ---------- rows


def _count(connection: duckdb.DuckDBPyConnection, sql: str) -> int:
    row = connection.execute(f"select count(*) from {sql}").fetchone()
    return int(row[0]) if row else 0


def _measure(draft: Draft, catalog: Catalog, connection: duckdb.DuckDBPyConnection, result: Checked) -> None:
    plan = draft.plan
    by_model = {one.model: one.name for one in catalog.relations.values()}
    for model in draft.written.reads:
        result.steps.append((by_model[model], _count(connection, f"scratch.{by_model[model]}")))
    if plan.layer == "silver":
        base = f"scratch.{plan.base} where not is_duplicate_in_file"
        result.steps.append(("without exact repeats within a file", _count(connection, base)))
        result.steps.append(
            (
                f"different values of {plan.key}",
                _count(connection, f"(select distinct {plan.key} from {base} and {plan.key} is not null)"),
            )
        )
    result.steps.append((plan.target, _count(connection, f"scratch.{plan.target}")))
    personal = {column.name for column in draft.written.columns if column.personal} | {"untyped_values"}
    result.columns = [column.name for column in draft.written.columns]
    shown = ", ".join("'(personal)'" if name in personal else f'"{name}"' for name in result.columns)
    result.rows = connection.execute(
        f"select {shown} from scratch.{plan.target} order by 1 limit {_ROWS_SHOWN}"
    ).fetchall()
    found = _differences(draft, connection)
    result.compared, result.differences = found is not None, found or []


def _differences(draft: Draft, connection: duckdb.DuckDBPyConnection) -> list[str] | None:
    """What differs from the relation by the same name in the warehouse, column by column; None where there is none."""
    layer, _, table = draft.plan.target.partition(".")
    there = [row[0] for row in connection.execute(
        "select column_name from information_schema.columns "
        "where table_catalog = 'lakeweave' and table_schema = ? and table_name = ? "
        "order by ordinal_position", [layer, table]).fetchall()]  # fmt: skip
    keys = [column.name for column in draft.written.columns if column.unique] or [
        column.name for column in draft.written.columns if column.source in draft.plan.by
    ]
    if not there or not keys or not set(keys) <= set(there):
        return None
    mine = [column.name for column in draft.written.columns]
    on = " and ".join(f'mine."{key}" is not distinct from theirs."{key}"' for key in keys)
    joined = f"scratch.{layer}.{table} as mine full join lakeweave.{layer}.{table} as theirs on {on}"
    lines = []
    one_sided = connection.execute(
        f'select count(*) filter (theirs."{keys[0]}" is null), count(*) filter (mine."{keys[0]}" is null) from {joined}'
    ).fetchone()
    if one_sided and one_sided[0]:
        lines.append(f"{one_sided[0]} rows are in the draft only")
    if one_sided and one_sided[1]:
        lines.append(f"{one_sided[1]} rows are in the existing model only")
    for name in mine:
        if name not in there:
            lines.append(f"{name}: in the draft only")
            continue
        pair = f'mine."{name}"', f'theirs."{name}"'
        types = connection.execute(f"select typeof({pair[0]}), typeof({pair[1]}) from {joined} limit 1").fetchone() or (
            "",
            "",
        )
        left, right = pair
        if types[0] != types[1]:
            numbers = all(re.match(r"(?i)(big|small|tiny|huge)?int|double|float|decimal", one) for one in types)
            kind = "double" if numbers else "varchar"
            left, right = f"cast({left} as {kind})", f"cast({right} as {kind})"
        differ = _count(connection, f"{joined} where {left} is distinct from {right}")
        if types[0] != types[1] or differ:
            told = f"{name}: {differ} of the values differ" if differ else f"{name}: equal values"
            lines.append(
                told + (f", {types[0].lower()} here and {types[1].lower()} there" if types[0] != types[1] else "")
            )
    accounts = ("silver_loaded_at", "untyped_values", "_content_hash", "_record_number")
    lines += [f"{name}: in the existing model only" for name in there if name not in mine and name not in accounts]
    return lines


def spellings_of(project: Path) -> list[tuple[str, str, str]]:
    """The lines of ``seeds/standard_spellings.csv``."""
    path = project / "seeds" / "standard_spellings.csv"
    if not path.exists():
        return []
    with path.open(newline="", encoding="utf-8") as file:
        return [(row["domain"], row["spelling"], row["standard"]) for row in csv.DictReader(file)]
