"""``python -m lakeweave.draft "Create a silver.users table from bronze.users that deduplicates by id …"``.

Exit codes: 0, the draft passed its checks; 1, it did not or nothing was written; 2, the call is wrong.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import yaml

from lakeweave.draft import placing, report
from lakeweave.draft.catalog import Catalog, catalog_of
from lakeweave.draft.checks import check, spellings_of
from lakeweave.draft.grammar import plan_of
from lakeweave.draft.writing import ASKED, draft_of
from lakeweave.errors import UserError


def read_catalog(project: Path) -> Catalog:
    """The catalog of a project that dbt has parsed.

    Raises:
        UserError: there is no manifest.
    """
    path = project / "target" / "manifest.json"
    if not path.exists():
        raise UserError(f"There is no {path}. Parse the project first: dbt parse.")
    return catalog_of(json.loads(path.read_text()), spellings_of(project))


def sentence_of(model: str, catalog: Catalog, project: Path) -> str:
    """The sentence that an earlier draft of a model was written for.

    Raises:
        UserError: there is no such model, or it was not drafted.
    """
    relation = next((one for one in catalog.relations.values() if model in (one.model, one.name)), None)
    if relation is None:
        raise UserError(f"--edit names {model!r}, which is no model of bronze, silver or gold.")
    for path in (project / "models").rglob(f"{relation.model}.yml"):
        for one in (yaml.safe_load(path.read_text()) or {}).get("models", []):
            asked = one.get("config", {}).get("meta", {}).get(ASKED)
            if one.get("name") == relation.model and asked:
                return str(asked)
    raise UserError(
        f"--edit names {model}, which was not drafted from a sentence: its YAML has no config.meta.{ASKED}. "
        "Give the whole sentence."
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command."""
    parser = argparse.ArgumentParser(
        prog="python -m lakeweave.draft", description="Draft a model from a sentence, and check it."
    )
    parser.add_argument("sentence", help="what the model is, in one or more sentences")
    parser.add_argument("--into", default="", metavar="FOLDER", help="where its files go: models/silver/thelook")
    parser.add_argument(
        "--edit", default="", metavar="MODEL", help="add the sentence to the one that MODEL was drafted from"
    )
    parser.add_argument("--write", action="store_true", help="write the files if no check failed")
    parser.add_argument("--no-checks", action="store_true", help="show the files alone; cannot be written")
    parser.add_argument("--project", type=Path, default=Path.cwd(), metavar="FOLDER", help="the project's folder")
    parser.add_argument(
        "--warehouse", type=Path, metavar="FILE", help="the DuckDB file that is read (warehouse/lakeweave.duckdb)"
    )
    given = parser.parse_args(arguments)
    if given.write and given.no_checks:
        parser.error("--write needs the checks; leave --no-checks out.")
    try:
        return _run(given.sentence, given, given.project.resolve())
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1


def _run(sentence: str, given: argparse.Namespace, project: Path) -> int:
    catalog = read_catalog(project)
    if given.edit:
        sentence = f"{sentence_of(given.edit, catalog, project).rstrip('. ')}. {sentence}"
    draft = draft_of(plan_of(sentence, catalog), catalog, given.into)
    print(report.shown(report.plan_text(draft)))
    if not draft.files:
        return 1
    print(report.shown(["", *report.diff_text(draft, project), ""]))
    if given.no_checks:
        return 0
    warehouse = given.warehouse or project / "warehouse" / "lakeweave.duckdb"
    with tempfile.TemporaryDirectory(prefix="lakeweave-draft-") as folder:
        checked = check(draft, catalog, project, warehouse, Path(folder) / "project")
    print(report.shown(report.checked_text(draft, checked)))
    if not checked.passed:
        print("A check failed; nothing is written.")
        return 1
    if not given.write:
        print("Nothing is written. Add --write to write these files.")
        return 0
    print(report.shown(["Written", *(f"  {name}" for name in placing.write(draft, project))]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
