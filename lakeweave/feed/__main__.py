"""``python -m lakeweave.feed NAME --from PATH``: adds a feed from files, a folder or a table of a database, and builds it."""

from __future__ import annotations

import argparse
import csv
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from lakeweave.errors import UserError
from lakeweave.feed.columns import Column, choose_key, guess
from lakeweave.feed.tables import DATABASE, MAX_RECORDS, Table, find_tables
from lakeweave.feed.writing import DATA_TYPES, RECORD_KEY, Plan, sources
from lakeweave.ingestion.names import snake_case


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns dbt's exit code, or 2 with a sentence on the error stream."""
    parser = argparse.ArgumentParser(prog="python -m lakeweave.feed", description=__doc__)
    parser.add_argument("name", help="name of the feed: a source, and a folder below models/bronze and models/silver")
    parser.add_argument(
        "--from",
        dest="given",
        required=True,
        metavar="PATH",
        help=f"a file, a folder, or `{DATABASE}<connection>/<table>`",
    )
    parser.add_argument("--table", help="name of the table; default: from the name of the file")
    parser.add_argument("--key", help="column that identifies a row; default: guessed")
    parser.add_argument("--project-dir", type=Path, default=Path(), help="folder of the dbt project")
    parser.add_argument("--landing", type=Path, help="landing zone; default: LAKEWEAVE_LANDING, or `landing`")
    parser.add_argument("--target", help="dbt target")
    parser.add_argument("--no-build", action="store_true", help="write the files and build nothing")
    options = parser.parse_args(arguments)
    try:
        return _add(options)
    except UserError as error:
        print(error, file=sys.stderr)
        return 2


def _add(options: argparse.Namespace) -> int:
    feed = snake_case(options.name)
    project = options.project_dir.resolve()
    if not (project / "dbt_project.yml").is_file():
        raise UserError(
            f"{str(project)!r} is not a dbt project (no dbt_project.yml). Run this in the project, or give --project-dir."
        )
    landing = (options.landing or project / os.environ.get("LAKEWEAVE_LANDING", "landing")).resolve()
    tables = find_tables(options.given, snake_case(options.table) if options.table else None)
    plans = [_plan(feed, table, options.key) for table in tables]
    files = _files(project, feed, plans)
    _refuse_existing(project, feed, plans, files)
    for plan in plans:
        _print_plan(plan)
    for plan in plans:
        _deliver(plan, landing)
    for path, text in files.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    print("\nWritten:")
    for path in files:
        print(f"  {path.relative_to(project)}")
    models = [f"+silver_{plan.table.name}" for plan in plans]
    command = ["build", "--select", *models, *(["--target", options.target] if options.target else [])]
    if options.no_build:
        print(f"\nBuild it: dbt {' '.join(command)}")
        return 0
    print(f"\nBuilding: dbt {' '.join(command)}", flush=True)
    status = subprocess.run(
        [sys.executable, "-c", "from dbt.cli.main import cli; cli()", *command], cwd=project, check=False
    ).returncode
    if status == 0:
        shown = ", ".join(f"silver.{plan.table.name}" for plan in plans)
        print(
            f"\nReady: {shown}. Look at a table: dbt show --select silver_{plans[0].table.name}. Documentation: make docs."
        )
        print(f"Deliver more files to {_shown(landing / feed, project)}, and run dbt build again.")
    return status


def _plan(feed: str, table: Table, key_name: str | None) -> Plan:
    sentinels, symbols = _seed("null_sentinels", "sentinel"), _seed("currency_symbols", "symbol")
    columns = [
        guess(c, table.values[c], table.records, frozenset(s.lower() for s in sentinels), symbols)
        for c in table.columns
    ]
    by_name = {c.name: c for c in columns}
    if key_name and key_name not in by_name:
        raise UserError(
            f"--key is {key_name!r}, which is not a column of {table.name!r}. Its columns: {', '.join(by_name)}."
        )
    key: Column | None = by_name[key_name] if key_name else choose_key(table.name, columns)
    if key and key.kind not in ("integer", "text"):
        key.kind = "text"
    if table.connection and (key is None or key.kind != "integer"):
        raise UserError(
            f"The table {table.name!r} has no whole number that identifies a row, which a read of a database needs. Give --key."
        )
    return Plan(feed, table, columns, key)


def _seed(name: str, column: str) -> list[str]:
    path = Path(__file__).resolve().parents[2] / "seeds" / f"{name}.csv"
    if not path.is_file():
        return []
    with path.open(encoding="utf-8", newline="") as stream:
        return [row[column] for row in csv.DictReader(stream)]


def _files(project: Path, feed: str, plans: list[Plan]) -> dict[Path, str]:
    files = {project / "models/bronze" / feed / "_sources.yml": sources(feed, plans)}
    for plan in plans:
        files.update(plan.files(project))
    files[project / "docs/blocks" / f"{feed}.md"] = "\n".join(plan.blocks() for plan in plans)
    return files


def _refuse_existing(project: Path, feed: str, plans: list[Plan], files: dict[Path, str]) -> None:
    problems = [f"{path.relative_to(project)} exists" for path in files if path.exists()]
    names = {p.stem: p for p in (project / "models").rglob("*.sql")}
    for plan in plans:
        for layer in ("bronze", "silver"):
            other = names.get(f"{layer}_{plan.table.name}")
            if other and other not in files:
                problems.append(
                    f"the model {layer}_{plan.table.name} exists ({other.relative_to(project)}); give another --table"
                )
    if problems:
        raise UserError(f"The feed {feed!r} cannot be added: " + "; ".join(problems) + ". Nothing was written.")


def _deliver(plan: Plan, landing: Path) -> None:
    folder = landing / plan.feed / plan.table.name
    folder.mkdir(parents=True, exist_ok=True)
    for file in plan.table.files:
        target = folder / file.name
        if target.resolve() != file.resolve():
            part = target.with_name(target.name + ".part")
            shutil.copy2(file, part)
            part.replace(target)


def _print_plan(plan: Plan) -> None:
    table = plan.table
    sampled = f" (the first {MAX_RECORDS:,}; the types are guessed from them)" if table.sampled else ""
    rejected = f", {table.rejected:,} rejected" if table.rejected else ""
    print(f"\n{plan.feed}.{table.name}: {table.records:,} records{sampled}{rejected}, {len(plan.columns)} columns")
    width = max(len(c.name) for c in plan.columns)
    for column in plan.columns:
        formats = f", ISO 8601 or {' or '.join(column.formats)}" if column.formats else ""
        marks = ", key" * (column is plan.key) + ", personal" * column.is_personal
        example = f"  such as {column.examples[0]!r}" if column.examples else ""
        print(f"  {column.name:<{width}}  {DATA_TYPES[column.kind]}{formats}{marks}{example}")
    notes = [f"{c.name} {note}" for c in plan.columns for note in c.notes] + table.problems
    if plan.key is None:
        notes.insert(
            0,
            f"no column identifies a row, so each record is a row with the key `{RECORD_KEY}`; if one does, give --key",
        )
    else:
        notes.insert(
            0, f"{plan.key.name} identifies a row; of records with the same {plan.key.name} the newest is kept"
        )
    personal = [c.name for c in plan.columns if c.is_personal]
    if personal:
        notes.append(
            f"tagged as personal by their names, so they may not reach a model without `allow_pii`: {', '.join(personal)}"
        )
    print("Please check:")
    for note in notes:
        print(f"  * {note}")


def _shown(path: Path, project: Path) -> str:
    return str(path.relative_to(project)) if path.is_relative_to(project) else str(path)


if __name__ == "__main__":
    sys.exit(main())
