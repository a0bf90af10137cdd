"""The marketplace feed from file to published gold, against the generator's truth, and what is said of bad reports."""

from __future__ import annotations

import csv
import shutil
import threading
from pathlib import Path

import duckdb
import pytest

from demo.landing import LandingConfig, generate
from tests.python.support import Workspace

REPORTS = Path("aws/marketplace/sale_reports")
VALUES = (
    "sku", "asin", "status", "courier_status", "fulfilment", "sales_channel", "service_level", "style", "category",
    "size", "city", "state", "postal_code", "promotion_ids", "quantity", "is_business", "order_date",
)  # fmt: skip


def _landing(out: Path, scale: float = 0.01) -> Path:
    generate(LandingConfig(scale=scale, batches=3, seed=42, out=out, feeds=("marketplace",)))
    return out


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """The feed at a tenth of its size, with the tests that belong to it."""
    folder = tmp_path_factory.mktemp("marketplace")
    workspace = Workspace.create(folder / "build", _landing(folder / "landing", 0.1))
    workspace.environment["LAKEWEAVE_GOLD_BUCKET"] = str(folder / "gold")
    workspace.dbt("seed", "--quiet")
    workspace.dbt("build", "--quiet", "--select", "bronze.marketplace", "silver.marketplace", "gold.marketplace")
    return workspace


def _truth(workspace: Workspace) -> str:
    return f"read_parquet('{workspace.landing}/truth/marketplace/lines.parquet')"


def test_lines_are_those_that_were_meant(built: Workspace) -> None:
    meant = _truth(built)
    keys = "select order_id, sku from"
    for one, other in ((meant, "silver.sale_lines"), ("silver.sale_lines", meant)):
        assert built.query(f"{keys} {one} except {keys} {other} limit 3") == []
    rows, distinct = built.query("select count(*), count(distinct line_id) from silver.sale_lines")[0]
    assert rows == distinct > 12_000


@pytest.mark.parametrize("column", VALUES)
def test_every_value_is_recovered(built: Workspace, column: str) -> None:
    expected = f"meant.{column}"
    if column == "status":
        expected = "case when meant.status = 'Shipping' then 'Shipped' else meant.status end"
    made = f"made.{column}"
    if column == "city":
        # A city that arrived in another case stays as it was delivered.
        expected, made = f"lower({expected})", f"lower({made})"
    wrong = built.query(
        f"select {expected}, {made} from {_truth(built)} as meant join silver.sale_lines as made using (order_id, sku)"
        f" where {expected} is distinct from {made} limit 3"
    )
    assert wrong == []


def test_amounts_and_their_currency_are_recovered(built: Workspace) -> None:
    wrong = built.query(
        f"select meant.amount, made.amount from {_truth(built)} as meant join silver.sale_lines as made using (order_id, sku)"
        " where (meant.amount is null) <> (made.amount is null) or abs(meant.amount - made.amount::double) > 1e-6"
        " or (made.amount is null) <> (made.currency_code is null) limit 3"
    )
    assert wrong == []


def test_the_documented_dirt_was_there(built: Workspace) -> None:
    report = f"read_csv('{built.landing / REPORTS}/sale_report_000.csv', all_varchar = true)"
    found = built.query(
        'select count(*), count(distinct "ship-state"), count(distinct Status), count(distinct ("Order ID", SKU)),'
        " count(*) filter (Qty = '0' and Amount is not null), count(*) filter (Amount is null)"
        f" from {report}"
    )[0]
    assert found[:4] == (12_898, 69, 13, 12_898 - 1 - 1)
    assert all(found[4:])
    assert built.query("select count(*) from silver.sale_lines where is_contradicted_by_courier")[0][0] > 0


def test_realised_and_booked_revenue_are_kept_apart(built: Workspace) -> None:
    truth = _truth(built)
    revenue = "status like 'Shipp%' and status not in ({}) and quantity > 0".format(
        ", ".join(
            f"'Shipped - {end}'"
            for end in (
                "Returned to Seller", "Returning to Seller", "Rejected by Buyer", "Lost in Transit", "Damaged",
            )
        )
    )  # fmt: skip
    for table, key, of in (
        ("amazon_revenue_by_category", "category", "category"),
        ("amazon_revenue_by_state", "state", "coalesce(state, 'unknown')"),
        ("amazon_revenue_by_month", "sale_month", "date_trunc('month', order_date)::date"),
    ):
        expected = built.query(
            f"select {of}, round(coalesce(sum(amount) filter ({revenue}), 0), 2),"
            f" count(distinct order_id) filter ({revenue}), round(coalesce(sum(amount), 0), 2), count(amount)"
            f" from {truth} group by 1 order by 1"
        )
        made = built.query(
            f"select {key}, round(total_revenue, 2)::double, order_count, round(booked_revenue, 2)::double, booked_line_count"
            f" from gold.{table} order by 1"
        )
        assert [row[0] for row in made] == [row[0] for row in expected]
        for got, wanted in zip(made, expected, strict=True):
            assert got[1:] == pytest.approx(wanted[1:], abs=0.011)
    total, booked = built.query("select sum(total_revenue), sum(booked_revenue) from gold.amazon_revenue_by_category")[
        0
    ]
    assert 0 < total < booked


