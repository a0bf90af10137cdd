"""Two builds at once: one waits for the other, or says clearly who has the warehouse."""

from __future__ import annotations

from pathlib import Path

import duckdb

from demo.landing import LandingConfig, generate
from tests.python.support import Workspace

SELECT = ("run", "--select", "bronze silver.thelook")


def test_the_second_build_waits_for_the_first(tmp_path: Path) -> None:
    generate(LandingConfig(scale=0.01, batches=1, seed=7, out=tmp_path / "landing"))
    workspace = Workspace.create(tmp_path / "project", tmp_path / "landing")
    workspace.dbt("seed", "--quiet")
    first, second = (
        workspace.start(*SELECT, "--target-path", str(tmp_path / name), "--log-path", str(tmp_path / name))
        for name in ("first", "second")
    )
    outputs = [process.communicate(timeout=300)[0] for process in (first, second)]
    assert [first.returncode, second.returncode] == [0, 0], "\n".join(outputs)[-4000:]
    together = workspace.state()
    workspace.dbt(*SELECT)
    assert workspace.state() == together
    assert workspace.query(
        "select max(n) from (select count(*) as n from ledger.files group by source, path, version)"
    ) == [(1,)]


def test_a_timeout_names_the_process_that_has_the_warehouse(tmp_path: Path) -> None:
    workspace = Workspace.create(tmp_path / "project", tmp_path / "landing")
    profile = workspace.root / "profiles.yml"
    profile.write_text(profile.read_text().replace("wait_for_other_build: 60", "wait_for_other_build: 1"))
    with duckdb.connect(str(workspace.warehouse)):
        done = workspace.dbt("seed", check=False)
    assert done.returncode != 0
    assert "Another process is writing the warehouse" in done.stdout
    assert "(PID" in done.stdout
    assert "Traceback" not in done.stdout
