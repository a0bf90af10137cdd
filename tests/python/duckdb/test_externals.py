"""External tables on DuckDB: views over the same files, planned and applied as on BigQuery."""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from pathlib import Path

import duckdb
import pytest

from tests.python import forking
from tests.python.external_project import ROWS, TABLES, Project


class OnDuckDB(Project):
    """The project on DuckDB."""

    def __init__(self, root: Path) -> None:
        output = {"type": "duckdb", "path": "warehouse.duckdb", "schema": "main", "threads": 1}
        super().__init__(root, {"lakeweave": {"target": "duckdb", "outputs": {"duckdb": output}}})

    def dbt(self, *words: str) -> tuple[int, str]:
        environment = {**os.environ, "DBT_SEND_ANONYMOUS_USAGE_STATS": "false", "LAKEWEAVE_TARGET": "duckdb"}
        done = forking.run((*words, "--no-use-colors"), self.root, environment)
        return done.returncode, done.stdout + done.stderr

    def ask(self, sql: str) -> list[tuple]:
        with duckdb.connect(str(self.root / "warehouse.duckdb"), read_only=True) as warehouse:
            return warehouse.execute(sql).fetchall()

    def views(self) -> dict[str, str]:
        """The comment of each view; a view that is created again under the same definition has the same one."""
        return dict(self.ask("select view_name, sql || comment from duckdb_views() where schema_name = 'shop'"))


@pytest.fixture(scope="module")
def project(tmp_path_factory) -> OnDuckDB:
    """The project after one run."""
    made = OnDuckDB(tmp_path_factory.mktemp("externals") / "project")
    status, said = made.dbt("run")
    assert status == 0, said
    return made


def again(project: OnDuckDB, tmp_path: Path) -> OnDuckDB:
    """A copy that a test may change."""
    shutil.copytree(project.root, tmp_path / "project", symlinks=True)
    made = object.__new__(OnDuckDB)
    made.root, made.tables = tmp_path / "project", {name: dict(block) for name, block in TABLES.items()}
    return made


def rows(project: OnDuckDB) -> Sequence[tuple]:
    return project.ask("select source, id, name from main.everything order by id")


def test_a_run_creates_the_tables_that_its_models_read(project) -> None:
    assert rows(project) == ROWS
    assert [str(day) for (day,) in project.ask("select day from shop.days order by day")] == [
        "2026-01-01",
        "2026-01-02",
    ]


def test_nothing_is_left_to_do_and_a_change_touches_one_view(project, tmp_path) -> None:
    project = again(project, tmp_path)
    before = project.views()
    status, said = project.dbt("run-operation", "externals_plan")
    assert status == 0, said
    assert "externals: 4 as they should be" in said
    project.tables["by_place"] = TABLES["by_place"] | {
        "options": TABLES["by_place"]["options"] | {"null_marker": "semi,colon"}
    }
    project.write()
    status, said = project.dbt("run-operation", "externals_plan")
    assert "1 to replace, 3 as they should be" in said
    assert "changed: options: " in said
    assert project.views() == before, "a plan changes nothing"
    assert project.dbt("run-operation", "externals_apply")[0] == 0
    after = project.views()
    assert [name for name in after if after[name] != before[name]] == ["by_place"]
    assert project.ask("select name from shop.by_place order by id") == [(None,), ("-",)]


def test_all_problems_are_reported_in_one_message(project, tmp_path) -> None:
    project = again(project, tmp_path)
    before = project.views()
    project.tables["by_name"]["file_format"] = "avro"
    project.tables["lines"]["options"] = {"skip_leading_row": 1}
    project.tables["days"]["partition"] = []
    project.write()
    status, said = project.dbt("run")
    assert status != 0
    assert (
        "source shop.by_name: `external.file_format` is 'avro', which duckdb cannot read; expected one of: csv, json, parquet"
        in said
    )
    assert (
        "source shop.lines: `external.options.skip_leading_row` is not known; did you mean `skip_leading_rows`?" in said
    )
    assert "source shop.days: `external.partition` is not known" in said
    assert project.views() == before


def test_an_existing_table_is_not_replaced(project, tmp_path) -> None:
    project = again(project, tmp_path)
    with duckdb.connect(str(project.root / "warehouse.duckdb")) as warehouse:
        warehouse.execute("drop view shop.lines; create table shop.lines (mine int)")
    status, said = project.dbt("run-operation", "externals_apply")
    assert status != 0
    assert "exists and is a table, not a view" in said
    assert project.ask("select count(*) from shop.lines") == [(0,)]
