"""Accounted ingestion on Spark with Delta ends where DuckDB ends: malformed, repeated, replaced and torn files."""

from __future__ import annotations

import csv
import os
import shutil
from pathlib import Path

import pytest

from tests.python.spark.parity import Both
from tests.python.support import deliver_batch

pytestmark = pytest.mark.needs_spark
NO_TESTS = ("--exclude-resource-type", "test", "--exclude-resource-type", "unit_test")
SEEDS = ("null_sentinels", "currency_symbols", "standard_spellings")
TABLES = ("bronze_users", "silver_users", "bronze_orders", "silver_orders")
LEDGER = ("ledger.files", "ledger.rejected_records", "ledger.layout_changes")


@pytest.fixture(scope="module", autouse=True)
def _delivered(both: Both, complete: Path) -> None:
    """Alone, these tests need users and orders only; after the parity tests nothing is left to do."""
    if not both.landing.exists():
        for batch in range(4):
            deliver_batch(complete, both.landing, batch)
        _build(both, *SEEDS, *TABLES)


def _build(both: Both, *selected: str) -> None:
    both.build("build", "--select", *selected, *NO_TESTS)


def _different(both: Both, *tables: str) -> list[str]:
    return [str(each) for each in both.compare(*tables) if each.problems]


def _rows(path: Path) -> list[list[str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.reader(file))


def _write(path: Path, rows: list[list[str]], *, ends: str = "") -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file, lineterminator="\n").writerows(rows)
        file.write(ends)


def test_malformed_repeated_and_replaced_files(both: Both) -> None:
    users = both.landing / "gcp" / "inbox" / "users"
    header, *rows = _rows(users / "users_batch_000.csv")
    # A record of every kind that is rejected alone, among good ones; one of these has line ends, one comes twice.
    fresh = [[str(900_000 + i), *row[1:]] for i, row in enumerate(rows[:6])]
    fresh[1][7] = 'Two\n\nlines, and a "quote"'
    _write(
        users / "users_batch_010.csv",
        [header, fresh[0], fresh[1], fresh[0], fresh[2][:-1], [*fresh[3], "more"], header, [*fresh[4], ""]],
        ends='900005,"torn"name' + "," * (len(header) - 2) + "\n",
    )
    shutil.copy(users / "users_batch_001.csv", users / "users_batch_012.csv")
    replaced = _rows(users / "users_batch_003.csv")
    _write(users / "users_batch_003.csv", replaced[: len(replaced) // 2])
    # Of a table whose rows all count, so that nothing but the replaced file takes keys away.
    orders = both.landing / "gcp" / "inbox" / "orders" / "orders_batch_003.csv"
    replaced = _rows(orders)
    _write(orders, replaced[: len(replaced) // 2])
    before = both.spark.rows("select count(*) from silver.orders")
    (users / "users_batch_015.csv").touch()
    # Another order and style of columns, one that is not declared, one that is missing.
    order = [
        header.index("email"),
        header.index("id"),
        *(i for i, name in enumerate(header) if name not in ("email", "id", "age")),
    ]
    names = [header[i].replace("_", " ").title() for i in order]
    _write(
        users / "users_batch_013.csv",
        [[*names, "loyaltyTier"], *([*(row[i] for i in order), "gold"] for row in fresh[2:4])],
    )

    _build(both, *TABLES)
    assert _different(both, "bronze.users", "silver.users", "bronze.orders", "silver.orders", *LEDGER) == []
    assert both.spark.rows("select count(*) from silver.orders") < before
    assert both.spark.rows(
        "select record_number, reason from ledger.rejected_records where file_name = 'users_batch_010.csv' order by 1"
    ) == [
        (4, "too_few_fields"),
        (5, "too_many_fields"),
        (6, "repeated_header"),
        (7, "too_many_fields"),  # a blank field more than the header has
        (8, "malformed_quote"),
    ]


def test_two_files_of_one_delivery_bring_the_same_new_column(both: Both) -> None:
    """A record keeps the value of its own file: record 1 of one file is not record 1 of the other."""
    users = both.landing / "gcp" / "inbox" / "users"
    header, *rows = _rows(users / "users_batch_000.csv")
    for number, name in ((920_000, "users_batch_020"), (930_000, "users_batch_021")):
        fresh = [[str(number + i), *row[1:], f"{name}-{i}"] for i, row in enumerate(rows[:3])]
        _write(users / f"{name}.csv", [[*header, "loyalty"], *fresh])
    _build(both, "bronze_users", "silver_users")

    expected = [(f"{name}.csv", f"{name}-{i}") for name in ("users_batch_020", "users_batch_021") for i in range(3)]
    assert (
        both.spark.rows(
            "select f.file_name, u.loyalty from bronze.users as u inner join ledger.files as f on u._content_hash = f.file_id"
            " where f.file_name in ('users_batch_020.csv', 'users_batch_021.csv') order by 1, 2"
        )
        == expected
    )
    assert _different(both, "bronze.users", "silver.users", *LEDGER) == []


def test_a_run_with_nothing_new_changes_nothing(both: Both) -> None:
    summary = "select state, count(*), sum(records), max(processed_at) from ledger.files group by state order by state"
    before = both.spark.rows(summary)
    both.spark.here("run", "--select", "bronze_users", "silver_users")
    assert both.spark.rows(summary) == before


def test_a_file_without_account_is_loaded_again(both: Both) -> None:
    """What a kill leaves that came after a file's records and before its account."""
    both.spark.rows("delete from ledger.files where file_name = 'users_batch_010.csv'")
    both.spark.here("run", "--select", "bronze_users")
    assert _different(both, "bronze.users", *LEDGER) == []


def test_ambiguous_records_hold_the_file(both: Both) -> None:
    users = both.landing / "gcp" / "inbox" / "users"
    header, *rows = _rows(users / "users_batch_000.csv")
    torn = [[str(910_000 + i), *row[1:]] for i, row in enumerate(rows[:4])]
    _write(users / "users_batch_014.csv", [header, *torn])
    text = (users / "users_batch_014.csv").read_text()
    (users / "users_batch_014.csv").write_text(text.replace("910001,", '910001,"'))
    os.utime(users / "users_batch_014.csv")

    done = both.spark.here("run", "--select", "bronze_users")
    assert "users_batch_014.csv is held back" in done.stdout
    assert both.spark.rows(
        "select f.state, f.reason, count(u.id) from ledger.files as f left join bronze.users as u on u._content_hash = f.file_id"
        " where f.file_name = 'users_batch_014.csv' group by all"
    ) == [("held", "counts_do_not_reconcile", 0)]
