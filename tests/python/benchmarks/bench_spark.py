"""The whole project on DuckDB and on Spark with Delta, from the same files, layer by layer.

``python -m tests.python.benchmarks.bench_spark [--scales 0.01 0.1 1]``

Both build the same landing zone into an empty warehouse, one after the other, each in a process of its own. Seconds of a
layer are the sum of its nodes as dbt timed them, tests left out; the start of Python, dbt and Spark is apart ("start-up").
The first increment is a rerun with nothing new, which is what a schedule pays for when nothing came.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections import defaultdict
from pathlib import Path

from lakeweave.landing import LandingConfig, generate
from tests.python.spark.session import SparkWorkspace
from tests.python.support import Workspace

LAYERS = ("seeds", "ml", "bronze", "silver", "gold", "snapshots")
BUILD = ("build", "--quiet", "--exclude-resource-type", "test", "--exclude-resource-type", "unit_test")


def seconds_by_layer(workspace: Workspace) -> dict[str, float]:
    """Seconds per layer of the workspace's run; `start-up` is what is not spent in a node."""
    began = time.monotonic()
    workspace.dbt(*BUILD)
    whole = time.monotonic() - began
    manifest = json.loads((workspace.root / "target" / "manifest.json").read_text())
    spent: dict[str, float] = defaultdict(float)
    for result in workspace.results():
        node = manifest["nodes"].get(result["unique_id"])
        if node is not None:
            spent[node["schema"]] += float(str(result["execution_time"]))
    return {**{layer: spent[layer] for layer in LAYERS}, "start-up": whole - sum(spent.values()), "all": whole}


def main() -> None:
    """Print a table for each scale."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scales", type=float, nargs="+", default=[0.01, 0.1])
    arguments = parser.parse_args()
    for scale in arguments.scales:
        with tempfile.TemporaryDirectory() as scratch:
            root = Path(scratch)
            generate(LandingConfig(scale=scale, batches=3, seed=42, out=root / "landing"))
            embedded = Workspace.create(root / "embedded", root / "landing")
            spark = SparkWorkspace.on_spark(root / "spark", root / "landing")
            for name in ("first build", "nothing new"):
                one, other = seconds_by_layer(embedded), seconds_by_layer(spark)
                print(f"\nscale {scale}, {name}\n{'':12}{'duckdb s':>10}{'spark s':>10}{'ratio':>8}")
                for layer in one:
                    ratio = other[layer] / one[layer] if one[layer] > 0 else float("nan")
                    print(f"{layer:12}{one[layer]:>10.1f}{other[layer]:>10.1f}{ratio:>8.1f}")


if __name__ == "__main__":
    main()
