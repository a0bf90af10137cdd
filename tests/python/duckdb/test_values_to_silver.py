# ruff: noqa: E501

"""Every delivered value is right in silver, or NULL there and counted with its reason: from files through bronze to the ledger."""

from __future__ import annotations

import csv
import datetime
import itertools
import json
import random
from pathlib import Path
from typing import Any

import pytest

from tests.python.support import Workspace
from tests.python.value_cases import CASES as ALL_CASES

CASES = {kind: {text: value for text, value in cases.items() if "\0" not in text} for kind, cases in ALL_CASES.items()}
"""A record with a NUL byte is rejected, and counted there."""

HEADERS = {
    "gcp/inbox/users": "id,first_name,last_name,email,age,gender,state,street_address,postal_code,city,country,latitude,longitude,traffic_source,created_at",
    "gcp/inbox/orders": "order_id,user_id,status,gender,created_at,returned_at,shipped_at,delivered_at,num_of_item",
    "gcp/inbox/order_items": "id,order_id,user_id,product_id,inventory_item_id,status,created_at,shipped_at,delivered_at,returned_at,sale_price",
    "gcp/inbox/products": "id,cost,category,name,brand,retail_price,department,sku,distribution_center_id",
    "aws/dms/listings/shop/listings": "Op,product_id,title,brand,category,color,description,price,units_sold,dms_commit_ts",
    "aws/marketplace/sale_reports": "index,Order ID,Date,Status,Fulfilment,Sales Channel ,ship-service-level,Style,SKU,Category,Size,ASIN,"
    "Courier Status,Qty,currency,Amount,ship-city,ship-state,ship-postal-code,ship-country,promotion-ids,B2B,fulfilled-by,Unnamed: 22",
}  # fmt: skip
MODELS = ("users", "orders", "order_items", "products", "listings", "sale_lines")
SILVER = (*MODELS, "listing_history")
FIRST = 1000
"""Key of the first record of the files with the shared cases; the next has the next."""

TYPED: dict[tuple[str, str], tuple[str, str]] = {
    ("users", "age"): ("whole", "not_a_whole_number"),
    ("users", "latitude"): ("float", "not_a_number"),
    ("users", "created_at"): ("moment", "not_a_timestamp"),
    ("orders", "user_id"): ("whole", "not_a_whole_number"),
    ("orders", "shipped_at"): ("moment", "not_a_timestamp"),
    ("order_items", "sale_price"): ("amount", "not_an_amount"),
    ("order_items", "delivered_at"): ("moment", "not_a_timestamp"),
    ("products", "cost"): ("amount", "not_an_amount"),
    ("products", "retail_price"): ("amount", "not_an_amount"),
    ("products", "brand"): ("text", ""),
    ("products", "name"): ("text", ""),
    ("sale_lines", "quantity"): ("whole", "not_a_whole_number"),
    ("sale_lines", "amount"): ("amount", "not_an_amount"),
    ("sale_lines", "is_business"): ("boolean", "not_a_boolean"),
    ("sale_lines", "order_date"): ("short_year", "not_a_timestamp"),
}
"""By column of silver: the type of its cases and the reason of a value that is not read."""
DELIVERED_AS = {"sale_lines": {"quantity": "Qty", "amount": "Amount", "is_business": "B2B", "order_date": "Date"}}

KEYS = {text: value for text, value in CASES["whole"].items() if not value or value >= 10**6 or value in (36, 900)}
"""Texts of keys; those that are the same number are one key."""

