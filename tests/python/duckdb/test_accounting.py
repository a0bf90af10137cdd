"""Silver accounts for every record and every value of bronze, whatever is delivered, in whatever order."""

from __future__ import annotations

import csv
import random
import shutil
from collections import Counter
from pathlib import Path

import duckdb
import pytest

from tests.python.support import Workspace

COLUMNS = [
    "id", "first_name", "last_name", "email", "age", "gender", "state", "street_address", "postal_code", "city", "country",
    "latitude", "longitude", "traffic_source", "created_at",
]  # fmt: skip
SELECT = ("--select", "bronze_users silver_users")
PLACES = [
    "typed", "with_untyped_values", "untyped_keys", "missing_keys", "superseded", "filtered", "repeats", "unaccounted",
]  # fmt: skip

# Texts that no reading takes for a number, a moment or a key.
NO_NUMBERS = ("abc", "12 apples", "1.2.3.4")
NO_MOMENTS = ("yesterday", "2024-13-45 99:00:00", "soon")
NO_KEYS = ("x17", "4 5", "key")
LOSSES = {
    "age": (NO_NUMBERS, "not_a_whole_number"),
    "created_at": (NO_MOMENTS, "not_a_timestamp"),
    "longitude": (NO_NUMBERS, "not_a_number"),
}
EMPTY = ("", "n/a")

Records = list[dict[str, str]]


def users(seed: int) -> dict[str, Records]:
    """Files of random records by name: good, without a key, with untyped values, without an address, and exact repeats."""
    chance = random.Random(seed)
    files: dict[str, Records] = {}
    for number in range(4):
        records: Records = []
        for _ in range(chance.randrange(20, 40)):
            if records and chance.random() < 0.1:
                records.append(dict(chance.choice(records)))
                continue
            record = dict.fromkeys(COLUMNS, "Text") | {
                "id": str(chance.randrange(40)),
                "email": f"{chance.randrange(10**9)}@example.org",
                "age": str(chance.randrange(99)),
                "latitude": "1.5",
                "longitude": "-2.5",
                "created_at": "2024-01-02 03:04:05",
            }
            for column, texts in (("id", NO_KEYS), *((name, loss[0]) for name, loss in LOSSES.items())):
                if chance.random() < 0.1:
                    record[column] = chance.choice(texts)
            for column in ("id", "email", "age"):
                if chance.random() < 0.08:
                    record[column] = chance.choice(EMPTY)
            records.append(record)
        files[f"users_{number}.csv"] = records
    return files


