"""What a build took in and made, for a person to read: ``python -m lakeweave.summary``.

Reads the DuckDB warehouse read-only and dbt's own account of its last run; queries no engine but DuckDB.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import duckdb

from lakeweave.printable import printable
from lakeweave.sql import identifier

MOST_WARNED = 10
_HEADING = re.compile(r"(Compilation|Database|Runtime|Dbt Runtime|Internal|Validation) Error\b.*")
LAYERS = ("bronze", "silver", "gold", "ml", "snapshots")


def _table(rows: Sequence[tuple[str, ...]], header: tuple[str, ...]) -> list[str]:
    """Lines of a plain table: the first column to the left, all others to the right."""
    cells = [header, *rows]
    widths = [max(len(row[i]) for row in cells) for i in range(len(header))]
    return [
        "  "
        + "  ".join(
            cell.ljust(width) if i == 0 else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        for row in cells
    ]


def _run_lines(run_results: Path, since: float = 0) -> list[str]:
    """How dbt's last run ended: counts by kind and the names of what failed or warned."""
    if not run_results.exists() or run_results.stat().st_mtime < since:
        return ["dbt     built nothing; its error is above"] if since else []
    document = json.loads(run_results.read_text())
    results = document["results"]
    seconds = document.get("elapsed_time", 0.0)
    kinds = Counter(result["unique_id"].split(".")[0] for result in results)
    states = Counter(result["status"] for result in results)
    named = {
        "model": "models",
        "test": "data tests",
        "unit_test": "unit tests",
        "seed": "seeds",
        "snapshot": "snapshots",
    }
    done = ", ".join(f"{kinds[kind]} {name}" for kind, name in named.items() if kinds[kind])
    lines = [f"dbt     {done} in {seconds:.0f} s"]
    bad = [result for result in results if result["status"] in ("error", "fail", "runtime error")]
    good = states["pass"] + states["success"]
    lines.append(f"        {good} passed, {states['warn']} warned, {len(bad)} failed, {states['skipped']} skipped")
    warned = [result for result in results if result["status"] == "warn"]
    relations = _relations(run_results.with_name("manifest.json")) if bad or warned else {}
    for word, some, most in (("FAILED", bad, len(bad)), ("WARNED", warned, MOST_WARNED)):
        for result in some[:most]:
            unique_id = result["unique_id"]
            shown = relations.get(unique_id) or (result.get("relation_name") or "").replace('"', "").replace("`", "")
            about = f" ({shown})" if shown else ""
            lines.append(f"        {word} {unique_id}{about}: {_message(result.get('message'))}")
        if len(some) > most:
            lines.append(f"        and {len(some) - most} more; all are in {run_results}")
    return lines


def _message(message: str | None) -> str:
    """The message of dbt about a node, in one line, without the heading that only repeats its name."""
    lines = [line.strip() for line in (message or "").strip().splitlines()]
    while len(lines) > 1 and _HEADING.match(lines[0]):
        del lines[0]
    return printable(" ".join(line for line in lines if line), longest=600) or "no message"


def _relations(manifest: Path) -> dict[str, str]:
    """By unique id: the relation of a model, and for a data test that of the model that it tests, as schema and name."""
    try:
        nodes = json.loads(manifest.read_text())["nodes"]
    except (OSError, ValueError, KeyError):
        return {}
    found = {}
    for unique_id, node in nodes.items():
        about = nodes.get(node.get("attached_node") or "", node) if unique_id.startswith("test.") else node
        if about.get("schema") and not (about is node and unique_id.startswith("test.")):
            found[unique_id] = f"{about['schema']}.{about.get('alias') or about['name']}"
    return found


def _silver_lines(connection: duckdb.DuckDBPyConnection, present: set[tuple[str, str]]) -> list[str]:
    """Where the records of bronze are in silver, which values are untyped, and which files have another layout."""
    lines = []
    if ("ledger", "silver_records") in present:
        counted = connection.execute(
            "select sum(delivered), sum(typed), sum(with_untyped_values), sum(untyped_keys), sum(missing_keys), sum(superseded),"
            " sum(filtered), sum(repeats), sum(unaccounted) from ledger.silver_records"
        ).fetchone()
        if counted and counted[0] is not None:
            names = (
                "typed",
                "with an untyped value",
                "with an untyped key",
                "without a key",
                "superseded",
                "filtered",
                "repeats",
            )
            parts = " + ".join(f"{number:,} {name}" for number, name in zip(counted[1:8], names, strict=True))
            lines.append(f"silver  {counted[0]:,} = {parts}" + (f"; {counted[8]:,} UNACCOUNTED" if counted[8] else ""))
    if ("ledger", "untyped_values") in present:
        rows = connection.execute(
            "select model_name, column_name, reason, untyped, list_filter([example_1, example_2, example_3], e -> e is not null)"
            " from ledger.untyped_values order by untyped desc, model_name, column_name, reason"
        ).fetchall()
        lines.append(
            f"values  {sum(row[3] for row in rows):,} untyped in {len(rows):,} columns; see ledger.untyped_values"
        )
        for model, column, reason, untyped, examples in rows[:10]:
            shown = ", ".join(json.dumps(example, ensure_ascii=True) for example in examples)
            lines.append(
                f"        {model}.{column}: {untyped:,} {reason}" + (f", for example {shown}" if shown else "")
            )
    if ("ledger", "layout_changes") in present:
        rows = connection.execute(
            "select source, count(distinct file_name), list_sort(list_distinct(list(column_name) filter (change = 'missing'))),"
            " list_sort(list_distinct(list(column_name) filter (change <> 'missing')))"
            " from ledger.layout_changes where change in ('missing', 'added', 'duplicate', 'empty_name')"
            " group by source order by 1"
        ).fetchall()
        for source, files, missing, added in rows:
            differs = "; ".join(
                f"{what} {', '.join(names)}" for what, names in (("missing", missing), ("new", added)) if names
            )
            lines.append(f"layout  {source}: {files:,} file(s) have another layout: {differs}")
    return lines


