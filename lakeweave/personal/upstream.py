"""Which columns upstream of a question are personal, under whatever name, and which of them go into its input.

A column is personal where its YAML says ``pii: true``, and in every model below that passes it on, as far as the SQL of
that model can be read: what dbt compiled in this run, else its file with the Jinja taken out. ``pii: false`` says that a
model made the column harmless. Where the SQL cannot be read (a Python model, a template with loops), a column is personal
if it has the name of a personal column of a parent; such models are named in the answer.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from inspect import isfunction
from typing import Any

from lakeweave.errors import NotUnderstoodError
from lakeweave.personal.lineage import JINJA, NOTHING, Lineage, Origins, Relation, origins_of

REDACTED = re.compile(r"(?s)/[*] lakeweave:redacted [^*]*[*]/.*?/[*] lakeweave:end [*]/")
_ANSWER_COLUMNS = ("response", "embedding")
_STATE_COLUMNS = ("response_state", "response_status", "fingerprint", "responded_at", "embedding_model")


_SPARK_SQL_ONLY = frozenset({
    "bigint", "binary", "collations", "from_avro", "from_protobuf", "luhn_check", "range", "schema_of_avro", "smallint", "space",
    "sql_keywords", "tinyint", "to_avro", "to_protobuf", "variant_explode", "variant_explode_outer", "vector_avg",
    "vector_cosine_similarity", "vector_inner_product", "vector_l2_distance", "vector_norm", "vector_normalize", "vector_sum",
})  # fmt: skip
"""Functions of Spark's SQL that pyspark has no function for and sqlglot does not know."""


@dataclass(frozen=True)
class Verdict:
    """What is known of the input of a question."""

    found: tuple[str, ...] = ()
    """Personal columns that go into it, each with the node that tags it."""
    problem: str = ""
    """Why the question is not understood, if it is not."""
    unread: tuple[str, ...] = ()
    """Models upstream whose columns count as personal by their name alone."""

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {"found": list(self.found), "problem": self.problem, "unread": list(self.unread)}


class Upstream:
    """The nodes above a question, with their relations and the personal columns in them."""

    def __init__(self, nodes: dict[str, dict[str, Any]], dialect: str, functions: frozenset[str] | None) -> None:
        """``nodes`` by id, as ``_upstream_nodes`` of ``macros/inference/_personal_columns.sql`` describes them."""
        self._nodes, self._dialect, self._functions = nodes, dialect, functions
        self._relations: dict[str, Relation] = {}
        self.unread: list[str] = []

    def relation(self, node_id: str) -> Relation:
        """The relation of a node, with what its columns may hold."""
        if node_id not in self._relations:
            self._relations[node_id] = Relation.unknown(
                NOTHING
            )  # dbt knows no cycles; this is for a manifest that does
            self._relations[node_id] = self._read(self._nodes[node_id])
        return self._relations[node_id]

    @property
    def everything(self) -> Origins:
        """Every personal column upstream."""
        return NOTHING.union(*(self.relation(node_id).all for node_id in self._nodes))

    def find(self, node_ids: Any, strict: bool) -> Any:
        """A function that finds the relations of some nodes by catalog, schema and name.

        With ``strict`` the columns are those that the relation has, where they are known.
        """
        known: dict[tuple[str, str], list[tuple[str, Relation]]] = {}
        for node_id in node_ids:
            node = self._nodes[node_id]
            place = ((node.get("schema") or "").lower(), (node.get("identifier") or node["name"]).lower())
            read = self._as_built(node_id) if strict else self.relation(node_id)
            known.setdefault(place, []).append(((node.get("database") or "").lower(), read))

        def find(catalog: str, schema: str, name: str) -> Relation | None:
            fitting = known.get((schema, name), [])
            exact = [read for database, read in fitting if not catalog or not database or database == catalog]
            if len(exact) == 1:
                return exact[0]
            return Relation.unknown(NOTHING.union(*(read.all for read in exact))) if exact else None

        return find

    def _as_built(self, node_id: str) -> Relation:
        """A node's relation with the columns that it really has."""
        node, read = self._nodes[node_id], self.relation(node_id)
        actual = [name.lower() for name in node.get("actual_columns") or []]
        if not actual:
            return Relation(read.columns, read.rest, True)
        columns = []
        for name in actual:
            origins = read.find(name)
            if origins is None:
                # Not in the SQL of today. A snapshot has columns of its own; anything else may be left from before.
                is_own = node["resource_type"] == "snapshot" and name.startswith("dbt_")
                origins = NOTHING if is_own or node.get("pii", {}).get(name) is False else read.all
            columns.append((name, origins))
        return Relation(tuple(columns))

    def _read(self, node: dict[str, Any]) -> Relation:
        tags = {name.lower(): said for name, said in (node.get("pii") or {}).items()}
        parents = [parent for parent in node.get("depends_on") or [] if parent in self._nodes]
        everything = NOTHING.union(*(self.relation(parent).all for parent in parents))
        read = Relation.unknown(NOTHING)
        if everything:
            read = self._lineage(node, parents, everything)
        columns = dict.fromkeys(name for name, _ in read.columns) | dict.fromkeys(tags)
        result = []
        for name in columns:
            origins = read.find(name) or NOTHING
            if tags.get(name) is False:
                origins = NOTHING
            elif tags.get(name):
                origins |= {f"`{name}` (tagged in {node['name']})"}
            result.append((name, origins))
        cleared = frozenset(name for name, said in tags.items() if said is False)
        return Relation(tuple(result), read.rest, read.open, cleared)

    def _lineage(self, node: dict[str, Any], parents: list[str], everything: Origins) -> Relation:
        by_name = Relation(
            tuple((name, origins) for parent in parents for name, origins in self.relation(parent).columns if origins),
            NOTHING,
            True,
        )
        sql = node.get("compiled_code") or ""
        if not sql and (node.get("language") or "sql") == "sql":
            sql = without_jinja(node.get("raw_code") or "", self._nodes, parents) or ""
        if not sql:
            self.unread.append(node["name"])
            return by_name
        known = self.find(parents, strict=False)
        lineage = Lineage(
            self._dialect,
            lambda catalog, schema, name: by_name if name == JINJA else known(catalog, schema, name),
            everything,
            self._functions,
        )
        try:
            read = lineage.read(REDACTED.sub("'[redacted]'", sql))
        except NotUnderstoodError:
            self.unread.append(node["name"])
            return by_name
        if node.get("input"):
            # An answer to a personal question is personal.
            asked = read.find(node["input"].lower())
            answer = read.all if asked is None else asked
            added = [*((name, answer) for name in _ANSWER_COLUMNS), *((name, NOTHING) for name in _STATE_COLUMNS)]
            read = Relation((*read.columns, *added), read.rest, read.open)
        return read


