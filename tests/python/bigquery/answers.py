"""The result of the queries of macros (`lakeweave.fetch_rows`).

Without a rule a question is answered by the reference implementation over tables without rows: nothing is pending, nothing
was delivered, no file is held. A rule makes the other branch happen. Rules name the phase in which they hold, so that the
first run finds something to do and the second finds nothing.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

CONNECTIONS: tuple[str, ...] = (
    # [project.]location.id of objects outside dbt: a connection to AWS has no DDL.
    # https://cloud.google.com/bigquery/docs/omni-aws-create-connection
    "us-east4.lakeweave-aws",
    "aws-us-east-1.lakeweave-omni",
)
"""Connections that are taken to exist from the start. Any other has to be created by a statement of the project."""

DECLARED: dict[str, dict[str, str]] = {
    "us-east4.lakeweave-aws": {
        "type": "aws",
        "role": "arn:aws:iam::123456789012:role/lakeweave-omni",
        "identity": "1098",
    },
    "aws-us-east-1.lakeweave-omni": {
        "type": "aws",
        "role": "arn:aws:iam::123456789012:role/lakeweave-omni",
        "identity": "1098",
    },
    "us-east4.lakeweave-text": {"type": "cloud_resource"},
}
"""The connections of the project (`vars.connections`): two to AWS that were created manually, and one that it creates."""

ENDPOINTS: dict[str, dict[str, str]] = {
    "generate_text": {"endpoint": "gemini-3.1-flash-lite", "connection": "us-east4.lakeweave-text"},
    "generate_embedding": {"endpoint": "text-embedding-005"},
    "annotate_image": {"service": "CLOUD_AI_VISION_V1", "connection": "us-east4.lakeweave-vision"},
    "predict_image": {"path": "gs://lakeweave-models/classes.onnx", "format": "ONNX"},
}
"""The endpoint of a remote model, by its function: the project itself has no default for it (vars.endpoints)."""

IMPORTED_OUTPUTS: dict[str, str] = {"probabilities": "ARRAY<FLOAT64>"}
"""What an imported picture model returns. Only the file knows it; the name is the default of the option `output`."""

_REMOTE_MODEL = re.compile(r"lakeweave\.remote_model\(\s*(?:function\s*=\s*)?['\"](\w+)['\"]")


def endpoints(project: Path) -> dict[str, dict[str, str]]:
    """An endpoint for every file of the project's models that calls `remote_model`."""
    found = {}
    for path in sorted((project / "models").rglob("*.sql")):
        called = _REMOTE_MODEL.search(path.read_text())
        if called and called.group(1) in ENDPOINTS:
            found[path.stem] = ENDPOINTS[called.group(1)]
    return found


@dataclass(frozen=True)
class Answer:
    """Rows for the questions that match. `columns` not named in a row come back as NULL."""

    name: str
    asks: str
    """A regular expression that is searched in the question's SQL, case and white space not counting."""
    rows: tuple[dict[str, Any], ...] | Callable[[str, Sequence[str]], Sequence[dict[str, Any]]]
    """The rows, or what makes them from the question and the statements that were sent before it."""
    phases: tuple[str, ...] = ()
    """Phases in which the rule holds; empty for all."""
    node: str = ""
    """A regular expression on the node's unique id; empty for all."""

    def give(self, sql: str, sent: Sequence[str]) -> Sequence[dict[str, Any]]:
        """The rows for a question, given the statements that were sent before."""
        return self.rows(sql, sent) if callable(self.rows) else self.rows

    def applies(self, phase: str, node: str, sql: str) -> bool:
        """Whether the question is this rule's."""
        if self.phases and phase not in self.phases:
            return False
        if self.node and not re.search(self.node, node):
            return False
        return re.search(self.asks, re.sub(r"\s+", " ", sql), re.IGNORECASE) is not None


def _recorded_definition(sql: str, sent: Sequence[str]) -> Sequence[dict[str, Any]]:
    """The definition with which a remote model was last created, read from the statement that noted it in the ledger."""
    asked = re.search(r"relation = ('[^']*'|r?'.*?')\s", sql)
    for text in reversed(sent):
        if asked and "insert into" in text and asked.group(1) in text:
            noted = re.findall(r"'([0-9a-f]{32})'", text)
            if noted:
                return ({"definition": noted[-1]},)
    return ()


_NOTED = re.compile(
    r"('(?:[^'\\]|\\.)*') as object,\s+'(\w[\w ]*)' as kind,\s+'(\w+)' as fingerprint,\s+('(?:[^'\\]|\\.)*') as definition,"
)


def _noted_externals(sql: str, sent: Sequence[str]) -> Sequence[dict[str, Any]]:
    """The rows of the ledger of external objects, as the statements before wrote them."""
    rows = []
    for text in sent:
        if re.match(r"\s*insert into [^(]*`externals` \(", text):
            for thing, kind, fingerprint, definition in _NOTED.findall(text):
                if "kind = 'connection'" not in sql or kind == "connection":
                    written = ast.literal_eval(definition)
                    rows.append({"object": ast.literal_eval(thing), "fingerprint": fingerprint, "definition": written})
    return rows