def summarize(warehouse: Path, run_results: Path, since: float = 0) -> str:
    """The summary of the DuckDB warehouse at ``warehouse`` and of the run that ``run_results`` describes.

    Results that were written before ``since`` (seconds since 1970) are those of an earlier run, and are left out.

    Raises:
        FileNotFoundError: there is no warehouse at that path.
    """
    if not warehouse.exists():
        raise FileNotFoundError(
            f"There is no warehouse at {warehouse}. `make build` makes one; LAKEWEAVE_WAREHOUSE names another."
        )
    lines = ["", "Lakeweave", *_run_lines(run_results, since)]
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        present = {
            (schema, table)
            for schema, table in connection.execute(
                "select table_schema, table_name from information_schema.tables where table_type = 'BASE TABLE'"
            ).fetchall()
        }
        if ("ledger", "files") in present:
            files, records, accepted, rejected, repeats, held = connection.execute(
                "select count(*), coalesce(sum(records), 0), coalesce(sum(accepted), 0), coalesce(sum(rejected), 0),"
                " coalesce(sum(repeats), 0), count(*) filter (state = 'held') from ledger.files"
            ).fetchone() or (0, 0, 0, 0, 0, 0)
            lines.append(f"files   {files:,} delivered, {held:,} held back")
            lines.append(f"records {records:,} = {accepted:,} accepted + {rejected:,} rejected + {repeats:,} repeats")
        lines += _silver_lines(connection, present)
        if ("ledger", "model_responses") in present:
            calls, answered = connection.execute(
                "select count(*), count(distinct fingerprint) filter (state = 'ok') from ledger.model_responses"
            ).fetchone() or (0, 0)
            lines.append(f"models  {calls:,} calls ever made, {answered:,} answers in the ledger")
        for layer in LAYERS:
            rows = []
            for schema, table in sorted(present):
                if schema == layer:
                    count = connection.execute(f"select count(*) from {identifier(schema, table)}").fetchone()
                    rows.append((table, f"{count[0] if count else 0:,}"))
            if rows:
                lines += ["", *_table(rows, (layer, "rows"))]
    lines += [
        "",
        f"Look at it:  {_dbt()} show --inline 'select * from gold.daily_sales'",
        "Documents:   make docs",
        "Tests:       make test",
        "",
    ]
    # Names of columns come from headers of files.
    return "\n".join(printable(line, longest=2_000) for line in lines)


def _dbt() -> str:
    """The command for dbt as it works here: that of this environment, from this folder."""
    program = Path(sys.executable).with_name("dbt")
    if not program.exists():
        return "dbt"
    return str(program.relative_to(Path.cwd())) if program.is_relative_to(Path.cwd()) else str(program)


def main(argv: list[str] | None = None) -> int:
    """Print the summary; 0, or 2 with a sentence when there is nothing to summarize."""
    parser = argparse.ArgumentParser(prog="python -m lakeweave.summary", description=__doc__)
    parser.add_argument("--target", default="duckdb", help="the dbt target that was built (default: duckdb)")
    parser.add_argument(
        "--warehouse", type=Path, default=Path(os.environ.get("LAKEWEAVE_WAREHOUSE", "warehouse/lakeweave.duckdb"))
    )
    parser.add_argument("--run-results", type=Path, default=Path("target/run_results.json"))
    parser.add_argument("--since", type=float, default=0, help="ignore results from before this second since 1970")
    arguments = parser.parse_args(argv)
    if arguments.target != "duckdb":
        print("\n".join(["", "Lakeweave", *_run_lines(arguments.run_results, arguments.since), ""]))
        return 0
    try:
        print(summarize(arguments.warehouse, arguments.run_results, arguments.since))
    except (FileNotFoundError, duckdb.Error) as error:
        print(f"lakeweave: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
