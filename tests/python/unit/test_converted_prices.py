"""Every price that a model converts is guarded by the data test `converted_to_usd` of that model."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[3]
# It converts only to have a total of its own, and counts the prices without a rate in a row of its own.
EXEMPT = {"sales_reconciliation"}
CALL = re.compile(r"lakeweave\.convert_to_usd\(.*?price='(\w+)'", re.DOTALL)


def conversions() -> list[tuple[Path, str]]:
    """Each model that calls the macro, and the column that it converts."""
    found = []
    for path in sorted((ROOT / "models").rglob("*.sql")):
        prices = CALL.findall(path.read_text())
        assert len(prices) == path.read_text().count("convert_to_usd("), f"{path.name}: a call without price='…'"
        found += [(path, price) for price in prices if path.stem not in EXEMPT]
    return found


@pytest.mark.parametrize(("path", "price"), conversions(), ids=lambda value: getattr(value, "stem", value))
def test_a_converted_price_is_guarded(path: Path, price: str) -> None:
    (model,) = yaml.safe_load(path.with_suffix(".yml").read_text())["models"]
    guarded = [
        test["converted_to_usd"]["arguments"]["price_usd"]
        for test in model.get("data_tests", [])
        if isinstance(test, dict) and "converted_to_usd" in test
    ]
    assert f"{price}_usd" in guarded, f"{path.name} converts {price}; add the data test converted_to_usd for it"
    assert f"{price}_usd" in {column["name"] for column in model["columns"]}


def test_there_are_conversions() -> None:
    assert {path.stem for path, _ in conversions()} >= {"orders_enriched", "product_performance"}
