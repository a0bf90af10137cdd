"""The whole project on DuckDB and on Spark with Delta, from the same files, layer by layer.

``python -m tests.python.benchmarks.bench_spark [--scales 0.01 0.1 1] [--no-pictures] [--first]``

Both build the same landing zone into an empty warehouse, one after the other, each in a process of its own. Seconds of a
layer are the sum of its nodes as dbt timed them, tests left out; the start of Python, dbt and Spark is apart ("start-up").
The second build is a rerun with nothing new, which is what a schedule pays for when nothing came; ``--first`` leaves it out.
From a scale of 0.1 on, Spark's session is the large one (LAKEWEAVE_SPARK_SIZE) with 6 GB. ``--no-pictures`` leaves the feeds
of pictures out: local networks look at them, which is the same work on both engines.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections import defaultdict
from pathlib import Path

from lakeweave.landing import FEEDS, LandingConfig, generate
from tests.python.spark.session import SparkWorkspace
from tests.python.support import Workspace

LAYERS = ("seeds", "ml", "bronze", "silver", "gold", "snapshots")
BUILD = ("build", "--quiet", "--exclude-resource-type", "test", "--exclude-resource-type", "unit_test")
PICTURES = ("pictures", "yoga")
NO_PICTURES = ("--exclude", "bronze_product_images+", "bronze_yoga_images+")


def seconds_by_layer(workspace: Workspace, *arguments: str) -> dict[str, float]:
    """Seconds per layer of the workspace's run; `start-up` is what is not spent in a node."""
    began = time.monotonic()
    workspace.dbt(*BUILD, *arguments)
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
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scales", type=float, nargs="+", default=[0.01, 0.1])
    parser.add_argument("--no-pictures", action="store_true")
    parser.add_argument("--first", action="store_true")
    arguments = parser.parse_args()
    feeds = tuple(feed for feed in FEEDS if not (arguments.no_pictures and feed in PICTURES))
    besides = NO_PICTURES if arguments.no_pictures else ()
    for scale in arguments.scales:
        with tempfile.TemporaryDirectory() as scratch:
            root = Path(scratch)
            generate(LandingConfig(scale=scale, batches=3, seed=42, out=root / "landing", feeds=feeds))
            embedded = Workspace.create(root / "embedded", root / "landing")
            spark = SparkWorkspace.on_spark(root / "spark", root / "landing")
            if scale >= 0.1:
                spark.environment |= {"LAKEWEAVE_SPARK_SIZE": "large", "LAKEWEAVE_SPARK_MEMORY": "6g"}
            for name in ("first build", "nothing new")[: 1 if arguments.first else 2]:
                one, other = seconds_by_layer(embedded, *besides), seconds_by_layer(spark, *besides)
                print(f"\nscale {scale}, {name}\n{'':12}{'duckdb s':>10}{'spark s':>10}{'ratio':>8}")
                for layer in one:
                    ratio = other[layer] / one[layer] if one[layer] > 0 else float("nan")
                    print(f"{layer:12}{one[layer]:>10.1f}{other[layer]:>10.1f}{ratio:>8.1f}", flush=True)


if __name__ == "__main__":
    main()
