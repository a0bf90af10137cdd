"""dbt on Spark, killed in its n-th statement.

Usage: ``python -m tests.python.spark.kill_nth_statement <n> <seconds> <file> <dbt arguments>``.

It kills its whole group, Java too, ``seconds`` after it sent the n-th statement, or never for n = 0. How many statements it
has sent is in the file, for a run that is not killed.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from pathlib import Path

from lakeweave.spark.__main__ import main
from lakeweave.spark.adapter import Cursor


def strike_within(number: int, seconds: float, counted: Path) -> None:
    """Count statements; kill this process and its group ``seconds`` after the one with the number was sent."""
    execute, guard, sent = Cursor.execute, threading.Lock(), [0]

    def strike() -> None:
        time.sleep(seconds)
        os.killpg(0, signal.SIGKILL)

    def counting(self: Cursor, sql: str, *parameters: object) -> None:
        with guard:
            sent[0] += 1
            counted.write_text(str(sent[0]))
            if sent[0] == number:
                threading.Thread(target=strike, daemon=True).start()
        execute(self, sql, *parameters)

    Cursor.execute = counting


if __name__ == "__main__":
    strike_within(int(sys.argv[1]), float(sys.argv[2]), Path(sys.argv[3]))
    sys.exit(main(sys.argv[4:]))
