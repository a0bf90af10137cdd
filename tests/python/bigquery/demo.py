"""A small build of the project on DuckDB: where the rows come from on which both engines run the same SELECT.

    python -m tests.python.bigquery.demo <folder>

delivers a few dozen users, builds the project, compiles it once more as a second run would, and leaves in the folder the
warehouse and two manifests. It runs beside the recording, in a process of its own.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

from ..support import PROJECT, ROOT, Workspace
from .cleaning import query

SCALE, BATCHES, SEED = "0.0003", "2", "7"


def build(folder: Path) -> None:
    """Makes the demo in the folder. Raises `AssertionError` with dbt's words where a step fails."""
    workspace = Workspace.create(folder / "project", only=tuple(name for name in PROJECT if name != "analyses"))
    analyses = workspace.root / "analyses"
    analyses.mkdir()
    for path in (ROOT / "analyses").iterdir() if (ROOT / "analyses").exists() else ():
        (analyses / path.name).symlink_to(path)
    (analyses / "cleaning_macros.sql").write_text(query(ROOT))
    landing = [sys.executable, "-m", "demo.landing", "--scale", SCALE, "--batches", BATCHES, "--seed", SEED]
    subprocess.run([*landing, "--out", str(workspace.landing), "--quiet"], cwd=ROOT, check=True, env=dict(os.environ))
    workspace.dbt("--quiet", "build", "--exclude-resource-type", "test", "--exclude-resource-type", "unit_test")
    target = workspace.root / "target" / "manifest.json"
    shutil.copy(target, folder / "first run.json")
    workspace.dbt("--quiet", "compile", "--select", "resource_type:model", "resource_type:analysis")
    shutil.copy(target, folder / "second run.json")


def start(folder: Path) -> subprocess.Popen[str]:
    """Starts the build beside this process."""
    return subprocess.Popen(
        [sys.executable, "-m", "tests.python.bigquery.demo", str(folder)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def compiled(folder: Path, run: str) -> dict[str, str]:
    """By unique id: the SQL of each model and analysis as it was compiled for DuckDB in that run."""
    manifest = json.loads((folder / f"{run}.json").read_text())
    return {
        unique_id: node["compiled_code"]
        for unique_id, node in manifest["nodes"].items()
        if node["resource_type"] in ("model", "analysis") and node.get("compiled_code") and node["language"] == "sql"
    }


if __name__ == "__main__":
    build(Path(sys.argv[1]))