# op, product_id, title, price, dms_commit_ts
CHANGES = (
    ("I", "1", "first", "10", "2030-05-01 10:00:00+02:00"), ("U", "1", "second", "10", "2030-05-01T08:30:00Z"),
    ("I", "2", "later by nanoseconds", "10", "2030-05-01 00:00:00.000000700"), ("U", "2", "earlier by nanoseconds", "10", "2030-05-01 00:00:00.000000200"),
    ("I", "3", "timed", "10", "2030-05-01 00:00:00"), ("U", "3", "untimed", "10", "5/1/30 00:00:00"),
    ("I", "4.0", "first", "10", "2030-05-01"), ("U", "4\u200b", "second", "10", "2030-05-01 00:00:01.5"),
    ("I", "5", "first", "10", "2030-05-01 00:00:00"), ("d", "5", "first", "10", "2030-05-01 00:00:01"),
    ("I", "6", "first", "10", "2030-05-01 23:59:59"), ("U", "6", "second", "10", "2030-05-01 24:00:00"),
    ("I", "7", "first of a commit", "10", "2030-05-01 00:00:00"), ("U", "7", "last of a commit", "10", "2030-05-01 00:00:00"),
    ("I", "8", "timed", "10", "2030-05-01 00:00:00"), ("U", "8", "no time", "10", ""),
    ("D", "9", "first", "10", "soon"), ("I", "9", "second", "10", "2030-05-01 00:00:00"),
    ("I", "10", "untimed", "10", "1900000000000000"), ("U", "10", "untimed as well", "10", "1900000001000000"),
    ("I", "11", "dollars", "$1,234.50", "2030-05-01 00:00:00"), ("I", "12", "comma", "12,50", "2030-05-01 00:00:00"),
    ("I", "", "no key", "10", "2030-05-01 00:00:00"), ("I", "1,013", "no key either", "10", "2030-05-01 00:00:00"),
    ("DELETE", "14", "first", "10", "2030-05-01 00:00:02"), ("I", "14", "first", "10", "2030-05-01 00:00:01"),
    ("I", "14", "first", "10", "2030-05-01 00:00:01"),
)  # fmt: skip


EXAMPLE = (
    ("A1", "S1", "05-01-22", "1", "700.00"), ("A2", "S1", "05-02-22", "1", "1.234,50"), ("A3", "S1", "2022-05-02", "2.0", "Rs.350"),
    ("A1", "S1", "05-03-22", "1", "650.00"), ("A3", "S1", "2022-05-02", "2.0", "Rs.350"),
)  # fmt: skip
"""The file of docs/ingestion.md, without its last line."""


def real_looking_products(count: int = 1000) -> list[dict[str, str]]:
    """Clean products whose brands and names have any capitals, digits, marks and accents, as those of a real catalogue do."""
    chance = random.Random(count)
    stems = (
        "asics",
        "2xu",
        "kc",
        "pp",
        "adidas",
        "c-in2",
        "levi",
        "o'neill",
        "hanes",
        "bébé",
        "mck",
        "g-star",
        "ag",
        "ugg",
        "h2o",
        "jp",
        "van",
    )
    spell = (str.upper, str.lower, str.title, str.capitalize, str.swapcase, lambda word: word[:1] + word[1:].upper())
    joins, kinds = (
        (" ", "&", " & ", "-", ".", "'s ", "/", " by "),
        ("3D TEE", "iPhone case", "T-shirt", "JEANS", "eau de toilette", "Null Hoodie", "NA-2 boot"),
    )

    def brand() -> str:
        words = [chance.choice(spell)(chance.choice(stems)) for _ in range(chance.randrange(1, 4))]
        return chance.choice(joins).join(words) + chance.choice(("", "", "®", "™", "!", " Co."))

    return [
        {
            "id": str(300_000 + n), "sku": "X", "cost": "1", "retail_price": "2", "brand": brand(),
            "name": f"{brand()} {chance.choice(('Mens', 'WOMEN', 'unisex'))} {chance.choice(kinds)} ({chance.randrange(99)}-Pack)",
        }
        for n in range(count)
    ]  # fmt: skip


