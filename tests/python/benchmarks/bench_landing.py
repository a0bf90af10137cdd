"""Benchmark of the landing generator: rows per second and peak memory of one run in a process of its own.

    python tests/python/benchmarks/bench_landing.py [--scale 1] [--batches 3] [--runs 1] [--folder /tmp]

Promised at scale 1 on two cores: at least 100,000 rows per second and less than 4 GiB.
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
PROMISED_ROWS, PROMISED_GIB = 100_000, 4.0
# Runs the command line and then prints the peak memory of its own process in KiB.
PROGRAM = """
import resource, sys
from demo.landing.__main__ import main
code = main(sys.argv[1:])
usage = resource.getrusage(resource.RUSAGE_SELF)
print("peak", usage.ru_maxrss // 1024 if sys.platform == "darwin" else usage.ru_maxrss)
print("cpu", usage.ru_utime + usage.ru_stime)
sys.exit(code)
"""


def measure(scale: str, batches: str, folder: Path, threads: str) -> tuple[int, float, float, float]:
    """One run: (records written, seconds with start of the interpreter, seconds of CPU, peak in GiB)."""
    out = Path(tempfile.mkdtemp(prefix="bench_landing-", dir=folder)) / "landing"
    command = [sys.executable, "-c", PROGRAM, "--scale", scale, "--batches", batches, "--out", str(out)]
    started = time.perf_counter()
    done = subprocess.run(
        [*command, "--threads", threads], cwd=ROOT, capture_output=True, text=True, env={**os.environ}, check=False
    )
    seconds = time.perf_counter() - started
    shutil.rmtree(out.parent)
    if done.returncode:
        sys.exit(done.stderr)
    records = int(re.search(r"([\d,]+) records", done.stdout)[1].replace(",", ""))
    cpu = float(re.search(r"cpu ([\d.]+)", done.stdout)[1])
    return records, seconds, cpu, int(re.search(r"peak (\d+)", done.stdout)[1]) / 2**20


def main() -> None:
    """Measure and print one line per run, and whether the promise is kept."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scale", default="1")
    parser.add_argument("--batches", default="3")
    parser.add_argument("--runs", type=int, default=1)
    parser.add_argument("--threads", default="2")
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()))
    arguments = parser.parse_args()
    for _ in range(arguments.runs):
        records, seconds, cpu, gib = measure(arguments.scale, arguments.batches, arguments.folder, arguments.threads)
        kept = "kept" if records / seconds >= PROMISED_ROWS and gib < PROMISED_GIB else "MISSED"
        print(
            f"scale {arguments.scale}, {arguments.batches} batches, {arguments.threads} threads: "
            f"{records:,} records in {seconds:.1f} s = {records / seconds:,.0f} rows/s "
            f"({cpu:.1f} s of CPU), peak {gib:.2f} GiB; promise (at scale 1) {kept}"
        )


if __name__ == "__main__":
    main()