def write(inbox: Path, name: str, records: Records) -> None:
    """Deliver a file."""
    inbox.mkdir(parents=True, exist_ok=True)
    with (inbox / name).open("w", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        writer.writerows(records)


def expected(
    versions: dict[str, list[Records]],
) -> tuple[dict[tuple[str, int], Counter[str]], Counter[tuple[str, str]]]:
    """The account of these versions of files, in plain Python: places by file and version; untyped values by column."""
    places: dict[tuple[str, int], Counter[str]] = {}
    untyped: Counter[tuple[str, str]] = Counter()
    newest: dict[int, tuple[tuple[str, int], dict[str, str]]] = {}
    for name in sorted(versions):
        for version, records in enumerate(versions[name], 1):
            count = places[name, version] = Counter()
            seen = set()
            for record in records:
                content = tuple(record.values())
                if content in seen:
                    count["repeats"] += 1
                elif version < len(versions[name]):
                    count["superseded"] += 1
                elif record["id"] in EMPTY:
                    count["missing_keys"] += 1
                    untyped["id", "missing_key"] += 1
                elif not record["id"].isdigit():
                    count["untyped_keys"] += 1
                    untyped["id", "untyped_key"] += 1
                else:
                    before = newest.get(int(record["id"]))
                    if before:
                        places[before[0]]["superseded"] += 1
                    newest[int(record["id"])] = ((name, version), record)
                seen.add(content)
    for place, record in newest.values():
        if record["email"] in EMPTY:
            places[place]["filtered"] += 1
            continue
        lost = [column for column, (texts, _) in LOSSES.items() if record[column] in texts]
        places[place]["with_untyped_values" if lost else "typed"] += 1
        for column in lost:
            untyped[column, LOSSES[column][1]] += 1
    return places, untyped


def check(workspace: Workspace, versions: dict[str, list[Records]]) -> None:
    """The ledger has the expected account, and it adds up."""
    places, untyped = expected(versions)
    rows = workspace.query(
        "select f.file_name, f.version, "
        + ", ".join(f"r.{place}" for place in PLACES)
        + " from ledger.silver_records as r"
        " inner join ledger.files as f on r.file_id = f.file_id and f.state = 'loaded' where r.model_name = 'silver_users'"
    )
    found = {
        (name, version): {place: number for place, number in zip(PLACES, counts, strict=True) if number}
        for name, version, *counts in rows
    }
    assert found == {key: dict(+count) for key, count in places.items()}
    assert workspace.query(
        "select count(*) from ledger.silver_records where delivered <> typed + with_untyped_values + untyped_keys"
        " + missing_keys + superseded + filtered + repeats"
    ) == [(0,)]
    counted = workspace.query(
        "select column_name, reason, untyped from ledger.untyped_values where model_name = 'silver_users'"
    )
    assert {(column, reason): number for column, reason, number in counted} == dict(untyped)
    assert workspace.query("select count(*), count(untyped_values) from silver.users") == [
        (
            sum(count["typed"] + count["with_untyped_values"] for count in places.values()),
            sum(count["with_untyped_values"] for count in places.values()),
        )
    ]


def state(workspace: Workspace) -> dict[str, tuple]:
    """What has to be the same whatever way led there; how many rows the file ledger had is no part of it."""
    records = "select * exclude (processed_at, invocation_id, files_known) from ledger.silver_records order by all"
    values = "select * exclude (processed_at, invocation_id) from ledger.untyped_values order by all"
    return workspace.state(("silver",)) | {
        "records": tuple(workspace.query(records)),
        "values": tuple(workspace.query(values)),
    }


def with_own_models(workspace: Workspace) -> Path:
    """The project's models as copies, so that the test may change them."""
    models = workspace.root / "models"
    project = models.resolve()
    models.unlink()
    shutil.copytree(project, models)
    return models


def test_every_random_record_is_in_one_place_and_a_corrected_file_repairs_the_account(tmp_path: Path) -> None:
    files = users(20261128)
    workspace = Workspace.create(tmp_path / "project", tmp_path / "landing")
    inbox = tmp_path / "landing" / "gcp" / "inbox" / "users"
    workspace.dbt("seed", "--quiet")
    # The later files first, then the earlier ones.
    versions = {name: [files[name]] for name in ("users_1.csv", "users_3.csv")}
    for name in versions:
        write(inbox, name, files[name])
    workspace.dbt("run", *SELECT)
    check(workspace, versions)
    for name in ("users_0.csv", "users_2.csv"):
        versions[name] = [files[name]]
        write(inbox, name, files[name])
    told = workspace.dbt("run", *SELECT).stdout
    check(workspace, versions)
    for column, untyped, example in workspace.query(
        "select column_name, untyped, example_1 from ledger.untyped_values where reason <> 'missing_key'"
    ):
        assert f"silver_users: {untyped} value(s) of `{column}`" in told
        assert f'"{example}"' in told
    # A personal value is shown by its form alone.
    masked = workspace.query("select example_1, is_masked from ledger.untyped_values where column_name = 'longitude'")
    assert masked
    for example, is_masked in masked:
        assert is_masked
        assert set(example) <= set("x9 .")
    # A file again under its name, with every fault corrected.
    corrected = [
        record
        | {
            "id": str(100 + number),
            "age": "30",
            "created_at": "2024-01-02 03:04:05",
            "longitude": "1",
            "email": f"{number}@example.org",
        }
        for number, record in enumerate(files["users_3.csv"])
    ]
    versions["users_3.csv"].append(corrected)
    write(inbox, "users_3.csv", corrected)
    workspace.dbt("run", *SELECT)
    check(workspace, versions)
    workspace.dbt("test", "--quiet", "--select", "silver_users,test_name:every_record_is_accounted")
    # Nothing new changes nothing, and a rebuild from bronze gives the same account.
    before = state(workspace)
    workspace.dbt("run", *SELECT)
    assert state(workspace) == before
    workspace.dbt("run", "--full-refresh", "--select", "silver_users")
    assert state(workspace) == before
    # A personal value is shown by its form alone.


def test_a_lost_row_and_a_wrong_count_fail_the_data_tests(tmp_path: Path) -> None:
    workspace = Workspace.create(tmp_path / "project", tmp_path / "landing")
    write(tmp_path / "landing" / "gcp" / "inbox" / "users", "users_1.csv", users(7)["users_0.csv"])
    workspace.dbt("seed", "--quiet")
    workspace.dbt("run", "--quiet", *SELECT)
    names = ("every_record_is_accounted", "every_value_is_typed")
    test = ("test", "--quiet", "--select", " ".join(f"silver_users,test_name:{name}" for name in names))
    assert workspace.dbt(*test, check=False).returncode == 0
    with duckdb.connect(str(workspace.warehouse)) as connection:
        connection.execute("checkpoint")
    sound = workspace.warehouse.read_bytes()
    for damage, failing in (
        ("delete from silver.users where id = (select min(id) from silver.users)", "every_record_is_accounted"),
        ("update ledger.silver_records set superseded = superseded + 1", "every_record_is_accounted"),
        ("delete from ledger.silver_records", "every_value_is_typed"),
        ("update ledger.untyped_values set untyped = 5000, records = 6000", "every_value_is_typed"),
    ):
        workspace.warehouse.write_bytes(sound)
        with duckdb.connect(str(workspace.warehouse)) as connection:
            connection.execute(damage)
        assert workspace.dbt(*test, check=False).returncode == 1, damage
        failed = [str(r["unique_id"]) for r in workspace.results() if r["status"] in ("fail", "error")]
        assert any(failing in name for name in failed), (damage, failed)


@pytest.mark.parametrize(
    ("old", "new", "missing"),
    [
        ("{{ lakeweave.account_columns() }}", "1 as one", "silver_loaded_at, untyped_values"),
        ("from standardized", "from (select * exclude (_record_number) from standardized)", "_record_number"),
    ],
)
def test_a_silver_model_without_the_account_columns_is_refused_on_its_first_run(
    tmp_path: Path, old: str, new: str, missing: str
) -> None:
    workspace = Workspace.create(tmp_path / "project", tmp_path / "landing")
    model = with_own_models(workspace) / "silver" / "thelook" / "silver_users.sql"
    model.write_text(model.read_text().replace(old, new))
    write(tmp_path / "landing" / "gcp" / "inbox" / "users", "users_1.csv", users(7)["users_0.csv"])
    workspace.dbt("seed", "--quiet")
    done = workspace.dbt("run", *SELECT, check=False)
    assert done.returncode == 1
    told = " ".join(done.stdout.split())
    assert f"lacks the column(s) {missing}." in told
    assert "account_columns()" in told


def test_bronze_may_be_given_as_a_relation(tmp_path: Path) -> None:
    workspace = Workspace.create(tmp_path / "project", tmp_path / "landing")
    model = with_own_models(workspace) / "silver" / "thelook" / "silver_users.sql"
    text = model.read_text()
    assert text.count("'thelook', 'users'") == 2
    model.write_text(text.replace("'thelook', 'users'", "bronze=ref('bronze_users')"))
    files = users(3)
    inbox = tmp_path / "landing" / "gcp" / "inbox" / "users"
    workspace.dbt("seed", "--quiet")
    for name in ("users_1.csv", "users_0.csv"):
        write(inbox, name, files[name])
        workspace.dbt("run", "--quiet", *SELECT)
    check(workspace, {name: [files[name]] for name in ("users_0.csv", "users_1.csv")})
