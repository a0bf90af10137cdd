"""Measures accounted ingestion beside a bare load, and the readers that were considered for it.

    python -m tests.python.benchmarks.bench_ingestion [--megabytes 300] [--repeat 3] [--work FOLDER] [WHAT...]

``WHAT``: clean, field, quoted, gzip, broken, small, known, memory (all of these by default but memory), readers. Every number
stands beside that of a bare ``create table … as select * from read_csv(…, all_varchar = true)``, measured in turn with it,
so that the ratio holds on a busy machine too. Times are wall clock and processor time. Two pairs are compared: plan and
stage beside a bare load into a table in memory, because staged records are in memory; and plan, stage and the copy beside
a bare load into a table on disk.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import io
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.csv

from lakeweave import ingestion
from tests.python.malformed.mutations import COLUMNS, Case, all_cases

EVENTS = [
    "id",
    "user_id",
    "sequence_number",
    "session_id",
    "created_at",
    "ip_address",
    "city",
    "state",
    "postal_code",
    "browser",
    "traffic_source",
    "uri",
    "event_type",
]
LINEAGE = """, sha256('x') as _file_id, 'events.csv' as _file_name, row_number() over () as _record_number,
    false as is_duplicate_in_file"""
MEMORY = "4GB"
"""DuckDB's memory limit in every comparison."""
QUOTED = ["id", "comment", "session_id", "created_at", "city", "title"]
EVENTS_SQL = """
    select i as id, case when i % 2 = 0 then i // 13 end as user_id, i % 13 as sequence_number, uuid() as session_id,
        timestamp '2023-01-01' + interval (i) second as created_at,
        (i % 255) || '.' || (i % 199) || '.12.' || (i % 77) as ip_address,
        'City' || (i % 900) as city, 'State' || (i % 50) as state, 10000 + i % 80000 as postal_code,
        case when i % 3 = 0 then 'Chrome' else 'Firefox' end as browser, 'Email' as traffic_source,
        '/product/' || (i % 29120) as uri, 'product' as event_type
    from range({rows}) as t (i)
"""
QUOTED_SQL = """
    select i as id, 'He said "' || i || '" and' || case when i % 3 = 0 then chr(10) else ' ' end || 'left, later' as comment,
        uuid() as session_id, timestamp '2023-01-01' + interval (i) second as created_at,
        'City' || (i % 900) as city, 'x, y' as title
    from range({rows}) as t (i)
"""
# One quoted field in each record.
FIELD_SQL = EVENTS_SQL.replace("'Email' as traffic_source", "'Email, ad' as traffic_source")


@dataclass
class Timing:
    """Wall clock and processor seconds of one run."""

    wall: float
    cpu: float

    def __str__(self) -> str:
        return f"{self.wall:6.2f} s ({self.cpu:5.2f} s CPU)"


def spec_of(folder: Path, columns: list[str]) -> dict[str, object]:
    """The spec of the source that the benchmarks load."""
    return {
        "source": "b.t",
        "folder": str(folder),
        "columns": columns,
        "schema": "b",
        "table": "t",
        "ledger": "main.files",
    }


def ask(conn: duckdb.DuckDBPyConnection, function: str, argument: object) -> dict[str, Any]:
    """Call a SQL function with an argument that becomes JSON."""
    answer = json.loads(conn.execute(f"select {function}(?)", [json.dumps(argument)]).fetchall()[0][0])
    assert "error" not in answer, answer
    return answer


def timed(work: Callable[[], object]) -> Timing:
    """Run ``work`` once."""
    wall, cpu = time.perf_counter(), time.process_time()
    work()
    return Timing(time.perf_counter() - wall, time.process_time() - cpu)


def middle(runs: list[Timing]) -> Timing:
    """The median of several runs."""
    return Timing(median(r.wall for r in runs), median(r.cpu for r in runs))