def write(landing: Path, folder: str, name: str, records: list[dict[str, Any]]) -> None:
    """Deliver a file; a column that a record does not name is empty."""
    target = landing / folder / name
    target.parent.mkdir(parents=True, exist_ok=True)
    with target.open("w", newline="") as file:
        writer = csv.DictWriter(file, HEADERS[folder].split(","), restval="", quoting=csv.QUOTE_ALL)
        writer.writeheader()
        writer.writerows(records)


def records_of(model: str, fixed: dict[str, Any], key: str) -> list[dict[str, Any]]:
    """One record for each case of the model's longest column; a shorter column is empty in the last ones."""
    columns = {column: list(CASES[kind]) for (owner, column), (kind, _) in TYPED.items() if owner == model}
    records = []
    for number in range(max(map(len, columns.values()))):
        record = dict(fixed) | {key: str(FIRST + number)}
        for column, texts in columns.items():
            record[DELIVERED_AS.get(model, {}).get(column, column)] = texts[number] if number < len(texts) else ""
        records.append(record)
    return records


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """Bronze and silver of all these files, from one build."""
    root = tmp_path_factory.mktemp("values_to_silver")
    landing = root / "landing"
    user = {"first_name": "Ann", "last_name": "Null", "email": "a@example.org", "gender": "F", "state": "NA"}
    write(landing, "gcp/inbox/users", "users_1.csv", records_of("users", user, "id"))
    write(
        landing,
        "gcp/inbox/users",
        "users_2.csv",
        [user | {"id": text, "city": str(n)} for n, text in enumerate(KEYS)] + [user | {"id": "7\0"}],
    )
    write(landing, "gcp/inbox/orders", "orders_1.csv", records_of("orders", {"status": "Complete"}, "order_id"))
    write(
        landing, "gcp/inbox/order_items", "items_1.csv", records_of("order_items", {"order_id": "1", "user_id": "1"}, "id")
    )  # fmt: skip
    write(landing, "gcp/inbox/products", "products_1.csv", records_of("products", {"sku": "x"}, "id"))
    write(landing, "gcp/inbox/products", "products_2.csv", real_looking_products())
    lines = records_of("sale_lines", {"SKU": "S", "currency": "INR", "Status": "Cancelled"}, "Order ID")
    write(landing, "aws/marketplace/sale_reports", "sale_report_001.csv", lines)
    columns = ("Order ID", "SKU", "Date", "Qty", "Amount")
    shipped = {"Status": "Shipped", "Courier Status": "Shipped", "currency": "INR", "B2B": "False"}
    lines = [shipped | dict(zip(columns, each, strict=True)) for each in EXAMPLE]
    write(landing, "aws/marketplace/sale_reports", "sale_report_002.csv", lines)
    with (landing / "aws/marketplace/sale_reports/sale_report_002.csv").open("a") as file:
        file.write("1,A4,05-04-22,Shipped\n")
    changes = [
        dict(zip(("Op", "product_id", "title", "price", "dms_commit_ts"), each, strict=True)) for each in CHANGES
    ]
    write(landing, "aws/dms/listings/shop/listings", "20300501-000000001.csv", changes)
    workspace = Workspace.create(root / "project", landing)
    tests = [f"every_record_is_accounted_silver_{model}_" for model in SILVER]
    models = [f"bronze_{model}" for model in MODELS] + [f"silver_{model}" for model in SILVER]
    models.append("amazon_revenue_by_month")
    seeds = ["null_sentinels", "currency_symbols", "standard_spellings", "marketplace_statuses"]
    workspace.dbt("build", "--quiet", "--indirect-selection", "empty", "--select", " ".join(seeds + models + tests))
    assert sum(str(each["unique_id"]).startswith("test.") for each in workspace.results()) == len(tests)
    return workspace


