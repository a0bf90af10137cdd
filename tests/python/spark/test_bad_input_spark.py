"""What is wrong with a machine or a warehouse is said in one sentence, with what to do."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from lakeweave.errors import SettingsError, Unusable
from lakeweave.spark.checks import check_jars, check_java, check_session, java_version
from tests.python.spark.session import SparkWorkspace
from tests.python.support import ROOT

DELTA = {"spark.sql.extensions": "io.delta.sql.DeltaSparkSessionExtension"}


def fake_java(folder: Path, version: str) -> Path:
    """A JAVA_HOME whose java is a fake: it prints its version and nothing else."""
    java = folder / "bin" / "java"
    java.parent.mkdir(parents=True)
    java.write_text(f"#!/bin/sh\necho 'openjdk version \"{version}\" 2025-04-15' >&2\n")
    java.chmod(0o755)
    return folder


def test_no_java(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(
        Unusable, match=r"There is no Java on the path, and Spark needs Java 17 or 21\. On Debian: apt-get"
    ):
        check_java()
    with pytest.raises(Unusable, match="There is no Java in JAVA_HOME"):
        check_java(str(tmp_path))


@pytest.mark.parametrize(("version", "major"), [("1.8.0_402", 8), ("11.0.25", 11), ("24", 24)])
def test_the_wrong_java(tmp_path: Path, version: str, major: int) -> None:
    home = fake_java(tmp_path / "jdk", version)
    assert java_version(str(home / "bin" / "java")) == major
    with pytest.raises(Unusable, match=rf"Java {major} is in JAVA_HOME .*, and Spark needs Java 17 or 21"):
        check_java(str(home))


def test_the_right_java(tmp_path: Path) -> None:
    check_java(str(fake_java(tmp_path / "jdk", "17.0.15")))


def test_jars_that_are_not_there(tmp_path: Path) -> None:
    asked = {**DELTA, "spark.driver.extraClassPath": f"{tmp_path}/*"}
    with pytest.raises(Unusable, match=r"Delta's jars .* are not in .*\. Run: make environment-spark"):
        check_jars(asked)
    (tmp_path / "delta-spark_4.2_2.13-4.4.0.jar").touch()
    check_jars(asked)
    check_jars({**DELTA, "spark.jars.packages": "io.delta:delta-spark_4.2_2.13:4.4.0"})
    check_jars({})


@pytest.mark.parametrize(
    ("maven", "said"),
    [(None, "there is no mvn on the path"), ("exit 1", "Maven could not fetch Delta's jars")],
)
def test_missing_jars(tmp_path: Path, maven: str | None, said: str) -> None:
    """`make environment-spark` says in one sentence what is missing. Java, Maven and uv are fakes."""
    tools, environment = tmp_path / "tools", tmp_path / "venv"
    tools.mkdir()
    (environment / "bin").mkdir(parents=True)
    for name in ("sh", "grep", "head", "touch"):
        (tools / name).symlink_to(str(shutil.which(name)))
    fakes = {tools / "java": "echo 'openjdk version \"17.0.15\"' >&2", environment / "bin" / "uv": "exit 0"}
    if maven:
        fakes[tools / "mvn"] = maven
    for path, body in fakes.items():
        path.write_text(f"#!/bin/sh\n{body}\n")
        path.chmod(0o755)
    for stamp in (".uv", ".core", ".dev"):
        (environment / stamp).touch()
    done = subprocess.run(
        [str(shutil.which("make")), "environment-spark", f"VENV={environment}"],
        cwd=ROOT,
        env={"PATH": str(tools)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode != 0
    assert said in done.stdout + done.stderr
    assert not (environment / ".spark").exists()


def test_a_session_that_is_running() -> None:
    settings = {**DELTA, "spark.sql.warehouse.dir": "warehouse/delta"}
    check_session(settings, {**DELTA, "spark.sql.warehouse.dir": f"file:{Path('warehouse/delta').resolve()}"})
    with pytest.raises(
        Unusable,
        match=r"A Spark session is running in this process already, with other settings \(spark\.sql\.extensions is None",
    ):
        check_session(settings, {"spark.sql.warehouse.dir": "warehouse/delta"})


def test_settings_that_are_wrong() -> None:
    from lakeweave.spark.functions import read_settings

    with pytest.raises(SettingsError, match=r"`text\.backend` is 'oracle'"):
        read_settings("{text: {backend: oracle}}")
    with pytest.raises(SettingsError, match="not YAML"):
        read_settings("{text: [")
    with pytest.raises(SettingsError, match="expected a mapping"):
        read_settings("offline")


def test_values_of_seeds() -> None:
    """dbt-spark itself writes 'None' for NULL, and ends a text at its first quote."""
    import datetime as dt
    from decimal import Decimal

    from lakeweave.spark.adapter import seed_value

    assert seed_value(None) == "null"
    assert seed_value("O'Neil \\ Sons") == "'O\\'Neil \\\\ Sons'"
    assert seed_value(Decimal("1.5")) == 1.5
    assert seed_value(True) == "'True'"
    assert seed_value(dt.date(2026, 1, 2)) == "'2026-01-02'"
    assert seed_value(dt.datetime(2026, 1, 2, 3, 4, 5)) == "'2026-01-02 03:04:05.000000'"


def test_no_java_stops_dbt_before_spark(tmp_path: Path) -> None:
    """dbt ends with the sentence and without a stack."""
    # Macros alone: dbt reads them sooner than all of the project.
    workspace = SparkWorkspace.on_spark(tmp_path / "project", tmp_path, ("lakeweave", "macros", "requirements"))
    workspace.environment["JAVA_HOME"] = str(fake_java(tmp_path / "jdk", "11.0.25"))
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "lakeweave.spark",
            "run-operation",
            "fetch_rows",
            "--args",
            "{sql: select 1}",
            "--no-use-colors",
        ],
        cwd=workspace.root,
        env={**os.environ, **workspace.env()},
        capture_output=True,
        text=True,
        check=False,
    )
    said = done.stdout + done.stderr
    assert done.returncode != 0
    assert "Java 11 is in JAVA_HOME" in said
    assert "Traceback" not in said
    assert "\tat " not in said