class Bench:
    """Files of a size, a scratch folder and the two ways to load them."""

    def __init__(self, work: Path, megabytes: int, repeat: int) -> None:
        self.work, self.megabytes, self.repeat = work, megabytes, repeat

    def connect(self, name: str, memory: str | None = None) -> duckdb.DuckDBPyConnection:
        """A new database on disk."""
        path = self.work / name
        path.unlink(missing_ok=True)
        conn = duckdb.connect(str(path))
        conn.execute("set threads = 2; set enable_progress_bar = false")
        if memory:
            conn.execute(f"set memory_limit = '{memory}'")
        return conn

    def make(self, name: str, sql: str, bytes_per_row: int) -> Path:
        """A folder with one CSV file made by ``sql``."""
        folder = self.work / name
        folder.mkdir(exist_ok=True)
        target = folder / f"{name}.csv"
        if not target.exists():
            rows = self.megabytes * 1_000_000 // bytes_per_row
            conn = duckdb.connect()
            conn.execute(f"copy ({sql.format(rows=rows)}) to '{target}' (header)")
            conn.close()
        return folder

    def bare(
        self,
        files: list[Path],
        parallel: bool = True,
        memory: str | None = None,
        *,
        disk: bool = True,
        lineage: bool = False,
    ) -> Timing:
        """A bare load into a table on disk or in memory, with ``lineage`` also of the four columns that bronze adds."""
        conn = self.connect("bare.duckdb", memory)
        if not disk:
            conn.execute("attach ':memory:' as other; use other")
        listed = ", ".join("'" + str(f).replace("'", "''") + "'" for f in files)

        def load() -> None:
            conn.execute(
                f"create table t as select *{LINEAGE if lineage else ''} from read_csv([{listed}], all_varchar = true, "
                f"header = true, delim = ',', quote = '\"', parallel = {str(parallel).lower()})"
            )

        result = timed(load)
        conn.close()
        return result

    def accounted(
        self, folder: Path, columns: list[str], memory: str | None = None
    ) -> tuple[Timing, Timing, dict[str, int]]:
        """Plan and stage (first), then the copy of the staged records into a table on disk (second)."""
        conn = self.connect("accounted.duckdb", memory)
        ingestion.register(conn, {})
        spec = spec_of(folder, columns)
        totals: Counter[str] = Counter()
        stage, copy = Timing(0, 0), Timing(0, 0)

        def add(a: Timing, b: Timing) -> Timing:
            return Timing(a.wall + b.wall, a.cpu + b.cpu)

        plan: dict[str, Any] = {}
        stage = add(stage, timed(lambda: plan.update(ask(conn, "lakeweave_plan", spec))))
        for batch in range(plan["batches"]):
            report: dict[str, Any] = {}
            request = {"plan_id": plan["plan_id"], "batch": batch}
            stage = add(stage, timed(lambda r=report, q=request: r.update(ask(conn, "lakeweave_stage", q))))
            totals.update({k: report[k] for k in ("files", "records", "accepted", "rejected", "repeats")})
            totals["held"] += len(report["held"])
            statement = "create table t as from staging.b.t" if batch == 0 else "insert into t from staging.b.t"
            copy = add(copy, timed(lambda s=statement: conn.execute(s)))
        conn.close()
        return stage, copy, dict(totals)

    # -------------------------------------------------------------- measures

    def side_by_side(
        self, label: str, folder: Path, columns: list[str], parallel: bool = True, bare: list[Path] | None = None
    ) -> None:
        """Both ways in turn, several times; prints medians and ratios."""
        files = bare or sorted(p for p in folder.iterdir() if p.is_file())
        size = sum(f.stat().st_size for f in files) / 1e6
        on_disk, in_memory, traced, stages, whole = [], [], [], [], []
        for _ in range(self.repeat):
            on_disk.append(self.bare(files, parallel, MEMORY))
            in_memory.append(self.bare(files, parallel, MEMORY, disk=False))
            traced.append(self.bare(files, parallel, MEMORY, lineage=True))
            stage, copy, totals = self.accounted(folder, columns, MEMORY)
            stages.append(stage)
            whole.append(Timing(stage.wall + copy.wall, stage.cpu + copy.cpu))
        d, m, s, w = middle(on_disk), middle(in_memory), middle(stages), middle(whole)
        print(f"{label}: {len(files)} file(s), {size:.0f} MB, {totals}")
        print(f"  bare load, in memory     {m}  {size / m.wall:6.0f} MB/s")
        print(
            f"  plan + stage             {s}  {m.wall / s.wall:.2f} by the clock, {m.cpu / s.cpu:.2f} by processor time"
        )
        print(f"  bare load, on disk       {d}  {size / d.wall:6.0f} MB/s")
        print(
            f"  plan + stage + copy      {w}  {d.wall / w.wall:.2f} by the clock, {d.cpu / w.cpu:.2f} by processor time"
        )
        t = middle(traced)
        print(
            f"  bare, with lineage       {t}  {t.wall / w.wall:.2f} by the clock, {t.cpu / w.cpu:.2f} by processor time, "
            "beside plan + stage + copy",
            flush=True,
        )

    def clean(self) -> None:
        """Clean CSV without quotes."""
        self.side_by_side("clean", self.make("events", EVENTS_SQL, 141), EVENTS)

    def field(self) -> None:
        """Clean CSV with one quoted field in each record."""
        self.side_by_side("one quoted field a record", self.make("field", FIELD_SQL, 147), EVENTS)

    def quoted(self) -> None:
        """Clean CSV with quotes and line ends in them; the bare load needs one thread to read it at all."""
        self.side_by_side("quoted newlines", self.make("quoted", QUOTED_SQL, 117), QUOTED, parallel=False)

    def gzip(self) -> None:
        """The clean file, compressed."""
        source = self.make("events", EVENTS_SQL, 141) / "events.csv"
        folder = self.work / "gzipped"
        folder.mkdir(exist_ok=True)
        target = folder / "events.csv.gz"
        if not target.exists():
            with source.open("rb") as stream, gzip.open(target, "wb", compresslevel=5) as out:
                shutil.copyfileobj(stream, out, 1 << 20)
        self.side_by_side("gzip (MB of the compressed file)", folder, EVENTS)

    def broken(self) -> None:
        """The clean file with two malformed records: it is read carefully as a whole."""
        source = self.make("events", EVENTS_SQL, 141) / "events.csv"
        folder = self.work / "broken"
        folder.mkdir(exist_ok=True)
        target = folder / "events.csv"
        if not target.exists():
            shutil.copy(source, target)
            with target.open("a") as stream:
                stream.write('1,2,3\n4,"x,5\n')
        self.side_by_side("two malformed records", folder, EVENTS, bare=[source])

    def small(self) -> None:
        """10,000 small files, and a second plan with nothing new."""
        folder = self.work / "small"
        columns = [f"c{i}" for i in range(9)]
        if not folder.exists():
            folder.mkdir()
            for i in range(10_000):
                lines = [",".join(columns), *(",".join(f"{i}_{j}_{k}" for k in range(9)) for j in range(20))]
                (folder / f"f{i}.csv").write_text("\n".join(lines) + "\n")
        stage, copy, totals = self.accounted(folder, columns)
        per_file = stage.wall / totals["files"] * 1000
        print(
            f"10,000 small files: {totals}\n  plan + stage             {stage}  {per_file:.2f} ms a file\n  copy {copy}",
            flush=True,
        )

    def known(self) -> None:
        """A build with nothing new."""
        folder = self.work / "small"
        if not folder.exists():
            self.small()
        conn = self.connect("known.duckdb")
        ingestion.register(conn, {})
        columns = [f"c{i}" for i in range(9)]
        spec = spec_of(folder, columns)
        plan = ask(conn, "lakeweave_plan", spec)
        ask(conn, "lakeweave_stage", {"plan_id": plan["plan_id"], "batch": 0})
        conn.execute("create table files as from staging.b.t__files")
        runs = []
        for _ in range(self.repeat):
            runs.append(timed(lambda: ask(conn, "lakeweave_plan", spec)))
        conn.close()
        t = middle(runs)
        print(f"10,000 known files, nothing new: {t}  {t.wall / 10_000 * 1000:.3f} ms a file", flush=True)

    def memory(self, limit: str = "1500MB", megabytes: int = 3000) -> None:
        """A file twice the size of the memory that DuckDB may use, in a process of its own."""
        big = replace_bench(self, megabytes)
        folder = big.make("large", EVENTS_SQL, 141)
        code = (
            "import sys, resource; from pathlib import Path; from tests.python.benchmarks.bench_ingestion import Bench, EVENTS; "
            f"b = Bench(Path({str(self.work)!r}), {megabytes}, 1); "
            f"print('  bare load to disk', b.bare([Path({str(folder)!r}) / 'large.csv'], memory={limit!r}), flush=True); "
            f"s, c, t = b.accounted(Path({str(folder)!r}), EVENTS, {limit!r}); "
            "print(f'  plan + stage {s}\\n  copy {c}\\n  {t}; peak resident memory ' "
            "f'{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024} MB')"
        )
        print(f"{megabytes} MB with memory_limit {limit}:", flush=True)
        subprocess.run([sys.executable, "-c", code], check=True)