def test_each_value_is_right_or_counted(built: Workspace) -> None:
    wrong = []
    for (model, column), (kind, reason) in TYPED.items():
        key = {"orders": "order_id", "sale_lines": "order_id"}.get(model, "id")
        untyped = "cast(null as varchar)" if kind == "text" else f"json_extract_string(untyped_values, '$.{column}')"
        rows = built.query(
            f"select try_cast({key} as bigint) - {FIRST}, {column}, {untyped}, untyped_values is not null from silver.{model}"
            f" where try_cast({key} as bigint) >= {FIRST} and try_cast({key} as bigint) < {FIRST} + {len(CASES[kind])}"
        )
        found = {number: (value, text) for number, value, text, _ in rows}
        # The example of the documentation has one amount with a decimal comma.
        losses = int((model, column) == ("sale_lines", "amount"))
        for number, (text, expected) in enumerate(CASES[kind].items()):
            value = expected.date() if kind == "short_year" and expected else expected
            lost = expected is None and kind != "text"
            losses += lost
            if found.get(number) != (value, text[:200] if lost else None):
                wrong.append((model, column, text, value, found.get(number, "no row")))
        counted = built.query(
            "select coalesce(sum(untyped), 0), min(reason) from ledger.untyped_values where model_name = ? and column_name = ?",
            f"silver_{model}", column,
        )  # fmt: skip
        if kind != "text" and counted != [(losses, reason)]:
            wrong.append((model, column, "in the ledger", (losses, reason), counted))
    assert wrong == []


def test_each_key_is_in_silver_superseded_or_counted(built: Workspace) -> None:
    expected = {value for value in KEYS.values() if value is not None}
    found = {
        key for (key,) in built.query(f"select id from silver.users where id not between {FIRST} and {FIRST + 999}")
    }
    assert found == expected
    # The newest record of a key is the last of the file.
    newest = {value: str(number) for number, value in enumerate(KEYS.values()) if value is not None}
    assert newest == dict(
        built.query(f"select id, city from silver.users where id not between {FIRST} and {FIRST + 999}")
    )
    untyped = sum(value is None for value in KEYS.values())
    assert built.query(
        "select typed, untyped_keys, missing_keys, superseded, unaccounted from ledger.silver_records"
        " where model_name = 'silver_users' and file_name = 'users_2.csv'"
    ) == [(len(expected), untyped, 0, len(KEYS) - untyped - len(expected), 0)]
    assert built.query("select reason from ledger.rejected_records where file_name = 'users_2.csv'") == [("nul_byte",)]
    assert built.query("select untyped from ledger.untyped_values where reason = 'untyped_key' and model_name = 'silver_users'") == [
        (untyped,)
    ]  # fmt: skip


def test_surnames_and_states_are_no_sentinels(built: Workspace) -> None:
    assert built.query("select distinct last_name, state from silver.users") == [("Null", "NA")]


def test_no_clean_name_is_changed(built: Workspace) -> None:
    delivered = {int(each["id"]): (each["brand"], each["name"]) for each in real_looking_products()}
    found = {
        key: (brand, name)
        for key, brand, name in built.query("select id, brand, name from silver.products where id >= 300000")
    }
    assert len({brand for brand, _ in delivered.values()}) > 500
    assert {key: (found.get(key), each) for key, each in delivered.items() if found.get(key) != each} == {}


def test_change_data_is_ordered_by_all_that_was_delivered(built: Workspace) -> None:
    assert dict(built.query("select product_id, title from silver.listings")) == {
        1: "second", 2: "later by nanoseconds", 3: "timed", 4: "second", 6: "second", 7: "last of a commit", 8: "timed",
        9: "second", 10: "untimed as well", 11: "dollars", 12: "comma",
    }  # fmt: skip
    assert built.query("select committed_at from silver.listings where product_id in (1, 6) order by product_id") == [
        (datetime.datetime(2030, 5, 1, 8, 30),),
        (datetime.datetime(2030, 5, 2),),
    ]
    history = {
        key: [title for _, title in rows]
        for key, rows in itertools.groupby(
            built.query("select product_id, title from silver.listing_history order by product_id, version"),
            key=lambda row: row[0],
        )
    }
    assert history == {
        1: ["first", "second"], 2: ["earlier by nanoseconds", "later by nanoseconds"], 3: ["untimed", "timed"], 4: ["first", "second"],
        5: ["first"], 6: ["first", "second"], 7: ["last of a commit"], 8: ["no time", "timed"], 9: ["second"],
        10: ["untimed", "untimed as well"], 11: ["dollars"], 12: ["comma"], 14: ["first"],
    }  # fmt: skip


