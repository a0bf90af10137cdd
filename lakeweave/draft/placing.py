"""Writes the files of a draft into the project: below ``models/`` only, and never over changes that are not committed."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from lakeweave.draft.writing import Draft
from lakeweave.errors import UserError


def problems_of(draft: Draft, project: Path) -> list[str]:
    """Why the files may not be written."""
    root = (project / "models").resolve()
    problems = []
    for name in draft.files:
        path = project / name
        if not path.resolve().is_relative_to(root) or path.is_symlink():
            problems.append(f"{name} is not a file below models/.")
        elif path.exists() and (state := _uncommitted(project, name)):
            problems.append(f"{name} {state}. Commit it or move it away first.")
    return problems


def _uncommitted(project: Path, name: str) -> str:
    """What git says of an existing file; empty where it is committed as it is."""
    try:
        done = subprocess.run(
            ["git", "status", "--porcelain", "--ignored", "--", name],
            cwd=project, capture_output=True, text=True, timeout=60, check=False
        )  # fmt: skip
    except OSError:
        return "exists, and git is not installed to say whether it is committed"
    if done.returncode:
        return "exists and is in no git repository"
    return "has changes that are not committed" if done.stdout.strip() else ""


def write(draft: Draft, project: Path) -> list[str]:
    """Write all files or none, and give their names.

    Raises:
        UserError: a file may not be written; the message has every reason.
    """
    problems = problems_of(draft, project)
    if problems:
        raise UserError("Nothing is written. " + " ".join(problems))
    staged: list[tuple[Path, Path]] = []
    try:
        for name, content in draft.files.items():
            path = project / name
            path.parent.mkdir(parents=True, exist_ok=True)
            temporary = path.with_name(f".{path.name}.{os.getpid()}")
            staged.append((temporary, path))
            temporary.write_text(content)
        for temporary, path in staged:
            os.replace(temporary, path)
    finally:
        for temporary, _ in staged:
            temporary.unlink(missing_ok=True)
    return list(draft.files)
