"""`make feed`: from a file and from a table of a database to silver, with a second delivery."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
import sys
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

import duckdb
import openpyxl
import pytest
import yaml

from tests.python.hostile import HOSTILE
from tests.python.support import ROOT, Workspace

CLAIMS = """\
Claim No,Policy Holder Email,Amount,Opened On,Zip,Is Fraud
1001,ann@example.com,"$1,200.50",01/31/2024,02134,true
1002,bob@example.com,$80,01/15/2024,10001,false
1003,cy@example.com,$5.25,02/28/2024,94110,
"""


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    root = tmp_path_factory.mktemp("feed") / "project"
    made = Workspace.create(root)
    # The command writes models and docs blocks, so these folders are copies.
    for name in ("models", "docs"):
        (root / name).unlink()
        shutil.copytree(ROOT / name, root / name)
    return made


def feed(workspace: Workspace, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "lakeweave.feed", *arguments, "--no-build"],
        cwd=workspace.root,
        env={**workspace.env(), **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def test_from_files_and_a_database_to_silver(workspace: Workspace, tmp_path: Path) -> None:
    (tmp_path / "claims.csv").write_text(CLAIMS)
    done = feed(workspace, "claims", "--from", str(tmp_path / "claims.csv"))
    assert done.returncode == 0, done.stderr
    assert "claim_no identifies a row" in done.stdout
    assert "tagged as personal" in done.stdout

    with sqlite3.connect(tmp_path / "erp.sqlite") as database:
        database.execute("create table policies (policy_id integer primary key, holder text, premium numeric)")
        database.executemany("insert into policies values (?, ?, ?)", [(1, "Ann", 12.5), (2, "Bob", 13)])
    workspace.environment = {**workspace.environment, "LAKEWEAVE_ERP_URL": f"sqlite:{tmp_path / 'erp.sqlite'}"}
    done = feed(workspace, "erp", "--from", "database:erp/policies")
    assert done.returncode == 0, done.stderr

    (tmp_path / "Réclamations 2026.csv").write_text(HOSTILE)
    done = feed(workspace, "legal", "--from", str(tmp_path / "Réclamations 2026.csv"))
    assert done.returncode == 0, done.stderr
    assert "group is a word of SQL, so the column is named reclamations_group" in done.stdout

    office = tmp_path / "office"
    office.mkdir()
    columns = "1 as return_id, 'Ann Lee' as customer_name, date '2024-03-01' as returned_on, 'Mug' as product_name"
    duckdb.sql(f"copy (select {columns}) to '{office / 'returns.parquet'}'")
    (office / "repairs.jsonl").write_text(
        '{"repair_id": 7, "cost": "$12.50", "done": true}\n{"repair_id": 8, "cost": "$3", "done": false}\n'
    )
    book = openpyxl.Workbook()
    for row in (("visit_id", "visitor_name", "visited_on"), (3, "Bo Day", datetime(2024, 3, 2))):
        book.active.append(row)
    book.save(office / "visits.xlsx")
    done = feed(workspace, "office", "--from", str(office))
    assert done.returncode == 0, done.stderr
    for model, personal in (("returns", {"customer_name"}), ("visits", {"visitor_name"}), ("repairs", set())):
        for layer in ("bronze", "silver"):
            described = workspace.root / "models" / layer / "office" / f"{layer}_{model}.yml"
            assert {
                column["name"]
                for column in yaml.safe_load(described.read_text())["models"][0]["columns"]
                if (column.get("config") or {}).get("meta", {}).get("pii")
            } == personal, described.name

    offices = ("+silver_returns", "+silver_repairs", "+silver_visits")
    selected = ("--quiet", "--select", "+silver_claims", "+silver_policies", "+silver_reclamations", *offices)
    workspace.dbt("build", *selected)
    found = workspace.query("select claim_no, amount, amount_value_type, opened_on, zip from silver.claims order by 1")
    assert found[0] == (1001, Decimal("1200.50"), "dollars", date(2024, 1, 31), "02134")
    assert workspace.query("select policy_id, holder, premium from silver.policies order by 1") == [
        (1, "Ann", pytest.approx(12.5)),
        (2, "Bob", pytest.approx(13)),
    ]

    assert workspace.query(
        "select prénom, reclamations_order, montant, montant_value_type, opened, amount, amount_value_type, notes"
        " from silver.reclamations order by n_dossier"
    ) == [
        ("Zoë", 1, Decimal("1234.56"), "euros", date(2024, 1, 31), Decimal("-5"), "x", 'He said "no"; then left'),
        ("François", 2, Decimal("-12"), "euros", date(2024, 2, 15), Decimal("-7.5"), "x", "O'Hara"),
        ("Łukasz", 3, Decimal("3.5"), "euros", date(2024, 2, 15), Decimal("-8.25"), "x", "line\ntwo"),
        ("José", 4, Decimal("0.99"), "euros", date(2024, 3, 1), Decimal("1200"), "x", "ends with \\"),
        ("Ann", 5, Decimal("1200"), "euros", date(2024, 2, 29), Decimal("-9"), "x", "{{ 1 + 1 }}"),
        ("Ann", 6, None, None, date(2024, 3, 1), Decimal("4"), "x", "' or 1=1 --"),
    ]

    assert workspace.query("select return_id, customer_name, returned_on from silver.returns") == [
        (1, "Ann Lee", date(2024, 3, 1))
    ]
    assert workspace.query("select repair_id, cost, done from silver.repairs order by 1") == [
        (7, Decimal("12.50"), True),
        (8, Decimal("3"), False),
    ]
    assert workspace.query("select visit_id, visitor_name, cast(visited_on as date) from silver.visits") == [
        (3, "Bo Day", date(2024, 3, 2))
    ]

    # The second run, with a correction of one claim and a new one.
    (workspace.landing / "claims" / "claims" / "claims_2.csv").write_text(
        CLAIMS.splitlines()[0]
        + "\n1003,cy@example.com,$6.25,02/28/2024,94110,false\n1004,di@example.com,$7,03/01/2024,60601,true\n"
    )
    workspace.dbt("build", *selected)
    assert workspace.query("select claim_no, amount from silver.claims order by 1 desc limit 2") == [
        (1004, pytest.approx(7)),
        (1003, pytest.approx(6.25)),
    ]


def test_existing_files_are_refused_and_nothing_is_written(workspace: Workspace, tmp_path: Path) -> None:
    (tmp_path / "users.csv").write_text("id\n1\n")
    done = feed(workspace, "crm", "--from", str(tmp_path / "users.csv"))
    assert done.returncode == 2
    assert "the model bronze_users exists" in done.stderr
    assert "give another --table" in done.stderr
    assert not (workspace.root / "models" / "bronze" / "crm").exists()
