"""For people who look: how long a page takes, a filter at the size of scale 1, and the profile of a large table.

``python -m tests.python.benchmarks.bench_people`` after ``make build``. The gold of scale 1 is that of the demo with its rows
repeated under new numbers, as often as makes as many rows as scale 1 has: pages only read, and what they read is as large.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import duckdb
from streamlit.testing.v1 import AppTest

from tests.python.support import ROOT, Workspace

PAGES = ("shop", "cohorts", "pictures", "similar", "yoga", "marketplace", "grocery", "health")
ITEMS, PRODUCTS, USERS = 181_000, 29_000, 100_000
EVENTS = """
    create table bronze.events as select
        i::varchar as id, (hash(i) % 100000)::varchar as user_id, (i % 12)::varchar as sequence_number,
        md5((i // 5)::varchar) as session_id,
        (timestamp '2019-01-01' + interval (hash(i * 7) % 200000000) second)::varchar as created_at,
        concat_ws('.', hash(i) % 256, hash(i * 3) % 256, hash(i * 5) % 256, hash(i * 11) % 256) as ip_address,
        'City ' || (hash(i) % 8000) as city, 'State ' || (hash(i) % 230) as state, (hash(i * 13) % 90000)::varchar as postal_code,
        'Browser ' || (hash(i * 17) % 5) as browser, 'Source ' || (hash(i * 2) % 5) as traffic_source,
        '/product/' || (hash(i) % 29000) as uri, 'type ' || (hash(i * 9) % 5) as event_type
    from range(2400000) as t(i)
"""


def timed(work: Callable[[], object]) -> float:
    """Seconds that work takes."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def grow(path: Path) -> None:
    """Repeats the rows of what pages filter until there are as many as scale 1 has."""
    with duckdb.connect(str(path)) as connection:
        for table, rows, numbers in (
            ("orders_enriched", ITEMS, ("order_item_id", "order_id", "user_id")),
            ("product_catalog", PRODUCTS, ("product_id",)),
            ("similar_products", 5 * PRODUCTS, ("product_id", "similar_product_id")),
            ("product_clusters", PRODUCTS, ("product_id",)),
            ("product_visual_performance", PRODUCTS, ("product_id",)),
            ("customer_profiles", USERS, ("user_id",)),
        ):
            (known,) = connection.execute(f"select count(*) from gold.{table}").fetchone() or (1,)
            new = ", ".join(f"{name} + copy * 1000000 as {name}" for name in numbers)
            connection.execute(
                f"create or replace table gold.{table} as select * exclude (copy) replace ({new})"
                f" from gold.{table}, range({max(1, rows // known)}) as copies(copy)"
            )


def pages(label: str, warehouse: Path) -> None:
    """Each page, first without a cache since the file changed, then again."""
    os.environ["LAKEWEAVE_WAREHOUSE"] = str(warehouse)
    at = AppTest.from_file(str(ROOT / "app" / "main.py"), default_timeout=120)
    at.run()
    for page in PAGES:
        at.switch_page(f"views/{page}.py")
        # What changed is asked again.
        os.utime(warehouse)
        first = timed(at.run)
        print(f"{label:8} page   {page:12} {first:6.2f} s, again {timed(at.run):5.2f} s")
    for page, name, change in (
        ("shop", "a country", lambda at: at.multiselect(key="country").set_value(["China"])),
        ("shop", "a category", lambda at: at.multiselect(key="category").set_value(["Jeans"])),
        ("pictures", "only disagreements", lambda at: at.selectbox(key="which").set_value("only disagreements")),
        ("similar", "words of a name", lambda at: at.text_input(key="product").set_value("jean")),
        ("customers", "a customer", lambda at: at.text_input(key="customer").set_value("3")),
    ):
        at = AppTest.from_file(str(ROOT / "app" / "main.py"), default_timeout=120).run()
        at.switch_page(f"views/{page.replace('customers', 'similar')}.py")
        if page == "customers":
            at.query_params["what"] = "customers"
        at.run()
        change(at)
        print(f"{label:8} filter {page}, {name:20} {timed(at.run):5.2f} s")


def profile() -> None:
    """2.4 million rows of 13 columns, beside dbt's own start."""
    with tempfile.TemporaryDirectory() as folder:
        workspace = Workspace.create(Path(folder) / "profile")
        with duckdb.connect(str(workspace.warehouse)) as connection:
            connection.execute("create schema bronze")
            connection.execute(EVENTS)
        words = ("--quiet", "run-operation", "profile", "--args")
        workspace.dbt(*words, "{relation: bronze_orders}")
        start = timed(lambda: workspace.dbt(*words, "{relation: bronze_orders}"))
        whole = timed(lambda: workspace.dbt(*words, "{relation: bronze_events}"))
        print(
            f"profile of 2,400,000 rows x 13 columns: {whole - start:.1f} s, and {start:.1f} s that dbt takes to start"
        )


def main() -> None:
    """Everything, side by side."""
    demo = Path(os.environ.get("LAKEWEAVE_WAREHOUSE", ROOT / "warehouse" / "lakeweave.duckdb"))
    os.environ["LAKEWEAVE_TARGET"] = "duckdb"
    with tempfile.TemporaryDirectory() as folder:
        small, large = (Path(shutil.copy(demo, Path(folder) / name)) for name in ("demo.duckdb", "large.duckdb"))
        grow(large)
        pages("demo", small)
        pages("scale 1", large)
    profile()


if __name__ == "__main__":
    main()
