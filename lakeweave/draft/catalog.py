"""The relations and columns that a sentence may name, from dbt's manifest."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

LAYERS = ("bronze", "silver", "gold")
RECORD_COLUMNS = (
    "is_duplicate_in_file",
    "processed_at",
    "_content_hash",
    "_file_name",
    "source_file_name",
    "_record_number",
    "silver_loaded_at",
    "untyped_values",
)
"""Columns that say where a record comes from. A silver model has its own instead of those of bronze."""


@dataclass(frozen=True)
class Column:
    """A column of a relation."""

    name: str
    personal: bool = False
    domain: str = ""
    """The domain of ``standard_spellings`` that its values are in."""
    docs: str = ""
    """The name of the docs block that describes it."""


@dataclass(frozen=True)
class Relation:
    """A model of the layers bronze, silver or gold."""

    name: str
    """``bronze.users``."""
    model: str
    columns: Mapping[str, Column]
    feed: str = ""
    key: str = ""
    unique_id: str = ""

    @property
    def tail(self) -> str:
        """The name without its layer."""
        return self.name.partition(".")[2]

    def column(self, word: str) -> str | None:
        """The column that a word names: by its name, or by the end of the name where only one column has it."""
        wanted = re.sub(r"[\s-]+", "_", word.strip().lower()).strip("_")
        if wanted in self.columns:
            return wanted
        ending = [name for name in self.columns if wanted and name.endswith("_" + wanted)]
        return ending[0] if len(ending) == 1 else None

    def body(self) -> list[str]:
        """The columns without those of the record."""
        return [name for name in self.columns if name not in RECORD_COLUMNS]


@dataclass(frozen=True)
class Catalog:
    """All relations, and the spellings of each domain."""

    relations: Mapping[str, Relation]
    spellings: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    docs: frozenset[str] = frozenset()

    def relation(self, word: str) -> Relation | None:
        """The relation that a word names: ``bronze.users``, ``bronze_users`` or the name of a gold model."""
        wanted = word.strip().strip("`\"'").lower()
        if wanted in self.relations:
            return self.relations[wanted]
        return next((one for one in self.relations.values() if one.model == wanted), None)

    def domain(self, column: str, feed: str) -> str:
        """The domain of a column by this name in silver, of the same feed; empty where there is none or more than one."""
        found = {
            relation.columns[column].domain
            for relation in self.relations.values()
            if relation.name.startswith("silver.") and relation.feed == feed and column in relation.columns
        } - {""}
        return found.pop() if len(found) == 1 else ""


def catalog_of(
    manifest: Mapping[str, Any], spellings: Iterable[tuple[str, str, str]], project: str = "lakeweave"
) -> Catalog:
    """The catalog of a manifest, which is ``target/manifest.json``; ``spellings`` are (domain, spelling, standard)."""
    domains: dict[tuple[str, str], str] = {}
    keys: dict[str, str] = {}
    for node in manifest["nodes"].values():
        meta = node.get("test_metadata")
        if node["resource_type"] != "test" or not meta or not node.get("attached_node"):
            continue
        if meta["name"] == "known_spelling":
            domains[node["attached_node"], node.get("column_name") or ""] = meta["kwargs"].get("domain", "")
        if meta["name"] == "unique" and node.get("column_name"):
            keys.setdefault(node["attached_node"], node["column_name"])
    relations = {}
    for unique_id, node in manifest["nodes"].items():
        if node["resource_type"] != "model" or node["package_name"] != project or node["fqn"][1] not in LAYERS:
            continue
        layer = node["fqn"][1]
        columns = {}
        for name, column in node["columns"].items():
            meta = {**(column.get("meta") or {}), **((column.get("config") or {}).get("meta") or {})}
            block = (column.get("doc_blocks") or [""])[0].rpartition(".")[2]
            columns[name.lower()] = Column(
                name.lower(), bool(meta.get("pii")), domains.get((unique_id, name), ""), block
            )
        name = f"{layer}.{node['alias'].lower()}"
        relations[name] = Relation(name, node["name"], columns, node["fqn"][2], keys.get(unique_id, ""), unique_id)
    grouped: dict[str, dict[str, str]] = {}
    for domain, spelling, standard in spellings:
        grouped.setdefault(domain, {})[spelling.lower()] = standard
    docs = frozenset(doc["name"] for doc in manifest.get("docs", {}).values())
    return Catalog(relations, grouped, docs)
