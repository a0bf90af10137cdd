"""The listings feed: rows of the shop's product database as the AWS Database Migration Service writes them to S3.

One full-load file without header and without ``Op``, then change files named after the moment they were written. Every
change carries the whole row after the change (or, for a delete, before it) and the commit's timestamp. The order of
truth is (commit timestamp, file name, record in the file). Some changes of one key share their timestamp, some
transactions are cut between two files, and one file in three batches is delivered a batch later than it was written.
"""

from __future__ import annotations

import csv
import hashlib
import io
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pyarrow as pa

from . import words
from .randomness import choose, stream
from .shop import BATCH_DAYS, DAY, NOW, Shop
from .truth import write_parquet

LISTINGS = Path("aws/dms/listings/shop/listings")
TRUTH = Path("truth/listings")
FULL_LOAD = "LOAD00000001.csv"
TIMESTAMP_COLUMN = "dms_commit_ts"

# Listed products at scale 0.01, in proportion to the scale; the other products are listed later or never.
LISTED = 200
# Changes in a later batch and of which kind, as a share of the listed products.
CHANGE_SHARE = 0.30
KINDS = ("sales", "price", "description", "color", "insert", "delete")
KIND_WEIGHTS = (0.50, 0.20, 0.08, 0.04, 0.10, 0.08)
FILES_PER_BATCH = 6
# With batches 1, 4, 7, … this file of the batch stays behind and arrives with the next batch.
LATE_FILE = 3
LATE_EVERY = 3
# One change file in three has a header, as with the setting AddColumnName.
HEADER_EVERY = 3

# How well a look sells, as a factor on the expected units: planted, so that an analysis can be checked against it.
COLOR_EFFECTS = {"red": 1.6, "navy": 1.4, "black": 1.2, "beige": 0.8, "olive": 0.65}
PATTERN_EFFECTS = {"floral": 1.35, "striped": 1.15, "checked": 0.85, "geometric": 0.75}
BACKGROUND_EFFECTS = {"outdoor": 1.3, "studio": 1.1, "marble": 0.85}
MEAN_UNITS = 40.0
# Descriptions that name another colour or category than the listing has, or no colour at all.
WRONG_COLOR_SHARE, WRONG_CATEGORY_SHARE, NO_COLOR_SHARE, NO_DESCRIPTION_SHARE = 0.06, 0.04, 0.08, 0.01

_CARE = (
    "Machine wash cold, tumble dry low.",
    "Hand wash only.",
    'Customers call it "the one I reach for".',
    "Fits true to size; order one size up for a loose fit.",
    "Made to last, easy to care for.",
)
_MICRO = 1_000_000


@dataclass(frozen=True)
class Listing:
    """One listing's row; ``None`` is NULL."""

    product_id: int
    title: str | None
    brand: str | None
    category: str
    color: str
    description: str | None
    price: float
    units_sold: int

    def cells(self) -> list[str]:
        """The row as DMS writes it: NULL for NULL."""
        return ["NULL" if v is None else f"{v:.2f}" if isinstance(v, float) else str(v) for v in vars(self).values()]


COLUMNS = tuple(Listing.__dataclass_fields__)
_TYPES = {"product_id": pa.int64(), "price": pa.float64(), "units_sold": pa.int64()}


@dataclass(frozen=True)
class Change:
    """A delivered record: operation I, U or D (L in the full load), commit time in microseconds, and the row."""

    operation: str
    committed: int
    row: Listing
    file_name: str = ""
    record_number: int = 0
    batch: int = 0


@dataclass(frozen=True)
class ListingsFile:
    """One file of the feed; ``batch`` is when it is delivered, ``written`` the batch in which it was written."""

    name: str
    batch: int
    written: int
    kind: str
    records: int
    size: int
    sha256: str

    @property
    def path(self) -> Path:
        """Where it lies in the landing zone."""
        return LISTINGS / self.name


@dataclass(frozen=True)
class Look:
    """What a product looks like and what its description says."""

    color: str
    pattern: str
    background: str
    described_color: str | None
    described_category: str


def _time_text(micros: int) -> str:
    return str(np.datetime64(micros, "us")).replace("T", " ")


