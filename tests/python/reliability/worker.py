"""A process of its own for a forked dbt, so that pytest's process keeps its folder, its path and its threads.

``python -m tests.python.reliability.worker ROOT LANDING`` reads one JSON command a line from standard input
(``{"arguments": [...], "kill_after": seconds or null}``) and answers each with one line of JSON.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from tests.python.reliability.forked import ForkedDbt, Outcome
from tests.python.support import ROOT, Workspace


class Worker:
    """The pytest side: starts the process and talks to it."""

    def __init__(self, workspace: Workspace) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.python.reliability.worker", str(workspace.root), str(workspace.landing)],
            cwd=ROOT,
            env={**os.environ, **workspace.environment, "PYTHONPATH": str(ROOT)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )

    def run(self, *arguments: str, kill_after: float | None = None) -> Outcome:
        """One dbt command; see :meth:`ForkedDbt.run`."""
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(json.dumps({"arguments": arguments, "kill_after": kill_after}) + "\n")
        self._process.stdin.flush()
        for line in self._process.stdout:
            if line.startswith('{"lakeweave"'):
                return Outcome(**json.loads(line)["lakeweave"])
        raise AssertionError("the worker ended")

    def close(self) -> None:
        """Let the process end."""
        assert self._process.stdin
        self._process.stdin.close()
        self._process.wait(timeout=60)


def main() -> None:
    """Serve commands until standard input ends."""
    workspace = Workspace(Path(sys.argv[1]), Path(sys.argv[2]))
    dbt = ForkedDbt(workspace)
    dbt.prepare()
    for line in sys.stdin:
        asked = json.loads(line)
        outcome = dbt.run(*asked["arguments"], kill_after=asked["kill_after"])
        print(json.dumps({"lakeweave": outcome.__dict__}), flush=True)


if __name__ == "__main__":
    main()
