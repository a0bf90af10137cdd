"""`dbt run-operation profile` and its page say what is in a table, and what is odd about it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import duckdb
import pytest

from lakeweave.profile import page
from tests.python.support import Workspace

ROWS = 200


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """A warehouse with one table that is odd in known ways, in the place of `bronze_users`."""
    workspace = Workspace.create(tmp_path_factory.mktemp("profile"))
    with duckdb.connect(str(workspace.warehouse)) as connection:
        connection.execute("create schema bronze")
        connection.execute(
            f"""create table bronze.users as select
                (i + 1)::varchar as id,
                case when i < 150 then 'F' when i < 180 then 'f' when i < 195 then 'M' end as gender,
                case when i < 120 then '2024-01-15 10:00:00' when i < 190 then '15/01/2024' else 'yesterday' end as created_at,
                case when i % 2 = 0 then '$12.50' else ' 12.50' end as price,
                'user' || i || '@example.com' as email,
                null::varchar as city,
                i - 10 as balance,
                timestamp '2024-01-01' + interval (i) day as seen_at,
                [i, i + 1] as pair
            from range({ROWS}) as t(i)"""
        )
    return workspace


@pytest.fixture(scope="module")
def columns(workspace: Workspace) -> dict[str, dict[str, Any]]:
    out = workspace.dbt(
        "--quiet", "run-operation", "profile", "--args", "{relation: bronze_users, output: json}"
    ).stdout
    (line,) = [each for each in out.splitlines() if each.startswith("lakeweave-profile: ")]
    return {each["name"]: each for each in json.loads(line.partition(": ")[2])["columns"]}


def test_figures_are_exact(columns: dict[str, dict[str, Any]]) -> None:
    gender = columns["gender"]
    assert (gender["row_count"], gender["null_count"], gender["distinct_count"]) == (ROWS, 5, 3)
    assert gender["most_frequent"] == [
        {"value": "F", "count": 150},
        {"value": "f", "count": 30},
        {"value": "M", "count": 15},
    ]
    assert (gender["shortest"], gender["longest"]) == (1, 1)
    # Numbers and times are compared as such, not as text.
    assert (columns["balance"]["least"], columns["balance"]["greatest"]) == ("-10", "189")
    assert columns["seen_at"]["greatest"].startswith("2024-07-18")
    assert columns["pair"]["distinct_count"] == ROWS


def test_what_is_odd_is_said(columns: dict[str, dict[str, Any]]) -> None:
    notes = {name: "; ".join(each["notes"]) for name, each in columns.items()}
    assert notes["id"] == "numbers as text; every value differs"
    assert notes["gender"] == "1 spelled like another but for capitals"
    assert "mixed formats: 190 dates, 10 words" in notes["created_at"]
    assert "dates in several formats: 120 ISO, 70 others" in notes["created_at"]
    assert "mixed formats: 100 numbers, 100 amounts with a symbol; 100 with blanks at an end" in notes["price"]
    assert notes["city"] == "no value at all"
    assert "10 below zero" in notes["balance"]


def test_personal_values_are_left_out(columns: dict[str, dict[str, Any]]) -> None:
    email = columns["email"]
    assert email["distinct_count"] == ROWS
    assert (email["least"], email["greatest"], email["most_frequent"]) == (None, None, [])
    assert "example.com" not in json.dumps(columns)


def test_the_page_shows_every_table_and_escapes_what_it_shows(demo: Workspace, tmp_path: Path) -> None:
    out = tmp_path / "profile.html"
    done = subprocess.run(
        [sys.executable, "-m", "lakeweave.profile", "--out", str(out)],
        cwd=demo.root,
        env=demo.env(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    text = out.read_text()
    tables = {
        name for (name,) in demo.query("select table_name from information_schema.tables where table_schema = 'bronze'")
    }
    assert len(tables) > 10
    assert all(f'<h2 id="bronze_{name}">' in text for name in tables)
    assert "http" not in text.replace("http://www.w3.org", "").split("<body", 1)[0].split("<h1>")[0]
    column = {
        "name": "<b>", "type": "varchar", "row_count": 1, "null_count": 0, "distinct_count": 1, "least": "<script>",
        "greatest": None, "shortest": 8, "longest": 8, "notes": [], "most_frequent": [{"value": "<script>", "count": 1}],
    }  # fmt: skip
    assert "<script>" not in page([{"name": "t", "columns": [column]}], "t")


def test_an_unknown_name_is_told_with_what_it_may_mean(workspace: Workspace) -> None:
    done = workspace.dbt("run-operation", "profile", "--args", "{relation: users}", check=False)
    assert done.returncode != 0
    assert "Did you mean `bronze_users` or `silver_users`?" in done.stdout
    assert "Traceback" not in done.stdout
