"""What is built again, what is not, and dbt's messages. Random histories are in tests/python/reliability."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from lakeweave import computed_once
from tests.python.duckdb.computed_once_project import RELATIONS, Project, accepted

ALWAYS = {
    "clock": "select now() as moment",
    "today_s_date": "select current_date as day",
    "chance": "select random() as number",
    "outside": "select * from read_csv('seeds/prices.csv')",
    "a_file": "select * from 'seeds/prices.csv'",
    "a_sample": "select * from {{ ref('prices') }} using sample 1 rows",
    "a_variable": "select getenv('HOME') as home",
    "of_the_run": "select '{{ run_started_at }}' as run",
    "without_schema": "with prices as (select * from prices) select * from prices",
    "with_a_hook": "{{ config(post_hook='select 1') }} select 1 as one",
    "switched_off": "{{ config(meta={'computed_once': false}) }} select 1 as one",
    "not_deterministic": "{{ config(meta={'deterministic': false}) }} select 1 as one",
}
UNCHANGEABLE = ["prices", "staged", "priced", "customers", "python_totals", "newest", "marked", "history"]
UNCHANGED = {
    "without_a_ref": "select * from raw.orders",
    "said_to_be": "{{ config(meta={'deterministic': true}) }} select least(1, random()) > 2 as never",
}


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    made = Project(tmp_path_factory.mktemp("computed_once") / "project")
    made.files |= {f"models/{name}.sql": text for name, text in (ALWAYS | UNCHANGED).items()}
    made.files["tests/fails.sql"] = "select * from {{ ref('without_a_ref') }} where id > 1"
    made.tests["prices"] = {"price": [accepted([10, 20, 30], {"store_failures": True})]}
    made.tests["priced"]["amount"].append(accepted([-1], {"severity": "warn"}))
    first = made.dbt("build")
    assert first.results, first.output[-3000:]
    made.dbt("build")
    return made


def test_unchanged_inputs_leave_the_table_unchanged(project: Project) -> None:
    run = project.dbt("build")
    tests = {
        name
        for name in run.by(unchanged=True)
        if name.startswith(("not_null", "unique", "amounts", "relationships", "accepted", "at_most"))
    }
    assert run.by(unchanged=True) - tests == set(RELATIONS) | UNCHANGED.keys()
    assert len(tests) == 10
    ran = run.by(unchanged=False)
    assert ALWAYS.keys() | {"fails"} <= ran, "always built, and a test that failed runs again"
    assert {name.split("_")[0] for name in ran - ALWAYS.keys() - {"fails"}} == {"accepted"}, (
        "one warns, one stores its failures"
    )
    assert "[UNCHANGED in" in run.output
    assert "Unchanged: 10 of 22 relations, 11 of 14 tests (answered from the ledger)" in run.output


def test_nothing_is_read_where_nothing_is_new(project: Project) -> None:
    log = project.dbt("--debug", "build", "--select", *UNCHANGEABLE, "--exclude", "accepted_values_prices*").output
    assert "Unchanged: 8 of 8 relations" in log
    assert "pragma_storage_info" in log
    assert "sum(hash(lakeweave_row))" not in log, "a checksum reads the whole table"
    for verb in ("create ", "insert ", "update ", "delete ", "drop ", "alter ", "checkpoint"):
        written = re.findall(rf"^ *{verb}.*", log, re.MULTILINE)
        assert [line for line in written if "ledger" not in line and "schema if not exists" not in line] == []


def test_the_plan_has_changes_with_reasons(project: Project) -> None:
    project.files["models/customers.sql"] += "-- another text\n"
    project.files["macros/doubled.sql"] = project.files["macros/doubled.sql"].replace("* 2", "* 2{# another text #}")
    project.sql("update main.marked set last_id = 0")
    plan = project.dbt("run-operation", "build_plan").output
    for words in (
        "build      warehouse.main.customers ", "its code changed", "unchanged  warehouse.main.prices ",
        "build      warehouse.main.priced ", "macro doubled changed",
        "build      warehouse.main.history ", "warehouse.main.customers is built",
        "build      warehouse.main.marked ", "something else changed it",
    ):  # fmt: skip
        assert words in plan
    run = project.dbt("build")
    assert {"customers", "marked"} <= run.by(unchanged=False)
    assert {"history", "priced", "python_totals"} <= run.by(unchanged=True), (
        "same rows of customers, same compiled code"
    )
    assert "built again, because something else changed the relation" in run.output


def test_a_run_that_reads_less_leaves_the_versions(project: Project) -> None:
    before = project.sql("select * from ledger.relations order by all")
    run = project.dbt("build", "--select", "priced", "--empty")
    assert run.by(unchanged=True) == set()
    assert project.sql("select count(*) from main.priced") == [(0,)]
    assert project.sql("select * from ledger.relations order by all") == before
    assert "priced" in project.dbt("build", "--select", "priced").by(unchanged=False)
    assert project.sql("select count(*) from main.priced") == [(3,)]


def test_it_can_be_forced(project: Project) -> None:
    assert project.dbt("build", "--select", "customers", "--full-refresh").by(unchanged=True) == set()
    assert "customers" in project.dbt("build", "--select", "customers").by(unchanged=True)
    assert project.dbt("build", "--select", "customers", "--vars", "computed_once: false").by(unchanged=True) == set()


BAD_INPUT = {
    "alter table ledger.relations drop column reads": "no version is recorded",
    "drop schema ledger cascade": "no version is recorded",
    "alter table main.marked rename to renamed": "its relation is absent",
    "update ledger.relations set recorded_at = recorded_at + interval 10 year": "",
}


def test_what_is_not_known_is_built_with_a_reason(project: Project) -> None:
    project.dbt("build", "--select", "marked")
    for statement, reason in BAD_INPUT.items():
        project.sql(statement)
        output = project.dbt("build", "--select", "marked").output
        told = f"Built because {reason}: warehouse.main.marked" if reason else "Unchanged: 1 of 1 relations"
        assert told in output, f"{statement}: {output}"
        assert project.sql("select last_id from main.marked") == [(3,)]


def test_two_builds_at_once_leave_what_one_leaves(project: Project) -> None:
    project.sql("insert into raw.orders values (4, 'dee', 1, 1)")
    project.twice_at_once("build", "--select", "+customers")
    assert project.sql("select customer from main.customers order by 1") == [("ann",), ("bob",), ("dee",)]
    assert "Unchanged: 4 of 4 relations" in project.dbt("build", "--select", "+customers").output
    project.sql("delete from raw.orders where id = 4")


def test_a_block_that_was_written_again_is_noticed(tmp_path: Path) -> None:
    path = tmp_path / "warehouse.duckdb"
    with duckdb.connect(path) as connection:
        computed_once.register(connection)
        connection.execute("create table numbers as select range as number from range(10000)")
        connection.execute("checkpoint")
        blocks = "select to_json(list(distinct block_id)) from pragma_storage_info('numbers') where block_id >= 0"
        ask = f"select coalesce(lakeweave_block_checksums(?, ({blocks})), 'unknown')"
        before = connection.execute(ask, [str(path)]).fetchone()
        assert before != ("unknown",), "the file is open, so its blocks can be read"
        assert connection.execute(ask, [str(path)]).fetchone() == before
        for _ in range(2):
            # The second writes into the block that the first has freed.
            connection.execute("update numbers set number = 9999 - number where number <> 3")
            connection.execute("checkpoint")
        assert connection.execute(ask, [str(path)]).fetchone() != before
        assert connection.execute(ask, [str(tmp_path / "absent")]).fetchone() == ("unknown",)
        # Another process may not write: the locks are there still.
        with pytest.raises(subprocess.CalledProcessError):
            subprocess.run(
                [sys.executable, "-c", f"import duckdb; duckdb.connect({str(path)!r})"], check=True, capture_output=True
            )


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("return dbt.ref('a')", ""),
        ("return np.random.default_rng(1).random(3)", ""),
        ("return dbt.ref('a').df().sample(3, random_state=1)", ""),
        ("return np.random.rand(3)", "chance"),
        ("return np.random.default_rng().random(3)", "seed"),
        ("return dbt.ref('a').df().sample(3)", "seed"),
        ("return datetime.now()", "clock"),
        ("import requests", "imports requests"),
        ("from . import other", "imports"),
        ("from random import random", "imports"),
        ("from time import time", "imports"),
        ("return pd.read_csv('x.csv')", "outside"),
        ("return session.sql('select 1')", "session"),
        ("return open('x').read()", "calls open"),
        ("return (", "cannot be read"),
    ],
)
def test_python_that_may_differ_is_always_built(body: str, reason: str) -> None:
    found = computed_once._python_reads(f"def model(dbt, session):\n    {body}\n")
    assert (reason in found) if reason else (found == "")
