"""The Spark session of this process, opened as the profile says, with the project's functions in it.

Each further thread of dbt has a session of its own beside it: the same tables, other temporary views, variables and settings.
"""

from __future__ import annotations

import contextlib
import logging
import os
import re
import sys
import threading
import warnings
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from lakeweave.spark.checks import check_jars, check_java, check_session
from lakeweave.spark.databases import explain, scrub, settings_of

_ROOT = Path(__file__).resolve().parents[2]
_KEY = "spark.lakeweave.config"
_DATABASES = "spark.lakeweave.databases"
_opened: Any = None
_opening = threading.Lock()
# On a server all threads have one session.
_naming = threading.Lock()
# By the thread's number. Numbers of threads that have ended come again, and their sessions with them.
_of_threads: dict[int, Any] = {}


def open_session(settings: Mapping[str, str]) -> Any:
    """The session of this thread with ``settings``; the second call gives the same one.

    The first thread's is the session of the process. On a server (Spark Connect) it is the only one.
    ``spark.lakeweave.config`` is YAML: what the plugin's ``config:`` is on DuckDB.

    Raises:
        Unusable: there is no Java or no Delta, or another session is in the way.
        SettingsError: ``spark.lakeweave.config`` is wrong.
        UserError: the address of a database in the environment cannot be followed.
    """
    thread = threading.get_ident()
    with _opening:
        if _opened is None:
            _open(settings)
            _of_threads[thread] = _opened
        if thread not in _of_threads:
            _of_threads[thread] = _opened if _is_remote(settings) else _beside(settings)
        session = _of_threads[thread]
    # The first statement reports an invalid address, not the one that reads the database.
    settings_of(settings.get(_DATABASES, ""), os.environ)
    return session


def _open(settings: Mapping[str, str]) -> None:
    global _opened
    from pyspark.sql import SparkSession

    _quiet()
    remote = _is_remote(settings)
    if not remote:
        running = SparkSession.getActiveSession() or SparkSession._instantiatedSession
        if running is not None:
            check_session(settings, dict(running.sparkContext.getConf().getAll()))
        else:
            check_java(os.environ.get("JAVA_HOME"))
            check_jars(settings)
        _prepare_folders(settings)
        # The functions run in Python processes that Spark starts: they must find this package.
        paths = [str(_ROOT), *filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep))]
        os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
        os.environ["PYTHONPATH"] = os.pathsep.join(dict.fromkeys(paths))
    builder = SparkSession.builder if remote else SparkSession.builder.enableHiveSupport()
    for name, value in settings.items():
        builder = builder.config(name, value)
    session = builder.getOrCreate()
    _register(session, settings)
    _opened = session


def _beside(settings: Mapping[str, str]) -> Any:
    """A session for one more thread: it would share views and variables with the others otherwise."""
    session = _opened.newSession()
    for name, value in settings.items():
        if session.conf.isModifiable(name):
            session.conf.set(name, value)
    _register(session, settings)
    return session


def _register(session: Any, settings: Mapping[str, str]) -> None:
    from lakeweave.spark import files, functions, vectors

    functions.register(session, settings.get(_KEY))
    files.register(session)
    vectors.register(session)


def _is_remote(settings: Mapping[str, str]) -> bool:
    return "spark.remote" in settings or "SPARK_REMOTE" in os.environ


def opened() -> Any:
    """The session of the process, or None where none was opened yet."""
    return _opened


def close() -> None:
    """Stop the session, if there is one: the metastore is free for the next process."""
    global _opened
    if _opened is not None:
        _opened.stop()
        _opened = None
        _of_threads.clear()


@contextlib.contextmanager
def credentials(session: Any, settings: Mapping[str, str], statement: str) -> Iterator[None]:
    """While the statement runs, the session has the database settings that the statement names, and no longer.

    Spark shows every setting to every user who can run `set -v`, so no password stays among them.

    Raises:
        UserError: the address of a database in the environment cannot be followed.
    """
    if "${spark.lakeweave." not in statement:
        yield
        return
    wanted = settings_of(settings.get(_DATABASES, ""), os.environ)
    named = {name: value for name, value in wanted.items() if f"${{{name}}}" in statement}
    with _naming:
        try:
            for name, value in named.items():
                session.conf.set(name, value)
            yield
        finally:
            for name in named:
                session.conf.unset(name)


def _prepare_folders(settings: Mapping[str, str]) -> None:
    """Make the folders that Derby and the log need and do not make themselves."""
    places = [settings.get("spark.sql.warehouse.dir", "")]
    places += re.findall("databaseName=([^;]+)", settings.get("spark.hadoop.javax.jdo.option.ConnectionURL", ""))
    places += re.findall(r"derby\.stream\.error\.file=(\S+)", settings.get("spark.driver.extraJavaOptions", ""))
    for place in places:
        if place and "://" not in place:
            Path(place).parent.mkdir(parents=True, exist_ok=True)


def _quiet() -> None:
    """PySpark logs every failed statement as JSON with the whole stack. dbt reports it as well, so the log is switched off."""
    warnings.filterwarnings("ignore", message="PySpark does not yet fully support pandas")
    for name in ("SQLQueryContextLogger", "DataFrameQueryContextLogger", "py4j", "pyspark"):
        logging.getLogger(name).setLevel(logging.CRITICAL)


def one_sentence(error: BaseException) -> str:
    """What an error of Spark says, without its stack and passwords: the message up to the plan, or what a worker said."""
    return scrub(_sentence(error), os.environ)


def _sentence(error: BaseException) -> str:
    text = str(error)
    # A database's error is the cause of Spark's error, and only the stack has it. Ignore the causes of other components,
    # such as the metastore.
    whole = f"{text}\n{getattr(error, '_stackTrace', None) or ''}"
    if ("FAILED_JDBC" in whole or "datasources.jdbc." in whole) and (said := explain(whole, os.environ)):
        return said
    # What the project's own SQL raises: a search across two models, for one.
    raised = re.search(r"\[USER_RAISED_EXCEPTION\] (.+?)(?: SQLSTATE: \w+)?$", text, re.MULTILINE)
    if raised:
        return raised[1].strip()
    in_python = re.findall(r"^(?:\w+\.)*(\w*(?:Error|Exception|Exit)): (.+)$", text, re.MULTILINE)
    if "Traceback (most recent call last)" in text and in_python:
        return str(in_python[-1][1]).strip()
    text = re.split(r"\n\s*(?:JVM stacktrace:|at [\w.$]+\(|== |'?(?:Project|Aggregate|Sort|Filter|Join)\b)|;\n'", text)[
        0
    ]
    return text.strip().removesuffix(";")
