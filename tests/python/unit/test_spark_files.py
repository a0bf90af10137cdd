"""Files without a byte, which Spark's own sources leave out, are found as Spark would name them."""

from __future__ import annotations

import datetime as dt
import os
from pathlib import Path

import pytest

from lakeweave.spark.files import empty_files


def test_empty_files_below_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a" / "_private").mkdir(parents=True)
    for name in ("empty.csv", "a/empty too.jpg", "a/_hidden.csv", "a/.hidden.csv", "a/_private/empty.csv"):
        (tmp_path / name).touch()
    (tmp_path / "a" / "full.csv").write_text("id\n")
    os.utime(tmp_path / "empty.csv", (0, 1_700_000_000.123456))

    found = {path: (changed, length) for path, changed, length in empty_files(str(tmp_path))}

    assert set(found) == {f"file:{tmp_path}/empty.csv", f"file:{tmp_path}/a/empty too.jpg"}
    assert found[f"file:{tmp_path}/empty.csv"] == (dt.datetime(2023, 11, 14, 22, 13, 20, 123000, dt.UTC), 0)
    monkeypatch.chdir(tmp_path)
    assert {path for path, _, _ in empty_files("a")} == {f"file:{tmp_path}/a/empty too.jpg"}
    assert empty_files("file://" + str(tmp_path / "a")) == empty_files("a")
    assert empty_files(str(tmp_path / "absent")) == []
