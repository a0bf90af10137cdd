"""The notebook runs from a fresh build, and none of its outputs is committed."""

from __future__ import annotations

import json
import re

import nbformat
import pytest
from nbclient import NotebookClient

from tests.python.duckdb.test_app_figures import COHORT, MONTHS, RETENTION
from tests.python.support import ROOT, Workspace

NOTEBOOK = ROOT / "analyses" / "notebooks" / "cohort_retention.ipynb"


def test_no_output_is_committed() -> None:
    cells = nbformat.read(NOTEBOOK, as_version=4).cells
    assert [
        cell.source[:40] for cell in cells if cell.cell_type == "code" and (cell.outputs or cell.execution_count)
    ] == []


def test_the_notebook_runs(demo: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LAKEWEAVE_TARGET", "duckdb")
    monkeypatch.setenv("LAKEWEAVE_WAREHOUSE", str(demo.warehouse))
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    told = (
        "import json\n"
        "print(json.dumps([shown['traffic_source'].nunique(), len(points), heat_map.to_dict()['columns'],"
        " quality['retention'].to_dict(), sizes.to_dict(),"
        " shown[['traffic_source', 'cohort', 'months_since_first_order', 'cohort_size', 'active_customers']].values.tolist()]))"
    )
    notebook.cells.append(nbformat.v4.new_code_cell(told))
    place = {"metadata": {"path": str(NOTEBOOK.parent)}}
    NotebookClient(notebook, timeout=120, kernel_name="python3", resources=place).execute()
    outputs = [output for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs]
    assert len([each for each in outputs if "vega" in str(each.get("data", {}).get("text/html", ""))]) == 2
    printed, last = (each.text for each in outputs if each.output_type == "stream")
    in_cohorts, counted = (int(number.replace(",", "")) for number in re.findall(r"[\d,]*\d", printed))
    assert in_cohorts == counted > 0
    ((sources,),) = demo.query(
        "select count(distinct traffic_source) from gold.cohort_retention where traffic_source <> 'all'"
    )
    ((products,),) = demo.query("select count(*) from gold.product_clusters")
    *counts, quality, sizes, cells = json.loads(last)
    assert counts == [sources, products, 3]
    # The same counted from silver, without gold.
    meant = demo.query(f"select source, sum(active) / sum(size) from ({RETENTION}) where step <= 3 group by 1")
    assert quality == pytest.approx(dict(meant))
    assert sizes == dict(demo.query(f"select {COHORT}, count(distinct user_id) from ({MONTHS}) group by 1"))
    latest = f"select distinct cohort from ({MONTHS}) order by 1 desc limit 18"
    of_silver = demo.query(
        f"select source, {COHORT}, step, size, active from ({RETENTION}) where step <= 12 and cohort in ({latest})"
    )
    assert sorted(map(tuple, cells)) == sorted(of_silver) != []
