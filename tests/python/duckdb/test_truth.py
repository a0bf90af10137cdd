"""What the pipeline recovers of what the shop meant, at scale 0.1, against the truth that the generator wrote beside it."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from tests.python.duckdb.conftest import make_landing
from tests.python.support import Workspace

TABLES = ("users", "products", "orders", "order_items", "inventory_items", "events", "distribution_centers")

# The original is unknown where a word for "no value" or nothing was delivered.
LOST = ("sentinel", "empty")

# Columns with cells in an export form, such as 36.0 or 2024-06-23 23:41:55.000000 UTC: keys, whole numbers, timestamps, amounts.
EXPORTED = {
    "distribution_centers": set(),  # ten rows
    "users": {"id", "age", "created_at"},
    "products": {"id", "distribution_center_id", "retail_price"},
    "orders": {"order_id", "user_id", "num_of_item", "created_at", "shipped_at", "delivered_at", "returned_at"},
    "order_items": {
        "id", "order_id", "user_id", "product_id", "inventory_item_id", "created_at", "shipped_at", "delivered_at", "returned_at",
        "sale_price",
    },
    "inventory_items": {
        "id", "product_id", "product_distribution_center_id", "created_at", "sold_at", "product_retail_price",
    },
    "events": {"id", "user_id", "sequence_number", "created_at"},
}  # fmt: skip

# What silver means by a value of the truth, where it is more than the value: the standard spelling.
STANDARD = {"gender", "country"}

# A name that arrived in another case stays as it was delivered: capitals alone are no evidence of another spelling (ASICS, 2XU).
# Where a standard spelling is known (gender, country, states that the seed has), or a rule holds for all values (e-mails, codes,
# paths), the value is recovered.
FREE_NAMES = {
    "first_name", "last_name", "state", "city", "street_address", "name", "brand", "product_name", "product_brand",
}  # fmt: skip


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> tuple[Workspace, Path]:
    """Scale 0.1, bronze and silver only."""
    landing = make_landing(tmp_path_factory.mktemp("truth") / "landing", 0.1)
    workspace = Workspace.create(tmp_path_factory.mktemp("truth_build"), landing)
    workspace.dbt("seed", "--quiet")
    workspace.dbt("run", "--quiet", "--select", "bronze silver.thelook silver.listings")
    return workspace, landing / "truth"


@pytest.mark.parametrize("table", TABLES)
def test_silver_has_exactly_the_expected_keys(built: tuple[Workspace, Path], table: str) -> None:
    workspace, truth = built
    key = "order_id" if table == "orders" else "id"
    meant = f"read_parquet('{truth}/thelook/{table}.parquet')"
    expected = f"select {key} from {meant}" + (" where email is not null" if table == "users" else "")
    rows, distinct, missing, extra = workspace.query(
        f"select count(*), count(distinct {key}),"
        f" (select count(*) from ({expected}) where {key} not in (select {key} from silver.{table})),"
        f" count(*) filter ({key} not in ({expected})) from silver.{table}"
    )[0]
    assert (missing, extra) == (0, 0)
    assert rows == distinct > 0


@pytest.mark.parametrize("table", TABLES)
def test_every_recoverable_value_is_recovered(
    built: tuple[Workspace, Path], table: str, capsys: pytest.CaptureFixture[str]
) -> None:
    workspace, truth = built
    key = "order_id" if table == "orders" else "id"
    meant = f"read_parquet('{truth}/thelook/{table}.parquet')"
    columns = [row[0] for row in duckdb.sql(f"describe select * from {meant}").fetchall()]
    present = [row[0] for row in workspace.query(f"describe silver.{table}")]
    wanted = "where meant.email is not null" if table == "users" else ""
    wrong: list[str] = []
    exported: set[str] = set()
    lines = [f"\n{table}: share of values recovered, by type of damage"]
    for column in columns:
        if column not in present or f"{column}__delivered" not in columns:
            continue
        truth_value = f'meant."{column}"'
        if column in STANDARD:
            truth_value = (
                f"coalesce((select max(standard) from seeds.standard_spellings where domain = '{column}'"
                f" and lower(spelling) = lower({truth_value})), {truth_value})"
            )
        elif column == "city":
            truth_value = f"nullif({truth_value}, 'null')"
        rates = workspace.query(
            f"""
            with compared as (
                select meant."{column}__delivered" as damage, {truth_value} as meant, made."{column}" as made
                from {meant} as meant left join silver.{table} as made on meant.{key} = made.{key} {wanted}
            )
            select damage, count(*), count(*) filter (
                meant::varchar is not distinct from made::varchar
                or abs(try_cast(meant::varchar as double) - try_cast(made::varchar as double)) < 1e-5
            ), any_value(meant::varchar || ' -> ' || coalesce(made::varchar, 'NULL'))
                filter (meant::varchar is distinct from made::varchar),
                count(*) filter (lower(meant::varchar) is not distinct from lower(made::varchar))
            from compared where damage not in {LOST} group by damage order by damage
            """
        )
        lines.append(
            f"  {column:28s} " + "  ".join(f"{damage} {right / n:.1%} of {n:,}" for damage, n, right, _, _ in rates)
        )
        for damage, n, right, example, in_any_case in rates:
            if damage == "exported":
                exported.add(column)
            recovered = in_any_case if damage == "recased" and column in FREE_NAMES else right
            if recovered < n:
                wrong.append(f"{column}, {damage}: {recovered} of {n} recovered, expected all; e.g. {example}")
    with capsys.disabled():
        print("\n".join(lines))
    assert not wrong
    assert exported == EXPORTED[table]


def test_currencies_are_kept(built: tuple[Workspace, Path]) -> None:
    workspace, truth = built
    for table, column in (
        ("products", "cost"),
        ("products", "retail_price"),
        ("order_items", "sale_price"),
        ("inventory_items", "cost"),
    ):
        wrong = workspace.query(
            f"select count(*) from read_parquet('{truth}/thelook/{table}.parquet') as meant"
            f" join silver.{table} as made using (id) where meant.{column}__delivered not in {LOST}"
            f" and meant.{column}_value_type is distinct from made.{column}_value_type"
        )[0][0]
        assert wrong == 0, f"{table}.{column}"


def test_every_delivered_record_is_accounted_for(built: tuple[Workspace, Path]) -> None:
    workspace, truth = built
    wrong = workspace.query(
        f"""
        select meant.file_name, meant.records, made.records, made.accepted, made.rejected, made.repeats, made.state
        from read_parquet('{truth}/thelook/files.parquet') as meant
        left join ledger.files as made on made.source = 'thelook.' || meant.table_name and made.file_name = meant.file_name
        where made.file_name is null or made.records <> meant.records
            or made.records <> made.accepted + made.rejected + made.repeats
            or (meant.kind <> 'redelivered' and (made.state <> 'loaded' or made.repeats <> meant.exact_repeats))
            or (meant.kind = 'redelivered' and (made.state <> 'repeat' or made.repeats <> meant.records))
        """
    )
    assert not wrong


def test_listings_follow_their_changes(built: tuple[Workspace, Path]) -> None:
    workspace, truth = built
    for relation, file in (
        ("(select *, committed_at as dms_commit_ts from silver.listings)", "listings"),
        ("(select *, is_deleted as deleted from silver.listing_history)", "listings_history"),
    ):
        meant = f"read_parquet('{truth}/listings/{file}.parquet')"
        shared = [
            row[0] for row in duckdb.sql(f"describe select * from {meant}").fetchall() if not row[0].startswith("_")
        ]
        row = ", ".join(
            f"cast({name} as decimal(18, 4))" if name == "price" else f"cast({name} as varchar)" for name in shared
        )
        for left, right in ((meant, relation), (relation, meant)):
            assert workspace.query(f"select {row} from {left} except select {row} from {right} limit 3") == [], relation
