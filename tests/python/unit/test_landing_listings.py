"""The listings feed: the layout of its files, and its truth against a plain replay of them."""

import csv
import re
from collections import Counter
from itertools import pairwise

import numpy as np
import pyarrow.parquet as pq
import pytest

from demo.landing import LandingConfig, generate
from demo.landing.listings import COLOR_EFFECTS

COLUMNS = ["product_id", "title", "brand", "category", "color", "description", "price", "units_sold"]


@pytest.fixture(scope="module")
def zone(tmp_path_factory):
    out = tmp_path_factory.mktemp("listings") / "landing"
    generate(LandingConfig(scale=0.02, batches=5, out=out, feeds=("listings",)))
    return out


def truth(zone, name):
    return pq.read_table(zone / f"truth/listings/{name}.parquet")


def rows_of(zone, name):
    with (zone / "aws/dms/listings/shop/listings" / name).open(newline="", encoding="utf-8") as file:
        return list(csv.reader(file))


def replay(zone, after=10**6):
    """All delivered records as (key, time, file, record, operation, cells), in the order of truth."""
    records = []
    for file in truth(zone, "files").to_pylist():
        if file["batch"] > after:
            continue
        rows = rows_of(zone, file["file_name"])
        if rows[0][0] == "Op":
            assert rows.pop(0) == ["Op", *COLUMNS, "dms_commit_ts"]
        full_load = file["file_name"].startswith("LOAD")
        for number, row in enumerate(rows, 1):
            operation, *cells = ["L", *row] if full_load else row
            assert len(cells) == 9
            records.append((int(cells[0]), cells[8], file["file_name"], number, operation, cells[:8]))
        assert file["records"] == len(rows)
    return sorted(records, key=lambda record: (record[0], record[1:4]))


def as_text(row):
    return [
        "NULL" if row[name] is None else f"{row[name]:.2f}" if name == "price" else str(row[name]) for name in COLUMNS
    ]


def test_names_and_forms(zone):
    files = truth(zone, "files").to_pylist()
    names = [file["file_name"] for file in files]
    assert names == sorted(path.name for path in (zone / "aws/dms/listings/shop/listings").iterdir())
    changes = [name for name in names if name != "LOAD00000001.csv"]
    assert len(changes) == 5 * 6
    assert all(re.fullmatch(r"202602\d\d-\d{9}\.csv", name) for name in changes)
    headed = [rows_of(zone, name)[0][0] == "Op" for name in changes]
    assert sum(headed) == 10
    assert len(rows_of(zone, "LOAD00000001.csv")) == 400
    assert {len(row) for row in rows_of(zone, "LOAD00000001.csv")} == {9}
    assert all(
        re.fullmatch(r"2026-02-\d\d \d\d:\d\d:\d\d\.\d{6}", row[-1])
        for name in changes
        for row in rows_of(zone, name)[1:]
    )
    late = [file for file in files if file["kind"] == "late"]
    assert [(file["written_in_batch"], file["batch"]) for file in late] == [(1, 2), (4, 5)]


@pytest.mark.parametrize("after", [0, 1, 2, 5])
def test_current_state(zone, after):
    last = {record[0]: record for record in replay(zone, after)}
    expected = {key: record for key, record in last.items() if record[4] != "D"}
    found = truth(zone, f"listings_after_{after:03d}").to_pylist()
    assert [row["product_id"] for row in found] == sorted(expected)
    for row in found:
        record = expected[row["product_id"]]
        assert as_text(row) == record[5]
        assert (row["_file_name"], row["_record_number"]) == record[2:4]
    if after == 5:
        assert truth(zone, "listings").equals(truth(zone, "listings_after_005"))


