"""Single operations of the dirt, at rate 1, where rare cases can be forced."""

import numpy as np
import pyarrow as pa
import pytest

from demo.landing import dirt
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


def test_amounts_are_rounded_to_what_is_written():
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


def test_quoting_is_what_a_csv_reader_undoes():
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


def test_streams_are_independent_and_named():
    assert np.array_equal(stream(1, "a", 2).random(5), stream(1, "a", 2).random(5))
    draws = [stream(1, "a", 2), stream(1, "a", 3), stream(1, "b", 2), stream(2, "a", 2)]
    assert len({draw.random() for draw in draws}) == 4


def test_choose_follows_its_weights():
    found = np.bincount(choose(stream(6, "x"), 100_000, (2, 1, 1)), minlength=3) / 100_000
    assert found == pytest.approx([0.5, 0.25, 0.25], abs=0.01)
    assert len(distinct_sample(stream(6, "y"), np.arange(3), 5)) == 3
