"""The two walks through the code in CONTRIBUTING.md lead through files that exist, and each file leads to the next."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
ROW = re.compile(r"^\| ([\w./]+) \| .+ \| `([^`]+)` \|$", re.MULTILINE)


@pytest.mark.parametrize(("beginning", "most"), [("A delivered file,", 15), ("A prompt,", 10)])
def test_a_walk_is_short_and_leads_on(beginning: str, most: int):
    page = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    table = page.partition("## Two walks")[2].partition(beginning)[2].split("\n\n")[1]
    rows = ROW.findall(table)
    assert len(rows) == len(table.splitlines()) - 2
    assert 5 < len(rows) <= most
    assert len({file for file, _ in rows}) == len(rows)
    for file, text in rows:
        assert text in (ROOT / file).read_text(encoding="utf-8"), f"{file} has no `{text}`"
