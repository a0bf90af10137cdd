"""What a person is shown at the end of a draft."""

from __future__ import annotations

import difflib
from pathlib import Path

from lakeweave.draft.checks import Checked
from lakeweave.draft.writing import Draft
from lakeweave.printable import printable


def plan_text(draft: Draft) -> list[str]:
    """What was understood, what was not, and why nothing is written, if so."""
    lines = ["Understood"] + [f"  {line}" for line in draft.plan.lines() if not line.startswith("? ")]
    if len(lines) == 1:
        lines.append("  nothing")
    if draft.plan.not_understood:
        lines += ["Not understood; nothing is written for it"] + [f"  {part}" for part in draft.plan.not_understood]
    if draft.problems:
        lines += ["No model is written"] + [f"  {problem}" for problem in draft.problems]
    if draft.written.notes and not draft.problems:
        lines += ["Notes"] + [f"  {note}" for note in draft.written.notes]
    return lines


def diff_text(draft: Draft, project: Path) -> list[str]:
    """The files as a diff against those of the project."""
    lines: list[str] = []
    for name, content in draft.files.items():
        path = project / name
        before = path.read_text().splitlines() if path.exists() else []
        start = name if path.exists() else "/dev/null"
        lines += difflib.unified_diff(before, content.splitlines(), start, name, lineterm="")
    return lines


def checked_text(draft: Draft, checked: Checked) -> list[str]:
    """Row counts, first rows, checks and cost."""
    lines = []
    if checked.steps:
        lines += ["Rows"] + [f"  {count:>10,}  {name}" for name, count in checked.steps]
    if checked.rows:
        lines.append("First rows; personal values are not shown")
        lines += [
            "  "
            + ", ".join(
                f"{name}={value}" for name, value in zip(checked.columns, row, strict=True) if value != "(personal)"
            )
            for row in checked.rows
        ]
    if checked.differences:
        lines += [f"Differences from {draft.plan.target} in the warehouse"] + [
            f"  {one}" for one in checked.differences
        ]
    elif checked.compared:
        lines.append(f"The columns of the draft have the rows of {draft.plan.target} in the warehouse.")
    width = max(len(one.name) for one in checked.checks)
    lines.append("Checks")
    lines += [
        f"  {one.name:<{width}}  {one.outcome}" + (f"  {one.message}" if one.message else "") for one in checked.checks
    ]
    lines.append(f"Checked in {checked.seconds:.1f} seconds. No model was asked; cost 0.")
    return lines


def shown(lines: list[str]) -> str:
    """Lines for a terminal; a value cannot move its cursor."""
    return "\n".join(printable(line, longest=10_000) for line in lines)
