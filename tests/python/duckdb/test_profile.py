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
        # The YAML declares the type of `postal_code`, a text, and none for `age`.
        connection.execute("create schema silver")
        connection.execute(
            "create table silver.users as select (i % 90)::varchar as age, (10000 + i)::varchar as postal_code,"
            " case when i % 2 = 0 then '9.50' else '+10' end as latitude, repeat('9', 60) as longitude from range(200) as t(i)"
        )
    return workspace


@pytest.fixture(scope="module")
def columns(workspace: Workspace) -> dict[str, dict[str, Any]]:
    out = workspace.dbt(
        "--quiet", "run-operation", "profile", "--args", "{relation: bronze_users, output: json}"
    ).stdout
    (line,) = [each for each in out.splitlines() if each.startswith("lakeweave-profile: ")]
    return {each["name"]: each for each in json.loads(line.partition(": ")[2])["columns"]}


@pytest.fixture(scope="module")
def silver(workspace: Workspace) -> dict[str, dict[str, Any]]:
    """The columns of `silver_users`, personal values included."""
    arguments = "{relation: silver_users, output: json, personal: true}"
    out = workspace.dbt("--quiet", "run-operation", "profile", "--args", arguments).stdout
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


def test_unusual_data_is_reported(columns: dict[str, dict[str, Any]]) -> None:
    notes = {name: "; ".join(each["notes"]) for name, each in columns.items()}
    # Bronze is text by design: it keeps what was delivered.
    assert notes["id"] == "every value differs"
    assert columns["id"]["holds"] == "200 numbers"
    assert notes["gender"] == "1 spelled like another but for capitals"
    assert "mixed formats: 190 dates, 10 words" in notes["created_at"]
    assert "dates in several formats: 120 ISO, 70 others" in notes["created_at"]
    assert "mixed formats: 100 numbers, 100 amounts with a symbol; 100 with blanks at an end" in notes["price"]
    assert notes["city"] == "no value at all"
    assert "10 below zero" in notes["balance"]


def test_extremes_of_numbers_in_text_are_numbers(columns: dict[str, Any], silver: dict[str, Any]) -> None:
    assert (columns["id"]["least"], columns["id"]["greatest"]) == ("1", "200")
    assert (silver["latitude"]["least"], silver["latitude"]["greatest"]) == ("9.5", "10")
    # Too large for the type of the engine: the extremes are those of the text.
    assert (silver["longitude"]["least"], silver["longitude"]["greatest"]) == ("9" * 60, "9" * 60)
    # Not numbers alone.
    assert columns["price"]["least"] == " 12.50"


def test_numbers_as_text_are_odd_only_where_no_text_is_declared(silver: dict[str, Any]) -> None:
    assert "numbers as text" in silver["age"]["notes"]
    assert "numbers as text" not in silver["postal_code"]["notes"]
    assert silver["postal_code"]["holds"] == "200 numbers"


def test_the_bar_is_the_share_without_a_value() -> None:
    column = {
        "name": "city", "type": "varchar", "row_count": 200, "null_count": 150, "distinct_count": 1, "least": "a",
        "greatest": "a", "shortest": 1, "longest": 1, "notes": [], "most_frequent": [], "holds": "50 words",
    }  # fmt: skip
    shown = page([{"name": "t", "columns": [column]}], "t")
    assert "150 <small>75.0 %</small>" in shown
    assert '<i style="width:75.0%">' in shown
    assert "The bar is the share of rows without a value." in shown
    assert "<td>50 words</td>" in shown


def test_personal_values_are_left_out(columns: dict[str, dict[str, Any]]) -> None:
    email = columns["email"]
    assert email["distinct_count"] == ROWS
    assert (email["least"], email["greatest"], email["most_frequent"]) == (None, None, [])
    assert "example.com" not in json.dumps(columns)


def test_the_page_shows_every_table_and_escapes_values(demo: Workspace, tmp_path: Path) -> None:
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


def test_the_error_for_an_unknown_name_suggests_names(workspace: Workspace) -> None:
    done = workspace.dbt("run-operation", "profile", "--args", "{relation: users}", check=False)
    assert done.returncode != 0
    assert "Did you mean `bronze_users` or `silver_users`?" in done.stdout
    assert "Traceback" not in done.stdout
