"""Sends the recorded statements to BigQuery as dry runs: what an account adds to the proof. Nothing is run, nothing is billed.

    python -m tests.python.bigquery.dry_run --project my-project --location US
    python -m tests.python.bigquery.dry_run --write statements        # one file each, for `bq query --dry_run`

The statements are recorded again with the names of that project, so that they are the ones that `dbt build` would send there. A
dry run leaves nothing behind: a statement that names what an earlier one would have made waits until `dbt build` has made it,
and is counted apart from those that BigQuery refuses.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from google.api_core.exceptions import BadRequest, Forbidden, GoogleAPICallError, NotFound

from .recorder import ROOT, Recording, record
from .standin import Statement


class Queries(Protocol):
    """What of `google.cloud.bigquery.Client` is needed."""

    def query(self, query: str, job_config: Any = None) -> Any:
        """Sends a query job."""


@dataclass(frozen=True)
class Verdict:
    """What BigQuery said of a statement: `taken`, `refused`, or `waits` for what an earlier statement makes."""

    statement: Statement
    state: str
    message: str = ""

    def __str__(self) -> str:
        where = _PLACE.search(self.message)
        place = f"{where.group(1)}:{where.group(2)}" if where else "-"
        message = " ".join(_PLACE.sub("", self.message).split())
        return f"{self.statement.node} {place} {message} [{self.statement.phase}, statement {self.statement.number}]"


_PLACE = re.compile(r"\s*(?:at )?\[(?:at )?(\d+):(\d+)\]")
_MISSING = re.compile(
    r"Not found: (?:Table|Model|Dataset|Routine|View) ([\w:.$-]+)|Unrecognized (?:table|model) name: ([\w.-]+)"
)


def to_send(statements: Iterable[Statement]) -> list[Statement]:
    """The statements that are SQL, each text once; what the adapter does by other calls of the API has no dry run."""
    found: dict[str, Statement] = {}
    for statement in statements:
        if not statement.by_api:
            found.setdefault(statement.text, statement)
    return list(found.values())


def made(statements: Iterable[Statement]) -> set[str]:
    """The last two pieces of the path of everything that a recorded statement makes."""
    paths = {each.target for statement in statements for each in statement.analyzed if each.target}
    return {_ending(path) for path in paths} | {path.rsplit(".", 1)[-1] for path in paths if path.count(".") == 1}


def _ending(path: str) -> str:
    return ".".join(path.replace(":", ".").split(".")[-2:])


def check(statements: Sequence[Statement], client: Queries, told: Callable[[Verdict], None]) -> list[Verdict]:
    """Asks BigQuery about each statement and tells every verdict but `taken` as it comes."""
    from google.cloud.bigquery import QueryJobConfig

    later = made(statements)
    verdicts = []
    for statement in to_send(statements):
        config = QueryJobConfig(dry_run=True, use_query_cache=False, use_legacy_sql=False)
        try:
            client.query(statement.text, job_config=config)
            verdict = Verdict(statement, "taken")
        except (BadRequest, NotFound, Forbidden, GoogleAPICallError) as wrong:
            missing = _MISSING.search(wrong.message)
            name = _ending(next(filter(None, missing.groups()))) if missing else ""
            waits = bool(missing) and (name in later or name.rsplit(".", 1)[-1] in later)
            verdict = Verdict(statement, "waits" if waits else "refused", wrong.message)
        if verdict.state != "taken":
            told(verdict)
        verdicts.append(verdict)
    return verdicts


def write(statements: Sequence[Statement], folder: Path) -> list[Path]:
    """One file for each statement, in the order in which they are sent. Raises `FileExistsError` where the folder has files."""
    if folder.exists() and any(folder.iterdir()):
        raise FileExistsError(f"{folder} is not empty; name a new folder, or empty that one")
    folder.mkdir(parents=True, exist_ok=True)
    files = []
    for statement in to_send(statements):
        name = re.sub(r"[^\w.-]+", "_", f"{statement.number:04d} {statement.phase} {statement.node}")[:150]
        path = folder / f"{name}.sql"
        path.write_text(statement.text.rstrip() + "\n")
        files.append(path)
    return files


def _recorded(project: str | None, location: str | None, variables: dict[str, Any]) -> Recording:
    if project:
        os.environ["LAKEWEAVE_GCP_PROJECT"] = project
    if location:
        os.environ["LAKEWEAVE_GCP_LOCATION"] = location
    return record(ROOT, variables=variables)


def main(arguments: Sequence[str] | None = None, client: Queries | None = None) -> int:
    """The command. Gives 1 where BigQuery refuses a statement, else 0."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.python.bigquery.dry_run", description=__doc__.partition("\n")[0]
    )
    parser.add_argument("--project", help="project of Google Cloud; else LAKEWEAVE_GCP_PROJECT")
    parser.add_argument("--location", help="location of its datasets; else LAKEWEAVE_GCP_LOCATION, or US")
    parser.add_argument("--vars", default="{}", help="dbt variables as JSON: your own endpoints and connections")
    parser.add_argument("--write", type=Path, metavar="FOLDER", help="only write the statements there, one file each")
    given = parser.parse_args(arguments)
    if client is None and given.write is None and not (given.project or os.environ.get("LAKEWEAVE_GCP_PROJECT")):
        parser.error(
            "which project? give --project or LAKEWEAVE_GCP_PROJECT, or --write FOLDER for the statements alone"
        )
    recording = _recorded(given.project, given.location, json.loads(given.vars))
    if given.write is not None:
        files = write(recording.statements, given.write)
        print(f"{len(files)} statements in {given.write}")
        return 0
    if client is None:
        from google.cloud import bigquery

        client = bigquery.Client(project=recording.warehouse.project, location=given.location)
    verdicts = check(recording.statements, client, lambda each: print(f"{each.state}: {each}", flush=True))
    count = {state: sum(each.state == state for each in verdicts) for state in ("taken", "waits", "refused")}
    print(
        f"{len(verdicts)} statements: {count['taken']} taken, {count['refused']} refused, "
        f"{count['waits']} wait for what an earlier one makes (run `dbt build` there, then this again)"
    )
    return 1 if count["refused"] else 0


if __name__ == "__main__":
    sys.exit(main())
