"""What the warehouse answers when a macro asks (`lakeweave.ask`) and goes by the answer.

Without a rule a question is answered by the reference implementation over tables without rows: nothing is pending, nothing
was delivered, nobody is held. A rule makes the other branch happen. Rules name the phase in which they hold, so that the
first run finds something to do and the second finds nothing.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

CONNECTIONS: tuple[str, ...] = (
    # [project.]location.id of what stands outside of dbt: a connection to AWS has no DDL.
    # https://cloud.google.com/bigquery/docs/omni-aws-create-connection
    "us-east4.lakeweave-aws",
)
"""Connections that are taken to exist from the start. Any other has to be created by a statement of the project."""


@dataclass(frozen=True)
class Answer:
    """Rows for the questions that match. `columns` not named in a row come back as NULL."""

    name: str
    asks: str
    """A regular expression that is searched in the question's SQL, case and white space not counting."""
    rows: tuple[dict[str, Any], ...]
    phases: tuple[str, ...] = ()
    """Phases in which the rule holds; empty for all."""
    node: str = ""
    """A regular expression on the node's unique id; empty for all."""

    def applies(self, phase: str, node: str, sql: str) -> bool:
        """Whether the question is this rule's."""
        if self.phases and phase not in self.phases:
            return False
        if self.node and not re.search(self.node, node):
            return False
        return re.search(self.asks, re.sub(r"\s+", " ", sql), re.IGNORECASE) is not None


RULES: tuple[Answer, ...] = (
    Answer(
        "two files were delivered",
        r"select path, file_id from .*fresh__.* where not is_repeat",
        (
            {"path": "gs://lakeweave-landing/inbox/a/a_batch_000.csv", "file_id": "0" * 32},
            {"path": "gs://lakeweave-landing/inbox/a/it's.csv", "file_id": "1" * 32},
        ),
        phases=("first run", "full refresh"),
    ),
    Answer(
        "a file is held",
        r"select (source, )?file_name, (message|reason)(, message)? from .*files.* (and|where) state = 'held'",
        ({"source": "thelook.users", "file_name": "users_batch_001.csv", "reason": "unreadable", "message": "…"},),
        phases=("second run", "operations"),
    ),
    Answer(
        "the file was loaded",
        r"select file_id from .*files.* where .*state = 'loaded'",
        ({"file_id": "0" * 32},),
        phases=("operations",),
    ),
)