def replace_bench(bench: Bench, megabytes: int) -> Bench:
    """The same bench for files of another size."""
    return Bench(bench.work, megabytes, bench.repeat)


# ------------------------------------------------------------------ readers


@dataclass
class Reading:
    """What a reader gave for a file."""

    rows: list[tuple[str | None, ...]]
    reported: int


def candidate_duckdb(path: str, case: Case, delimiter: str, quote: str, *, strict: bool = True) -> Reading:
    """DuckDB with its rejects table."""
    conn = duckdb.connect()
    types = ", ".join(f"{c}: 'varchar'" for c in case.columns)
    try:
        rows = conn.execute(
            f"select * from read_csv(?, header = true, auto_detect = false, columns = {{{types}}}, delim = ?, quote = ?, "
            f"escape = ?, strict_mode = {str(strict).lower()}, store_rejects = true)",
            [path, delimiter, quote, quote],
        ).fetchall()
        ((reported,),) = conn.execute("select count(distinct line) from reject_errors").fetchall()
        return Reading(rows, reported)
    finally:
        conn.close()


def candidate_pyarrow(path: str, case: Case, delimiter: str, quote: str) -> Reading:
    """pyarrow with its handler of invalid rows."""
    reported = 0

    def handler(row: pyarrow.csv.InvalidRow) -> str:
        nonlocal reported
        reported += 1
        return "skip"

    names = case.columns
    table = pyarrow.csv.read_csv(
        path,
        parse_options=pyarrow.csv.ParseOptions(
            delimiter=delimiter, quote_char=quote, newlines_in_values=True, invalid_row_handler=handler
        ),
        convert_options=pyarrow.csv.ConvertOptions(
            column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=True, null_values=[""]
        ),
    )
    columns = [table.column(i).cast(pa.string()).to_pylist() for i in range(table.num_columns)]
    return Reading(list(zip(*columns, strict=True)), reported)


