"""What a run leaves behind: marked secrets are looked for in its files, tables, settings and words."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

MARK = "m4rk-0f-a-secret"
VARIABLES = (
    "LAKEWEAVE_TEXT_KEY", "LAKEWEAVE_GROCERY_PASSWORD", "DATABRICKS_TOKEN", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN",
    "LAKEWEAVE_NOTIFY_URL", "GOOGLE_APPLICATION_CREDENTIALS", "DBT_ENV_SECRET_KEY",
)  # fmt: skip
"""The variables of the environment that hold a secret."""


def marked() -> dict[str, str]:
    """Each variable with a marked value of its own."""
    return {name: f"{MARK}-{number}" for number, name in enumerate(VARIABLES)}


def in_files(folder: Path, marks: Iterable[str] = (MARK,)) -> list[str]:
    """Files under a folder with one of the marks in them, whatever their kind. Links are not followed."""
    wanted = [mark.encode() for mark in marks]
    found = []
    for path in folder.rglob("*"):
        if path.is_file() and not path.is_symlink():
            content = path.read_bytes()
            if any(mark in content for mark in wanted):
                found.append(str(path.relative_to(folder)))
    return found


def in_spark(session: Any, schemas: Iterable[str], marks: Iterable[str] = (MARK,)) -> list[str]:
    """Settings of a Spark session, and tables of its schemas, with one of the marks in them."""
    marks = list(marks)
    jvm = session.sparkContext._jvm.java.lang.System.getProperties()
    settings = {
        **{f"setting {row.key}": row.value for row in session.sql("set -v").collect()},
        **{f"setting {name}": value for name, value in session.conf.getAll.items()},
        **{f"context {name}": value for name, value in session.sparkContext.getConf().getAll()},
        **{f"property {name}": jvm.getProperty(name) for name in jvm.stringPropertyNames()},
    }
    found = [name for name, value in settings.items() if any(mark in str(value) for mark in marks)]
    for schema in schemas:
        for table in session.sql(f"show tables in {schema}").collect():
            if table.isTemporary:
                continue
            name = f"{schema}.{table.tableName}"
            rows = session.sql(f"select to_json(struct(*)) from {name}").collect()
            described = session.sql(f"describe extended {name}").collect()
            if any(mark in str(row) for row in [*rows, *described] for mark in marks):
                found.append(f"table {name}")
    return found
