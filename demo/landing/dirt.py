"""The source system's dirt, applied to whole columns at once, with a record of what it did to every cell.

Each cell is dirtied with the file's rate; what happens to it is drawn by the weights below (source notes, 2.2).
Keys and other ids, e-mail addresses, SKUs and coordinates are never dirtied. Where a cell is NULL in the source, dirt
can only write a sentinel instead of nothing. Some of the clean cells are written in an export form, see :mod:`.exports`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from .blocks import NULL_INT, Block, Column, Text
from .exports import export_text, exported_rows, is_exported
from .randomness import choose

SENTINELS = ("N/A", "n/a", "NA", "none", "None", "null", "NULL", "-", "--", "missing", "#N/A")

# What became of a cell; the position is the code in ``Delivered.state``.
STATES = ("clean", "padded", "recased", "sentinel", "empty", "currency", "reformatted", "exported")
CLEAN, PADDED, RECASED, SENTINEL, EMPTY, CURRENCY, REFORMATTED, EXPORTED = range(len(STATES))

# Money: the label of a value and how its symbol and word are written; the position is the code in ``value_type``.
VALUE_TYPES = ("dollars", "euros", "pounds", "yen")
SYMBOLS = ("$", "EUR", "£", "¥")

TEXT_WEIGHTS = (0.35, 0.35, 0.20, 0.10)  # padded, recased, sentinel, empty
MONEY_WEIGHTS = (0.50, 0.35, 0.15)  # currency, sentinel, empty
TIMESTAMP_WEIGHTS = (0.60, 0.25, 0.15)  # reformatted, sentinel, empty
INTEGER_WEIGHTS = (0.70, 0.30)  # sentinel, empty

# A share of the currency cells carries the currency as a word after the number ("12.50 pounds", "1250 yen").
WORD_SHARE = 0.12
# A share of the currency amounts from 1,000 on carries a thousands separator.
THOUSANDS_SHARE = 0.35

# The six other ways to write a time; the clean one is %Y-%m-%d %H:%M:%S. The comma makes the fourth one quoted in CSV.
TIMESTAMP_FORMATS = (
    "%m/%d/%Y %H:%M:%S",
    "%b %d %Y %H:%M:%S",
    '"%B %d, %Y %H:%M:%S"',
    "%Y/%m/%d %H:%M:%S",
    "%m-%d-%Y %H:%M:%S",
    "%d %b %Y %H:%M:%S",
)

_PADS = pa.array(["", " ", "  ", "   "])
_SENTINELS = pa.array(SENTINELS)
_SENTINELS_FOLDED = pa.array(sorted({sentinel.lower() for sentinel in SENTINELS}))


@dataclass(frozen=True)
class Delivered:
    """One column as it goes into the file.

    ``text``: what is written, quoted for CSV where needed (NULL is an empty field). ``value``: what was meant, in the
    form of the block. ``state``: int8 codes into ``STATES``, or None for a column that is never dirtied.
    ``value_type``: for money, int8 codes into ``VALUE_TYPES`` (-1: no currency was written).
    """

    text: pa.Array
    value: Text | np.ndarray
    state: np.ndarray | None = None
    value_type: np.ndarray | None = None


def quote_csv(values: pa.Array) -> pa.Array:
    """Quote the values that a CSV field cannot hold bare."""
    needs = pc.match_substring_regex(values, '[",\r\n]')
    if not pc.any(needs).as_py():
        return values
    doubled = pc.replace_substring(values, '"', '""')
    return pc.if_else(needs, pc.binary_join_element_wise('"', doubled, '"', ""), values)


def _merge(base: pa.Array, index: np.ndarray, extras: list[tuple[np.ndarray, pa.Array]]) -> pa.Array:
    """``base`` at ``index`` (-1: NULL), but at the given row positions the extra values instead."""
    index = index.copy()
    offset = len(base)
    for rows, values in extras:
        index[rows] = np.arange(offset, offset + len(values), dtype=index.dtype)
        offset += len(values)
    pool = pa.concat_arrays([base, *(values for _, values in extras)]) if extras else base
    return pool.take(pa.array(index, mask=index < 0))


def _hits(count: int, rate: np.ndarray | float, rng: np.random.Generator) -> np.ndarray:
    """Positions of the cells that get dirty."""
    return np.flatnonzero(rng.random(count, dtype=np.float32) < rate)


def _random_sentinels(rng: np.random.Generator, count: int) -> pa.Array:
    return _SENTINELS.take(pa.array(rng.integers(0, len(SENTINELS), count)))


def _pad(values: pa.Array, rng: np.random.Generator) -> pa.Array:
    """1 to 3 spaces at the left, the right or both."""
    side = rng.integers(0, 3, len(values))
    left = np.where(side == 1, 0, rng.integers(1, 4, len(values)))
    right = np.where(side == 0, 0, rng.integers(1, 4, len(values)))
    return pc.binary_join_element_wise(_PADS.take(pa.array(left)), values, _PADS.take(pa.array(right)), "")


def _recase(values: pa.Array, rng: np.random.Generator) -> tuple[pa.Array, np.ndarray]:
    """UPPER, lower or Title, whichever drawn first changes the value; and which values no case changes (numbers)."""
    forms = [pc.utf8_upper(values), pc.utf8_lower(values), pc.utf8_title(values)]
    changed = np.stack([pc.not_equal(form, values).to_numpy(zero_copy_only=False) for form in forms])
    start = rng.integers(0, 3, len(values))
    pick = np.full(len(values), -1)
    everyone = np.arange(len(values))
    for step in range(3):
        form = (start + step) % 3
        pick = np.where((pick < 0) & changed[form, everyone], form, pick)
    chosen = pc.choose(pa.array(np.maximum(pick, 0)), *forms)
    return chosen, pick < 0


def dirty_text(cells: Text, column: Column, rate: np.ndarray | float, rng: np.random.Generator) -> Delivered:
    """Pad, recase, replace by a sentinel or empty."""
    state = np.zeros(len(cells), dtype=np.int8)
    rows = _hits(len(cells), rate, rng)
    operation = choose(rng, len(rows), TEXT_WEIGHTS)
    operation[cells.index[rows] < 0] = 2

    recased_rows = rows[operation == 1]
    recased, unchanged = _recase(cells.vocabulary.take(pa.array(cells.index[recased_rows])), rng)
    # A value without letters cannot be recased: it is padded instead, so that the dirty rate holds.
    padded_rows = np.concatenate([rows[operation == 0], recased_rows[unchanged]])
    recased_rows, recased = recased_rows[~unchanged], recased.filter(pa.array(~unchanged))
    padded = _pad(cells.vocabulary.take(pa.array(cells.index[padded_rows])), rng)
    sentinel_rows, empty_rows = rows[operation == 2], rows[operation == 3]

    state[padded_rows], state[recased_rows] = PADDED, RECASED
    state[sentinel_rows], state[empty_rows] = SENTINEL, EMPTY
    extras = [
        (padded_rows, padded),
        (recased_rows, recased),
        (sentinel_rows, _random_sentinels(rng, len(sentinel_rows))),
    ]
    vocabulary = cells.vocabulary
    if column.quoted:
        vocabulary = quote_csv(vocabulary)
        extras = [(where, quote_csv(values)) for where, values in extras]
    index = cells.index.copy()
    index[empty_rows] = -1
    value = cells
    if column.literal_null:
        # The source's own word null means that nothing is known: meant is NULL, delivered is a sentinel.
        missing = pc.is_in(cells.vocabulary, value_set=_SENTINELS).to_numpy(zero_copy_only=False)
        literal = (cells.index >= 0) & missing[np.maximum(cells.index, 0)]
        value = Text(cells.vocabulary, np.where(literal, -1, cells.index).astype(np.int32))
        state[literal & (state != EMPTY)] = SENTINEL
        state[literal & (state == EMPTY)] = CLEAN
    return Delivered(_merge(vocabulary, index, extras), value, state)


def _digits(numbers: np.ndarray) -> pa.Array:
    return pa.array(numbers).cast(pa.string())


def _grouped(whole: np.ndarray, grouped: np.ndarray) -> pa.Array:
    """Whole amounts as text, with a thousands separator where asked (amounts below a million)."""
    low = pc.utf8_lpad(_digits(whole % 1000), 3, "0")
    return pc.if_else(pa.array(grouped), pc.binary_join_element_wise(_digits(whole // 1000), low, ","), _digits(whole))


def _currency(values: np.ndarray, rng: np.random.Generator) -> tuple[pa.Array, np.ndarray, np.ndarray]:
    """Write amounts with a currency: (text, the amount that the text means, int8 value type).

    A symbol stands before the number with two decimals. A word stands after it; amounts in words of yen have no
    decimals and are a hundredfold, as prices in yen are.
    """
    count = len(values)
    kind = rng.integers(0, len(SYMBOLS), count).astype(np.int8)
    word = rng.random(count) < WORD_SHARE
    yen_word = word & (kind == VALUE_TYPES.index("yen"))
    cents = np.floor(values * 100 + 0.5).astype(np.int64)
    whole = np.where(yen_word, cents, cents // 100)
    grouped = (rng.random(count) < THOUSANDS_SHARE) & (whole >= 1000) & (whole < 1_000_000)
    decimals = pc.binary_join_element_wise(".", pc.utf8_lpad(_digits(cents % 100), 2, "0"), "")
    number = pc.binary_join_element_wise(_grouped(whole, grouped), pc.if_else(pa.array(yen_word), "", decimals), "")
    prefix = pc.if_else(pa.array(word), "", pa.array(SYMBOLS).take(pa.array(kind)))
    words = pa.array([f" {label}" for label in VALUE_TYPES])
    suffix = pc.if_else(pa.array(word), words.take(pa.array(kind)), "")
    quote = pc.if_else(pa.array(grouped), '"', "")
    text = pc.binary_join_element_wise(quote, prefix, number, suffix, quote, "")
    return text, np.where(yen_word, cents, cents / 100), kind


def dirty_money(values: np.ndarray, rate: np.ndarray | float, rng: np.random.Generator) -> Delivered:
    """Write with a currency, replace by a sentinel or empty."""
    state = np.zeros(len(values), dtype=np.int8)
    value_type = np.full(len(values), -1, dtype=np.int8)
    meant = values.copy()
    rows = _hits(len(values), rate, rng)
    operation = choose(rng, len(rows), MONEY_WEIGHTS)
    operation[np.isnan(values[rows])] = 1
    currency_rows, sentinel_rows, empty_rows = (rows[operation == code] for code in range(3))
    text, meant[currency_rows], value_type[currency_rows] = _currency(values[currency_rows], rng)
    state[currency_rows], state[sentinel_rows], state[empty_rows] = CURRENCY, SENTINEL, EMPTY
    index = np.where(np.isnan(values), -1, np.arange(len(values))).astype(np.int32)
    index[empty_rows] = -1
    base = pa.array(values).cast(pa.string())
    extras = [(currency_rows, text), (sentinel_rows, _random_sentinels(rng, len(sentinel_rows)))]
    return Delivered(_merge(base, index, extras), meant, state, value_type)


def dirty_timestamp(values: np.ndarray, rate: np.ndarray | float, rng: np.random.Generator) -> Delivered:
    """Write in another format, replace by a sentinel or empty. ``values``: seconds since 1970, UTC."""
    state = np.zeros(len(values), dtype=np.int8)
    rows = _hits(len(values), rate, rng)
    operation = choose(rng, len(rows), TIMESTAMP_WEIGHTS)
    null = values == NULL_INT
    operation[null[rows]] = 1
    other_rows, sentinel_rows, empty_rows = (rows[operation == code] for code in range(3))
    extras = [(sentinel_rows, _random_sentinels(rng, len(sentinel_rows)))]
    form = rng.integers(0, len(TIMESTAMP_FORMATS), len(other_rows))
    for code, pattern in enumerate(TIMESTAMP_FORMATS):
        where = other_rows[form == code]
        extras.append((where, pc.strftime(pa.array(values[where], pa.timestamp("s")), format=pattern)))
    state[other_rows], state[sentinel_rows], state[empty_rows] = REFORMATTED, SENTINEL, EMPTY
    index = np.where(null, -1, np.arange(len(values))).astype(np.int32)
    index[empty_rows] = -1
    base = pa.array(np.where(null, 0, values), pa.timestamp("s")).cast(pa.string())
    return Delivered(_merge(base, index, extras), values, state)


def dirty_integer(values: np.ndarray, rate: np.ndarray | float, rng: np.random.Generator) -> Delivered:
    """Replace by a sentinel or empty."""
    state = np.zeros(len(values), dtype=np.int8)
    rows = _hits(len(values), rate, rng)
    operation = choose(rng, len(rows), INTEGER_WEIGHTS)
    null = values == NULL_INT
    operation[null[rows]] = 0
    sentinel_rows, empty_rows = rows[operation == 0], rows[operation == 1]
    state[sentinel_rows], state[empty_rows] = SENTINEL, EMPTY
    index = np.where(null, -1, np.arange(len(values))).astype(np.int32)
    index[empty_rows] = -1
    extras = [(sentinel_rows, _random_sentinels(rng, len(sentinel_rows)))]
    return Delivered(_merge(_digits(np.where(null, 0, values)), index, extras), values, state)


def _email(cells: Text, rng: np.random.Generator) -> Delivered:
    """E-mail addresses are never dirtied, but a missing one is written as nothing or, half the time, as a sentinel."""
    state = np.zeros(len(cells), dtype=np.int8)
    missing = np.flatnonzero(cells.index < 0)
    rows = missing[rng.random(len(missing)) < 0.5]
    state[rows] = SENTINEL
    extras = [(rows, _random_sentinels(rng, len(rows)))]
    return Delivered(_merge(cells.vocabulary, cells.index, extras), cells, state)


def deliver_column(
    column: Column, values: Text | np.ndarray, rate: np.ndarray | float, rng: np.random.Generator
) -> Delivered:
    """Turn one clean column into file text. ``rate`` is one dirty rate or one per row."""
    if isinstance(values, Text) and len(values.vocabulary) > len(values):
        values = values.compact()
    if column.kind == "text":
        return dirty_text(values, column, rate, rng)
    if column.kind == "money":
        return dirty_money(values, rate, rng)
    if column.kind == "timestamp":
        return dirty_timestamp(values, rate, rng)
    if column.kind == "integer":
        return dirty_integer(values, rate, rng)
    if column.kind == "email":
        return _email(values, rng)
    if isinstance(values, Text):
        return Delivered(values.to_arrow(), values)
    if values.dtype.kind == "f":
        return Delivered(pa.array(values).cast(pa.string()), values)
    null = values == NULL_INT
    return Delivered(pc.if_else(pa.array(null), None, _digits(np.where(null, 0, values))), values)


def export_cells(column: Column, cells: Delivered, rate: np.ndarray | float, rng: np.random.Generator) -> Delivered:
    """Write some of the clean cells in an export form. ``rate`` is one dirty rate or one per row."""
    if not is_exported(column):
        return cells
    state = np.zeros(len(cells.text), dtype=np.int8) if cells.state is None else cells.state.copy()
    rows = exported_rows(column, cells.value, state == CLEAN, rate, rng)
    state[rows] = EXPORTED
    replaced = pc.replace_with_mask(
        cells.text, pa.array(state == EXPORTED), export_text(column, cells.value[rows], rng)
    )
    return replace(cells, text=replaced, state=state)


def deliver_block(
    columns: tuple[Column, ...], block: Block, rate: np.ndarray | float, rng: np.random.Generator
) -> tuple[pa.Array, dict[str, Delivered]]:
    """Turn a clean block into CSV lines (with line ends, no header) and the record of what was delivered."""
    # Exports have a stream of their own: all else is the same with and without them.
    exports = rng.spawn(1)[0]
    delivered = {
        column.name: export_cells(column, deliver_column(column, block[column.name], rate, rng), rate, exports)
        for column in columns
    }
    *texts, last = (cells.text for cells in delivered.values())
    nulls = {"null_handling": "replace", "null_replacement": ""}
    # The line end goes to the last, short field: joining whole lines with it would copy them once more.
    lines = pc.binary_join_element_wise(*texts, pc.binary_join_element_wise(last, "", "\n", **nulls), ",", **nulls)
    return lines, delivered


def lossy_rows(delivered: dict[str, Delivered]) -> np.ndarray:
    """Positions of the rows in which a sentinel or nothing stands where the source had a value."""
    lost = None
    for cells in delivered.values():
        if cells.state is None:
            continue
        gone = (cells.state == SENTINEL) | (cells.state == EMPTY)
        if isinstance(cells.value, Text):
            gone &= cells.value.index >= 0
        elif cells.value.dtype.kind == "f":
            gone &= ~np.isnan(cells.value)
        else:
            gone &= cells.value != NULL_INT
        lost = gone if lost is None else lost | gone
    return np.flatnonzero(lost) if lost is not None else np.empty(0, dtype=np.int64)


def truth_table(columns: tuple[Column, ...], delivered: dict[str, Delivered]) -> pa.Table:
    """The meant values, typed; beside them ``<column>__delivered`` and, for money, ``<column>_value_type``."""
    names, arrays = [], []
    states, value_types = pa.array(STATES), pa.array(VALUE_TYPES)
    for column in columns:
        cells = delivered[column.name]
        value = cells.value
        names.append(column.name)
        if isinstance(value, Text):
            arrays.append(value.to_arrow())
        elif value.dtype.kind == "f":
            arrays.append(pa.array(value, mask=np.isnan(value)))
        elif column.kind == "timestamp":
            null = value == NULL_INT
            micros = np.where(null, 0, value) * 1_000_000
            arrays.append(pa.array(micros, mask=null).cast(pa.timestamp("us")))
        else:
            arrays.append(pa.array(value, mask=value == NULL_INT))
        if cells.value_type is not None:
            names.append(f"{column.name}_value_type")
            index = pa.array(cells.value_type.astype(np.int32), mask=cells.value_type < 0)
            arrays.append(pa.DictionaryArray.from_arrays(index, value_types))
        if cells.state is not None:
            names.append(f"{column.name}__delivered")
            arrays.append(pa.DictionaryArray.from_arrays(pa.array(cells.state.astype(np.int32)), states))
    return pa.Table.from_arrays(arrays, names=names)
