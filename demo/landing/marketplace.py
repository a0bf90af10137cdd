"""The marketplace feed: line-level sales reports as a marketplace exports them to S3, one CSV file per report.

Batch 000 is the report of a quarter (128,975 lines at scale 1); every later batch is a report of five more days: new
orders, and lines of older orders whose status has moved on. A line is known by order and SKU; the report's ``index``
only counts its rows. The order of truth is (file name, row in the file), later wins.

Dirt, as in the published report: 69 spellings of 36 states, lines of quantity 0 that still carry an amount, lines
without an amount, a courier status that contradicts the status, repeats that differ in the index only, one line that
is there twice with two statuses, an empty column of the export tool.
"""

from __future__ import annotations

import csv
import hashlib
import io
from dataclasses import dataclass
from itertools import repeat
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from . import marketplace_words as words
from .randomness import choose, stream
from .truth import write_parquet

REPORTS = Path("aws/marketplace/sale_reports")
TRUTH = Path("truth/marketplace")
LINES = 128_975
FIRST_DAY = np.datetime64("2022-03-31")
DAYS = 91
BATCH_DAYS = 5
# Rows of a later report as a share of the first one's; half of them are new, the others older lines that moved on.
BATCH_SHARE = 0.01
# Repeats that differ in the index only, at scale 1.
REPEATS = 6
# A report of this many lines holds every status and every spelling of a state at least once.
COMPLETE_FROM = 1_000

HEADER = (
    "index", "Order ID", "Date", "Status", "Fulfilment", "Sales Channel ", "ship-service-level", "Style", "SKU",
    "Category", "Size", "ASIN", "Courier Status", "Qty", "currency", "Amount", "ship-city", "ship-state",
    "ship-postal-code", "ship-country", "promotion-ids", "B2B", "fulfilled-by", "Unnamed: 22",
)  # fmt: skip

# The later status of a line: (status now, status in a later report).
MOVES = {
    "Pending": "Shipped",
    "Pending - Waiting for Pick Up": "Shipped - Picked Up",
    "Shipping": "Shipped",
    "Shipped - Picked Up": "Shipped - Delivered to Buyer",
    "Shipped - Out for Delivery": "Shipped - Delivered to Buyer",
    "Shipped - Returning to Seller": "Shipped - Returned to Seller",
    "Shipped - Delivered to Buyer": "Shipped - Returned to Seller",
}


@dataclass(frozen=True)
class ReportFile:
    """One delivered report."""

    name: str
    batch: int
    records: int
    size: int
    sha256: str

    @property
    def path(self) -> Path:
        """Where it lies in the landing zone."""
        return REPORTS / self.name


Lines = dict[str, np.ndarray]


class _Catalogue:
    """Styles with category and price; each style comes in the sizes of its category."""

    def __init__(self, seed: int, scale: float) -> None:
        rng = stream(seed, "marketplace catalogue")
        count = max(60, round(1_377 * min(scale, 1.0) ** 0.5))
        category = choose(rng, count, tuple(max(weight, 0.02) for _, _, weight, _ in words.CATEGORIES))
        category[: len(words.CATEGORIES)] = np.arange(len(words.CATEGORIES))
        self.category = category.astype(np.int64)
        numbers = rng.permutation(9_000)[:count] + 1_000
        prefixes = np.array(words.STYLE_PREFIXES)[rng.integers(0, len(words.STYLE_PREFIXES), count)]
        self.style = np.array([f"{prefix}{number}" for prefix, number in zip(prefixes, numbers, strict=True)])
        means = np.array([mean for _, _, _, mean in words.CATEGORIES])[self.category]
        self.price = np.round(means * rng.gamma(9.0, 1 / 9.0, count), 2)
        popularity = 1.0 / (1.0 + rng.permutation(count)) ** 0.7
        self.of_category = [np.flatnonzero(self.category == number) for number in range(len(words.CATEGORIES))]
        self.shares = [popularity[rows] / popularity[rows].sum() for rows in self.of_category]

    def draw(self, rng: np.random.Generator, count: int) -> np.ndarray:
        """Styles of ``count`` lines: first the category by its share, then a style of it by its popularity."""
        category = choose(rng, count, tuple(weight for _, _, weight, _ in words.CATEGORIES))
        style = np.empty(count, dtype=np.int64)
        for number, (rows, shares) in enumerate(zip(self.of_category, self.shares, strict=True)):
            chosen = np.flatnonzero(category == number)
            style[chosen] = rng.choice(rows, len(chosen), p=shares)
        return style


