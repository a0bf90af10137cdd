"""External tables on Spark: tables over the same files, planned and applied as on BigQuery."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from tests.python.external_project import ROOT, ROWS, TABLES, Project
from tests.python.spark.session import JARS, SparkWorkspace

pytestmark = pytest.mark.needs_spark


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> tuple[SparkWorkspace, Project]:
    root = tmp_path_factory.mktemp("externals") / "project"
    made = Project(root, (ROOT / "profiles.example.yml").read_text(), one_order=True)
    (root / "requirements").symlink_to(ROOT / "requirements")
    workspace = SparkWorkspace(root, root / "landing")
    workspace.environment |= {"LAKEWEAVE_TARGET": "spark", "LAKEWEAVE_SPARK_JARS": str(JARS)}
    return workspace, made


def test_plan_run_and_change(project: tuple[SparkWorkspace, Project]) -> None:
    workspace, made = project
    workspace.here("run")
    read = workspace.rows("select source, id, name from main.everything order by id")
    assert read == ROWS
    assert [str(day) for (day,) in workspace.rows("select day from shop.days order by day")] == [
        "2026-01-01",
        "2026-01-02",
    ]

    assert "externals: 1 to refresh, 3 as they should be" in workspace.here("run-operation", "externals_plan").stdout

    made.tables["by_place"] = TABLES["by_place"] | {
        "options": TABLES["by_place"]["options"] | {"null_marker": "semi,colon"}
    }
    made.write()
    said = workspace.here("run-operation", "externals_plan").stdout
    assert "1 to replace, 1 to refresh, 2 as they should be" in said
    day = Path(workspace.root) / "landing" / "gcp" / "shop" / "days" / "day=2026-01-03"
    day.mkdir()
    duckdb.sql("select 10 as id, 'of a day' as name").write_parquet(str(day / "x.parquet"))
    workspace.here("run-operation", "externals_apply")
    assert workspace.rows("select id from shop.days where day = date '2026-01-03'") == [(10,)], (
        "a new partition is found"
    )
    assert workspace.rows("select name from shop.by_place order by id") == [(None,), ("-",)]
    assert "externals: 1 to refresh, 3 as they should be" in workspace.here("run-operation", "externals_plan").stdout


def test_a_file_in_another_order_is_not_misread(project: tuple[SparkWorkspace, Project]) -> None:
    workspace, _ = project
    other = Path(workspace.root) / "landing" / "gcp" / "shop" / "by_name" / "c.csv"
    other.write_text("name,id\nother way round,9\n")
    try:
        workspace.session.sql("refresh table shop.by_name")  # this session has listed the files already
        with pytest.raises(Exception, match=r"(?i)header"):
            workspace.rows("select * from shop.by_name")
    finally:
        other.unlink()
