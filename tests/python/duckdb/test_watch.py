"""`make watch`: a file lands, and exactly what depends on it is built."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

from lakeweave.arrivals.queue import Queue
from tests.python.support import Workspace

FOLDER = "aws/marketplace/sale_reports"


def test_a_file_that_lands_is_built_and_nothing_else(demo: Workspace, tmp_path: Path) -> None:
    workspace = Workspace.create(tmp_path / "watch")
    demo.copy_warehouse(workspace.warehouse)
    shutil.copytree(demo.landing / FOLDER, workspace.landing / FOLDER)
    ((before,),) = workspace.query("select count(*) from bronze.sale_lines")
    process = subprocess.Popen(
        [
            sys.executable,
            "-u",
            "-m",
            "lakeweave.arrivals",
            "watch",
            "--landing",
            str(workspace.landing),
            "--gather",
            "0.5",
        ],
        cwd=workspace.root,
        env=workspace.env(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert process.stdout is not None
    try:
        assert "files are there already" in process.stdout.readline()
        report = sorted((workspace.landing / FOLDER).glob("*.csv"))[-1]
        new = workspace.landing / FOLDER / ".new"
        new.write_text(report.read_text() + report.read_text().splitlines()[-1] + "\n")
        os.rename(new, report.with_name("sale_report_900.csv"))
        queue, began = Queue(workspace.root / "warehouse" / "arrivals.sqlite"), time.monotonic()
        old = len(list((workspace.landing / FOLDER).glob("*.csv"))) - 1
        while queue.counts() != {"built": old + 1}:
            assert time.monotonic() - began < 120, queue.counts()
            time.sleep(0.2)
    finally:
        process.terminate()
        said, _ = process.communicate(timeout=90)
    assert "building what depends on marketplace.sale_lines\n" in said
    assert "Traceback" not in said
    ((after,),) = workspace.query("select count(*) from bronze.sale_lines")
    assert after > before
    built = {str(each["unique_id"]) for each in workspace.results() if str(each["unique_id"]).startswith("model.")}
    assert "model.lakeweave.amazon_revenue_by_month" in built
    assert not any("users" in name or "orders_enriched" in name for name in built)