class _Marketplace:
    """Draws lines and writes them as the report does."""

    def __init__(self, seed: int, scale: float) -> None:
        self.seed = seed
        self.lines = max(30, round(LINES * scale))
        self.repeats = max(1, round(REPEATS * scale))
        self.catalogue = _Catalogue(seed, scale)
        self.orders = 0

    # ------------------------------------------------------------ lines as they were meant

    def draw(self, rng: np.random.Generator, count: int, first_day: np.datetime64, days: int) -> Lines:
        """``count`` lines of new orders in ``days`` days."""
        order = self._orders_of_lines(rng, count)
        style = self.catalogue.draw(rng, count)
        category = self.catalogue.category[style]
        size = rng.choice(len(words.SIZES) - 1, count, p=words.SIZE_SHARES)
        size[np.isin(category, words.FREE_SIZE)] = len(words.SIZES) - 1
        # The same article twice in one order is one line of two pieces: the second one becomes an order of its own.
        _, first = np.unique(_line_numbers(order, style, size), return_index=True)
        again = np.setdiff1d(np.arange(count), first)
        order[again] = self.orders + np.arange(len(again))
        self.orders += len(again)

        per_order = np.random.Generator(np.random.PCG64([self.seed, 77]))
        spread = per_order.permutation(1 << 16)
        weights = 0.6 + 0.8 * np.random.Generator(np.random.PCG64([self.seed, 78])).random(days)
        if days == DAYS:
            weights[0] = 0.12
        edges = np.cumsum(weights) / weights.sum()
        place = spread[order % len(spread)] / len(spread)
        day = np.minimum(np.searchsorted(edges, place, side="right"), days - 1)

        status = self._statuses(rng, count)
        merchant = np.array([fulfilment for _, _, fulfilment in words.STATUSES])[status] > rng.random(count)
        cancelled = status == words.CANCELLED
        empty = rng.random(count) < np.where(cancelled, 0.693, 0.00096)
        quantity = np.where(empty, 0, 1 + (rng.random(count) < 0.006) * rng.geometric(0.75, count).clip(max=14))
        foreign = rng.random(count) < 124 / LINES
        without_amount = (empty & (rng.random(count) < 0.599)) | foreign
        price = np.round(self.catalogue.price[style] * (0.92 + 0.08 * rng.random(count)), 2)
        amount = np.round(price * np.maximum(quantity, 1), 2)
        amount[(rng.random(count) < 0.0182) & ~empty & ~cancelled] = 0.0
        amount[without_amount] = np.nan

        spelling = self._spellings(rng, count)
        return {
            "order": order,
            "date": first_day + day.astype("timedelta64[D]"),
            "status": status.astype(np.int64),
            "merchant": merchant,
            "foreign": foreign,
            "standard_service": np.where(merchant, rng.random(count) < 0.998, rng.random(count) < 0.013),
            "style": style,
            "size": size,
            "courier": self._couriers(rng, status),
            "quantity": quantity,
            "amount": amount,
            "spelling": spelling,
            "city": rng.integers(0, 1 << 30, count),
            "nowhere": rng.random(count) < 33 / LINES,
            "promotion": np.where(rng.random(count) < 0.619, choose(rng, count, words.PROMOTION_SHARES), -1),
            "promotion_code": rng.integers(0, 40, count),
            "business": rng.random(count) < 0.0068,
        }

    def _orders_of_lines(self, rng: np.random.Generator, count: int) -> np.ndarray:
        """The order of each line: one in eighteen orders has several lines, up to twelve."""
        sizes = 1 + choose(rng, count, words.LINES_PER_ORDER)
        order = np.repeat(np.arange(count), sizes)[:count]
        numbers = order + self.orders
        self.orders = int(numbers[-1]) + 1
        return numbers

    def _statuses(self, rng: np.random.Generator, count: int) -> np.ndarray:
        status = choose(rng, count, tuple(weight for _, weight, _ in words.STATUSES)).astype(np.int64)
        if count >= COMPLETE_FROM:
            status[rng.permutation(count)[: len(words.STATUSES)]] = np.arange(len(words.STATUSES))
        return status

    def _spellings(self, rng: np.random.Generator, count: int) -> np.ndarray:
        spelling = choose(rng, count, tuple(weight for _, _, weight in words.SPELLINGS)).astype(np.int64)
        if count >= COMPLETE_FROM:
            spelling[rng.permutation(count)[: len(words.SPELLINGS)]] = np.arange(len(words.SPELLINGS))
        return spelling

    def _couriers(self, rng: np.random.Generator, status: np.ndarray) -> np.ndarray:
        """Shipped 0, Cancelled 1, Unshipped 2, nothing 3; it follows the status, but not always."""
        draw = rng.random(len(status))
        courier = np.where(draw < 0.004, 2, 0)
        cancelled, pending = status == words.CANCELLED, np.isin(status, words.PENDING)
        courier[cancelled] = np.searchsorted([0.32, 0.63, 0.95], draw[cancelled], side="right")
        courier[cancelled] = np.array([1, 2, 3, 0])[courier[cancelled]]
        courier[pending] = np.where(draw[pending] < 0.95, 2, 0)
        return courier

    def moved_on(self, rng: np.random.Generator, lines: Lines, count: int) -> Lines:
        """Up to ``count`` of ``lines`` as in a later report: the status one step further."""
        moves = np.full(len(words.STATUSES), -1)
        names = [name for name, _, _ in words.STATUSES]
        for before, after in MOVES.items():
            moves[names.index(before)] = names.index(after)
        candidates = np.flatnonzero(moves[lines["status"]] >= 0)
        chosen = np.sort(rng.permutation(candidates)[:count])
        moved = {name: values[chosen].copy() for name, values in lines.items()}
        moved["status"] = moves[moved["status"]]
        moved["courier"] = np.zeros_like(moved["courier"])
        moved["quantity"] = np.maximum(moved["quantity"], 1)
        return moved

    def with_repeats(self, rng: np.random.Generator, lines: Lines) -> Lines:
        """The lines in the report's order, some twice, and one twice with another status."""
        count = len(lines["order"])
        twice = rng.permutation(count)[: self.repeats]
        remade = rng.permutation(np.flatnonzero(lines["status"] == words.SHIPPED))[:1]
        rows = rng.permutation(np.concatenate([np.arange(count), twice]))
        report = {name: values[rows].copy() for name, values in lines.items()}
        if len(remade):
            # It was cancelled before it was sent after all: the cancelled line stands somewhere above.
            place = int(rng.integers(0, int(np.flatnonzero(rows == remade[0])[0]) + 1))
            first = {name: values[remade].copy() for name, values in lines.items()}
            first["status"][:], first["quantity"][:], first["courier"][:] = words.CANCELLED, 0, 1
            report = {name: np.insert(values, place, first[name]) for name, values in report.items()}
        return report

    # ------------------------------------------------------------ lines as they are delivered and as they are known

    def typed(self, lines: Lines) -> dict[str, list[Any]]:
        """The values that the lines mean, by the name that silver has for them."""
        style, status, nowhere = lines["style"], lines["status"], lines["nowhere"]
        category = self.catalogue.category[style]
        size = np.array(words.SIZES)[lines["size"]]
        order = lines["order"]
        order_id = [
            f"{words.ORDER_PREFIXES[number // 10_000_000 % 8]}-{number * 7_654_321 % 10_000_000:07d}"
            f"-{number * 3_141_593 % 10_000_000:07d}"
            for number in order.tolist()
        ]
        kinds = [kind for _, kind, _, _ in words.CATEGORIES]
        sku_size = np.array(["XXXL" if name == "3XL" else name.upper() for name in words.SIZES])[lines["size"]]
        sku = [
            f"{name}-{kinds[kind]}-{length}"
            for name, kind, length in zip(self.catalogue.style[style], category, sku_size, strict=True)
        ]
        states = [standard for _, standard, _ in words.SPELLINGS]
        state = [None if gone else states[row] for row, gone in zip(lines["spelling"], nowhere, strict=True)]
        city = [
            None if name is None else words.CITIES[name][number % len(words.CITIES[name])]
            for name, number in zip(state, lines["city"].tolist(), strict=True)
        ]
        postal = [
            None if name is None else str(words.POSTAL_BASE[name] + number % 997)
            for name, number in zip(state, lines["city"].tolist(), strict=True)
        ]
        return {
            "order_id": order_id,
            "sku": sku,
            "order_date": lines["date"].tolist(),
            "status": [words.STATUSES[row][0] for row in status],
            "fulfilment": np.where(lines["merchant"], "Merchant", "Amazon").tolist(),
            "sales_channel": np.where(lines["foreign"], "Non-Amazon", "Amazon.in").tolist(),
            "service_level": np.where(lines["standard_service"], "Standard", "Expedited").tolist(),
            "style": self.catalogue.style[style].tolist(),
            "category": [words.CATEGORIES[row][0] for row in category],
            "size": size.tolist(),
            "asin": [f"B0{base36(row)}" for row in (style * len(words.SIZES) + lines["size"]).tolist()],
            "courier_status": [words.COURIERS[row] for row in lines["courier"]],
            "quantity": lines["quantity"].tolist(),
            "amount": [None if np.isnan(value) else float(value) for value in lines["amount"]],
            "city": city,
            "state": state,
            "postal_code": postal,
            "promotion_ids": [
                words.promotions(kind, code) if kind >= 0 else None
                for kind, code in zip(lines["promotion"].tolist(), lines["promotion_code"].tolist(), strict=True)
            ],
            "is_business": lines["business"].tolist(),
        }

    def rows(self, lines: Lines) -> list[list[str]]:
        """The lines as the report writes them."""
        meant = self.typed(lines)
        count = len(meant["order_id"])
        delivered_states = [
            None if gone else words.SPELLINGS[row][0]
            for row, gone in zip(lines["spelling"], lines["nowhere"], strict=True)
        ]
        cities = [
            None if name is None else words.city_as_typed(name, number)
            for name, number in zip(meant["city"], lines["city"].tolist(), strict=True)
        ]
        no_amount = [value is None for value in meant["amount"]]
        columns = [
            range(count),
            meant["order_id"],
            [f"{day:%m-%d-%y}" for day in meant["order_date"]],
            meant["status"],
            meant["fulfilment"],
            meant["sales_channel"],
            meant["service_level"],
            meant["style"],
            meant["sku"],
            ["kurta" if name == "Kurta" else name for name in meant["category"]],
            meant["size"],
            meant["asin"],
            meant["courier_status"],
            meant["quantity"],
            [None if gone else "INR" for gone in no_amount],
            meant["amount"],
            cities,
            delivered_states,
            [None if code is None else f"{code}.0" for code in meant["postal_code"]],
            [None if code is None else "IN" for code in meant["postal_code"]],
            meant["promotion_ids"],
            meant["is_business"],
            ["Easy Ship" if name == "Merchant" else None for name in meant["fulfilment"]],
            [None if row < 0.38 * count else "False" for row in range(count)],
        ]
        return [["" if value is None else str(value) for value in row] for row in zip(*columns, strict=True)]


