"""The files of a draft: SQL, YAML and unit tests, in the form of the project's models."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from lakeweave.draft.catalog import Catalog
from lakeweave.draft.examples import unit_tests
from lakeweave.draft.gold import write_gold
from lakeweave.draft.plan import Plan
from lakeweave.draft.silver import Written, WrittenColumn, write_silver

_TYPES = {
    "text": "string", "bigint": "bigint", "timestamp": "timestamp", "date": "date", "boolean": "boolean",
    "numeric": "\"{{ 'numeric' if target.type == 'bigquery' else 'decimal(28,6)' }}\"",
    "double": "\"{{ 'float64' if target.type == 'bigquery' else 'double' }}\"",
}  # fmt: skip
ASKED = "drafted_from"
"""The name below ``config.meta`` of the sentence that a model was drafted from."""
_MARTS = {"thelook": "shop"}
"""The folder of gold for the models of a feed."""


@dataclass
class Draft:
    """What a sentence became."""

    plan: Plan
    model: str = ""
    files: dict[str, str] = field(default_factory=dict)
    """Path from the project's folder, and content."""
    written: Written = field(default_factory=Written)

    @property
    def problems(self) -> list[str]:
        """Why nothing is written."""
        return self.written.problems


def draft_of(plan: Plan, catalog: Catalog, into: str = "") -> Draft:
    """The files of a plan. ``into`` is the folder; by default that of the model by this name, else that of its layer and feed."""
    if not plan.target or not plan.base:
        return Draft(
            plan, written=Written(problems=["The sentence does not say which table is made from which existing one."])
        )
    written = (write_silver if plan.layer == "silver" else write_gold)(plan, catalog)
    draft = Draft(plan, plan.model, {}, written)
    if any(mark in plan.sentence for mark in ("{{", "{%", "{#")):
        written.problems.append("The sentence has Jinja, which dbt would run. Say it in words.")
    names = [
        plan.relation,
        *plan.renamed.values(),
        *(one.name for one in plan.aggregates),
        *(one.name for one in plan.flags),
    ]
    written.problems += [
        f"{name!r} is no name; expected small letters, digits and underscores, at most 60."
        for name in names
        if not re.fullmatch(r"[a-z_][a-z0-9_]{0,59}", name)
    ]
    if not into:
        feed = catalog.relations[plan.base].feed
        folder = feed if plan.layer == "silver" else _MARTS.get(feed, feed)
        existing = catalog.relations.get(plan.target)
        into = f"models/{plan.layer}/{existing.feed if existing else folder}"
    folder_path = PurePosixPath(into)
    if folder_path.is_absolute() or ".." in folder_path.parts or folder_path.parts[:2] != ("models", plan.layer):
        written.problems.append(f"The folder is {into!r}; expected one below models/{plan.layer}.")
    if not written.problems:
        stem = str(folder_path / plan.model)
        draft.files[f"{stem}.sql"] = written.sql
        draft.files[f"{stem}.yml"] = _yaml(plan, written)
        draft.files[str(folder_path / f"_{plan.model}_unit_tests.yml")] = unit_tests(plan, written, catalog)
    return draft


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _yaml(plan: Plan, written: Written) -> str:
    silver = plan.layer == "silver"
    asked = _quoted(" ".join(plan.sentence.split()))
    lines = ["version: 2", "", "models:", f"  - name: {plan.model}", f"    description: {_quoted(written.description)}"]
    lines.append("    config:")
    lines += [] if silver else ["      contract: {enforced: true}"]
    lines += ["      meta:", f"        {ASKED}: {asked}"]
    if silver:
        lines += ["    data_tests:", "      - every_record_is_accounted", "      - every_value_is_typed"]
        if any(column.kind == "timestamp" for column in written.columns):
            lines.append("      - plausible_timestamps")
    elif len(plan.by) > 1:
        names = ", ".join(column.name for column in written.columns if column.source in plan.by)
        lines += ["    data_tests:", "      - unique_combination:", f"          arguments: {{columns: [{names}]}}"]
    lines.append("    columns:")
    for column in written.columns:
        lines += _column(column, silver)
    if silver:
        for name in ("silver_loaded_at", "untyped_values", "_content_hash", "_record_number"):
            lines += [f"      - name: {name}", f"        description: \"{{{{ doc('{name}') }}}}\""]
            if name == "untyped_values" and any(column.personal for column in written.columns):
                lines += ["        config:", "          meta: {pii: true}"]
    return "\n".join(lines) + "\n"


def _column(column: WrittenColumn, silver: bool) -> list[str]:
    description = f"\"{{{{ doc('{column.docs}') }}}}\"" if column.docs else _quoted(column.description)
    lines = [f"      - name: {column.name}", f"        description: {description}"]
    if not silver:
        lines.append(f"        data_type: {_TYPES[column.kind]}")
    if column.personal:
        lines += ["        config:", "          meta: {pii: true}"]
    tests = (["          - not_null"] if column.required else []) + (["          - unique"] if column.unique else [])
    if column.domain and silver:
        tests += ["          - known_spelling:", f"              arguments: {{domain: {column.domain}}}"]
    if column.ratio:
        tests += ["          - accepted_range:", "              arguments: {min_value: 0, max_value: 1}"]
    return lines + (["        data_tests:", *tests] if tests else [])
