"""The first hour of a newcomer, with the commands and the code of the README.

By default the build of the session's demo is the newcomer's build. ``make test-newcomer`` runs ``make build`` in the copy.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from decimal import Decimal
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import duckdb

from tests.python.support import ROOT, Workspace

README = (ROOT / "README.md").read_text(encoding="utf-8")
WHOLE = bool(os.environ.get("LAKEWEAVE_NEWCOMER"))
# What a clone does not have, anywhere and at the top level.
NOT_IN_A_CLONE = ("__pycache__", ".*_cache")
NOT_AT_THE_TOP = (".git", ".venv*", "target", "logs", "landing", "warehouse", "dbt_packages", "profiles.yml")
CLAIMS = """\
Claim No,Amount,Opened On
1001,"$1,200.50",01/31/2024
1002,$80,01/15/2024
1003,$5.25,02/28/2024
"""


def copy(folder: Path) -> None:
    """Copy the repository to ``folder``, as a clone has it. ``demo/landing`` is code, ``landing`` is data."""

    def left_out(of: str, names: list[str]) -> set[str]:
        patterns = (*NOT_IN_A_CLONE, *(NOT_AT_THE_TOP if Path(of) == ROOT else ()))
        return {name for name in names if any(fnmatch(name, pattern) for pattern in patterns)}

    shutil.copytree(ROOT, folder, ignore=left_out, symlinks=True)


def command(start: str) -> str:
    """The command of the README that begins with ``start``."""
    found = re.search(rf"^{start}[^#\n`]*|`({start}[^`]*)`", README, re.MULTILINE)
    assert found, f"README.md has no command {start}"
    return (found[1] or found[0]).strip()


def code(first_line: str) -> str:
    """The code block of the README that begins with ``first_line``, or has it as its first line of code."""
    blocks = re.findall(r"^```\w+\n(.*?)^```", README, re.DOTALL | re.MULTILINE)
    (block,) = [each for each in blocks if first_line in each.splitlines()[0]]
    return block


def run(words: str, folder: Path, **environment: str) -> str:
    """Run a command line of the README in ``folder``; its output."""
    # The environment of the tests is the newcomer's: nothing is installed.
    words = (
        words.replace("make ", "make -o .venv/.core -o .venv/.uv -o .venv/.app ", 1)
        if words.startswith("make ")
        else words
    )
    done = subprocess.run(
        words, shell=True, cwd=folder, env={**os.environ, **environment}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"{words}\n{done.stdout[-5000:]}\n{done.stderr[-2000:]}"
    return done.stdout


def rows(warehouse: Path, sql: str) -> list[tuple]:
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        return connection.execute(sql).fetchall()


def test_build_own_data_a_column_from_a_model_and_the_app(
    demo: Workspace, tmp_path: Path, open_page: Callable[..., Any]
) -> None:
    root = tmp_path / "lakeweave"
    copy(root)
    (root / ".venv").symlink_to(Path(sys.prefix), target_is_directory=True)
    warehouse = root / "warehouse" / "lakeweave.duckdb"
    if WHOLE:
        assert "passed" in run(command("make build"), root)
    else:
        shutil.copytree(demo.landing, root / "landing")
        warehouse.parent.mkdir()
        demo.copy_warehouse(warehouse)

    (root / "claims.csv").write_text(CLAIMS)
    said = run(command("make feed"), root)
    assert "claim_no identifies a row" in said
    assert rows(warehouse, "select claim_no, amount from silver.claims order by 1")[0] == (1001, Decimal("1200.50"))

    example = code("{{ lakeweave.inference(")
    (root / "models" / "silver" / "inference" / "silver_first_column.sql").write_text(example)
    run(f"{command('.venv/bin/dbt build')} --select silver_first_column", root)
    # A product without a name has no prompt, so nothing is asked for it.
    assert rows(
        warehouse,
        """
        select prompt is not null, response is not null, if(prompt is null, response_status, response_state), count(*)
        from silver.first_column group by all order by 1
        """,
    ) == [
        (False, False, "null input", rows(warehouse, "select count(*) from silver.products where name is null")[0][0]),
        (True, True, "ok", rows(warehouse, "select count(name) from silver.products")[0][0]),
    ]

    assert "-m app" in run(f"{command('make app')} --dry-run", root)
    page = open_page("shop", warehouse)
    assert not page.exception


def test_the_package_in_another_project(tmp_path: Path) -> None:
    root = tmp_path / "my_project"
    for folder in ("models/bronze", "models/silver", "landing/erp/claims"):
        (root / folder).mkdir(parents=True)
    project = "name: my_project\nversion: '1.0'\nprofile: my_project\n"
    (root / "dbt_project.yml").write_text(project + code("# dbt_project.yml"))
    packages = code("# packages.yml")
    assert "- git: " in packages
    (root / "packages.yml").write_text(re.sub(r"- git: .*\n.*revision: .*\n", f"- local: {ROOT}\n", packages))
    (root / "profiles.yml").write_text(code("# profiles.yml, for DuckDB"))
    for name in ("models/_sources.yml", "models/bronze/bronze_claims.sql", "models/silver/silver_claims.sql"):
        (root / name).write_text(code(f"{'#' if name.endswith('.yml') else '--'} {name}"))
    (root / "landing" / "erp" / "claims" / "claims.csv").write_text("claim_id,amount\n1,$5.25\n2,$80\n2\n")
    dbt = f"{sys.executable} -c 'from dbt.cli.main import cli; cli()'"
    settings = {"PYTHONPATH": str(ROOT), "DBT_SEND_ANONYMOUS_USAGE_STATS": "false", "LAKEWEAVE_LANDING": "landing"}
    try:
        assert command("dbt deps") == "dbt deps"
        run(f"{dbt} deps", root, **settings)
        said = run(f"{dbt} build", root, **settings)
        assert "1 of 3 records are rejected" in said
        found = rows(root / "warehouse.duckdb", "select claim_id, amount from silver_claims order by 1")
        assert found == [(1, Decimal("5.25")), (2, Decimal("80"))]
    finally:
        (root / "dbt_packages" / "lakeweave").unlink(missing_ok=True)
