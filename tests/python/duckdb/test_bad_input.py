"""The messages for a wrong delivery; nothing of it is half-loaded."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.python.support import ROOT, Workspace


@pytest.fixture(scope="module")
def spoiled(tmp_path_factory: pytest.TempPathFactory, demo_landing: Path) -> tuple[Workspace, str]:
    """One build over an inbox in which almost everything is wrong."""
    root = tmp_path_factory.mktemp("spoiled")
    inbox = root / "landing" / "gcp" / "inbox"
    for table in ("products", "orders", "order_items", "inventory_items", "events", "distribution_centers"):
        (inbox / table).mkdir(parents=True)
    # users: no folder at all. inventory_items: a folder without a file.
    (inbox / "products" / "products_1.csv").write_bytes(b"")
    (inbox / "orders" / "orders_1.csv").write_text("when,who,what\n2026-01-01,Ann,Shirt\n")
    (inbox / "order_items" / "items_1.csv").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 40)
    shutil.copy(demo_landing / "gcp/inbox/events/events_batch_001.csv", inbox / "events")
    with (inbox / "events" / "events_batch_001.csv").open("a") as file:
        file.write("1,2,3\n")
    shutil.copy(
        demo_landing / "gcp/inbox/distribution_centers/distribution_centers_batch_000.csv",
        inbox / "distribution_centers",
    )
    workspace = Workspace.create(root / "project", root / "landing")
    workspace.dbt("seed", "--quiet")
    done = workspace.dbt("run", "--select", "bronze.thelook", check=False)
    return workspace, done.stdout


def test_no_stack_trace_reaches_a_person(spoiled: tuple[Workspace, str]) -> None:
    assert "Traceback" not in spoiled[1]


def test_the_error_for_a_missing_folder_has_a_remedy(spoiled: tuple[Workspace, str]) -> None:
    workspace, output = spoiled
    assert "gcp/inbox/users" in output
    assert "does not exist" in output or "no folder" in output
    assert workspace.query(
        "select count(*) from information_schema.tables where table_schema = 'bronze' and table_name = 'users'"
    ) == [(0,)]


@pytest.mark.parametrize(
    ("table", "file", "reason"),
    [
        ("products", "products_1.csv", "empty_file"),
        ("orders", "orders_1.csv", "header_mismatch"),
        ("order_items", "items_1.csv", "unknown_format"),
    ],
)
def test_a_file_that_cannot_be_loaded_is_held_with_its_reason(
    spoiled: tuple[Workspace, str], table: str, file: str, reason: str
) -> None:
    workspace, output = spoiled
    assert workspace.query("select state, reason from ledger.files where file_name = ?", file) == [("held", reason)]
    assert f"thelook.{table}: {file} is held back" in output
    assert "release_held_files" in output
    assert workspace.query(f"select count(*) from bronze.{table}") == [(0,)]


def test_an_empty_folder_gives_an_empty_table(spoiled: tuple[Workspace, str]) -> None:
    columns = [row[0] for row in spoiled[0].query("describe bronze.inventory_items")]
    assert "product_retail_price_value_type" in columns
    assert spoiled[0].query("select count(*) from bronze.inventory_items") == [(0,)]


def test_a_short_record_is_rejected_and_the_others_load(spoiled: tuple[Workspace, str]) -> None:
    workspace, output = spoiled
    assert workspace.query("select reason, raw_text from ledger.rejected_records") == [("too_few_fields", "1,2,3")]
    records, accepted, rejected, repeats = workspace.query(
        "select records, accepted, rejected, repeats from ledger.files where source = 'thelook.events'"
    )[0]
    assert rejected == 1
    assert records == accepted + rejected + repeats
    assert "1 of" in output
    assert "rejected" in output


def test_a_released_file_loads_after_it_was_fixed(spoiled: tuple[Workspace, str], tmp_path: Path) -> None:
    """The same content goes in once its layout is declared; until it is released it is not opened again."""
    workspace, _ = spoiled
    before = workspace.state()
    workspace.dbt("run", "--quiet", "--select", "bronze_orders")
    assert workspace.state() == before
    told = workspace.dbt("run-operation", "release_held_files", "--args", "{source: thelook.orders}").stdout
    assert "orders_1.csv" in told
    assert workspace.query("select state from ledger.files where source = 'thelook.orders'") == [("released",)]
    workspace.dbt("run", "--quiet", "--select", "bronze_orders")
    assert workspace.query("select state, reason from ledger.files where source = 'thelook.orders'") == [
        ("held", "header_mismatch")
    ]
    summary = workspace.dbt("run-operation", "ledger_summary").stdout
    assert "thelook.orders" in summary
    assert "header_mismatch" in summary


def test_a_loaded_file_is_replayed_from_the_archive(tmp_path: Path, demo_landing: Path) -> None:
    landing = tmp_path / "landing"
    shutil.copytree(demo_landing / "gcp/inbox/products", landing / "gcp/inbox/products")
    workspace = Workspace.create(tmp_path / "project", landing)
    workspace.dbt("seed", "--quiet")
    select = ("run", "--quiet", "--select", "bronze_products")
    workspace.dbt(*select)
    before = workspace.state()
    workspace.dbt("run-operation", "archive_files", "--args", "{source: thelook.products}")
    assert list((landing / "gcp/inbox/products").glob("*.csv")) == []
    workspace.dbt(*select)
    assert workspace.state() == before
    workspace.dbt(
        "run-operation", "replay_file", "--args", "{source: thelook.products, file_name: products_batch_001.csv}"
    )
    workspace.dbt(*select)
    assert workspace.state() == before
    # A full refresh finds everything in the archive; without the archive it refuses rather than lose it.
    workspace.dbt(*select, "--full-refresh")
    assert workspace.state()["bronze.products"] == before["bronze.products"]
    shutil.rmtree(landing / "gcp" / "archive")
    refused = workspace.dbt(*select, "--full-refresh", check=False)
    assert refused.returncode != 0
    assert "products_batch_001.csv" in refused.stdout
    assert workspace.state()["bronze.products"] == before["bronze.products"]


@pytest.mark.parametrize("scale", ["0", "-1", "nan", "1000", "much"])
def test_an_impossible_scale_is_one_sentence(tmp_path: Path, scale: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "demo.landing", f"--scale={scale}", "--out", str(tmp_path / "landing")],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert "scale" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "landing").exists()