def test_history(zone):
    versions = []
    for record, following in pairwise([*replay(zone), None]):
        same_key = following is not None and following[0] == record[0]
        if (same_key and following[1] == record[1]) or record[4] == "D":
            continue
        versions.append((record[5], record[1], following[1] if same_key else None, same_key and following[4] == "D"))
    # A delete that shares its time with the change before it ends the version before that one.
    found = [
        (as_text(row), f"{row['valid_from']:%Y-%m-%d %H:%M:%S.%f}", row["valid_to"], row["deleted"])
        for row in truth(zone, "listings_history").to_pylist()
    ]
    assert [version[:2] for version in found] == [version[:2] for version in versions]
    ends = [None if end is None else f"{end:%Y-%m-%d %H:%M:%S.%f}" for _, _, end, _ in found]
    assert ends == [version[2] for version in versions]
    for row in truth(zone, "listings_history").to_pylist():
        assert row["is_current"] == (row["valid_to"] is None)
        assert row["valid_to"] is None or row["valid_to"] > row["valid_from"]
    current = {row["product_id"] for row in truth(zone, "listings_history").to_pylist() if row["is_current"]}
    assert current == set(truth(zone, "listings")["product_id"].to_pylist())
    assert sum(row["deleted"] for row in truth(zone, "listings_history").to_pylist()) > 10


def test_operations_make_sense(zone):
    """Followed in order, inserts are of unlisted and other changes of listed products."""
    live = set()
    kinds = Counter()
    for key, _, _, _, operation, _ in sorted(replay(zone), key=lambda record: record[1:4]):
        assert (key in live) == (operation in "UD")
        live = live - {key} if operation == "D" else live | {key}
        kinds[operation] += 1
    assert min(kinds[operation] for operation in "IUD") > 15


def test_hard_cases_are_there(zone):
    records = replay(zone)
    same_time = Counter((record[0], record[1]) for record in records)
    assert max(same_time.values()) >= 2
    files_of_time = {}
    for record in records:
        files_of_time.setdefault(record[1], set()).add(record[2])
    assert max(len(files) for files in files_of_time.values()) == 2
    late = {file["file_name"] for file in truth(zone, "files").to_pylist() if file["kind"] == "late"}
    overtaken = {record[0] for record in records if record[2] in late} & {
        record[0] for record in replay(zone, 1) if record[2] > min(late)
    }
    assert overtaken
    assert any(record[5][2] == "NULL" for record in records)
    assert any('"' in cell for record in records for cell in record[5])
    deleted = {record[0] for record in records if record[4] == "D"}
    assert deleted & {key for key, *_, operation, _ in records if operation == "I"}


def test_planted_effects(tmp_path):
    """Colours differ in sales as planted; most descriptions agree with the look."""
    generate(LandingConfig(scale=0.5, batches=0, out=tmp_path / "z", feeds=("listings",)))
    looks, rows = truth(tmp_path / "z", "product_looks").to_pylist(), truth(tmp_path / "z", "listings").to_pylist()
    units = {}
    for row in rows:
        units.setdefault(row["color"], []).append(row["units_sold"])
    neutral = np.mean([value for color, values in units.items() if color not in COLOR_EFFECTS for value in values])
    for color, effect in COLOR_EFFECTS.items():
        assert np.mean(units[color]) / neutral == pytest.approx(effect, rel=0.15)
    by_product = {look["product_id"]: look for look in looks}
    outcome = Counter()
    for row in rows:
        look = by_product[row["product_id"]]
        assert row["color"] == look["color"]
        if row["description"] is None:
            outcome["none"] += 1
            continue
        outcome["wrong color"] += look["described_color"] not in (None, look["color"])
        outcome["no color"] += look["described_color"] is None
        outcome["wrong category"] += look["described_category"] != look["category"]
        assert f" {look['pattern']} " in row["description"]
        assert f"our {look['described_category']} range" in row["description"]
        assert look["described_color"] is None or f" in {look['described_color']}," in row["description"]
    for kind, share in (("wrong color", 0.06), ("no color", 0.08), ("wrong category", 0.04), ("none", 0.01)):
        assert outcome[kind] / len(rows) == pytest.approx(share, rel=0.25)
