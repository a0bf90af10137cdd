"""A workspace whose warehouse is Delta tables of a local Spark session, run by dbt-spark."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path

import yaml

from tests.python.support import ROOT, Workspace

JARS = Path(os.environ.get("LAKEWEAVE_SPARK_JARS", ROOT / ".venv" / "spark-jars"))
"""Folder with the jars of Delta for the installed Spark; `make environment-spark` fills it."""

QUIET = """\
rootLogger.level = error
rootLogger.appenderRef.stderr.ref = stderr
appender.stderr.type = Console
appender.stderr.name = stderr
appender.stderr.target = SYSTEM_ERR
appender.stderr.layout.type = PatternLayout
appender.stderr.layout.pattern = %p %c{1}: %m%n
"""


def absent() -> str | None:
    """What is missing to run Spark with Delta here; ``None`` when nothing is."""
    if importlib.util.find_spec("pyspark") is None:
        return "pyspark is not installed: pip install -r requirements/spark.txt"
    if shutil.which("java") is None:
        return "there is no `java` on the path; Spark 4 needs Java 17 or newer"
    if not list(JARS.glob("delta-spark_*.jar")):
        return f"no delta-spark_*.jar in {JARS} (set LAKEWEAVE_SPARK_JARS to the folder that has them)"
    return None


def settings(root: Path) -> dict[str, str]:
    """Spark's settings for a small session whose tables, metastore and logs stay in ``root``."""
    log4j = root / "log4j2.properties"
    log4j.write_text(QUIET)
    return {
        "spark.master": "local[2]",
        "spark.driver.memory": "2g",
        "spark.driver.extraClassPath": f"{JARS}/*",
        "spark.sql.extensions": "io.delta.sql.DeltaSparkSessionExtension",
        "spark.sql.catalog.spark_catalog": "org.apache.spark.sql.delta.catalog.DeltaCatalog",
        "spark.sql.session.timeZone": "UTC",
        "spark.sql.shuffle.partitions": "2",
        "spark.databricks.delta.snapshotPartitions": "2",
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.log.structuredLogging.enabled": "false",
        "spark.sql.warehouse.dir": str(root / "warehouse" / "delta"),
        "spark.hadoop.javax.jdo.option.ConnectionURL": (
            f"jdbc:derby:;databaseName={root / 'warehouse' / 'metastore'};create=true"
        ),
        "spark.driver.extraJavaOptions": (
            f"-Dlog4j2.configurationFile={log4j} -Dderby.stream.error.file={root / 'derby.log'}"
            " -XX:TieredStopAtLevel=1 -XX:+UseSerialGC"
        ),
    }


class SparkWorkspace(Workspace):
    """A workspace on Spark: dbt runs against Delta tables, and tables are read back as parquet."""

    @classmethod
    def on_spark(cls, root: Path, landing: Path) -> SparkWorkspace:
        """A copy of the project at ``root`` that builds on Spark from ``landing``."""
        workspace = cls.create(root, landing)
        output = {"type": "spark", "method": "session", "host": "NA", "schema": "main", "threads": 1}
        profile = {"target": "spark", "outputs": {"spark": {**output, "server_side_parameters": settings(root)}}}
        (root / "profiles.yml").write_text(yaml.safe_dump({"lakeweave": profile}))
        workspace.environment["LAKEWEAVE_TARGET"] = "spark"
        return workspace

    def export(self, folder: Path, *tables: str) -> None:
        """Write ``tables`` as ``<schema>.<table>.parquet`` below ``folder``; timestamps are in UTC, without a zone."""
        subprocess.run(
            [sys.executable, "-m", "tests.python.spark.export", str(self.root), str(folder), *tables],
            cwd=ROOT,
            check=True,
            capture_output=True,
            text=True,
        )
