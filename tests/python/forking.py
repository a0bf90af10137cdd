"""dbt in a process forked from one that has imported it already: importing takes longer than most runs of a test."""

from __future__ import annotations

import multiprocessing
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

_SERVER = multiprocessing.get_context("forkserver")
_SERVER.set_forkserver_preload(["tests.python.forking_imports"])


def run(arguments: Sequence[str], folder: Path, environment: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    """Run dbt with the arguments, as `python -m dbt.cli.main` would in that folder and environment."""
    with tempfile.TemporaryDirectory() as scratch:
        said = [Path(scratch) / name for name in ("out", "err")]
        process = _SERVER.Process(target=_child, args=(list(arguments), folder, dict(environment), said))
        process.start()
        process.join()
        code = process.exitcode
        out, err = (path.read_text(errors="replace") if path.exists() else "" for path in said)
        return subprocess.CompletedProcess(list(arguments), 1 if code is None else code, out, err)


def kill(arguments: Sequence[str], folder: Path, environment: Mapping[str, str], seconds: float) -> None:
    """Run dbt as :func:`run` does, and kill it after so many seconds if it has not ended by then."""
    with tempfile.TemporaryDirectory() as scratch:
        said = [Path(scratch) / name for name in ("out", "err")]
        process = _SERVER.Process(target=_child, args=(list(arguments), folder, dict(environment), said))
        process.start()
        process.join(seconds)
        process.kill()
        process.join()


def _child(arguments: list[str], folder: Path, environment: dict[str, str], said: Sequence[Path]) -> None:
    for number, path in enumerate(said, start=1):
        os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT), number)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    sys.path[:0] = [path for path in environment.get("PYTHONPATH", "").split(os.pathsep) if path]
    sys.argv = ["dbt", *arguments]
    from dbt.cli.main import cli

    cli(arguments)