def _file_name(micros: int) -> str:
    """``YYYYMMDD-HHMMSSmmm.csv`` of a moment."""
    text = str(np.datetime64(micros // 1000, "ms"))
    return text.replace("-", "").replace("T", "-").replace(":", "").replace(".", "") + ".csv"


class _Database:
    """The product database behind the feed, which lives batch by batch."""

    def __init__(self, shop: Shop) -> None:
        self.seed = shop.seed
        self.shop = shop
        rng = stream(self.seed, "listings")
        count = len(shop.product_names)
        self.listed_count = min(max(1, round(LISTED * shop.scale / 0.01)), max(1, int(count * 0.7)))
        order = rng.permutation(count)
        self.unlisted = sorted(order[self.listed_count :].tolist(), reverse=True)
        self._looks = self._draw_looks(rng, count)
        self._base = self._draw_rows(rng, count)
        self.live: dict[int, Listing] = {row: self._base[row] for row in sorted(order[: self.listed_count].tolist())}
        self.gone: list[int] = []

    def _draw_looks(self, rng: np.random.Generator, count: int) -> list[Look]:
        colors = rng.integers(0, len(words.COLORS), count)
        patterns = choose(rng, count, (0.35, 0.15, 0.15, 0.10, 0.15, 0.10))
        backgrounds = rng.integers(0, len(words.BACKGROUNDS), count)
        other_colors = (colors + rng.integers(1, len(words.COLORS), count)) % len(words.COLORS)
        said = rng.random(count)
        category = self.shop.products["category"].astype(np.int64)
        names = self.shop.profile.category_names
        other_categories = (category + rng.integers(1, len(names), count)) % len(names)
        wrong_category = rng.random(count) < WRONG_CATEGORY_SHARE
        looks = []
        for row in range(count):
            color = words.COLORS[colors[row]]
            told: str | None = color
            if said[row] < WRONG_COLOR_SHARE:
                told = words.COLORS[other_colors[row]]
            elif said[row] < WRONG_COLOR_SHARE + NO_COLOR_SHARE:
                told = None
            looks.append(
                Look(
                    color,
                    words.PATTERNS[patterns[row]],
                    words.BACKGROUNDS[backgrounds[row]],
                    told,
                    names[other_categories[row] if wrong_category[row] else category[row]],
                )
            )
        return looks

    def _describe(self, look: Look, draw: np.ndarray) -> str:
        """A description from three draws in [0, 1)."""
        adjective, fabric, care = (
            choices[int(share * len(choices))]
            for share, choices in zip(draw, (words.ADJECTIVES, words.FABRICS, _CARE), strict=True)
        )
        hue = f" in {look.described_color}" if look.described_color else ""
        look_text = f"{adjective} {look.pattern} piece{hue}, made of {fabric}."
        return f"{look_text} From our {look.described_category} range. {care}"

    def _draw_rows(self, rng: np.random.Generator, count: int) -> list[Listing]:
        products, names = self.shop.products, self.shop.profile.category_names
        draws, silent = rng.random((count, 3)), rng.random(count) < NO_DESCRIPTION_SHARE
        expected = np.array(
            [
                MEAN_UNITS
                * COLOR_EFFECTS.get(look.color, 1.0)
                * PATTERN_EFFECTS.get(look.pattern, 1.0)
                * BACKGROUND_EFFECTS.get(look.background, 1.0)
                for look in self._looks
            ]
        )
        self._expected = expected * (50.0 / np.maximum(products["retail"], 5.0)) ** 0.2
        units = rng.poisson(self._expected * rng.gamma(6.0, 1 / 6.0, count))
        return [
            Listing(
                row + 1,
                None if products["nameless"][row] else self.shop.product_names[row],
                self.shop.brand_names[products["brand"][row]] if products["brand"][row] >= 0 else None,
                names[products["category"][row]],
                look.color,
                None if silent[row] else self._describe(look, draws[row]),
                float(products["retail"][row]),
                int(units[row]),
            )
            for row, look in enumerate(self._looks)
        ]

    def looks(self) -> pa.Table:
        """What each product of the catalogue looks like and what its description names, for the truth."""
        category = self.shop.profile.category_names
        kinds = self.shop.products["category"]
        columns = {
            "product_id": pa.array(np.arange(1, len(self._looks) + 1)),
            "category": pa.array([category[kind] for kind in kinds[: len(self._looks)]]),
        }
        for name in ("color", "pattern", "background", "described_color", "described_category"):
            columns[name] = pa.array([getattr(look, name) for look in self._looks], pa.string())
        return pa.table(columns)

    def look(self, row: int) -> Look:
        """What the product in this row of the catalogue looks like."""
        return self._looks[row]

    def advance(self, batch: int) -> list[Change]:
        """The changes of one batch, in commit order; the changes of a transaction share their timestamp."""
        rng = stream(self.seed, "listing changes", batch)
        target = max(FILES_PER_BATCH, round(self.listed_count * CHANGE_SHARE))
        start = (NOW + (batch - 1) * BATCH_DAYS * DAY) * _MICRO
        kinds = choose(rng, target, KIND_WEIGHTS)
        together = rng.random(target) < 0.4
        same_key = rng.random(target) < 0.4
        # Strictly ascending commit times, a millisecond apart at least; the last minutes are left for the last file.
        width = BATCH_DAYS * DAY * 1000 - 600_000
        moments = np.sort(rng.choice(width, target, replace=False)) if target < width else np.arange(target) % width
        times = start + moments.astype(np.int64) * 1000 + rng.integers(0, 1000, target)
        picks, sizes = rng.random(target), rng.random((target, 3))
        keys = sorted(self.live)
        changes: list[Change] = []
        for step in range(target):
            follows = bool(together[step]) and bool(changes)
            committed = changes[-1].committed if follows else int(times[step])
            again = changes[-1].row.product_id - 1 if follows and same_key[step] else None
            change = self._change(KINDS[kinds[step]], again, keys, float(picks[step]), sizes[step], committed)
            if change is not None:
                changes.append(change)
        return changes

    def _change(
        self, kind: str, again: int | None, keys: list[int], pick: float, size: np.ndarray, committed: int
    ) -> Change | None:
        """Make one change to the database; None when there is nothing left to change in that way."""
        if kind == "insert" and again is None:
            if self.gone and pick < 0.3:
                row = self.gone.pop(0)
            elif self.unlisted:
                row = self.unlisted.pop()
            else:
                return None
            self.live[row] = self._base[row]
            keys.append(row)
            return Change("I", committed, self._base[row])
        row = again if again is not None else keys[int(pick * len(keys))]
        if row not in self.live:
            return None
        old = self.live[row]
        if kind == "delete":
            if len(self.live) == 1:
                return None
            del self.live[row]
            self.gone.append(row)
            return Change("D", committed, old)
        look = self._looks[row]
        if kind == "price":
            price = round(old.price * (0.8 + 0.45 * float(size[0])), 2)
            new = replace(old, price=price if price != old.price else round(old.price + 0.5, 2))
        elif kind == "description":
            new = replace(old, description=self._describe(look, size))
        elif kind == "color":
            # The listing's colour is corrected by hand to another name; picture and text stay as they are.
            position = words.COLORS.index(old.color) + 1 + int(size[0] * (len(words.COLORS) - 1))
            new = replace(old, color=words.COLORS[position % len(words.COLORS)])
        else:
            new = replace(old, units_sold=old.units_sold + 1 + int(size[0] * self._expected[row] / 5))
        if new == old:
            new = replace(old, units_sold=old.units_sold + 1)
        self.live[row] = new
        return Change("U", committed, new)


def _write(stage: Path, name: str, rows: list[list[str]], batch: int, written: int, kind: str) -> ListingsFile:
    """Write one file; only fields that need it are quoted."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    data = text.getvalue().encode()
    path = stage / LISTINGS / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    header = bool(rows) and rows[0][:1] == ["Op"]
    return ListingsFile(name, batch, written, kind, len(rows) - header, len(data), hashlib.sha256(data).hexdigest())


def _cut(changes: list[Change]) -> list[list[Change]]:
    """Divide a batch's changes into files of about equal size; the cuts fall inside transactions, too."""
    edges = np.linspace(0, len(changes), FILES_PER_BATCH + 1).astype(int)
    for number in range(1, FILES_PER_BATCH):
        near = range(edges[number], min(edges[number] + 4, edges[number + 1]))
        for edge in near:
            if 0 < edge < len(changes) and changes[edge].committed == changes[edge - 1].committed:
                edges[number] = edge
                break
    parts = [changes[a:b] for a, b in pairwise(edges.tolist())]
    return [part for part in parts if part]


def listed_products(shop: Shop) -> dict[int, tuple[Listing, Look]]:
    """The listings of the full load by product, with what the products look like."""
    database = _Database(shop)
    return {listing.product_id: (listing, database.look(row)) for row, listing in database.live.items()}


def deliver_listings(stage: Path, shop: Shop, delivered: tuple[int, ...]) -> list[ListingsFile]:
    """Write the listings feed and its truth below ``stage``. ``shop`` must not have lived through a batch yet.

    Returns the delivered files by name.
    """
    database = _Database(shop)
    files: list[ListingsFile] = []
    records: list[Change] = []
    load_time = NOW * _MICRO
    load = [Change("L", load_time, row) for row in database.live.values()]

    def deliver(name: str, changes: list[Change], rows: list[list[str]], batch: int, written: int, kind: str) -> None:
        if batch in delivered:
            files.append(_write(stage, name, rows, batch, written, kind))
            records.extend(
                replace(change, file_name=name, record_number=number, batch=batch)
                for number, change in enumerate(changes, 1)
            )

    deliver(FULL_LOAD, load, [[*c.row.cells(), _time_text(c.committed)] for c in load], 0, 0, "full_load")
    header = ["Op", *COLUMNS, TIMESTAMP_COLUMN]
    for batch in range(1, max(delivered, default=0) + 1):
        written = 0
        for number, changes in enumerate(_cut(database.advance(batch))):
            # Half a minute after the last commit in it, and after the file before it.
            written = max(changes[-1].committed + 30 * _MICRO, written + 1000)
            name = _file_name(written)
            late = number == LATE_FILE and batch % LATE_EVERY == 1
            rows = [[c.operation, *c.row.cells(), _time_text(c.committed)] for c in changes]
            if number % HEADER_EVERY == HEADER_EVERY - 1:
                rows.insert(0, header)
            deliver(name, changes, rows, batch + late, batch, "late" if late else "changes")
    _write_truth(stage, records, delivered)
    write_parquet(database.looks(), stage / TRUTH / "product_looks.parquet")
    files.sort(key=lambda file: file.name)
    _write_files(stage, files)
    return files


# -------------------------------------------------------------------- truth


def _row_arrays(rows: list[Listing]) -> dict[str, pa.Array]:
    return {name: pa.array([getattr(row, name) for row in rows], _TYPES.get(name, pa.string())) for name in COLUMNS}


def _times(values: list[int | None]) -> pa.Array:
    return pa.array(values, pa.timestamp("us"))


def _by_key(records: list[Change]) -> dict[int, list[Change]]:
    """The records of each key in the order of truth."""
    keys: dict[int, list[Change]] = {}
    for record in sorted(records, key=lambda c: (c.committed, c.file_name, c.record_number)):
        keys.setdefault(record.row.product_id, []).append(record)
    return dict(sorted(keys.items()))


def _current(records: list[Change]) -> pa.Table:
    """The last record of each key that is not deleted."""
    last = [changes[-1] for changes in _by_key(records).values() if changes[-1].operation != "D"]
    return pa.table(
        {
            **_row_arrays([change.row for change in last]),
            TIMESTAMP_COLUMN: _times([change.committed for change in last]),
            "_file_name": pa.array([change.file_name for change in last], pa.string()),
            "_record_number": pa.array([change.record_number for change in last], pa.int64()),
        }
    )


def _history(records: list[Change]) -> pa.Table:
    """Versions of each key: of several changes with one commit timestamp, only the last one makes a version."""
    versions: list[tuple[Listing, int, int | None, bool]] = []
    for changes in _by_key(records).values():
        last = [c for c, following in zip(changes, [*changes[1:], None], strict=True)
                if following is None or following.committed != c.committed]  # fmt: skip
        for change, following in zip(last, [*last[1:], None], strict=True):
            if change.operation != "D":
                ends = following.committed if following else None
                versions.append((change.row, change.committed, ends, bool(following) and following.operation == "D"))
    return pa.table(
        {
            **_row_arrays([version[0] for version in versions]),
            "valid_from": _times([version[1] for version in versions]),
            "valid_to": _times([version[2] for version in versions]),
            "is_current": pa.array([version[2] is None for version in versions], pa.bool_()),
            "deleted": pa.array([version[3] for version in versions], pa.bool_()),
        }
    )


def _write_truth(stage: Path, records: list[Change], delivered: tuple[int, ...]) -> None:
    folder = stage / TRUTH
    write_parquet(_current(records), folder / "listings.parquet")
    write_parquet(_history(records), folder / "listings_history.parquet")
    for batch in delivered:
        write_parquet(
            _current([record for record in records if record.batch <= batch]),
            folder / f"listings_after_{batch:03d}.parquet",
        )
    write_parquet(
        pa.table(
            {
                "op": pa.array([record.operation for record in records], pa.string()),
                **_row_arrays([record.row for record in records]),
                TIMESTAMP_COLUMN: _times([record.committed for record in records]),
                "_file_name": pa.array([record.file_name for record in records], pa.string()),
                "_record_number": pa.array([record.record_number for record in records], pa.int64()),
                "batch": pa.array([record.batch for record in records], pa.int64()),
            }
        ),
        folder / "listings_changes.parquet",
    )


def _write_files(stage: Path, files: list[ListingsFile]) -> None:
    write_parquet(
        pa.table(
            {
                "file_name": pa.array([file.name for file in files], pa.string()),
                "path": pa.array([file.path.as_posix() for file in files], pa.string()),
                "batch": pa.array([file.batch for file in files], pa.int64()),
                "written_in_batch": pa.array([file.written for file in files], pa.int64()),
                "kind": pa.array([file.kind for file in files], pa.string()),
                "records": pa.array([file.records for file in files], pa.int64()),
                "bytes": pa.array([file.size for file in files], pa.int64()),
                "sha256": pa.array([file.sha256 for file in files], pa.string()),
            }
        ),
        stage / TRUTH / "files.parquet",
    )