def candidate_python(path: str, case: Case, delimiter: str, quote: str) -> Reading:
    """Python's csv with a check of the number of fields."""
    with open(path, encoding="utf-8", newline="") as stream:
        reader = csv.reader(stream, delimiter=delimiter, quotechar=quote)
        header = next(reader)
        rows = [r for r in reader if r]
    good = [tuple(v or None for v in r) for r in rows if len(r) == len(header)]
    return Reading(good, len(rows) - len(good))


def candidate_ours(path: str, case: Case, delimiter: str, quote: str) -> Reading:
    """The reader of this project, with the same knowledge as the others: the header of the file."""
    account = ingestion.account_file(path)
    rows = [tuple(r.values()) for r in ingestion.accepted_records(path)]
    return Reading(rows, account.rejected)


CANDIDATES: dict[str, Callable[[str, Case, str, str], Reading]] = {
    "DuckDB store_rejects, strict": candidate_duckdb,
    "DuckDB store_rejects, not strict": lambda *a: candidate_duckdb(*a, strict=False),
    "pyarrow, invalid_row_handler": candidate_pyarrow,
    "Python csv + field count": candidate_python,
    "lakeweave.ingestion": candidate_ours,
}


def comparable() -> Iterator[tuple[Case, str, str]]:
    """Cases that every candidate could read: CSV in UTF-8 with its header first, dialect given to all of them."""
    for case in all_cases():
        if (
            case.held
            or case.options
            or not case.name.endswith(".csv")
            or case.encoding not in (None, "utf-8")
            or not case.records
        ):
            continue
        if case.name.startswith(
            ("preamble", "lines_called", "array_called", "packed", "dialect_odd", "backslash", "header_")
        ):
            continue
        if case.columns != COLUMNS or case.data.startswith((b"\xff\xfe", b"\xfe\xff")) or case.changes:
            continue
        head = case.data.splitlines()[0].decode("utf-8", "replace")
        quote = "'" if head.startswith("'") else '"'
        delimiter = next(c for c in ",;\t|^~" if c in head)
        yield case, delimiter, quote


