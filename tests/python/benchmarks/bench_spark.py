"""The whole project on DuckDB and on Spark with Delta, from the same files, layer by layer.

``python -m tests.python.benchmarks.bench_spark [--scales 0.01 0.1 1] [--no-pictures | --shop] [--first]``

Both build the same landing zone into an empty warehouse, one after the other, each in a process of its own, both with two
threads of dbt. Seconds of a layer are those in which at least one of its nodes was at work, as dbt timed them, tests left out;
layers overlap. What passed before the first node is apart ("start-up": Python, dbt, Java, the ledger).
The second build is a rerun with nothing new, which is what a schedule pays for when nothing came; ``--first`` leaves it out.
From a scale of 0.1 on, Spark's session is the large one (LAKEWEAVE_SPARK_SIZE) with 6 GB. ``--no-pictures`` leaves the feeds
of pictures out: local networks look at them, which is the same work on both engines. ``--shop`` builds only the web shop from
its files to gold, in SQL: what grows with the data.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import tempfile
import time
from collections import defaultdict
from pathlib import Path

from demo.landing import FEEDS, LandingConfig, generate
from tests.python.spark.session import SparkWorkspace
from tests.python.support import Workspace

LAYERS = ("seeds", "ml", "bronze", "silver", "gold", "snapshots")
BUILD = ("build", "--quiet", "--exclude-resource-type", "test", "--exclude-resource-type", "unit_test")
PICTURES = ("pictures", "yoga")
NO_PICTURES = ("--exclude", "bronze_product_images+", "bronze_yoga_images+")
SHOP = ("resource_type:seed", "bronze.thelook", "silver.thelook", "orders_enriched", "customer_metrics", "daily_sales")


def seconds_by_layer(workspace: Workspace, *arguments: str) -> dict[str, float]:
    """Seconds per layer of the workspace's run; `start-up` is what passed before its first node."""
    began = time.time()
    workspace.dbt(*BUILD, *arguments)
    whole = time.time() - began
    manifest = json.loads((workspace.root / "target" / "manifest.json").read_text())
    worked: dict[str, list[tuple[float, float]]] = defaultdict(list)
    for result in workspace.results():
        node = manifest["nodes"].get(result["unique_id"])
        moments = [_moment(each[key]) for each in result["timing"] for key in ("started_at", "completed_at")]
        if node is not None and moments:
            worked[node["schema"]].append((min(moments), max(moments)))
    first = min(start for spans in worked.values() for start, _ in spans)
    return {**{layer: _covered(worked[layer]) for layer in LAYERS}, "start-up": first - began, "all": whole}


def _moment(text: str) -> float:
    return dt.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


def _covered(spans: list[tuple[float, float]]) -> float:
    """Seconds that lie within at least one of the spans."""
    total, until = 0.0, float("-inf")
    for start, end in sorted(spans):
        total += max(0.0, end - max(start, until))
        until = max(until, end)
    return total


def main() -> None:
    """Print a table for each scale."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scales", type=float, nargs="+", default=[0.01, 0.1])
    parser.add_argument("--no-pictures", action="store_true")
    parser.add_argument("--shop", action="store_true")
    parser.add_argument("--first", action="store_true")
    arguments = parser.parse_args()
    feeds = tuple(feed for feed in FEEDS if not (arguments.no_pictures and feed in PICTURES))
    besides = NO_PICTURES if arguments.no_pictures else ()
    if arguments.shop:
        feeds, besides = ("thelook",), ("--select", *SHOP)
    for scale in arguments.scales:
        with tempfile.TemporaryDirectory() as scratch:
            root = Path(scratch)
            generate(LandingConfig(scale=scale, batches=3, seed=42, out=root / "landing", feeds=feeds))
            on_duckdb = Workspace.create(root / "duckdb", root / "landing")
            spark = SparkWorkspace.on_spark(root / "spark", root / "landing")
            if scale >= 0.1:
                spark.environment |= {"LAKEWEAVE_SPARK_SIZE": "large", "LAKEWEAVE_SPARK_MEMORY": "6g"}
            for name in ("first build", "nothing new")[: 1 if arguments.first else 2]:
                one, other = seconds_by_layer(on_duckdb, *besides), seconds_by_layer(spark, *besides)
                print(f"\nscale {scale}, {name}\n{'':12}{'duckdb s':>10}{'spark s':>10}{'ratio':>8}")
                for layer in one:
                    ratio = other[layer] / one[layer] if one[layer] > 0 else float("nan")
                    print(f"{layer:12}{one[layer]:>10.1f}{other[layer]:>10.1f}{ratio:>8.1f}", flush=True)


if __name__ == "__main__":
    main()