def _line_numbers(order: np.ndarray, style: np.ndarray, size: np.ndarray) -> np.ndarray:
    """One number for each line: what is ordered, and in which order."""
    return (order * 10_000 + style) * len(words.SIZES) + size


def base36(number: int) -> str:
    """Eight capital letters and digits that only this number has."""
    mixed = number * 2_654_435_761 % 36**8
    text = ""
    for _ in range(8):
        mixed, digit = divmod(mixed, 36)
        text += "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"[digit]
    return text


def _write(stage: Path, batch: int, rows: list[list[str]]) -> ReportFile:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(HEADER)
    writer.writerows(rows)
    data = text.getvalue().encode()
    name = f"sale_report_{batch:03d}.csv"
    path = stage / REPORTS / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return ReportFile(name, batch, len(rows), len(data), hashlib.sha256(data).hexdigest())


def deliver_marketplace(stage: Path, scale: float, seed: int, delivered: tuple[int, ...]) -> list[ReportFile]:
    """Write the marketplace feed and its truth below ``stage``; returns the delivered files by name."""
    market = _Marketplace(seed, scale)
    files: list[ReportFile] = []
    reports: list[tuple[int, Lines]] = []
    first = market.draw(stream(seed, "marketplace", 0), market.lines - market.repeats - 1, FIRST_DAY, DAYS)
    current = first
    for batch in range(max(delivered, default=0) + 1):
        rng = stream(seed, "marketplace report", batch)
        if batch == 0:
            report = market.with_repeats(rng, first)
        else:
            half = max(3, round(market.lines * BATCH_SHARE / 2))
            start = FIRST_DAY + np.timedelta64(DAYS + (batch - 1) * BATCH_DAYS, "D")
            fresh = market.draw(rng, half, start, BATCH_DAYS)
            moved = market.moved_on(rng, current, half)
            current = _latest([current, moved, fresh])
            report = {name: np.concatenate([fresh[name], moved[name]]) for name in fresh}
        if batch in delivered:
            files.append(_write(stage, batch, market.rows(report)))
            reports.append((batch, report))
    _write_truth(stage, market, reports, files)
    return files


