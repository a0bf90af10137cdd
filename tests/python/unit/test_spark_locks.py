"""Threads of one dbt take turns on a local Spark: at tables that both change, and at asking."""

from __future__ import annotations

import threading
import time

import pytest

from lakeweave.spark.locks import StatementLocks

NAMED = '/* {"app": "dbt", "node_id": "model.lakeweave.one"} */\n  '


def together(locks: StatementLocks, *statements: str) -> int:
    """Run each statement in a thread of its own; the most that ran at one time."""
    running, most, guard = [0], [0], threading.Lock()
    all_here = threading.Barrier(len(statements))

    def run(statement: str) -> None:
        all_here.wait()
        with locks.during(statement):
            with guard:
                running[0] += 1
                most[0] = max(most[0], running[0])
            time.sleep(0.05)
            with guard:
                running[0] -= 1

    threads = [threading.Thread(target=run, args=(statement,)) for statement in statements]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return most[0]


@pytest.mark.parametrize(
    "other",
    [
        "delete from ledger.files where source = 'a'",
        "insert into `ledger`.`files` values (1)",
        "INSERT INTO Ledger.Files select 1",
        "merge into ledger.files as built using x on true when matched then delete",
        "update ledger.files set state = 'released'",
    ],
)
def test_one_table_is_changed_by_one_at_a_time(other: str) -> None:
    insert = NAMED + "insert into ledger.files (path, source) values ('a', 'b')"
    assert together(StatementLocks(), insert, NAMED + other) == 1
    assert together(StatementLocks(), insert, NAMED + other.replace("files", "models").replace("Files", "models")) == 2
    assert together(StatementLocks(), insert, "select * from ledger.files") == 2


def test_a_thread_waits_until_the_lock_is_released() -> None:
    locks, order = StatementLocks(), []

    def ask(name: str, ends: str | None) -> None:
        with locks.during(NAMED + "set lakeweave.lock = inference"):
            order.append(f"{name} begins")
        time.sleep(0.05)
        order.append(f"{name} ends")
        if ends is None:
            locks.release()
        else:
            with locks.during(ends):
                pass

    threads = [threading.Thread(target=ask, args=each) for each in (("one", "reset lakeweave.lock"), ("other", None))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(5)
    assert order in (
        ["one begins", "one ends", "other begins", "other ends"],
        ["other begins", "other ends", "one begins", "one ends"],
    )


def test_a_lock_is_taken_again_and_released_once() -> None:
    locks = StatementLocks()
    for _ in range(2):
        with locks.during("set lakeweave.lock = inference"):
            pass
    locks.release()
    locks.release()
    assert together(locks, "set lakeweave.lock = inference", "set spark.sql.shuffle.partitions = 2") == 2
