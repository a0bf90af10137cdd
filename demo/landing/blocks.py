"""Blocks of clean rows in a compact form, and what the source's tables look like."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

NULL_INT = np.iinfo(np.int64).min


@dataclass(frozen=True)
class Text:
    """A text column as positions (int32, -1 for NULL) into a vocabulary."""

    vocabulary: pa.Array
    index: np.ndarray

    def __len__(self) -> int:
        return len(self.index)

    @classmethod
    def plain(cls, values: pa.Array) -> Text:
        """A column whose values are all its own vocabulary."""
        return cls(values, np.arange(len(values), dtype=np.int32))

    def take(self, rows: np.ndarray) -> Text:
        """The rows at these positions."""
        return Text(self.vocabulary, self.index[rows])

    def to_arrow(self) -> pa.Array:
        """The values as a plain string array."""
        return self.vocabulary.take(pa.array(self.index, mask=self.index < 0))

    def compact(self) -> Text:
        """The same values over a vocabulary that holds only what is used."""
        used, index = np.unique(self.index, return_inverse=True)
        first_null = used[:1] < 0
        kept = used[used >= 0]
        shift = int(first_null.sum())
        return Text(self.vocabulary.take(pa.array(kept)), (index.reshape(-1) - shift).astype(np.int32))


# A clean block: column name -> Text, int64 (ids, integers, seconds since 1970; NULL_INT: NULL) or float64 (NaN: NULL).
Block = dict[str, "Text | np.ndarray"]


def block_length(block: Block) -> int:
    """Number of rows."""
    return len(next(iter(block.values())))


def take_block(block: Block, rows: np.ndarray) -> Block:
    """The rows at these positions."""
    return {name: (c.take(rows) if isinstance(c, Text) else c[rows]) for name, c in block.items()}


def concat_blocks(blocks: list[Block]) -> Block:
    """All rows of all blocks, which have the same columns."""
    if len(blocks) == 1:
        return blocks[0]
    joined: Block = {}
    for name, first in blocks[0].items():
        parts = [block[name] for block in blocks]
        if not isinstance(first, Text):
            joined[name] = np.concatenate(parts)
        elif all(part.vocabulary is first.vocabulary for part in parts):
            joined[name] = Text(first.vocabulary, np.concatenate([part.index for part in parts]))
        else:
            small = [part.compact() for part in parts]
            offsets = np.cumsum([0] + [len(part.vocabulary) for part in small])
            index = [np.where(p.index < 0, -1, p.index + o) for p, o in zip(small, offsets, strict=False)]
            joined[name] = Text(
                pa.concat_arrays([part.vocabulary for part in small]), np.concatenate(index).astype(np.int32)
            )
    return joined


@dataclass(frozen=True)
class Column:
    """A delivered column.

    ``kind`` is ``id`` (whole number, only exported), ``exact`` (text or float, never dirtied), ``email``, ``text``,
    ``money``, ``integer`` or ``timestamp``. ``quoted``: values may hold commas or quotes. ``literal_null``: the
    source writes the word null where it knows no value.
    """

    name: str
    kind: str
    quoted: bool = False
    literal_null: bool = False


@dataclass(frozen=True)
class Table:
    """A delivered table: its columns in file order, its key, and the rows of a later batch at scale 0.01."""

    name: str
    columns: tuple[Column, ...]
    key: str = "id"
    batch_rows: int = 0


def _columns(text: str) -> tuple[Column, ...]:
    parsed = []
    for item in text.split():
        name, kind, *flags = item.split(":")
        parsed.append(Column(name, kind, "quoted" in flags, "literal_null" in flags))
    return tuple(parsed)


TABLES: dict[str, Table] = {
    table.name: table
    for table in (
        Table(
            "distribution_centers",
            _columns("id:id name:text latitude:exact longitude:exact"),
        ),
        Table(
            "products",
            _columns(
                "id:id cost:money category:text name:text:quoted brand:text:quoted retail_price:money department:text "
                "sku:exact distribution_center_id:id"
            ),
            batch_rows=30,
        ),
        Table(
            "users",
            _columns(
                "id:id first_name:text last_name:text email:email age:integer gender:text state:text "
                "street_address:text postal_code:text city:text:literal_null country:text latitude:exact "
                "longitude:exact traffic_source:text created_at:timestamp"
            ),
            batch_rows=100,
        ),
        Table(
            "orders",
            _columns(
                "order_id:id user_id:id status:text gender:text created_at:timestamp returned_at:timestamp "
                "shipped_at:timestamp delivered_at:timestamp num_of_item:integer"
            ),
            key="order_id",
            batch_rows=120,
        ),
        Table(
            "order_items",
            _columns(
                "id:id order_id:id user_id:id product_id:id inventory_item_id:id status:text created_at:timestamp "
                "shipped_at:timestamp delivered_at:timestamp returned_at:timestamp sale_price:money"
            ),
            batch_rows=200,
        ),
        Table(
            "inventory_items",
            _columns(
                "id:id product_id:id created_at:timestamp sold_at:timestamp cost:money product_category:text "
                "product_name:text:quoted product_brand:text:quoted product_retail_price:money "
                "product_department:text product_sku:exact product_distribution_center_id:id"
            ),
            batch_rows=300,
        ),
        Table(
            "events",
            _columns(
                "id:id user_id:id sequence_number:integer session_id:exact created_at:timestamp ip_address:text "
                "city:text:literal_null state:text postal_code:text browser:text traffic_source:text uri:text "
                "event_type:text"
            ),
            batch_rows=500,
        ),
    )
}
