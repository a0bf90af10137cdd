"""Basket rules against mlxtend, and at the edges of their measures."""

from __future__ import annotations

import importlib.util
import random
from types import ModuleType

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.python.support import ROOT


def _model() -> ModuleType:
    path = ROOT / "models" / "gold" / "grocery" / "grocery_basket_rules.py"
    spec = importlib.util.spec_from_file_location("grocery_basket_rules", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


RULES = _model()


class _Dbt:
    """The part of dbt that the model uses."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection = connection

    def config(self, **_: object) -> None:
        """Settings do not matter here."""

    def ref(self, name: str) -> duckdb.DuckDBPyRelation:
        """The table of that name."""
        return self._connection.table(name)


def _rules(baskets: list[list[str]]) -> list[dict[str, object]]:
    with duckdb.connect() as connection:
        connection.execute("create table silver_transactions (basket_id varchar, item varchar)")
        rows = [(str(number), item) for number, basket in enumerate(baskets) for item in basket]
        if rows:
            connection.executemany("insert into silver_transactions values (?, ?)", rows)
        return RULES.model(_Dbt(connection), connection).to_pylist()


def test_measures_of_a_rule() -> None:
    baskets = [["bread", "butter"]] * 3 + [["bread"]] * 1 + [["butter"]] * 2 + [["tea"]] * 4
    rule = next(rule for rule in _rules(baskets) if rule["antecedents"] == "bread")
    assert rule == {
        "antecedents": "bread",
        "consequents": "butter",
        "antecedent_size": 1,
        "consequent_size": 1,
        "basket_count": 3,
        "antecedent_support": pytest.approx(0.4),
        "consequent_support": pytest.approx(0.5),
        "support": pytest.approx(0.3),
        "confidence": pytest.approx(0.75),
        "lift": pytest.approx(1.5),
        "leverage": pytest.approx(0.1),
        "conviction": pytest.approx(2.0),
        "zhangs_metric": pytest.approx(0.1 / 0.18),
    }


def test_a_rule_that_always_holds_has_no_conviction_and_an_item_twice_counts_once() -> None:
    rules = _rules([["a", "a", "b"]] * 3 + [["b"]])
    always = next(rule for rule in rules if rule["antecedents"] == "a")
    assert always["conviction"] is None
    assert always["basket_count"] == 3


def test_two_baskets_are_a_coincidence() -> None:
    assert _rules([["a", "b"], ["a", "b"], ["c"]]) == []
    assert _rules([]) == []


def test_a_set_is_frequent_from_one_basket_in_a_thousand_on() -> None:
    assert [RULES.least_count(baskets) for baskets in (0, 3_000, 3_001, 14_963, 1_000_000)] == [3, 3, 4, 15, 1_000]


def _by_mlxtend(baskets: list[list[str]]) -> dict[tuple[str, str], tuple[float, ...]]:
    import pandas
    from mlxtend.frequent_patterns import association_rules, fpgrowth
    from mlxtend.preprocessing import TransactionEncoder

    encoder = TransactionEncoder()
    table = pandas.DataFrame(encoder.fit_transform(baskets), columns=encoder.columns_)
    sets = fpgrowth(table, min_support=(RULES.least_count(len(baskets)) - 0.5) / len(baskets), use_colnames=True)
    if not len(sets):
        return {}
    rules = association_rules(sets, metric="confidence", min_threshold=RULES.MIN_CONFIDENCE)
    names = ["antecedent support", "consequent support", "support", "confidence", "lift", "leverage", "zhangs_metric"]
    return {
        (", ".join(sorted(row["antecedents"])), ", ".join(sorted(row["consequents"]))): tuple(
            row[name] for name in names
        )
        for _, row in rules.iterrows()
    }


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000), st.integers(5, 60), st.integers(3, 9))
def test_rules_are_those_of_mlxtend(seed: int, count: int, items: int) -> None:
    draw = random.Random(seed)
    names = [f"item {number}" for number in range(items)]
    baskets = [draw.choices(names, weights=range(items, 0, -1), k=draw.randint(1, 6)) for _ in range(count)]
    made = {
        (rule["antecedents"], rule["consequents"]): tuple(
            rule[name]
            for name in (
                "antecedent_support", "consequent_support", "support", "confidence", "lift", "leverage", "zhangs_metric",
            )
        )
        for rule in _rules(baskets)
    }  # fmt: skip
    wanted = _by_mlxtend(baskets)
    # mlxtend divides shares, not counts: a confidence of exactly 0.1 is a little less there.
    edge = {key for key, values in made.items() if values[3] == pytest.approx(RULES.MIN_CONFIDENCE, abs=1e-9)}
    assert made.keys() - edge == wanted.keys() - edge
    for key in wanted.keys() - edge:
        values = wanted[key]
        assert made[key] == pytest.approx(values, abs=1e-9), key
