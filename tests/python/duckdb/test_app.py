"""The app: every page in Streamlit's own test harness, and in a real browser where there is one."""

from __future__ import annotations

import asyncio
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import duckdb
import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from app import warehouse
from app.names import by_currency
from tests.python import browser
from tests.python.support import ROOT, Workspace

Open = Callable[..., AppTest]
PAGES = ("shop", "cohorts", "pictures", "similar", "yoga", "marketplace", "grocery", "health")


@pytest.fixture(scope="module")
def spare(demo: Workspace, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the demo's warehouse to spoil."""
    return demo.copy_warehouse(tmp_path_factory.mktemp("app") / "spare.duckdb")


def figures(at: AppTest) -> dict[str, str]:
    return {each.label: each.value for each in at.metric}


def sentences(at: AppTest) -> str:
    assert not at.exception, [each.message for each in at.exception]
    return " ".join(each.value for each in at.info)


@pytest.mark.parametrize("page", PAGES)
def test_each_page_shows_the_demo(page: str, open_page: Open) -> None:
    at = open_page(page)
    assert sentences(at) == ""
    assert len(at.title) == 1
    assert at.main.children, "the page is empty"


def test_amounts_of_different_currencies_are_not_added_up() -> None:
    amounts = [("USD", 1.25), ("EUR", 1000), ("USD", 2), (None, None)]
    assert by_currency(pd.DataFrame(amounts, columns=["currency", "cost"]), "cost") == "1,000.00 EUR, 3.25 USD"
    assert by_currency(pd.DataFrame(amounts[3:], columns=["currency", "cost"]), "cost") == "no price"


def test_figures_are_those_of_gold(open_page: Open, demo: Workspace) -> None:
    ((orders, customers),) = demo.query(
        "select count(distinct order_id), count(distinct user_id) from gold.orders_enriched"
    )
    shown = figures(open_page("shop"))
    assert (shown["Orders"], shown["Customers"]) == (f"{orders:,}", f"{customers:,}")
    ((records, accepted, repeats),) = demo.query("select sum(records), sum(accepted), sum(repeats) from ledger.files")
    shown = figures(open_page("health"))
    assert (shown["Records"], shown["Accepted"], shown["Repeats"]) == (f"{records:,}", f"{accepted:,}", f"{repeats:,}")


def test_the_account_of_silver_is_that_of_the_ledger(open_page: Open, demo: Workspace) -> None:
    ledger = demo.query(
        "select model_name, sum(delivered), sum(typed) from ledger.silver_records group by 1 order by 1"
    )
    assert ledger
    (shown,) = [each.value for each in open_page("health", part="rejected").dataframe if "delivered" in each.value]
    assert list(zip(shown["model"], shown["delivered"], shown["typed"], strict=True)) == ledger


def test_filters_come_from_the_address(open_page: Open, demo: Workspace) -> None:
    ((orders,),) = demo.query("select count(distinct order_id) from gold.orders_enriched where user_country = 'Brazil'")
    at = open_page("shop", country="Brazil")
    assert figures(at)["Orders"] == f"{orders:,}"
    at.multiselect(key="country").set_value(["China"]).run()
    ((orders,),) = demo.query("select count(distinct order_id) from gold.orders_enriched where user_country = 'China'")
    assert figures(at)["Orders"] == f"{orders:,}"


def test_disagreements_come_first(open_page: Open) -> None:
    at = open_page("pictures")
    assert len(at.warning) > 5
    assert "the description says" in at.warning[0].value
    assert len(at.image) > 10, "the wall shows pictures"


def test_every_part_of_a_page_opens(open_page: Open) -> None:
    for page, name, values in (
        ("similar", "what", ("customers", "map")),
        ("grocery", "what", ("items",)),
        ("health", "part", ("rejected", "models")),
        ("marketplace", "measure", ("cancelled",)),
    ):
        for value in values:
            assert sentences(open_page(page, **{name: value})) == ""


def test_neighbours_of_a_product_and_of_a_customer(open_page: Open, demo: Workspace) -> None:
    ((name,),) = demo.query(
        "select similar_name from gold.similar_products where product_id = 42 and similarity_rank = 1"
    )
    assert f"**{name}**" in [each.value for each in open_page("similar", product="42").markdown]
    ((user,),) = demo.query("select min(user_id) from gold.customer_profiles")
    at = open_page("similar", what="customers", customer=str(user))
    assert list(at.dataframe[0].value["distance"]) == sorted(at.dataframe[0].value["distance"])
    assert user not in list(at.dataframe[0].value["customer"])


def test_sliders_leave_only_the_rules_above_them(open_page: Open, demo: Workspace) -> None:
    ((expected,),) = demo.query(
        "select count(*) from gold.grocery_basket_rules where confidence >= 0.3 and lift >= 1.5"
    )
    at = open_page("grocery")
    at.slider(key="confidence").set_value(30)
    at.slider(key="lift").set_value(1.5)
    at.run()
    assert len(at.dataframe[0].value) == expected > 0
    at.slider(key="confidence").set_value(100).run()
    assert "Move a slider" in sentences(at)


@pytest.mark.parametrize(
    ("address", "sentence"),
    [
        ({"product": "99999999"}, "No product has the number 99999999"),
        ({"product": "qqqq'; drop table"}, "No product is called anything like"),
        ({"what": "customers", "customer": "99999999"}, "No customer has the number"),
        ({"what": "customers", "customer": "me"}, "A customer is known by a number"),
    ],
)
def test_an_unknown_error_is_one_sentence(open_page: Open, address: dict[str, str], sentence: str) -> None:
    assert sentence in sentences(open_page("similar", **address))


@pytest.mark.parametrize("page", PAGES)
def test_no_warehouse_is_a_sentence(page: str, open_page: Open, tmp_path: Path) -> None:
    assert "`make build` makes one" in sentences(open_page(page, tmp_path / "none.duckdb"))


def test_a_warehouse_that_is_being_written_is_a_sentence(open_page: Open, spare: Path) -> None:
    holder = subprocess.Popen(
        [
            sys.executable,
            "-c",
            f"import duckdb; c = duckdb.connect({str(spare)!r}); print('open', flush=True); input()",
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "open\n"
        assert "A build is writing the warehouse" in sentences(open_page("marketplace", spare))
    finally:
        holder.communicate("\n")
    assert sentences(open_page("marketplace", spare)) == ""


def test_the_app_keeps_no_build_from_writing(open_page: Open, spare: Path) -> None:
    open_page("health", spare)
    duckdb.connect(str(spare)).close()


def test_empty_and_missing_tables_are_sentences(open_page: Open, spare: Path) -> None:
    with duckdb.connect(str(spare)) as connection:
        tables = connection.execute(
            "select table_schema, table_name from information_schema.tables"
            " where table_schema in ('gold', 'ledger') and table_type = 'BASE TABLE'"
        ).fetchall()
        for schema, table in tables:
            connection.execute(f'truncate "{schema}"."{table}"')
    for page in PAGES:
        said = sentences(open_page(page, spare))
        assert said, f"{page} says nothing of empty tables"
        assert "could not answer" not in said
    with duckdb.connect(str(spare)) as connection:
        for schema, table in tables:
            connection.execute(f'drop table "{schema}"."{table}"')
    for page in PAGES:
        assert "is not built yet. `dbt build --select +" in sentences(open_page(page, spare)), page


def test_pictures_are_only_those_of_the_landing_zone(use: Callable[[Path], None], demo: Workspace) -> None:
    use(demo.warehouse)
    ((uri,),) = demo.query("select min(uri) from gold.yoga_pose_library")
    assert Path(warehouse.picture(uri) or "").is_file()
    assert warehouse.picture("gs://bucket/../../../../etc/passwd") is None
    assert warehouse.picture("/etc/passwd") is None


def test_tables_of_a_development_target_carry_its_prefix(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copy(ROOT / "profiles.example.yml", tmp_path / "profiles.yml")
    monkeypatch.setenv("LAKEWEAVE_SCHEMA", "ann")
    for target in ("bigquery", "databricks"):
        monkeypatch.setenv("LAKEWEAVE_TARGET", target)
        assert warehouse.read_profile(tmp_path).table("gold.daily_sales") == "ann_gold.daily_sales"
    monkeypatch.setenv("LAKEWEAVE_TARGET", "spark")
    with pytest.raises(warehouse.NotReadyError, match="the profile's target is `spark`"):
        warehouse.read_profile(tmp_path)


@pytest.mark.skipif(browser.program() is None, reason="no Chromium on the path: make environment-browser")
def test_each_page_is_drawn_by_a_browser(demo: Workspace) -> None:
    async def titles(address: str) -> list[str]:
        async with browser.tab() as page:
            found = []
            for name in browser.PAGES:
                await page.open(f"{address}/{name}", 390, 800)
                assert await page.evaluate("document.querySelectorAll('[data-testid=stException]').length") == 0
                assert await page.violations() == [], name
                # Nothing stands out of a phone's screen.
                assert await page.evaluate("document.documentElement.scrollWidth") <= 390
                found.append(await page.evaluate("document.querySelector('[data-testid=stMain] h1').innerText"))
            return found

    async def menu(address: str) -> tuple[str, set[str]]:
        """The menu's button on a phone, and what the keyboard reaches on a desk."""
        async with browser.tab() as page:
            await page.open(f"{address}/grocery", 390, 800)
            button = "document.querySelector('[data-testid=stExpandSidebarButton]')"
            word = await page.evaluate(f"getComputedStyle({button}, '::after').content")
            await page.open(f"{address}/grocery", 1200, 900)
            return word, await page.reached_by_tab(40)

    async def filters(address: str) -> list[str]:
        """What a filter that is chosen does to the address, and what the address does to the page."""
        async with browser.tab() as page:
            await page.open(f"{address}/grocery", 1200, 900)
            await page.evaluate(
                "[...document.querySelectorAll('[data-testid=stMain] button')].find(each => each.innerText === 'items').click()"
            )
            for _ in range(200):
                chosen = await page.evaluate("location.search")
                if chosen:
                    break
                await asyncio.sleep(0.05)
            await page.open(f"{address}/grocery{chosen}", 1200, 900)
            shown = await page.evaluate("document.querySelector('[data-testid=stMain]').innerText")
            return [chosen, shown]

    environment = {**demo.env(), "DBT_PROFILES_DIR": str(demo.root)}
    with browser.serving(environment) as address:
        found = asyncio.run(titles(address))
        chosen, shown = asyncio.run(filters(address))
        word, reached = asyncio.run(menu(address))
    assert len(set(found)) == len(browser.PAGES)
    assert word == '"Menu"'
    # The menu, the parts of the page (arrow keys choose one) and its sliders.
    assert {"Pipeline health", "rules", "INPUT"} <= reached
    assert chosen == "?what=items"
    assert "Items whose name has" in shown
