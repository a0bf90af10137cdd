"""Benchmark of the marketplace and grocery feeds at full size, and of the basket rules.

    python -m tests.python.benchmarks.bench_feeds [--baskets 1000000] [--items 5000] [--folder /tmp]

Promised: the marketplace's 128,975 lines from file to gold in under 10 s of work, the grocer's 38,765 rows in under 5
(the time of the models, dbt's start not counted); the rules within 8 GiB and no slower than mlxtend by hand.
"""

from __future__ import annotations

import argparse
import importlib.util
import multiprocessing
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa

from demo.landing import LandingConfig, generate
from tests.python.support import ROOT, Workspace

PROMISED = {"marketplace": 10.0, "grocery": 5.0}
PROMISED_GIB = 8.0


def feed(name: str, folder: Path) -> float:
    """Seconds of work of the feed's models at scale 1, file to gold."""
    landing = folder / f"{name}_landing"
    generate(LandingConfig(scale=1, batches=0, out=landing, feeds=(name,)))
    workspace = Workspace.create(folder / f"{name}_build", landing)
    workspace.dbt("seed", "--quiet")
    workspace.dbt("run", "--quiet", "--select", f"bronze.{name}", f"silver.{name}", f"gold.{name}")
    seconds = sum(
        float(str(result["execution_time"])) for result in workspace.results() if "model." in str(result["unique_id"])
    )
    rows = workspace.query(f"select count(*) from silver.{'sale_lines' if name == 'marketplace' else 'transactions'}")[
        0
    ][0]
    print(f"{name:12s} {rows:>9,} rows in silver   {seconds:6.2f} s of work   promised {PROMISED[name]:.0f} s")
    return seconds


def _baskets(count: int, items: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    sizes = rng.poisson(5, count) + 1
    weights = np.cumsum(1 / (np.arange(items) + 10.0))
    return np.repeat(np.arange(count), sizes), np.searchsorted(weights / weights[-1], rng.random(int(sizes.sum())))


def by_model(count: int, items: int) -> int:
    """The model's rules; returns the number of frequent sets."""
    path = ROOT / "models" / "gold" / "grocery" / "grocery_basket_rules.py"
    spec = importlib.util.spec_from_file_location("rules", path)
    assert spec is not None
    assert spec.loader is not None
    rules = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(rules)
    basket, item = _baskets(count, items)
    connection = duckdb.connect()
    connection.execute("set memory_limit = '6GB'")
    connection.register("drawn", pa.table({"basket": basket, "item": item}))
    connection.execute("create table sold as select basket::varchar as basket_id, item::varchar as item from drawn")
    started = time.perf_counter()
    baskets, sets = rules.sets_on_duckdb(connection, connection.table("sold"))
    rules.make_rules(sets, baskets)
    _say("model", started)
    return len(sets)


def by_hand(count: int, items: int) -> int:
    """The same with mlxtend, from a sparse table that is made already; returns the number of frequent sets."""
    import pandas
    import scipy.sparse
    from mlxtend.frequent_patterns import association_rules, fpgrowth

    basket, item = _baskets(count, items)
    matrix = scipy.sparse.csr_matrix((np.ones(len(basket), dtype=bool), (basket, item)), shape=(count, items))
    table = pandas.DataFrame.sparse.from_spmatrix(matrix, columns=[str(number) for number in range(items)])
    started = time.perf_counter()
    sets = fpgrowth(table, min_support=0.001, use_colnames=True)
    association_rules(sets, metric="confidence", min_threshold=0.1)
    _say("mlxtend", started)
    return len(sets)


def _say(who: str, started: float) -> None:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(f"seconds {who} {time.perf_counter() - started:.2f} {peak:.2f}", flush=True)


def _work(function: Callable[[int, int], int], count: int, items: int, answer: Any) -> None:
    started = time.perf_counter()
    sets = function(count, items)
    answer.put((sets, time.perf_counter() - started, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20))


def in_a_process(function: Callable[[int, int], int], count: int, items: int) -> tuple[int, float, float]:
    """Sets, seconds (with the drawing of the baskets, the same for both) and peak memory in GiB of a process of its own."""
    context = multiprocessing.get_context("spawn")
    answer = context.Queue()
    process = context.Process(target=_work, args=(function, count, items, answer))
    process.start()
    found = answer.get()
    process.join()
    return found


def main() -> None:
    """Measure, print, and fail where a promise is not kept."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--baskets", type=int, default=1_000_000)
    parser.add_argument("--items", type=int, default=5_000)
    parser.add_argument("--folder", type=Path, default=None)
    arguments = parser.parse_args()
    kept = True
    with tempfile.TemporaryDirectory(prefix="bench_feeds-", dir=arguments.folder) as folder:
        for name in PROMISED:
            kept &= feed(name, Path(folder)) < PROMISED[name]
    sets, seconds, peak = in_a_process(by_model, arguments.baskets, arguments.items)
    others, by_library, _ = in_a_process(by_hand, arguments.baskets, arguments.items)
    print(
        f"rules        {arguments.baskets:>9,} baskets, {arguments.items:,} items, {sets:,} frequent sets (mlxtend {others:,}):"
        f" {seconds:.1f} s, {peak:.2f} GiB; mlxtend by hand {by_library:.1f} s; ratio {seconds / by_library:.2f}"
    )
    kept &= sets == others and seconds <= by_library and peak < PROMISED_GIB
    sys.exit(0 if kept else 1)


if __name__ == "__main__":
    main()
