"""The order, the number and the lateness of builds do not show in the result."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

from tests.python.support import Workspace

Deliver = Callable[[Path, Path, int], list[str]]


def differing(left: dict[str, tuple], right: dict[str, tuple]) -> list[str]:
    """Tables of unequal state, apart from those that keep what each build saw: snapshots, and answers to earlier questions."""
    history = ("snapshots.", "ledger.model_responses")
    names = {*left, *right}
    return sorted(name for name in names if not name.startswith(history) and left.get(name) != right.get(name))


def test_a_second_build_changes_nothing(demo: Workspace) -> None:
    before = demo.state()
    demo.dbt("build", "--exclude", "resource_type:unit_test")
    assert demo.state() == before
    assert before["bronze.events"][0] > 0


def test_batches_one_after_the_other_end_where_all_at_once_ends(
    tmp_path: Path, demo_landing: Path, demo: Workspace, deliver: Deliver
) -> None:
    workspace = Workspace.create(tmp_path / "project", tmp_path / "landing")
    # A database is not delivered in batches: it is there, and each build reads what is new in it.
    shutil.copytree(demo_landing / "sql", workspace.landing / "sql")
    for batch in range(4):
        assert deliver(demo_landing, workspace.landing, batch)
        # What is tested of the first delivery and of the last holds in between, or the end differs.
        tested = () if batch in (0, 3) else ("--exclude-resource-type", "test")
        workspace.dbt("build", "--exclude-resource-type", "unit_test", *tested)
    assert differing(workspace.state(), demo.state()) == []
    assert workspace.query("select count(*) from snapshots.product_prices where dbt_valid_to is not null")[0][0] > 0


def test_nothing_new_opens_no_delivered_file(tmp_path: Path, demo_landing: Path) -> None:
    """Files that the ledger knows are recognised by name and time alone: their contents may be gone."""
    landing = tmp_path / "landing"
    shutil.copytree(demo_landing / "gcp" / "inbox" / "products", landing / "gcp" / "inbox" / "products")
    workspace = Workspace.create(tmp_path / "project", landing)
    workspace.dbt("seed", "--quiet")
    workspace.dbt("run", "--quiet", "--select", "bronze_products")
    before = workspace.state()
    known = workspace.query("select count(*) from ledger.files")[0][0]
    opened = tmp_path / "opened.txt"
    # Python's own audit of every file that is opened, in the dbt process, and DuckDB would need a read of its own.
    (tmp_path / "hook").mkdir()
    (tmp_path / "hook" / "sitecustomize.py").write_text(
        "import sys\n"
        f"log = open({str(opened)!r}, 'a', buffering=1)\n"
        f"inbox = {str(landing / 'gcp' / 'inbox')!r}\n"
        "sys.addaudithook(lambda event, args: log.write(f'{args[0]}\\n')"
        " if event == 'open' and str(args[0]).startswith(inbox) else None)\n"
    )
    workspace.environment["PYTHONPATH"] = f"{tmp_path / 'hook'}:{workspace.root}"
    workspace.dbt("run", "--quiet", "--select", "bronze_products")
    assert opened.read_text() == ""
    assert workspace.state() == before
    assert workspace.query("select count(*) from ledger.files")[0][0] == known > 0


def test_a_replaced_file_takes_its_old_records_along(tmp_path: Path, demo_landing: Path) -> None:
    """A new version under the same name counts instead of the old one, as if the old one had never been delivered."""
    landing = tmp_path / "landing"
    inbox = landing / "gcp" / "inbox" / "distribution_centers"
    inbox.mkdir(parents=True)
    header = "id,name,latitude,longitude\n"
    (inbox / "centers_1.csv").write_text(header + "1,Memphis TN,35.1,-89.9\n2,Chicago IL,41.8,-87.6\n3,Gone XX,0,0\n")
    workspace = Workspace.create(tmp_path / "project", landing)
    workspace.dbt("seed", "--quiet")
    select = ("--select", "bronze_distribution_centers silver_distribution_centers")
    workspace.dbt("run", "--quiet", *select)
    assert workspace.query("select id, name from silver.distribution_centers order by id") == [
        (1, "Memphis TN"),
        (2, "Chicago IL"),
        (3, "Gone XX"),
    ]
    (inbox / "centers_1.csv").write_text(header + "1,Memphis TN,35.1,-89.9\n2,New Chicago IL,41.8,-87.6\n")
    workspace.dbt("run", "--quiet", *select)
    assert workspace.query("select id, name from silver.distribution_centers order by id") == [
        (1, "Memphis TN"),
        (2, "New Chicago IL"),
    ]
    assert workspace.query("select version, state, records from ledger.files order by version") == [
        (1, "loaded", 3),
        (2, "loaded", 2),
    ]
    # The old content once more, under a name that sorts after: it counts again, and is newest by that name.
    (inbox / "centers_2.csv").write_text(header + "1,Memphis TN,35.1,-89.9\n2,Chicago IL,41.8,-87.6\n3,Gone XX,0,0\n")
    workspace.dbt("run", "--quiet", *select)
    assert workspace.query("select id, name from silver.distribution_centers order by id") == [
        (1, "Memphis TN"),
        (2, "Chicago IL"),
        (3, "Gone XX"),
    ]


def test_a_user_who_loses_the_address_leaves_silver(tmp_path: Path) -> None:
    """The newest record decides, also when it takes the row out."""
    landing = tmp_path / "landing"
    inbox = landing / "gcp" / "inbox" / "users"
    inbox.mkdir(parents=True)
    header = (
        "id,first_name,last_name,email,age,gender,state,street_address,postal_code,city,country,latitude,longitude,"
        "traffic_source,created_at\n"
    )
    row = "{},Ann,Lee,{},30,F,Texas,1 Main St,75001,Dallas,United States,32.7,-96.8,Search,2026-01-01 00:00:00\n"
    (inbox / "users_1.csv").write_text(header + row.format(1, "a@example.com") + row.format(2, "b@example.com"))
    workspace = Workspace.create(tmp_path / "project", landing)
    workspace.dbt("seed", "--quiet")
    select = ("--select", "bronze_users silver_users")
    workspace.dbt("run", "--quiet", *select)
    (inbox / "users_2.csv").write_text(header + row.format(2, "n/a"))
    workspace.dbt("run", "--quiet", *select)
    assert workspace.query("select id from silver.users") == [(1,)]