def _latest(parts: list[Lines]) -> Lines:
    """The last state of each line: a line is its order, style and size."""
    joined = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    keys = _line_numbers(joined["order"], joined["style"], joined["size"])
    _, last = np.unique(keys[::-1], return_index=True)
    rows = np.sort(len(keys) - 1 - last)
    return {name: values[rows] for name, values in joined.items()}


def _write_truth(stage: Path, market: _Marketplace, reports: list[tuple[int, Lines]], files: list[ReportFile]) -> None:
    for batch, _ in reports:
        lines = _latest([report for number, report in reports if number <= batch])
        meant = market.typed(lines)
        table = pa.table(
            {
                **{name: pa.array(values) for name, values in meant.items()},
                "state__delivered": pa.array([words.SPELLINGS[row][0] for row in lines["spelling"]]),
            }
        ).sort_by([("order_id", "ascending"), ("sku", "ascending")])
        write_parquet(table, stage / TRUTH / f"lines_after_{batch:03d}.parquet")
        if batch == reports[-1][0]:
            write_parquet(table, stage / TRUTH / "lines.parquet")
    write_parquet(
        pa.table(
            {
                "file_name": [file.name for file in files],
                "path": [file.path.as_posix() for file in files],
                "batch": pa.array([file.batch for file in files], pa.int64()),
                "kind": list(repeat("report", len(files))),
                "records": pa.array([file.records for file in files], pa.int64()),
                "bytes": pa.array([file.size for file in files], pa.int64()),
                "sha256": [file.sha256 for file in files],
            }
        ),
        stage / TRUTH / "files.parquet",
    )
