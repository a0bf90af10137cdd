"""Parse, compile, check and build a draft with dbt, in a process of its own: ``python -m lakeweave.draft.building``.

The working directory is the scratch project. The arguments are the model, its file and the relations that it may read. The result
is one line of JSON, the last one on the standard output. The statement that dbt compiled is checked before anything is built.
"""

from __future__ import annotations

import contextlib
import io
import json
import sys
import time
from pathlib import Path
from typing import Any

from lakeweave.draft.tree import select_problems

RESULT = "lakeweave.draft:"
"""The beginning of the line that has the result."""


def build(model: str, path: str, relations: frozenset[str]) -> dict[str, Any]:
    """The results of dbt for the draft.

    ``parse`` is a message, ``deprecations`` are messages, ``select`` are problems, and ``results`` has one item per node.
    """
    from dbt.cli.main import dbtRunner

    said = io.StringIO()
    seconds: dict[str, float] = {}

    def invoke(words: list[str], manifest: Any = None) -> Any:
        began = time.perf_counter()
        with contextlib.redirect_stdout(said):
            outcome = dbtRunner(manifest=manifest).invoke(["--no-use-colors", *words])
        seconds[words[0]] = round(time.perf_counter() - began, 2)
        return outcome

    parsed = invoke(["parse", "--show-all-deprecations"])
    result: dict[str, Any] = {"deprecations": [], "parse": "", "select": [], "results": [], "seconds": seconds}
    if not parsed.success:
        return {**result, "parse": str(parsed.exception or said.getvalue()[-1500:])}
    compiled = invoke(["compile", "-s", model], parsed.result)
    result["deprecations"] = [line.strip() for line in said.getvalue().splitlines() if "eprecat" in line][:5]
    if not compiled.success:
        messages = [one.message for one in getattr(compiled.result, "results", None) or [] if one.message]
        return {**result, "parse": "; ".join(messages) or str(compiled.exception)}
    statement = next(Path("target/compiled").glob(f"*/{path}")).read_text()
    result["select"] = select_problems(statement, relations)
    if result["select"]:
        return result
    built = invoke(["build", "-s", model], parsed.result)
    result["results"] = [
        {"id": one.node.unique_id, "status": str(one.status), "message": one.message or ""}
        for one in getattr(built.result, "results", None) or []
    ]
    if not built.success and not result["results"]:
        result["parse"] = str(built.exception or said.getvalue()[-1500:])
    return result


def main() -> None:
    """Build the model that the arguments name."""
    result = build(sys.argv[1], sys.argv[2], frozenset(sys.argv[3].split(",")))
    print(RESULT + json.dumps(result))


if __name__ == "__main__":
    main()