def test_change_data_is_accounted(built: Workspace) -> None:
    places = (
        "delivered, typed, with_untyped_values, untyped_keys, missing_keys, superseded, filtered, repeats, unaccounted"
    )
    accounts = dict(
        (model, counts)
        for model, *counts in built.query(
            f"select model_name, {places} from ledger.silver_records where source = 'listings.listings'"
        )
    )
    assert accounts == {
        "silver_listings": [27, 9, 2, 1, 1, 11, 2, 1, 0],
        "silver_listing_history": [27, 16, 4, 1, 1, 1, 3, 1, 0],
    }
    untyped = built.query(
        "select model_name, column_name, reason, untyped, example_1 from ledger.untyped_values where source = 'listings.listings' order by all"
    )
    assert untyped == [
        ("silver_listing_history", "dms_commit_ts", "not_a_timestamp", 3, "1900000000000000"),
        ("silver_listing_history", "dms_commit_ts", "untyped_order_key", 1, "soon"),
        ("silver_listing_history", "price", "not_an_amount", 1, "12,50"),
        ("silver_listing_history", "product_id", "missing_key", 1, None),
        ("silver_listing_history", "product_id", "untyped_key", 1, "1,013"),
        ("silver_listings", "dms_commit_ts", "not_a_timestamp", 1, "1900000001000000"),
        # What orders a record decides which of them is current, so it is counted in those that are superseded too.
        ("silver_listings", "dms_commit_ts", "untyped_order_key", 3, "1900000000000000"),
        ("silver_listings", "price", "not_an_amount", 1, "12,50"),
        ("silver_listings", "product_id", "missing_key", 1, None),
        ("silver_listings", "product_id", "untyped_key", 1, "1,013"),
    ]


def test_untyped_values_of_a_row_are_json(built: Workspace) -> None:
    for (text,) in built.query("select untyped_values from silver.users where untyped_values is not null"):
        assert set(json.loads(text)) <= {"age", "latitude", "created_at"}


def test_the_documented_example(built: Workspace) -> None:
    """The numbers of the section "From file to figure" in docs/ingestion.md."""
    name = "sale_report_002.csv"
    assert built.query("select records, accepted, rejected, repeats, state from ledger.files where file_name = ?", name) == [
        (6, 4, 1, 1, "loaded")
    ]  # fmt: skip
    assert built.query("select line_number, reason from ledger.rejected_records where file_name = ?", name) == [
        (7, "too_few_fields")
    ]
    assert built.query(
        "select line_id, cast(order_date as varchar), quantity, cast(amount as double), untyped_values from silver.sale_lines"
        " where order_id in ('A1', 'A2', 'A3') order by line_id"
    ) == [
        ("A1/S1", "2022-05-03", 1, 650.0, None),
        ("A2/S1", "2022-05-02", 1, None, '{"amount": "1.234,50"}'),
        ("A3/S1", "2022-05-02", 2, 350.0, None),
    ]
    places = (
        "delivered, typed, with_untyped_values, untyped_keys, missing_keys, superseded, filtered, repeats, unaccounted"
    )
    assert built.query(f"select {places} from ledger.silver_records where file_name = ?", name) == [
        (5, 2, 1, 0, 0, 1, 0, 1, 0)
    ]
    assert built.query(
        "select cast(total_revenue as double), order_count, units_sold, booked_line_count from gold.amazon_revenue_by_month"
        " where sale_month = '2022-05-01'"
    ) == [(1000.0, 3, 4, 2)]
