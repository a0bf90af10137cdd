"""dbt in a forked child: the imports and the parsed project are paid for once, and the child can be killed at any moment."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
import time
from dataclasses import dataclass
from typing import Any

from tests.python import dbt_speedups
from tests.python.support import Workspace


@dataclass
class Outcome:
    """How a child ended: ``code`` is its exit code, None when it was killed; ``seconds`` how long it ran."""

    code: int | None
    seconds: float
    output: str


class ForkedDbt:
    """Runs dbt commands of one workspace in forked children of this process."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._manifest: Any = None

    def _invoke(self, arguments: list[str]) -> int:
        from dbt.cli.main import dbtRunner

        result = dbtRunner(manifest=self._manifest).invoke([*arguments, "--no-use-colors"])
        if result.exception is not None:
            print(result.exception)
            return 2
        return 0 if result.success else 1

    def prepare(self) -> None:
        """Parse the project in this process, without opening the warehouse."""
        os.environ.update(self._workspace.env())
        os.chdir(self._workspace.root)
        import sys

        sys.path.insert(0, str(self._workspace.root))
        from dbt.cli.main import dbtRunner

        dbt_speedups.install()
        result = dbtRunner().invoke(["--quiet", "parse"])
        assert result.success, result.exception
        self._manifest = result.result

    def run(self, *arguments: str, kill_after: float | None = None) -> Outcome:
        """One dbt command in a child; with ``kill_after``, SIGKILL after that many seconds unless it ended before."""
        log = self._workspace.root / "child.log"
        began = time.monotonic()
        child = os.fork()
        if child == 0:
            code = 3
            with contextlib.suppress(BaseException):
                os.setsid()
                target = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
                os.dup2(target, 1)
                os.dup2(target, 2)
                os.environ.update(self._workspace.env())
                os.chdir(self._workspace.root)
                code = self._invoke(list(arguments))
            os._exit(code)
        timer = None
        if kill_after is not None:
            timer = threading.Timer(kill_after, lambda: os.kill(child, signal.SIGKILL))
            timer.start()
        _, status = os.waitpid(child, 0)
        if timer is not None:
            timer.cancel()
        seconds = time.monotonic() - began
        code = None if os.WIFSIGNALED(status) else os.waitstatus_to_exitcode(status)
        return Outcome(code, seconds, log.read_text(errors="replace") if log.exists() else "")
