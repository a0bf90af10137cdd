"""The Python model `cohort_retention`, run on small DuckDB relations: dbt unit tests are for SQL models only."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import duckdb
import pytest

MODEL = Path(__file__).resolve().parents[3] / "models" / "gold" / "shop" / "cohort_retention.py"
COLUMNS = [
    "traffic_source",
    "cohort_year",
    "cohort_month",
    "months_since_first_order",
    "month_is_over",
    "cohort_size",
    "active_customers",
    "retention_rate",
]


class FakeDbt:
    """What dbt hands to a Python model, as far as this one uses it."""

    def __init__(self, relations: dict[str, duckdb.DuckDBPyRelation]) -> None:
        self.relations = relations
        self.settings: dict[str, object] = {}

    def config(self, **settings: object) -> None:
        self.settings.update(settings)

    def ref(self, name: str) -> duckdb.DuckDBPyRelation:
        return self.relations[name]


def retention(
    orders: list[tuple[int | None, str | None]],
    users: list[tuple[int, str | None]],
    as_of: str = "2026-03-01 00:00:00",
    open_months: set[tuple[str, int, int, int]] | None = None,
) -> dict[tuple[str, int, int, int], tuple[int, int, float]]:
    """The model's rows, by its key; for `orders` of (user, moment) and `users` of (id, traffic source).

    The keys of months that are not over are added to `open_months`.
    """
    connection = duckdb.connect()
    connection.execute("create table silver_orders (order_id bigint, user_id bigint, created_at timestamp)")
    connection.execute("create table silver_users (id bigint, traffic_source varchar)")
    for order_id, (user, moment) in enumerate(orders):
        connection.execute("insert into silver_orders values (?, ?, ?)", [order_id, user, moment])
    for user_id, source in users:
        connection.execute("insert into silver_users values (?, ?)", [user_id, source])
    connection.execute(
        "create table calendar as select cast(day as date) as calendar_day"
        " from generate_series(date '2010-01-01', date '2037-05-18', interval 1 day) as days(day)"
    )
    spec = importlib.util.spec_from_file_location("cohort_retention", MODEL)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    connection.execute("create table reporting_date as select cast(? as timestamp) as as_of", [as_of])
    names = ("silver_orders", "silver_users", "calendar", "reporting_date")
    dbt = FakeDbt({name: connection.table(name) for name in names})
    result = module.model(dbt, connection)
    assert dbt.settings == {"materialized": "table"}
    connection.register("result", result)
    assert [row[0] for row in connection.execute("describe result").fetchall()] == COLUMNS
    rows = connection.execute("select * from result").fetchall()
    answer = {row[:4]: row[5:] for row in rows}
    if open_months is not None:
        open_months.update(row[:4] for row in rows if not row[4])
    assert len(answer) == len(rows), "the key of the model is not unique"
    return answer


def test_months_count_from_the_first_order_by_source_and_over_all() -> None:
    answer = retention(
        orders=[
            (1, "2025-11-30 23:59:59"),
            (1, "2025-12-01 00:00:00"),
            (1, "2026-02-15 10:00:00"),
            (2, "2025-11-01 00:00:00"),
            (2, "2026-02-28 10:00:00"),
            (3, "2025-11-15 10:00:00"),
            (4, "2026-02-01 00:00:00"),
        ],
        users=[(1, "Search"), (2, "Email"), (3, "Search"), (4, "Search")],
    )
    assert answer == {
        ("all", 2025, 11, 0): (3, 3, 1.0),
        ("all", 2025, 11, 1): (3, 1, pytest.approx(1 / 3)),
        ("all", 2025, 11, 2): (3, 0, 0.0),
        ("all", 2025, 11, 3): (3, 2, pytest.approx(2 / 3)),
        ("all", 2026, 2, 0): (1, 1, 1.0),
        ("Search", 2025, 11, 0): (2, 2, 1.0),
        ("Search", 2025, 11, 1): (2, 1, 0.5),
        ("Search", 2025, 11, 2): (2, 0, 0.0),
        ("Search", 2025, 11, 3): (2, 1, 0.5),
        ("Email", 2025, 11, 0): (1, 1, 1.0),
        ("Email", 2025, 11, 1): (1, 0, 0.0),
        ("Email", 2025, 11, 2): (1, 0, 0.0),
        ("Email", 2025, 11, 3): (1, 1, 1.0),
        ("Search", 2026, 2, 0): (1, 1, 1.0),
    }


def test_several_orders_in_a_month_count_one_customer() -> None:
    answer = retention(
        orders=[(1, "2026-01-01 00:00:00"), (1, "2026-01-31 23:59:59"), (1, "2026-01-15 12:00:00")],
        users=[(1, "Search")],
        as_of="2026-02-01 00:00:00",
    )
    assert answer == {("all", 2026, 1, 0): (1, 1, 1.0), ("Search", 2026, 1, 0): (1, 1, 1.0)}


def test_december_and_january_are_one_month_apart() -> None:
    answer = retention(orders=[(1, "2024-12-31 00:00:00"), (1, "2026-01-01 00:00:00")], users=[(1, "Email")])
    assert answer[("Email", 2024, 12, 13)] == (1, 1, 1.0)
    assert answer[("Email", 2024, 12, 0)] == (1, 1, 1.0)
    assert set(answer) == {(source, 2024, 12, months) for source in ("all", "Email") for months in range(15)}
    assert answer[("Email", 2024, 12, 14)] == (1, 0, 0.0)


def test_a_user_without_a_source_counts_as_unknown() -> None:
    answer = retention(orders=[(1, "2026-01-01 00:00:00")], users=[(1, None)], as_of="2026-02-01 00:00:00")
    assert set(answer) == {("all", 2026, 1, 0), ("Unknown", 2026, 1, 0)}


def test_orders_without_a_moment_or_a_known_user_are_left_out() -> None:
    answer = retention(
        orders=[(1, None), (1, "2026-02-01 00:00:00"), (9, "2026-01-01 00:00:00"), (None, "2026-01-01 00:00:00")],
        users=[(1, "Search"), (2, "Search")],
    )
    assert set(answer) == {("all", 2026, 2, 0), ("Search", 2026, 2, 0)}
    assert answer[("all", 2026, 2, 0)] == (1, 1, 1.0)


def test_a_rate_over_cohorts_counts_the_cohorts_without_returning_customers() -> None:
    orders = [(user, "2025-12-05 00:00:00") for user in range(9)] + [
        (9, "2025-11-05 00:00:00"),
        (9, "2025-12-06 00:00:00"),
    ]
    answer = retention(orders, users=[(user, "Display") for user in range(10)])
    month_1 = [row for key, row in answer.items() if key[0] == "Display" and key[3] == 1]
    assert sum(active for _, active, _ in month_1) / sum(size for size, _, _ in month_1) == pytest.approx(0.1)


def test_the_month_of_as_of_is_a_row_that_is_not_over() -> None:
    still_open: set[tuple[str, int, int, int]] = set()
    answer = retention([(1, "2026-01-01 00:00:00")], [(1, "Search")], "2026-02-15 00:00:00", still_open)
    assert set(answer) == {(source, 2026, 1, month) for source in ("all", "Search") for month in (0, 1)}
    assert still_open == {("all", 2026, 1, 1), ("Search", 2026, 1, 1)}


def test_orders_after_as_of_stay_in_the_table() -> None:
    answer = retention([(1, "2026-01-01 00:00:00"), (1, "2026-06-01 00:00:00")], [(1, "Search")])
    assert {key[3] for key in answer} == {0, 1, 5}


def test_no_orders_give_no_rows() -> None:
    assert retention(orders=[], users=[(1, "Search")]) == {}


def test_every_cohort_is_whole_in_its_first_month_and_the_sources_add_up() -> None:
    orders = [
        (user, f"2025-{1 + (user * 7 + step * 5) % 12:02d}-10 00:00:00") for user in range(60) for step in range(3)
    ]
    users = [(user, ("Search", "Email", None)[user % 3]) for user in range(60)]
    answer = retention(orders, users)
    for (_source, _year, _month, months), (size, active, rate) in answer.items():
        assert 0 <= active <= size
        assert rate == pytest.approx(active / size)
        if months == 0:
            assert active == size
    for (source, year, month, months), (_size, active, _rate) in answer.items():
        if source == "all":
            parts = [other[1] for key, other in answer.items() if key[0] != "all" and key[1:] == (year, month, months)]
            assert sum(parts) == active