def _created_index(sql: str, sent: Sequence[str]) -> Sequence[dict[str, Any]]:
    """The vector index that a statement before created on the table that is asked about."""
    asked = re.search(r"table_name = '([^']*)'", sql)
    for text in reversed(sent):
        created = re.search(r"create vector index `([^`]*)`\s+on [^(]*`?\b(\w+)`?\s*\(", text)
        if asked and created and created.group(2) == asked.group(1):
            return ({"index_name": created.group(1), "index_status": "ACTIVE", "coverage_percentage": 100},)
    return ()


RULES: tuple[Answer, ...] = (
    Answer(
        "the table is large enough for a vector index",
        r"^select count\(\*\) as row_count from `",
        ({"row_count": 5000},),
        node=r"\.(product_catalog|customer_profiles)$",
    ),
    Answer(
        "the vector index is there",
        r"from .*information_schema.*vector_indexes",
        _created_index,
        phases=("second run", "operations"),
    ),
    Answer(
        "there is a vector index of another definition",
        r"from .*information_schema.*vector_indexes",
        ({"index_name": "of_another_definition", "index_status": "ACTIVE", "coverage_percentage": 100},),
        phases=("full refresh",),
    ),
    Answer(
        "the table has drifted from its vector index",
        r"from vector_index\.statistics",
        ({"drift": 0.4},),
        phases=("second run",),
    ),
    Answer("what external objects were made from", r"from [^ ]*`externals`", _noted_externals),
    Answer(
        "two files were delivered",
        r"select path, file_id, file_name from .*fresh__.* where not is_repeat",
        (
            {
                "path": "gs://lakeweave-landing/inbox/a/a_batch_000.csv",
                "file_id": "0" * 32,
                "file_name": "a_batch_000.csv",
            },
            {"path": "gs://lakeweave-landing/inbox/a/it's.csv", "file_id": "1" * 32, "file_name": "it's.csv"},
        ),
        phases=("first run", "full refresh"),
    ),
    Answer(
        "an object has no MD5",
        r"select path from .*fresh__.* where file_id is null",
        ({"path": "gs://lakeweave-landing/inbox/a/composite's.csv"},),
        phases=("first run",),
    ),
    Answer(
        "a file is held",
        r"select (source, )?file_name, (message|reason)(, message)? from .*files.* (and|where) state = 'held'",
        ({"source": "thelook.users", "file_name": "users_batch_001.csv", "reason": "unreadable", "message": "…"},),
        phases=("second run", "operations"),
    ),
    Answer(
        "a run held one file, and loaded one in which a column has no value",
        r"select file_name, reason, message, state, records from .*files",
        (
            {"file_name": "users_batch_001.csv", "reason": "unreadable", "message": "…", "state": "held"},
            {
                "file_name": "users_batch_002.csv",
                "message": "No record of the file has a value in: age, created_at",
                "state": "loaded",
                "records": 10,
            },
        ),
        phases=("second run",),
    ),
    Answer(
        "of the columns without a value, one had values before",
        r"^select count\(`age`\) as `age`, count\(`created_at`\) as `created_at` from .*_content_hash not in",
        ({"age": 0, "created_at": 7},),
        phases=("second run",),
    ),
    Answer(
        "there is something to ask, and more than the budget",
        r"as row_count, .* as input_count, count\(\*\) as to_ask",
        ({"row_count": 10, "input_count": 8, "to_ask": 5, "fit": 4, "cost": 0.01},),
        phases=("first run", "full refresh"),
    ),
    Answer(
        "the model has a price",
        r"select per_call, per_input, per_cached_input, per_output, currency from",
        ({"per_call": 0.0015, "per_input": 1e-7, "per_cached_input": 1e-8, "per_output": 4e-7, "currency": "USD"},),
        phases=("first run", "operations"),
    ),
    Answer(
        "answers were paid for under an earlier form of the options",
        r"select distinct options from .* as responses where .*generate_text",
        ({"options": "{}"},),
        phases=("full refresh", "operations"),
    ),
    Answer(
        "the remote model was created with this definition",
        r"select definition from .*models",
        _recorded_definition,
        phases=("second run",),
    ),
    Answer(
        "the file was loaded",
        r"select file_id from .*files.* where .*state = 'loaded'",
        ({"file_id": "0" * 32},),
        phases=("operations",),
    ),
)

#: Of an operation that no node of the demo calls.
EARLIER_ANSWERS = (
    Answer(
        "an earlier version of the model has answers",
        r"select model_version, options, max\(requested_at\) as last_asked",
        (
            {
                "model_version": "gemini-2.5-flash",
                "options": '{"schema": [{"name": "category", "type": "string"}]}',
                "last_asked": datetime(2026, 1, 31, tzinfo=UTC),
            },
        ),
        phases=("operations",),
    ),
)
