"""The replaced parts of dbt give the same results; otherwise the tests would test another dbt."""

from __future__ import annotations

import datetime as dt
import json
import subprocess
from decimal import Decimal
from pathlib import Path

from tests.python import dbt_speedups
from tests.python.support import RELATIVE, Workspace

PARTS = ("lakeweave", "macros")
VOLATILE = {"generated_at", "invocation_id", "invocation_started_at", "created_at", "run_started_at"}


def test_json_is_the_same_text(tmp_path: Path) -> None:
    from dbt_common.clients.system import write_json

    data = {"ä": [Decimal("1.5"), dt.datetime(2026, 1, 2, 3), None, float("nan")], "b": {"c": "\u2028 \"'"}}
    write_json(str(tmp_path / "theirs"), data)
    dbt_speedups._write_json(str(tmp_path / "folder" / "ours"), data)
    assert (tmp_path / "folder" / "ours").read_bytes() == (tmp_path / "theirs").read_bytes()


def _steady(value: object) -> object:
    if isinstance(value, dict):
        return {name: _steady(each) for name, each in value.items() if name not in VOLATILE}
    return [_steady(each) for each in value] if isinstance(value, list) else value


def test_a_run_leaves_the_same_manifest(tmp_path: Path) -> None:
    """Of dbt in a process of its own, and of the forked one that all else is tested with."""
    found = []
    for name in ("theirs", "ours"):
        workspace = Workspace.create(tmp_path / name, tmp_path / "landing", PARTS)
        (workspace.root / "models").mkdir()
        (workspace.root / "models" / "one.sql").write_text("select 1 as n")
        if name == "theirs":
            command = workspace.command("compile", "--select", "one")
            environment = {**workspace.env(), **RELATIVE}
            subprocess.run(command, cwd=workspace.root, env=environment, check=True, capture_output=True)
        else:
            workspace.dbt("compile", "--select", "one")
        manifest = json.loads((workspace.root / "target" / "manifest.json").read_text())
        assert manifest["nodes"]["model.lakeweave.one"]["compiled_code"] == "select 1 as n"
        found.append(json.dumps(_steady(manifest), sort_keys=True).replace(str(workspace.root), ""))
    assert found[0] == found[1]
