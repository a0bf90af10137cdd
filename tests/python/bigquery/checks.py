"""What a recording must fulfil: every statement is analyzed, every contract is kept, every node is covered."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

from . import sqltypes
from .recorder import Recording

SENT_ONCE = ("test", "unit_test")
SENT_EACH_RUN = ("model", "seed", "snapshot", "operation", "function")
RUNS = ("first run", "second run", "full refresh")


@dataclass(frozen=True)
class Problem:
    """One line of the gate's complaint."""

    node: str
    place: str
    """`line:column` in the statement, or what else it is about."""
    message: str
    phases: tuple[str, ...] = ()

    def __str__(self) -> str:
        phases = f" [{', '.join(self.phases)}]" if self.phases else ""
        return f"{self.node} {self.place} {_short(self.message)}{phases}"


def _short(message: str, longest: int = 400) -> str:
    """The message without the list of signatures that the analyzer adds."""
    message = message.partition(" Signature: ")[0]
    return message if len(message) <= longest else message[: longest - 1] + "…"


def refused(recording: Recording) -> list[Problem]:
    """Every statement that BigQuery would refuse; one that is sent in several phases is reported once."""
    found: dict[tuple[str, str, str], list[str]] = {}
    for statement in recording.statements:
        if statement.problem is not None:
            wrong = statement.problem
            key = (statement.node, f"{wrong.line}:{wrong.column}", wrong.message)
            phases = found.setdefault(key, [])
            if statement.phase not in phases:
                phases.append(statement.phase)
    return [Problem(*key, tuple(phases)) for key, phases in found.items()]


def failed(recording: Recording) -> list[Problem]:
    """Every node with which dbt itself was not content, beyond the statements that were refused."""
    wrong = {(each.phase, each.node) for each in recording.statements if each.problem is not None}
    found: dict[tuple[str, str], list[str]] = {}
    for outcome in recording.outcomes:
        bad = outcome.status in ("error", "fail", "runtime error")
        if bad and (outcome.phase, outcome.node) not in wrong:
            phases = found.setdefault((outcome.node, " ".join(outcome.message.split())), [])
            if outcome.phase not in phases:
                phases.append(outcome.phase)
    return [Problem(node, "dbt:", message, tuple(phases)) for (node, message), phases in found.items()]


def broken_contracts(recording: Recording) -> list[Problem]:
    """Every model whose table is not what its YAML says.

    With an enforced contract names and types of all columns must be the same. Without one, each column that the YAML names
    must be there, and be of its `data_type` where it has one.
    """
    problems = []
    for node in recording.manifest.nodes.values():
        if node.resource_type not in ("model", "snapshot", "seed") or node.config.materialized in (
            "ephemeral",
            "remote_model",
        ):
            continue
        path = f"{node.database}.{node.schema}.{node.alias}"
        for phase in RUNS:
            if phase not in recording.snapshots:
                continue
            table = recording.snapshots[phase].tables.get(path)
            if table is None:
                problems.append(Problem(node.unique_id, "contract:", f"{path} does not exist after the {phase}"))
                break
            said = _against_yaml(node, {column.name.lower(): column.words for column in table.columns})
            problems += [Problem(node.unique_id, "contract:", f"{message} (after the {phase})") for message in said]
            if said:
                break
    return problems


def _against_yaml(node: Any, columns: dict[str, str]) -> list[str]:
    contract = getattr(node.config, "contract", None)
    enforced = bool(contract and contract.enforced)
    said = []
    for name, column in node.columns.items():
        made = columns.get(name.lower())
        if made is None:
            said.append(f"column `{name}` of the YAML is not in the table")
            continue
        if column.data_type:
            try:
                wanted = sqltypes.words(sqltypes.parse(column.data_type))
            except sqltypes.UnknownType as wrong:
                said.append(f"column `{name}`: {wrong}")
                continue
            if wanted != made:
                said.append(f"column `{name}` is {made}, the YAML says {wanted}")
        elif enforced:
            said.append(f"column `{name}` has no data_type in the YAML")
    if enforced:
        named = {name.lower() for name in node.columns}
        said += [f"column `{name}` of the table is not in the YAML" for name in columns if name not in named]
    return said


SENDS_NOTHING = {"operation.lakeweave.lakeweave-on-run-end-0": "the versions of relations are kept on DuckDB only"}
"""Nodes that send no statement to BigQuery, with the reason."""


def not_covered(recording: Recording) -> list[Problem]:
    """Every node of the manifest of which no analyzed statement was recorded, in each phase in which there must be one.

    A node whose own statement was refused is not told twice.
    """
    sent: dict[str, set[str]] = {}
    for statement in recording.statements:
        if statement.problem is None and (statement.analyzed or statement.by_api):
            sent.setdefault(statement.node, set()).add(statement.phase)
    told = {each.node for each in [*refused(recording), *failed(recording)]}
    problems = []
    for unique_id, kind in expected(recording).items():
        if unique_id in told or unique_id in SENDS_NOTHING:
            continue
        missing: list[str] = []
        if kind in SENT_EACH_RUN:
            missing = [
                phase for phase in RUNS if phase in recording.snapshots and phase not in sent.get(unique_id, set())
            ]
        elif unique_id not in sent:
            missing = ["any run"]
        if missing:
            problems.append(Problem(unique_id, "coverage:", f"no analyzed statement in {', '.join(missing)}"))
    return problems


def expected(recording: Recording) -> dict[str, str]:
    """The nodes that send something to the warehouse, by unique id, with their resource type.

    That is every enabled node of the manifest but analyses (compiled only) and ephemeral models (part of what refers to
    them).
    """
    found = {}
    for node in recording.manifest.nodes.values():
        kind = str(node.resource_type)
        if kind in SENT_ONCE + SENT_EACH_RUN and node.config.materialized != "ephemeral":
            found[node.unique_id] = kind
    for group in ("functions", "unit_tests"):
        for unique_id, node in getattr(recording.manifest, group, {}).items():
            if getattr(node.config, "enabled", True):
                found[unique_id] = str(node.resource_type)
    return found


def counts(recording: Recording) -> list[str]:
    """What was recorded, in a few lines."""
    phases = Counter(statement.phase for statement in recording.statements)
    nodes = Counter(expected(recording).values())
    inner = sum(len(statement.analyzed) for statement in recording.statements)
    missing = {each.node for each in problems(recording) if each.node in expected(recording)}
    bad = sum(statement.problem is not None for statement in recording.statements)
    answered = Counter(each.answered_by for each in recording.statements if each.answered_by)
    return [
        f"{len(recording.statements)} statements ({inner} within scripts counted), {bad} refused",
        f"{sum(nodes.values()) - len(missing)} of {sum(nodes.values())} nodes covered and without a problem: "
        + ", ".join(f"{count} {kind}s" for kind, count in sorted(nodes.items())),
        "by phase: " + ", ".join(f"{phase} {count}" for phase, count in phases.items()),
        "questions answered by: " + ", ".join(f"{who} {count}" for who, count in answered.most_common()),
    ]


def problems(recording: Recording) -> list[Problem]:
    """Everything that is wrong, statements first."""
    return [*refused(recording), *failed(recording), *broken_contracts(recording), *not_covered(recording)]