def without_jinja(raw: str, nodes: dict[str, dict[str, Any]], parents: list[str]) -> str | None:
    """The SQL of a model's file with its Jinja taken out; None where blocks (loops, conditions) make it unreadable.

    ``ref`` and ``source`` become relations, other expressions a call of ``__jinja__`` over the names in their texts.
    """
    text = re.sub(r"(?s)[{]#.*?#[}]", " ", raw)
    if "{%" in text:
        return None
    # Calls above the query are settings.
    text = re.sub(r"(?s)\A(?:\s*[{][{](?:(?![}][}]).)*[}][}])+(?=\s*(?:with|select|from|[(])\b)", " ", text)

    def replaced(match: re.Match[str]) -> str:
        inside = match[1].strip("- \n\t")
        said = re.fullmatch(r"""(ref|source)\(\s*(.*?)\s*\)""", inside, re.DOTALL)
        texts = re.findall(r"""'([^']*)'|"([^"]*)\"""", inside)
        names = [single or double for single, double in texts]
        if said and names:
            for parent in parents:
                node = nodes[parent]
                is_source = node["resource_type"] == "source"
                same = node["name"] == names[-1] and (not is_source or node.get("source_name") in (None, names[0]))
                if same and is_source == (said[1] == "source"):
                    return _quoted(node)
            return f"{JINJA}"
        if re.search(r"\b(?:from|join)\s*\Z", text[: match.start()], re.IGNORECASE):
            return JINJA
        words = [word for name in names for word in re.findall(r"[A-Za-z_][\w.]*", re.sub(r"'[^']*'", " ", name))]
        return f"{JINJA}({', '.join(_name(word) for word in words)})"

    return re.sub(r"(?s)[{][{](.*?)[}][}]", replaced, text)


def _quoted(node: dict[str, Any]) -> str:
    return ".".join(_name(part) for part in (node.get("schema"), node.get("identifier") or node["name"]) if part)


def _name(word: str) -> str:
    """A name, quoted part by part, in a way that every dialect reads after sqlglot's normal form."""
    return ".".join(part for part in word.strip(".").split(".") if part)


@cache
def duckdb_functions() -> frozenset[str]:
    """The functions that DuckDB itself brings."""
    import duckdb

    with duckdb.connect() as connection:
        rows = connection.execute(
            "select distinct lower(function_name) from duckdb_functions() where internal"
        ).fetchall()
    return frozenset(name for (name,) in rows)


@cache
def spark_functions() -> frozenset[str] | None:
    """The functions that Spark itself brings; None where Spark is not installed."""
    try:
        from pyspark.sql import functions
    except ImportError:
        return None
    return frozenset(name.lower() for name in dir(functions) if isfunction(getattr(functions, name))) | _SPARK_SQL_ONLY


def functions_of(dialect: str) -> frozenset[str] | None:
    """The functions that an engine itself brings; None where there is no list."""
    return {"duckdb": duckdb_functions, "spark": spark_functions}.get(dialect, lambda: None)()


def verdict(question: dict[str, Any]) -> Verdict:
    """Which personal columns go into the input of a question.

    ``question`` has ``dialect``, ``body`` (SQL), ``input`` (a column of it) and ``nodes`` (all upstream, by id). With
    ``trust_marks``
    what lies between the marks of ``redact`` is taken for its work; a caller that can compare it has replaced it already.
    """
    dialect = question["dialect"]
    functions = functions_of(dialect)
    upstream = Upstream(question["nodes"], dialect, functions)
    everything = upstream.everything
    if not everything:
        return Verdict()
    lineage = Lineage(dialect, upstream.find(question["nodes"], strict=True), everything, functions)
    try:
        body = question["body"]
        if question.get("trust_marks"):
            body = REDACTED.sub("'[redacted]'", body)
        found = origins_of(lineage.read(body), question["input"])
    except NotUnderstoodError as error:
        return Verdict(tuple(sorted(everything)), str(error), tuple(upstream.unread))
    return Verdict(tuple(sorted(found)), "", tuple(upstream.unread))
