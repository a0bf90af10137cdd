"""Threads of one dbt take turns on a local Spark: at tables that both change, and at asking."""

from __future__ import annotations

import threading
import time

import pytest

from lakeweave.spark.turns import Turns

NAMED = '/* {"app": "dbt", "node_id": "model.lakeweave.one"} */\n  '


def together(turns: Turns, *statements: str) -> int:
    """Run each statement in a thread of its own; the most that ran at one time."""
    running, most, guard = [0], [0], threading.Lock()
    all_here = threading.Barrier(len(statements))

    def run(statement: str) -> None:
        all_here.wait()
        with turns.of(statement):
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
    assert together(Turns(), insert, NAMED + other) == 1
    assert together(Turns(), insert, NAMED + other.replace("files", "models").replace("Files", "models")) == 2
    assert together(Turns(), insert, "select * from ledger.files") == 2


def test_a_thread_waits_until_the_lock_is_released() -> None:
    turns, order = Turns(), []

    def ask(name: str, ends: str | None) -> None:
        with turns.of(NAMED + "set lakeweave.turn = inference"):
            order.append(f"{name} begins")
        time.sleep(0.05)
        order.append(f"{name} ends")
        if ends is None:
            turns.end()
        else:
            with turns.of(ends):
                pass

    threads = [threading.Thread(target=ask, args=each) for each in (("one", "reset lakeweave.turn"), ("other", None))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(5)
    assert order in (
        ["one begins", "one ends", "other begins", "other ends"],
        ["other begins", "other ends", "one begins", "one ends"],
    )


def test_a_turn_is_taken_anew_and_given_back_once() -> None:
    turns = Turns()
    for _ in range(2):
        with turns.of("set lakeweave.turn = inference"):
            pass
    turns.end()
    turns.end()
    assert together(turns, "set lakeweave.turn = inference", "set spark.sql.shuffle.partitions = 2") == 2
