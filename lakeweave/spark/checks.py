"""What can be wrong with a machine before Spark is started, each in one sentence that says what to do."""

from __future__ import annotations

import importlib.util
import re
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

from lakeweave.errors import Unusable

JAVA = (17, 21)
"""Major versions of Java that Spark 4 runs on."""


def check_packages() -> None:
    """Raise :class:`Unusable` when dbt-spark or PySpark is not installed."""
    for module, package in (("dbt.adapters.spark", "dbt-spark"), ("pyspark", "pyspark")):
        if importlib.util.find_spec(module) is None:
            raise Unusable(f"{package} is not installed. Run: make environment-spark")


def java_version(java: str | None = None) -> int | None:
    """The major version of the ``java`` on the path (or at that path); None when there is none that answers."""
    found = shutil.which(java or "java")
    if found is None:
        return None
    said = subprocess.run([found, "-version"], capture_output=True, text=True, check=False)
    match = re.search(r'version "(?:1\.)?(\d+)', said.stderr + said.stdout)
    return int(match.group(1)) if match else None


def check_java(home: str | None = None) -> None:
    """Raise :class:`Unusable` when there is no Java that Spark runs on; ``home`` is JAVA_HOME, which wins over the path."""
    version = java_version(str(Path(home) / "bin" / "java") if home else None)
    where = f"in JAVA_HOME ({home})" if home else "on the path"
    wanted = " or ".join(str(number) for number in JAVA)
    advice = "On Debian: apt-get install openjdk-17-jre-headless"
    if version is None:
        raise Unusable(f"There is no Java {where}, and Spark needs Java {wanted}. {advice}")
    if version not in JAVA:
        raise Unusable(f"Java {version} is {where}, and Spark needs Java {wanted}. {advice}")


def check_jars(settings: Mapping[str, str]) -> None:
    """Raise :class:`Unusable` when the session needs Delta and its jars are in none of the named places."""
    if "delta" not in settings.get("spark.sql.extensions", "").lower():
        return
    if "delta" in settings.get("spark.jars.packages", "") + settings.get("spark.jars", ""):
        return
    places = [part for part in settings.get("spark.driver.extraClassPath", "").split(":") if part]
    for place in places:
        folder = Path(place.removesuffix("/*"))
        if folder.is_file() or next(folder.glob("delta-spark_*.jar"), None):
            return
    said = f"in {', '.join(places)}" if places else "anywhere the profile names"
    raise Unusable(
        f"Delta's jars (delta-spark_*.jar) are not {said}. "
        "Run: make environment-spark (or set LAKEWEAVE_SPARK_JARS to their folder)"
    )


def check_session(settings: Mapping[str, str], running: Mapping[str, str]) -> None:
    """Raise :class:`Unusable` when the session that is ``running`` already was not started as ``settings`` ask for."""
    fixed = (
        "spark.sql.extensions",
        "spark.sql.catalog.spark_catalog",
        "spark.sql.warehouse.dir",
        "spark.hadoop.javax.jdo.option.ConnectionURL",
    )
    wrong = [
        f"{name} is {running.get(name)!r} and not {settings[name]!r}"
        for name in fixed
        if name in settings and _plain(running.get(name, "")) != _plain(settings[name])
    ]
    if wrong:
        raise Unusable(
            f"A Spark session is running in this process already, with other settings ({'; '.join(wrong)}). "
            "Stop it first (spark.stop()), or run dbt in a process of its own."
        )


def _plain(value: str) -> str:
    """A setting as it was written: Spark makes addresses of paths."""
    value = re.sub("^file:/*", "/", value)
    return str(Path(value).resolve()) if "/" in value and ":" not in value else value