def test_published_parquet_is_the_table(built: Workspace) -> None:
    bucket = Path(built.environment["LAKEWEAVE_GOLD_BUCKET"])
    for table in built.query("select table_name from information_schema.tables where table_name like 'amazon_%'"):
        files = list((bucket / table[0]).glob("*"))
        assert [file.name for file in files] == [f"{table[0]}.parquet"]
        assert built.query(
            f"(select * from read_parquet('{files[0]}') except select * from gold.{table[0]})"
            f" union all (select * from gold.{table[0]} except select * from read_parquet('{files[0]}'))"
        ) == []  # fmt: skip


def test_a_reader_sees_whole_versions_only(built: Workspace) -> None:
    """A reader reads the folder while it is published again."""
    folder = Path(built.environment["LAKEWEAVE_GOLD_BUCKET"]) / "amazon_revenue_by_category"
    expected = duckdb.sql(f"select sum(booked_line_count), count(*) from read_parquet('{folder}/*')").fetchall()
    seen: list[object] = []
    stop = threading.Event()

    def read() -> None:
        connection = duckdb.connect()
        while not stop.is_set():
            try:
                sql = f"select sum(booked_line_count), count(*) from read_parquet('{folder}/*')"
                seen.append(connection.execute(sql).fetchall())
            except duckdb.Error as error:
                seen.append(error)

    reader = threading.Thread(target=read)
    reader.start()
    try:
        built.dbt("run", "--quiet", "--select", "amazon_revenue_by_category")
    finally:
        stop.set()
        reader.join()
    assert len(seen) > 10
    assert {str(answer) for answer in seen} == {str(expected)}


def _spoil(landing: Path, changes: dict[int, dict[str, str]]) -> None:
    """A later report of three lines of the first one, some of their values changed."""
    with (landing / REPORTS / "sale_report_000.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    with (landing / REPORTS / "sale_report_100.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, rows[0].keys(), lineterminator="\n")
        writer.writeheader()
        writer.writerows({**rows[number], **changes.get(number, {})} for number in range(3))


def test_warnings_for_an_unknown_state_an_unknown_status_and_an_impossible_date(tmp_path: Path) -> None:
    landing = _landing(tmp_path / "landing")
    _spoil(landing, {0: {"ship-state": "Maharastra"}, 1: {"Date": "02-30-22"}, 2: {"Status": "Shipped - Eaten by Dog"}})
    workspace = Workspace.create(tmp_path / "build", landing)
    workspace.dbt("seed", "--quiet")
    done = workspace.dbt("build", "--select", "bronze.marketplace", "silver.marketplace")
    said = " ".join(done.stdout.split())
    # One value among many is a warning.
    assert done.returncode == 0
    assert "WARN=0" not in said
    assert "does not know in its domain `indian_state` (value, rows): 'Maharastra' 1." in said
    assert "Add a line `indian_state,<value>,<standard>` for each" in said
    assert "is no date in the format %m-%d-%y (value, records): '02-30-22' 1." in said
    assert "Ask the source for a corrected delivery" in said
    assert "seeds/marketplace_statuses.csv does not know (value, rows): 'Shipped - Eaten by Dog' 1." in said
    # The rows are there, and nothing was guessed.
    assert workspace.query("select count(*) from silver.sale_lines where order_date is null") == [(1,)]
    assert workspace.query("select is_realised, stage from silver.sale_lines where stage is null") == [(False, None)]


def test_a_later_report_moves_lines_on_and_a_report_again_changes_nothing(tmp_path: Path) -> None:
    complete = _landing(tmp_path / "complete")
    landing = tmp_path / "landing"
    (landing / REPORTS).mkdir(parents=True)
    workspace = Workspace.create(tmp_path / "build", landing)
    workspace.dbt("seed", "--quiet")
    select = ("--quiet", "--select", "bronze.marketplace", "silver.marketplace", "gold.marketplace")
    # In the wrong order, too: the third report comes before the second.
    for batch in (0, 3, 1, 2):
        shutil.copy(complete / REPORTS / f"sale_report_{batch:03d}.csv", landing / REPORTS)
        workspace.dbt("run", *select)
    state = workspace.state()
    wrong = workspace.query(
        f"select count(*) from read_parquet('{complete}/truth/marketplace/lines.parquet') as meant"
        " full join silver.sale_lines as made using (order_id, sku) where meant.quantity is distinct from made.quantity"
        " or meant.courier_status is distinct from made.courier_status"
    )
    assert wrong == [(0,)]
    shutil.copy(landing / REPORTS / "sale_report_001.csv", landing / REPORTS / "sale_report_001 (copy).csv")
    workspace.dbt("run", *select)
    again = workspace.state()
    assert {name for name in state if state[name] != again[name]} <= {"ledger.files", "ledger.silver_records"}
