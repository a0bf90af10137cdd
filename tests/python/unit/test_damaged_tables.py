"""Damaged tables with declared columns: records keep their values by column name, and nothing is lost without a word.

A sample of the damages runs by default; `LAKEWEAVE_DAMAGES=300` damages that many lines of each table's body, and every header.
"""

from __future__ import annotations

import os
from collections import Counter, defaultdict
from pathlib import Path

import pytest

from lakeweave.ingestion import accepted_records, account_file
from lakeweave.ingestion.account import BYTE_PLACES
from tests.python.malformed.corpus import Damaged, corpus

BODY = int(os.environ.get("LAKEWEAVE_DAMAGES", "0"))
SAMPLE = 5
"""By default every fifth damage of headers and whole files, and 12 lines of each body."""


def damaged() -> list[Damaged]:
    if BODY:
        return list(corpus(body=BODY))
    files = list(corpus(body=12))
    return [f for i, f in enumerate(files) if f.family == "body" or i % SAMPLE == 0]


def plain(row: tuple[str | None, ...]) -> tuple[str, ...]:
    """A row without what a damage adds inside a value and a reader may not take away: quotes, escapes, blanks around it."""
    return tuple((c or "").replace('"', "").replace("\\", "").strip() for c in row)


def told(file: Damaged, path: Path) -> tuple[float, list[str]]:
    """F1 of the accepted records of one file, and what is wrong with its account."""
    columns = list(file.table.columns)
    account = account_file(path, columns)
    truth = Counter(plain(r) for r in file.table.rows * file.copies)
    if account.state == "held":
        return 0.0, [] if account.reason and account.message else ["held without a message"]
    found = [plain(tuple(r.get(c) for c in columns)) for r in accepted_records(path, columns)]
    found = [r for r in found if any(r)]
    right = sum((Counter(found) & truth).values())
    wrong = []
    if account.content_bytes != len(file.data) or account.content_bytes != sum(
        account.bytes_by_place()[p] or 0 for p in BYTE_PLACES[1:]
    ):
        wrong.append(f"bytes do not add up: {account.bytes_by_place()}")
    # A rejection may hold several records: as many as it has lines.
    rejected = sum(r.raw_text.count("\n") + 1 for r in account.rejects)
    rejected += file.name.endswith("no_end") and account.rejected  # two records in one line
    if len(found) + rejected < truth.total():
        wrong.append(f"{truth.total()} records, but {len(found)} accepted and {rejected} lines rejected")
    if len(found) > truth.total():
        wrong.append(f"{len(found)} records accepted of {truth.total()}")
    if file.family == "header" and Counter(found) != truth and not (account.rejected or account.changes):
        wrong.append("another reading of the header was not told")
    return 2 * right / (len(found) + truth.total()), wrong


def test_damaged_tables_keep_their_records(tmp_path: Path) -> None:
    scores: dict[str, list[float]] = defaultdict(list)
    wrong: dict[str, list[str]] = {}
    low: dict[str, float] = {}
    for file in damaged():
        path = tmp_path / "t.csv"
        path.write_bytes(file.data)
        score, problems = told(file, path)
        scores[file.family].append(score)
        if problems:
            wrong[file.name] = problems
        if score < 0.97:
            low[file.name] = score
    means = {family: sum(s) / len(s) for family, s in scores.items()}
    print({f: f"{len(scores[f])} files, F1 {m:.4f}" for f, m in means.items()})
    assert not wrong
    assert min(means.values()) >= 0.99, (means, low)


def test_the_damages_are_many() -> None:
    files = list(corpus(body=12))
    assert len({f.data for f in files}) > 400
    assert {f.family for f in files} == {"file", "header", "body"}


@pytest.mark.parametrize("name", ["narrow_header_no_end", "narrow_header_line_end_before_3", "pair_header_lost_cell_0"])
def test_a_damaged_header_is_read_and_reported(tmp_path: Path, name: str) -> None:
    (file,) = [f for f in corpus(body=0) if f.name == name]
    path = tmp_path / "t.csv"
    path.write_bytes(file.data)
    account = account_file(path, list(file.table.columns))
    assert (account.accepted, account.rejected, account.lines) == (60, 0, account.record_lines + account.header_lines)
    assert "header_mended" in [c.change for c in account.changes]
    assert told(file, path) == (1.0, [])