def readers(work: Path) -> None:
    """Each candidate over the malformed files whose truth is known."""
    cases = list(comparable())
    print(
        f"{len(cases)} malformed or unusual CSV files, {sum(len(c.records) + len(c.rejected) for c, _, _ in cases)} records"
    )
    print(f"{'reader':34s} raises  unaccounted  lost  invented  wrong rows  exact")
    for name, candidate in CANDIDATES.items():
        tally: Counter[str] = Counter()
        examples: dict[str, list[str]] = {}
        for case, delimiter, quote in cases:
            path = work / "case.csv"
            path.write_bytes(case.data)
            truth = [tuple(v or None for v in r) for r in case.records]
            try:
                found = candidate(str(path), case, delimiter, quote)
            except Exception as error:
                tally["raises"] += 1
                examples.setdefault("raises", []).append(f"{case.name}: {str(error).splitlines()[0][:60]}")
                continue
            total = len(truth) + len(case.rejected)
            given = len(found.rows) + found.reported
            exact = found.rows == truth and given == total
            wrong = sum((Counter(found.rows) - Counter(truth)).values())
            tally["exact"] += exact
            tally["wrong"] += wrong
            if given != total:
                tally["unaccounted"] += 1
                tally["lost"] += max(0, total - given)
                tally["invented"] += max(0, given - total)
                examples.setdefault("unaccounted", []).append(f"{case.name} ({given} of {total})")
            elif not exact:
                examples.setdefault("other rows", []).append(case.name)
        print(
            f"{name:34s} {tally['raises']:6d} {tally['unaccounted']:12d} {tally['lost']:5d} {tally['invented']:9d} "
            f"{tally['wrong']:11d} {tally['exact']:6d}"
        )
        for kind, shown in examples.items():
            print(f"    {kind}: {'; '.join(shown[:6])}{' …' if len(shown) > 6 else ''}")
    phantom(work)


def phantom(work: Path) -> None:
    """A clean file in which every third comment has a line end, large enough for several threads."""
    folder = work / "phantom"
    folder.mkdir(exist_ok=True)
    path = folder / "phantom.csv"
    n = 1_000_000
    conn = duckdb.connect()
    conn.execute("set threads = 2")
    conn.execute(f"copy ({QUOTED_SQL.format(rows=n)}) to '{path}' (header)")
    types = ", ".join(f"{c}: 'varchar'" for c in QUOTED)
    print(f"a clean file of {n} records with line ends in quotes, {path.stat().st_size / 1e6:.0f} MB, two threads:")
    for label, more in (
        ("all_varchar", ""),
        ("store_rejects", ", store_rejects = true"),
        ("ignore_errors", ", ignore_errors = true"),
        ("store_rejects, parallel = false", ", store_rejects = true, parallel = false"),
    ):
        try:
            ((found,),) = conn.execute(
                f"select count(*) from read_csv('{path}', auto_detect = false, header = true, columns = {{{types}}}{more})"
            ).fetchall()
            rejected = 0
            if "store_rejects" in more:
                ((rejected,),) = conn.execute("select count(*) from reject_errors").fetchall()
            print(f"    DuckDB {label}: {found} records, {rejected} rejected")
        except duckdb.Error as error:
            print(f"    DuckDB {label}: {str(error).splitlines()[0]}")
    out = io.StringIO()
    ingestion_main(["account", str(path)], out)
    print(f"    lakeweave.ingestion: {out.getvalue().splitlines()[-1]}")


def ingestion_main(arguments: list[str], out: io.StringIO) -> None:
    """The command line of the reader."""
    from lakeweave.ingestion.__main__ import main

    main(arguments, out)


def main() -> None:
    """Run what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    names = ["clean", "field", "quoted", "gzip", "broken", "small", "known", "memory", "readers"]
    parser.add_argument("what", nargs="*", choices=[*names, []], default=[])
    parser.add_argument("--megabytes", type=int, default=300)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--work", type=Path, help="keep files here; default: a temporary folder")
    options = parser.parse_args()
    work = options.work or Path(tempfile.mkdtemp(prefix="lakeweave_bench_"))
    work.mkdir(parents=True, exist_ok=True)
    bench = Bench(work, options.megabytes, options.repeat)
    try:
        for name in options.what or [n for n in names if n not in ("memory", "readers")]:
            if name == "readers":
                readers(work)
            else:
                getattr(bench, name)()
    finally:
        if options.work is None:
            shutil.rmtree(work, ignore_errors=True)
    print(
        f"peak resident memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024} MB on {os.cpu_count()} cores"
    )


if __name__ == "__main__":
    main()
