"""Single operations of the dirt, at rate 1, where rare cases can be forced."""

import numpy as np
import pyarrow as pa
import pytest

from demo.landing import dirt, exports
from demo.landing.blocks import NULL_INT, Column, Text
from demo.landing.randomness import choose, distinct_sample, stream


def test_amounts_from_a_thousand_on():
    """Amounts that the catalogue rarely has: separators in symbols and words, and quotes around them in CSV."""
    values = np.tile([1234.5, 999.99, 1000.0, 98765.43], 500)
    delivered = dirt.dirty_money(values, 1.0, stream(1, "x"))
    texts = set(delivered.text.to_pylist())
    assert {'"$1,234.50"', "$1234.50", '"EUR1,000.00"', '"£98,765.43"', "¥1234.50", "1234.50 dollars"} <= texts
    assert {"123450 yen", '"123,450 yen"', "99999 yen", '"9,876,543 yen"'} & texts >= {"123450 yen", '"123,450 yen"'}
    assert not any("," in text and not text.startswith('"') for text in texts if text)
    assert '"999.99 pounds"' not in texts
    yen_words = np.array([text is not None and text.rstrip('"').endswith("yen") for text in delivered.text.to_pylist()])
    assert (delivered.value[yen_words] == values[yen_words] * 100).all()
    assert (delivered.value[~yen_words] == values[~yen_words]).all()


def test_amounts_are_rounded_to_the_written_decimals():
    values = np.full(400, 12.3456789)
    delivered = dirt.dirty_money(values, 1.0, stream(2, "x"))
    currency = delivered.state == dirt.CURRENCY
    assert set(delivered.value[currency].tolist()) == {12.35, 1235.0}
    assert set(delivered.value[~currency].tolist()) == {12.3456789}


def test_null_cells_become_sentinels_or_stay_empty():
    nothing = np.full(50, NULL_INT)
    for delivered in (
        dirt.dirty_timestamp(nothing, 0.5, stream(3, "t")),
        dirt.dirty_integer(nothing, 0.5, stream(3, "i")),
        dirt.dirty_money(np.full(50, np.nan), 0.5, stream(3, "m")),
        dirt.dirty_text(Text(pa.array(["a"]), np.full(50, -1, np.int32)), Column("c", "text"), 0.5, stream(3, "s")),
    ):
        sentinel = delivered.state == dirt.SENTINEL
        assert 0 < sentinel.sum() < 50
        assert set(delivered.state.tolist()) == {dirt.CLEAN, dirt.SENTINEL}
        texts = np.array(delivered.text.to_pylist())
        assert set(texts[sentinel].tolist()) <= set(dirt.SENTINELS)
        assert set(texts[~sentinel].tolist()) == {None}


def test_recasing_always_changes_something():
    cells = Text.plain(pa.array(["UPPER", "lower", "Title Case", "München", "McKay"] * 200))
    delivered = dirt.dirty_text(cells, Column("c", "text"), 1.0, stream(4, "x"))
    plain = np.array(cells.to_arrow().to_pylist())
    texts = np.array(delivered.text.to_pylist())
    recased = delivered.state == dirt.RECASED
    assert recased.sum() > 300
    assert (plain[recased] != texts[recased]).all()
    assert all(a.lower() == b.lower() for a, b in zip(plain[recased], texts[recased], strict=True))


def test_a_csv_reader_reverses_the_quoting():
    import csv

    values = ["plain", 'with "quotes"', "with, comma", "with\nnewline", "", "'single'"]
    lines = "\n".join(dirt.quote_csv(pa.array(values)).to_pylist())
    assert [row[0] if row else "" for row in csv.reader(lines.splitlines(keepends=True))] == values


def test_the_literal_null_means_nothing():
    cells = Text.plain(pa.array(["null", "Berlin"] * 100))
    delivered = dirt.dirty_text(cells, Column("city", "text", literal_null=True), 0.3, stream(5, "x"))
    values = delivered.value.to_arrow().to_pylist()
    assert set(values) == {None, "Berlin"}
    for value, text, state in zip(values, delivered.text.to_pylist(), delivered.state.tolist(), strict=True):
        if value is None:
            assert state == (dirt.CLEAN if text is None else dirt.SENTINEL)


@pytest.mark.parametrize(
    ("kind", "values", "expected"),
    [
        ("id", np.array([900002, NULL_INT]), [{"900002", "900002.0"}, {None}]),
        ("integer", np.array([36, NULL_INT]), [{"36", "36.0"}, {None}]),
        ("money", np.array([36.0, 12.5, np.nan]), [{"36", "36.0"}, {"12.5"}, {None}]),
        # Midnight is a date alone; no other time is.
        ("timestamp", np.array([1_719_187_200, NULL_INT]), [{"2024-06-24 00:00:00", "2024-06-24"}, {None}]),
    ],
)
def test_exports_lose_nothing(kind, values, expected):
    column = Column("c", kind)
    rows = np.tile(values, 200)
    cells = dirt.deliver_column(column, rows, 0.0, stream(7, "d"))
    delivered = dirt.export_cells(column, cells, 1.0, stream(7, "e"))
    texts = np.array(delivered.text.to_pylist(), dtype=object).reshape(-1, len(values))
    assert [set(texts[:, place].tolist()) for place in range(len(values))] == expected
    changed = np.array(delivered.text.to_pylist(), dtype=object) != np.array(cells.text.to_pylist(), dtype=object)
    assert np.array_equal(changed, delivered.state == dirt.EXPORTED)
    assert np.array_equal(delivered.value, rows, equal_nan=kind == "money")


def test_exports_leave_all_other_cells_alone(monkeypatch):
    """The same lines with and without exports, but for the exported cells."""
    columns = (
        Column("id", "id"),
        Column("n", "integer"),
        Column("t", "timestamp"),
        Column("m", "money"),
        Column("s", "text"),
    )
    count = 3000
    block = {
        "id": np.arange(1, count + 1), "n": np.arange(count) % 70, "t": 1_719_187_261 + np.arange(count),
        "m": np.arange(count) / 4, "s": Text.plain(pa.array([f"Name {n}" for n in range(count)])),
    }  # fmt: skip
    _, with_exports = dirt.deliver_block(columns, block, 0.15, stream(8, "x"))
    monkeypatch.setattr(exports, "EXPORTED_SHARE", 0.0)
    _, without = dirt.deliver_block(columns, block, 0.15, stream(8, "x"))
    exported = 0
    for name, cells in with_exports.items():
        same = np.array(cells.text.to_pylist(), object) == np.array(without[name].text.to_pylist(), object)
        is_exported = cells.state == dirt.EXPORTED
        assert np.array_equal(~same, is_exported)
        assert set(np.array(without[name].state)[is_exported].tolist()) <= {dirt.CLEAN}
        exported += is_exported.sum()
    assert exported > 200


def test_streams_are_independent_and_named():
    assert np.array_equal(stream(1, "a", 2).random(5), stream(1, "a", 2).random(5))
    draws = [stream(1, "a", 2), stream(1, "a", 3), stream(1, "b", 2), stream(2, "a", 2)]
    assert len({draw.random() for draw in draws}) == 4


def test_choose_follows_its_weights():
    found = np.bincount(choose(stream(6, "x"), 100_000, (2, 1, 1)), minlength=3) / 100_000
    assert found == pytest.approx([0.5, 0.25, 0.25], abs=0.01)
    assert len(distinct_sample(stream(6, "y"), np.arange(3), 5)) == 3
