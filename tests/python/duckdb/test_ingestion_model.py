"""The ingestion materialization as a model of dbt: hooks, grants, a missing relation, and what a run says of new files."""

from __future__ import annotations

import duckdb
import pytest
import yaml

from tests.python.support import Workspace

MODEL = "bronze_distribution_centers"
GIVEN = "id,name,latitude,longitude\n1,Graz,47.1,15.4\n2,Linz,48.3,14.3\n"
EMPTY = "id,name,latitude,longitude\n3,Wels,,14.0\n4,Enns,,14.5\n"


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """A workspace whose one bronze model has hooks and grants, after the first build of one file."""
    root = tmp_path_factory.mktemp("model")
    inbox = root / "landing" / "gcp" / "inbox" / "distribution_centers"
    inbox.mkdir(parents=True)
    (inbox / "centers_1.csv").write_text(GIVEN)
    workspace = Workspace.create(root / "project", root / "landing")
    project = workspace.root / "dbt_project.yml"
    config = yaml.safe_load(project.read_text())
    counted = "select '{}', count(*) from ledger.files where state = 'loaded'"
    config["models"]["lakeweave"]["bronze"]["thelook"] = {
        MODEL: {
            "+pre-hook": [
                {"sql": "create table if not exists main.hooks (hook varchar, files bigint)", "transaction": False},
                {"sql": "insert into main.hooks " + counted.format("before"), "transaction": True},
            ],
            "+post-hook": [{"sql": "insert into main.hooks " + counted.format("after"), "transaction": True}],
            "+grants": {"select": ["reader"]},
        }
    }
    project.write_text(yaml.safe_dump(config))
    workspace.dbt("seed", "--quiet", "--select", "null_sentinels")
    workspace.environment["OUTPUT"] = run(workspace)
    return workspace


def run(workspace: Workspace, *arguments: str, check: bool = True) -> str:
    done = workspace.dbt("run", "--select", MODEL, *arguments, check=check)
    return done.stdout


def test_hooks_run_before_and_after_the_load(workspace: Workspace) -> None:
    assert workspace.query("from main.hooks")[:2] == [("before", 0), ("after", 1)]


def test_grants_reach_the_adapter(workspace: Workspace) -> None:
    """DuckDB has no grants, and dbt's adapter warns; a materialization that ignores them gives no warning."""
    assert "grant" in workspace.environment["OUTPUT"].lower()


def test_a_column_that_lost_its_values_is_reported_once(workspace: Workspace) -> None:
    (workspace.landing / "gcp/inbox/distribution_centers/centers_2.csv").write_text(EMPTY)
    output = run(workspace)
    assert '"latitude" has no value in the 2 records of the files that this run loaded' in output
    assert '"longitude"' not in output
    assert "has no value" not in run(workspace)


@pytest.fixture(scope="module")
def reconciles(workspace: Workspace) -> str:
    """The SQL of the data test `reconciles`, after a file with a rejected record, a blank line and a repeat."""
    (workspace.landing / "gcp/inbox/distribution_centers/centers_3.csv").write_text(
        "id,name,latitude,longitude\n5,Hall,47.2,11.5\n\n6,Ried\n5,Hall,47.2,11.5\n"
    )
    run(workspace)
    workspace.dbt("compile", "--quiet", "--select", f"test_name:reconciles,{MODEL}")
    (compiled,) = (workspace.root / "target" / "compiled").rglob("reconciles_*.sql")
    assert workspace.query(compiled.read_text()) == []
    return compiled.read_text()


@pytest.mark.parametrize(
    "damage",
    [
        "update ledger.files set header_bytes = header_bytes + 1",
        "update ledger.files set record_bytes = record_bytes - 1",
        "update ledger.files set content_bytes = content_bytes + 1",
        "update ledger.files set skipped_bytes = null",
        "update ledger.files set record_bytes = record_bytes - skipped_bytes, skipped_bytes = 2 * skipped_bytes",
        "update ledger.files set record_bytes = record_bytes - 1, rejected_bytes = rejected_bytes + 1",
        "update ledger.rejected_records set bytes = bytes - 1",
        "delete from ledger.rejected_records",
        "delete from ledger.skipped_spans",
        "update ledger.files set counted_records = counted_records + 1",
        "update ledger.files set records = records + 1",
        "update ledger.files set state = 'held'",
        "delete from bronze.distribution_centers where is_duplicate_in_file",
        "insert into bronze.distribution_centers from bronze.distribution_centers limit 1",
    ],
)
def test_an_account_that_does_not_add_up_fails_the_data_test(
    workspace: Workspace, reconciles: str, damage: str
) -> None:
    with duckdb.connect(str(workspace.warehouse)) as connection:
        connection.execute("begin")
        changed = connection.execute(damage).fetchall()
        found = connection.execute(reconciles).fetchall()
        connection.execute("rollback")
    assert changed[0][0] > 0
    assert found, damage


def test_a_missing_relation_stops_the_build_and_a_full_refresh_means_it(workspace: Workspace) -> None:
    before = workspace.query("select file_name, state, accepted from ledger.files order by file_name")
    assert before
    rows = workspace.query("select count(*) from bronze.distribution_centers")
    with duckdb.connect(str(workspace.warehouse)) as connection:
        connection.execute("drop table bronze.distribution_centers")
    output = run(workspace, check=False)
    assert f"The ledger has {len(before)} loaded file(s) of the source thelook.distribution_centers" in output
    assert f"dbt build --select {MODEL} --full-refresh" in output
    assert "Traceback" not in output
    assert workspace.query("select file_name, state, accepted from ledger.files order by file_name") == before
    run(workspace, "--full-refresh")
    assert workspace.query("select count(*) from bronze.distribution_centers") == rows
    assert workspace.query("select file_name, state, accepted from ledger.files order by file_name") == before
