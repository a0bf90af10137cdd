"""A workspace whose warehouse is Delta tables of the one Spark session of this process, run as the project runs it."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any

from tests.python import dbt_speedups
from tests.python.support import PROJECT, ROOT, Workspace

JARS = Path(os.environ.get("LAKEWEAVE_SPARK_JARS", ROOT / ".venv" / "spark-jars"))
"""Folder with the jars of Delta for the installed Spark; `make environment-spark` fills it."""


def absent() -> str | None:
    """What is missing to run Spark with Delta here; ``None`` when nothing is."""
    if importlib.util.find_spec("pyspark") is None:
        return "pyspark is not installed. Run: make environment-spark"
    from lakeweave.errors import Unusable
    from lakeweave.spark.checks import check_jars, check_java

    try:
        check_java(os.environ.get("JAVA_HOME"))
        check_jars({"spark.sql.extensions": "delta", "spark.driver.extraClassPath": f"{JARS}/*"})
    except Unusable as error:
        return str(error)
    return None


@dataclass
class Done:
    """How a dbt command of this process ended."""

    success: bool
    stdout: str
    results: list[Any]


class SparkWorkspace(Workspace):
    """A workspace on Spark. All of a process share one session, so there is one at a time."""

    @classmethod
    def on_spark(cls, root: Path, landing: Path, parts: tuple[str, ...] = (*PROJECT, "requirements")) -> SparkWorkspace:
        """A copy of the project (or of its ``parts``) at ``root`` that builds on Spark from ``landing``."""
        workspace = cls.create(root, landing, parts)
        workspace.environment["LAKEWEAVE_TARGET"] = "spark"
        workspace.environment["LAKEWEAVE_SPARK_JARS"] = str(JARS)
        return workspace

    def command(self, *arguments: str) -> list[str]:
        """The words of a dbt call with this Python, in a process and a session of its own."""
        return [sys.executable, "-m", "lakeweave.spark", *arguments]

    def dbt(self, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run dbt in a process and a session of its own."""
        done = subprocess.run(
            self.command(*arguments), cwd=self.root, env=self.env(), capture_output=True, text=True, check=False
        )
        if check:
            assert done.returncode == 0, (
                f"dbt {' '.join(arguments)} failed:\n{done.stdout[-6000:]}\n{done.stderr[-2000:]}"
            )
        return done

    def here(self, *arguments: str, check: bool = True) -> Done:
        """Run dbt in this process and its session; with ``check``, a failure is an AssertionError with dbt's output."""
        from dbt.cli.main import dbtRunner

        from lakeweave.spark.adapter import install

        install()
        dbt_speedups.install()
        said = StringIO()
        with self._entered(), contextlib.redirect_stdout(said):
            outcome = dbtRunner(callbacks=[lambda event: said.write(event.info.msg + "\n")]).invoke(
                [*arguments, "--no-use-colors", "--quiet"]
            )
        done = Done(bool(outcome.success), said.getvalue(), list(getattr(outcome.result, "results", None) or []))
        if check:
            problems = [
                f"{each.node.name}: {each.message}" for each in done.results if each.status in ("error", "fail")
            ]
            assert done.success, "\n".join(["dbt " + " ".join(arguments), *problems, str(outcome.exception or "")])
        return done

    def open(self) -> Any:
        """The Spark session of this process, as set in the profile; opened by a small dbt command if there is none."""
        from lakeweave.spark import session

        if session.opened() is None:
            self.here("run-operation", "fetch_rows", "--args", "{sql: select 1 as one}")
        return session.opened()

    @property
    def session(self) -> Any:
        """The Spark session of this process."""
        return self.open()

    def rows(self, sql: str) -> list[tuple]:
        """Rows of a query on Spark."""
        return [tuple(row) for row in self.session.sql(sql).collect()]

    def table(self, name: str) -> Any:
        """A table as an Arrow table; timestamps are in UTC, without a zone."""
        from pyspark.sql.functions import col

        frame = self.session.table(name)
        return frame.select(
            *(col(c).cast("timestamp_ntz").alias(c) if kind == "timestamp" else col(c) for c, kind in frame.dtypes)
        ).toArrow()

    @contextlib.contextmanager
    def _entered(self) -> Iterator[None]:
        before, folder = dict(os.environ), Path.cwd()
        os.environ.update(self.env())
        os.chdir(self.root)
        try:
            yield
        finally:
            os.chdir(folder)
            for name in (
                set(os.environ) - set(before) - {"PYSPARK_PYTHON", "PYSPARK_GATEWAY_PORT", "PYSPARK_GATEWAY_SECRET"}
            ):
                del os.environ[name]
            os.environ.update(before)
