"""SQL functions that take long run on the thread of their caller, and a defect in one is raised once."""

from __future__ import annotations

import threading
import time

import duckdb
import pytest

from lakeweave.sqlfunctions import register_long_function


@pytest.fixture
def conn():
    connection = duckdb.connect()
    connection.execute("set threads = 2")
    yield connection
    connection.close()


@pytest.mark.parametrize("statement", ["select long('a')", "select long('a') as answer", "select long(?)"])
def test_a_long_function_runs_on_the_thread_of_its_caller(conn, statement):
    threads = []

    def work(argument):
        threads.append(threading.get_ident())
        # What the function writes elsewhere makes DuckDB plan no statement again.
        conn.cursor().execute("create or replace table other as select 1 as a")
        return argument + "!"

    register_long_function(conn, "long", work)
    cursor = conn.cursor()
    assert cursor.execute(statement, ["a"] if "?" in statement else []).fetchall() == [("a!",)]
    assert threads == [threading.get_ident()]
    assert cursor.execute(statement, ["a"] if "?" in statement else []).fetchall() == [("a!",)]
    assert len(threads) == 2, "the same statement again is a call of its own"


def test_the_caller_of_a_long_function_takes_no_processor_time(conn):
    register_long_function(conn, "long", lambda argument: time.sleep(0.3) or argument)
    before = time.process_time()
    conn.execute("select long('a')").fetchall()
    assert time.process_time() - before < 0.15


def test_a_long_function_is_told_no_value(conn):
    register_long_function(conn, "long", lambda argument: repr(argument))
    assert conn.execute("select long(null)").fetchall() == [("None",)]


@pytest.mark.parametrize("error", [RuntimeError("defect"), KeyboardInterrupt("stopped")])
def test_a_failed_long_function_does_its_work_once(conn, error):
    calls = []

    def work(argument):
        calls.append(argument)
        raise error

    register_long_function(conn, "long", work)
    for n in (1, 2):
        with pytest.raises(duckdb.Error, match=str(error)):
            conn.execute("select long('a')").fetchall()
        assert len(calls) == n
