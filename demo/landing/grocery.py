"""The grocery feed: point-of-sale rows in a SQL database, which later batches insert into, correct and delete from.

A database is no delivery: it has one state, that of the last batch. Without a server it is a SQLite file; :func:`rows`
gives the same rows to a test that fills a server with them. Item names come with carriage returns and with spaces behind
them, dates as text, day first.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa

from . import grocery_words as words
from .randomness import choose, stream
from .truth import write_parquet

DATABASE = Path("sql/grocery.sqlite")
TRUTH = Path("truth/grocery")
# Where reads of the database are delivered; the folder is there from the start, because Spark lists no folder that is not.
READS = Path("aws/database_reads/grocery/transactions")
TABLE = "Transactions"
COLUMNS = ("id", "Member_number", "Date", "itemDescription", "updated_at")
MEMBERS, BASKETS = 3_898, 14_963
FIRST_DAY, DAYS = np.datetime64("2014-01-01"), 730
# What a later batch does, as shares of the rows: new ones, corrected ones, deleted ones.
NEW_SHARE, CHANGED_SHARE, DELETED_SHARE = 0.01, 0.005, 0.003
CARRIAGE_RETURN_SHARE = 0.1
BATCH_DAYS = 5
LOADED_AT = np.datetime64("2026-02-01T04:00:00")


@dataclass(frozen=True)
class Row:
    """One row as the database has it."""

    id: int
    member: int
    day: np.datetime64
    item: int
    carriage_return: bool
    updated_at: np.datetime64

    @property
    def name(self) -> str:
        """The item's name as it was meant."""
        return words.ITEMS[self.item]

    def values(self) -> tuple[int, int, str, str, str]:
        """The row in the columns of the table."""
        name = (
            self.name + (" " if self.name in words.WITH_TRAILING_SPACE else "") + ("\r" if self.carriage_return else "")
        )
        year, month, day = str(self.day).split("-")
        return self.id, self.member, f"{day}-{month}-{year}", name, str(self.updated_at).replace("T", " ")


def _draw(rng: np.random.Generator, baskets: int, members: int, first: np.datetime64, days: int) -> list[tuple]:
    """(member, day, item) of every row of so many baskets."""
    sizes = np.array(list(words.BASKET_SIZES))[choose(rng, baskets, tuple(words.BASKET_SIZES.values()))]
    if baskets == BASKETS:
        sizes = rng.permutation(np.repeat(list(words.BASKET_SIZES), list(words.BASKET_SIZES.values())))
    # No member has two baskets on a day.
    visits = rng.choice(members * days, min(baskets, members * days), replace=False)
    sizes = sizes[: len(visits)]
    known = np.array(list(words.BEST_SELLING.values()), dtype=float)
    rest = 1.0 / (np.arange(len(words.ITEMS) - len(known)) + 4.0)
    weights = np.concatenate([known, rest / rest.sum() * (words.ITEMS_SOLD - known.sum())])
    items = choose_many(rng, int(sizes.sum()), weights)
    together = {words.ITEMS.index(a): words.ITEMS.index(b) for a, b in words.TOGETHER.items()}
    drawn = []
    place = 0
    for size, member, day, lucky in zip(
        sizes.tolist(),
        (1000 + visits // days).tolist(),
        (visits % days).tolist(),
        rng.random(len(visits)).tolist(),
        strict=True,
    ):
        basket = items[place : place + size].tolist()
        place += size
        if basket[0] in together and lucky < words.TOGETHER_SHARE:
            basket[1] = together[basket[0]]
        drawn += [(member, first + np.timedelta64(day, "D"), item) for item in basket]
    return drawn


def choose_many(rng: np.random.Generator, count: int, weights: np.ndarray) -> np.ndarray:
    """Draw ``count`` positions into ``weights``; unlike :func:`choose` for any number of them."""
    edges = np.cumsum(weights)
    return np.searchsorted(edges[:-1] / edges[-1], rng.random(count), side="right")


def rows(scale: float, seed: int, batch: int) -> list[Row]:
    """The table's rows after ``batch``, by id."""
    rng = stream(seed, "grocery", 0)
    drawn = _draw(rng, max(20, round(BASKETS * scale)), max(5, round(MEMBERS * scale)), FIRST_DAY, DAYS)
    returns = rng.random(len(drawn)) < CARRIAGE_RETURN_SHARE
    table = {
        number: Row(number, *row, bool(carriage), LOADED_AT)
        for number, (row, carriage) in enumerate(zip(drawn, returns, strict=True), 1)
    }
    last = len(table)
    for number in range(1, batch + 1):
        rng = stream(seed, "grocery", number)
        now = LOADED_AT + np.timedelta64(number * BATCH_DAYS, "D")
        count = len(drawn)
        chosen = rng.permutation(sorted(table))
        changed, deleted = max(2, round(count * CHANGED_SHARE)), max(1, round(count * DELETED_SHARE))
        for step, key in enumerate(chosen[:changed].tolist()):
            old = table[key]
            item = (old.item + 1 + int(rng.integers(0, len(words.ITEMS) - 1))) % len(words.ITEMS)
            table[key] = Row(key, old.member, old.day, item, False, now + np.timedelta64(step, "s"))
        for key in chosen[changed : changed + deleted].tolist():
            del table[key]
        first = FIRST_DAY + np.timedelta64(DAYS + (number - 1) * BATCH_DAYS, "D")
        for row in _draw(
            rng, max(2, round(count * NEW_SHARE / 2.6)), max(5, round(MEMBERS * scale)), first, BATCH_DAYS
        ):
            last += 1
            table[last] = Row(last, *row, False, now + np.timedelta64(last % 3_600, "s"))
    return [table[key] for key in sorted(table)]


def deliver_grocery(stage: Path, scale: float, seed: int, delivered: tuple[int, ...]) -> None:
    """Write the database in the state of the last batch, and the truth, below ``stage``."""
    for batch in delivered:
        table = rows(scale, seed, batch)
        truth = pa.table(
            {
                "id": pa.array([row.id for row in table], pa.int64()),
                "member_number": pa.array([row.member for row in table], pa.int64()),
                "purchased_on": pa.array([row.day.astype(object) for row in table], pa.date32()),
                "item": [row.name for row in table],
            }
        )
        write_parquet(truth, stage / TRUTH / f"transactions_after_{batch:03d}.parquet")
        if batch == max(delivered):
            write_parquet(truth, stage / TRUTH / "transactions.parquet")
            write_sqlite(stage / DATABASE, table)


def write_sqlite(path: Path, table: list[Row]) -> None:
    """Replace the database file by one with these rows."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    connection = sqlite3.connect(path)
    try:
        connection.execute(
            f'create table "{TABLE}" (id integer primary key, "Member_number" integer not null, "Date" varchar(10),'
            ' "itemDescription" varchar(100), updated_at timestamp not null)'
        )
        connection.executemany(f'insert into "{TABLE}" values (?, ?, ?, ?, ?)', [row.values() for row in table])
        connection.commit()
    finally:
        connection.close()
