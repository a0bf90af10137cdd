"""Measures ingestion at its sizes: a million known files, a file of 10 GB, a quoted field of 1 GB in a build.

    python -m tests.python.benchmarks.bench_sizes [--work FOLDER] [million | large | field]...

Each needs disk: `million` a million inodes and 4 GB, `large` three times the size of its file (`--megabytes`). The files are
removed at the end. A peak is that of the process, as the operating system reports it.
"""

from __future__ import annotations

import argparse
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import duckdb
import pyarrow as pa

from demo.landing import LandingConfig, generate
from lakeweave import ingestion
from lakeweave.ingestion.listing import list_files
from tests.python.benchmarks.bench_ingestion import EVENTS_SQL, Bench, ask, middle, spec_of, timed
from tests.python.support import Workspace

COLUMNS = ["id", "name"]


def million(work: Path, files: int) -> None:
    """List a tree of known files again. The ledger is filled from a listing: the files are never read."""
    folder = work / "million"
    began = time.monotonic()
    for number in range(files):
        if number % 1000 == 0:
            inner = folder / f"day_{number // 1000:04d}"
            inner.mkdir(parents=True)
        (inner / f"f{number}.csv").write_text(f"id,name\n{number},x\n")
    print(f"{files} files in {files // 1000} folders, written in {time.monotonic() - began:.0f} s", flush=True)
    conn = duckdb.connect(str(work / "million.duckdb"))
    conn.execute("set threads = 2; set memory_limit = '4GB'")
    ingestion.register(conn, {})
    spec = spec_of(folder, COLUMNS)
    found = list_files(str(folder), in_order=False).files
    listed = pa.table({"file_name": [f.name for f in found], "stat_key": [f.stat_key for f in found]})
    del found
    conn.register("listed", listed)
    conn.execute(
        "create table files as select 'b.t' as source, file_name, stat_key, sha256(file_name) as file_id, 1 as version, "
        "'loaded' as state, 1::bigint as records, now()::timestamp as delivered_at, null::varchar as reason from listed"
    )
    conn.unregister("listed")
    del listed
    plans: list[dict[str, object]] = []

    def plan() -> None:
        plans.append(ask(conn, "lakeweave_plan", spec))

    runs = [timed(plan) for _ in range(3)]
    assert all(p["known"] == files and p["new"] == 0 for p in plans), plans
    print(f"{files} known files listed again: {middle(runs)}, each run: {'; '.join(map(str, runs))}")
    # A file among them that is new is still found.
    (folder / "day_0000" / "new.csv").write_text("id,name\n1,x\n")
    plan()
    assert plans[-1]["new"] == 1, plans[-1]
    conn.close()


LOAD = """
import resource, sys, time
from pathlib import Path
from tests.python.benchmarks.bench_ingestion import EVENTS, Bench
stage, copy, totals = Bench(Path(sys.argv[1]), 0, 1).accounted(Path(sys.argv[2]), EVENTS, sys.argv[3])
print(f"  plan + stage {stage}\\n  copy {copy}\\n  {totals}")
print(f"  peak resident memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024} MB")
"""


def large(work: Path, megabytes: int, limit: str) -> None:
    """Load a file that is larger than memory, in a process of its own."""
    began = time.monotonic()
    folder = Bench(work, megabytes, 1).make("large", EVENTS_SQL, 141)
    size = (folder / "large.csv").stat().st_size / 1e9
    print(f"{size:.1f} GB, written in {time.monotonic() - began:.0f} s; memory_limit {limit}:", flush=True)
    subprocess.run([sys.executable, "-c", LOAD, str(work), str(folder), limit], check=True)


def field(work: Path, megabytes: int) -> None:
    """Build a bronze model whose folder has a file with one quoted field of this size."""
    generate(LandingConfig(scale=0.001, batches=1, seed=7, out=work / "landing"))
    workspace = Workspace.create(work / "project", work / "landing")
    workspace.dbt("seed")
    inbox = next(p.parent for p in (work / "landing").rglob("*users*.csv"))
    ordinary = next(inbox.glob("*.csv")).read_text().splitlines(keepends=True)
    before = _peak_of(workspace)
    cells = ordinary[1].rstrip("\n").split(",")
    with open(inbox / "long_field.csv", "w") as out:
        out.writelines(ordinary[:50])
        out.write(",".join([cells[0], '"']))
        for _ in range(megabytes):
            out.write("free text without an end\n" * 40_000)
        out.write(",".join(['"', *cells[2:]]) + "\n")
    size = (inbox / "long_field.csv").stat().st_size / 1e6
    after = _peak_of(workspace)
    ((state, reason),) = workspace.query(
        "select state, reason from ledger.files where file_name like '%long_field.csv'"
    )
    print(
        f"a quoted field of {size:.0f} MB in a build: {state}, {reason}; peak {after} MB, {before} MB without the file"
    )
    assert state == "held", reason


def _peak_of(workspace: Workspace) -> int:
    """The peak of resident memory, in MB, of a dbt process that builds bronze.users."""
    process = subprocess.Popen(
        workspace.command("run", "--select", "bronze_users"),
        cwd=workspace.root,
        env=workspace.env(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    output: list[str] = []
    assert process.stdout
    reader = threading.Thread(target=lambda out: output.extend(out), args=(process.stdout,))
    reader.start()
    _, status, usage = os.wait4(process.pid, 0)
    reader.join()
    assert os.waitstatus_to_exitcode(status) == 0, "".join(output)[-3000:]
    return usage.ru_maxrss // 1024


def main() -> None:
    """Run what was asked for; by default all of it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", nargs="*", choices=["million", "large", "field", []], default=[])
    parser.add_argument("--files", type=int, default=1_000_000)
    parser.add_argument("--megabytes", type=int, default=10_000, help="size of the large file")
    parser.add_argument("--field", type=int, default=1_000, help="size of the quoted field in MB")
    parser.add_argument("--memory-limit", default="2GB", help="DuckDB's limit for the large file")
    parser.add_argument("--work", type=Path, help="a folder for the files; default: a temporary one")
    options = parser.parse_args()
    for what in options.what or ["million", "large", "field"]:
        work = Path(tempfile.mkdtemp(prefix="lakeweave_sizes_", dir=options.work))
        try:
            if what == "million":
                million(work, options.files)
            elif what == "large":
                large(work, options.megabytes, options.memory_limit)
            else:
                field(work, options.field)
        finally:
            shutil.rmtree(work, ignore_errors=True)
    print(f"peak of this process {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024} MB")


if __name__ == "__main__":
    main()
