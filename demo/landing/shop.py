"""The web shop: its clean world at any scale, the initial load and what happens in each later batch.

The whole shop is kept as compact numpy arrays, one entry per row; the row of id ``i`` is ``i - 1``. Blocks of clean
rows are materialised from these on demand. Every table, batch and block draws from its own random stream.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from . import catalogue, trade, words
from .blocks import NULL_INT, TABLES, Block, Text, block_length, concat_blocks, take_block
from .geography import load_geography
from .randomness import between, choose, distinct_sample, stream
from .trade import FIRST_DAY, NOW

DAY = 86_400
HOUR = 3_600
BLOCK_ROWS = 250_000


def _seconds(text: str) -> int:
    return int(np.datetime64(text, "s").astype(np.int64))


# Batch i covers the BATCH_DAYS days that end BATCH_DAYS * i days after NOW.
BATCH_DAYS = 5
FIRST_STOCK = _seconds("2020-01-01T00:00:00")

USERS = 100_000
GHOST_SESSIONS_PER_USER = 5
MISSING_EMAIL_SHARE = 0.01
# All people register in these hours of the day.
OPENING_HOURS = 19

STATUSES = ("Cancelled", "Complete", "Processing", "Returned", "Shipped")
CANCELLED, COMPLETE, PROCESSING, RETURNED, SHIPPED = range(5)
STATUS_WEIGHTS = (0.15, 0.25, 0.20, 0.10, 0.30)
ORDERS_PER_USER = (0.20, 0.50, 0.20, 0.05, 0.05)
ITEMS_PER_ORDER = (0.70, 0.20, 0.05, 0.05)
UNSOLD_PER_ITEM = (0.50, 0.30, 0.20)
USER_SOURCES = ("Search", "Organic", "Facebook", "Email", "Display")
USER_SOURCE_WEIGHTS = (0.70, 0.15, 0.06, 0.05, 0.04)
BROWSERS = ("Chrome", "Safari", "Firefox", "IE", "Other")
BROWSER_WEIGHTS = (0.50, 0.20, 0.20, 0.05, 0.05)
EVENT_SOURCES = ("Email", "Adwords", "YouTube", "Facebook", "Organic")
EVENT_SOURCE_WEIGHTS = (0.45, 0.30, 0.10, 0.10, 0.05)
GENDERS = ("M", "F")

EVENT_TYPES = ("product", "department", "cart", "purchase", "cancel", "home")
PRODUCT, DEPARTMENT, CART, PURCHASE, CANCEL, HOME = range(6)
_ONE_ITEM_PATH = np.array([HOME, DEPARTMENT, PRODUCT, CART, PURCHASE], dtype=np.int8)
_LOOP_PATH = np.array([DEPARTMENT, PRODUCT, CART], dtype=np.int8)
_GHOST_PATHS = np.array(
    [[PRODUCT, CART, CANCEL], [DEPARTMENT, PRODUCT, CART], [PRODUCT, -1, -1], [DEPARTMENT, PRODUCT, -1]], dtype=np.int8
)
_GHOST_LENGTHS = np.array([3, 3, 1, 2])

DISTRIBUTION_CENTERS = (
    ("Memphis TN", 35.1174, -89.9711),
    ("Chicago IL", 41.8369, -87.6847),
    ("Houston TX", 29.7604, -95.3698),
    ("Los Angeles CA", 34.05, -118.25),
    ("New Orleans LA", 29.95, -90.0667),
    ("Port Authority of New York/New Jersey NY/NJ", 40.634, -73.7834),
    ("Philadelphia PA", 39.95, -75.1667),
    ("Mobile AL", 30.6944, -88.0431),
    ("Charleston SC", 32.7833, -79.9333),
    ("Savannah GA", 32.0167, -81.1167),
)

# How the records of a later batch divide (the rest is new): edited, re-sent unchanged, re-sent clean. Most records of people,
# orders and stock are sent again, so that five days add no more to seven years than five days do.
_EDITED = {"products": 0.17, "users": 0.15, "orders": 0.20, "inventory_items": 0.06}
_RESENT = {"products": 0.10, "users": 0.74, "orders": 0.68, "inventory_items": 0.03, "events": 0.03}
_RESENT_CLEAN = {
    "products": 0.06,
    "users": 0.05,
    "orders": 0.05,
    "order_items": 0.04,
    "inventory_items": 0.02,
    "events": 0.02,
}
# Of the edited products and users, this share is corrected again in the same file.
_EDITED_TWICE = 0.2
# Each of the three kinds of rows of a late file, as a share of the table's rows in a batch.
_LATE_SHARE = 0.08


@dataclass
class Part:
    """Clean rows of one file; ``pristine`` rows are delivered without dirt."""

    block: Block
    pristine: bool = False


def _grow(old: dict[str, np.ndarray], new: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Append rows to a table of arrays."""
    return {name: np.concatenate([old[name], new[name]]) for name in old} if old else new


def _fixed_width_text(characters: np.ndarray) -> pa.Array:
    """Strings of equal length from a (rows, length) array of ASCII codes."""
    rows, width = characters.shape
    offsets = np.arange(rows + 1, dtype=np.int32) * np.int32(width)
    data = pa.py_buffer(np.ascontiguousarray(characters, dtype=np.uint8))
    return pa.Array.from_buffers(pa.string(), rows, [None, pa.py_buffer(offsets), data])


def _hex(rng: np.random.Generator, count: int, length: int, digits: bytes) -> np.ndarray:
    return np.frombuffer(digits, dtype=np.uint8)[rng.integers(0, 16, (count, length), dtype=np.uint8)]


def _uuids(rng: np.random.Generator, count: int) -> pa.Array:
    """Session ids that look like UUIDs."""
    digits = _hex(rng, count, 32, b"0123456789abcdef")
    dash = np.full((count, 1), ord("-"), dtype=np.uint8)
    parts = np.split(digits, (8, 12, 16, 20), axis=1)
    return _fixed_width_text(
        np.concatenate([parts[0], dash, parts[1], dash, parts[2], dash, parts[3], dash, parts[4]], axis=1)
    )


_OCTETS = pa.array([str(number) for number in range(256)])


def _ip_addresses(rng: np.random.Generator, count: int) -> pa.Array:
    octets = rng.integers(1, 255, (4, count), dtype=np.uint8)
    return pc.binary_join_element_wise(*(_OCTETS.take(pa.array(octet)) for octet in octets), ".")


def _group_positions(lengths: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """For groups of these lengths laid end to end: (group of each entry, position of each entry in its group)."""
    group = np.repeat(np.arange(len(lengths)), lengths)
    starts = np.cumsum(lengths) - lengths
    return group, np.arange(len(group)) - starts[group]


def _fold(name: str | None) -> str:
    return (name or "").lower().replace(" ", "")


class Shop:
    """The shop's state; ``initial`` gives the initial load, ``advance`` each later batch in turn."""

    def __init__(self, scale: float, seed: int) -> None:
        self.scale = scale
        self.seed = seed
        self.profile = catalogue.load_profile()
        self.brand_names = words.brands()
        self.geography = load_geography()
        self.products: dict[str, np.ndarray] = {}
        self.users: dict[str, np.ndarray] = {}
        self.orders: dict[str, np.ndarray] = {}
        self.items: dict[str, np.ndarray] = {}
        self.inventory: dict[str, np.ndarray] = {}
        self.product_names: list[str] = []
        self.skus = pa.array([], pa.string())
        self.event_count = 0
        self.block_count = dict.fromkeys(TABLES, 1)
        self.event_pool: list[Block] = []
        self.lossy: dict[str, list[np.ndarray]] = {name: [] for name in TABLES}
        self.lossy_event_ids: list[np.ndarray] = []
        self._vocabularies()
        self._open()

    # ---------------------------------------------------------------- vocabularies

    def _vocabularies(self) -> None:
        geography = self.geography
        self._first_names = pa.array(words.FIRST_NAMES_M + words.FIRST_NAMES_F)
        self._last_names = pa.array(words.LAST_NAMES)
        streets = [f"{name} {suffix}" for name in words.STREET_NAMES + words.LAST_NAMES for suffix in
                   words.STREET_SUFFIXES]  # fmt: skip
        self._streets = pa.array(streets)
        self._countries = pa.array(geography.countries)
        self._states = pa.array(geography.states)
        self._cities = pa.array(geography.cities)
        self._postal_codes = pa.array(geography.postal_codes)
        self._categories = pa.array(self.profile.category_names)
        self._brands = pa.array(self.brand_names)
        self._departments = pa.array(catalogue.DEPARTMENTS)
        self._genders = pa.array(GENDERS)
        self._statuses = pa.array(STATUSES)
        self._user_sources = pa.array(USER_SOURCES)
        self._browsers = pa.array(BROWSERS)
        self._event_sources = pa.array(EVENT_SOURCES)
        self._event_types = pa.array(EVENT_TYPES)

    def _refresh_product_vocabularies(self) -> None:
        """Names and addresses of pages, after products were added."""
        products = self.products
        self._names = pa.array(self.product_names)
        departments = [name.lower() for name in catalogue.DEPARTMENTS]
        categories = [_fold(name) for name in self.profile.category_names]
        brands = [_fold(name) for name in self.brand_names]
        pages = ["/home", "/cart", "/purchase", "/cancel"]
        pages += [f"/product/{number}" for number in range(1, len(self.product_names) + 1)]
        pages += [
            f"/department/{departments[d]}/category/{categories[c]}/brand/{brands[b] if b >= 0 else ''}"
            for d, c, b in zip(
                products["department"].tolist(), products["category"].tolist(), products["brand"].tolist(), strict=True
            )
        ]
        self._pages = pa.array(pages)

    # ---------------------------------------------------------------- the initial world

    def _open(self) -> None:
        """Make everything up to NOW except the events, which are made block by block."""
        self._add_products(max(2, round(catalogue.CATALOGUE_PRODUCTS * self.scale)), 0)
        self._add_users(max(1, round(USERS * self.scale)), 0, FIRST_DAY, NOW)
        rng = stream(self.seed, "orders", 0)
        per_user = choose(rng, len(self.users["created"]), ORDERS_PER_USER)
        buyers = np.repeat(np.arange(len(per_user)), per_user)
        self._add_orders(rng, buyers, trade.after(rng, self.users["created"][buyers]))
        self._add_items(rng, np.arange(len(self.orders["user"])), None)
        self._initial_users = len(self.users["created"])
        self._initial_orders = len(self.orders["user"])
        self._initial_items = len(self.items["order"])

    def _add_products(self, count: int, batch: int) -> None:
        rng = stream(self.seed, "products", batch)
        profile = self.profile
        if batch == 0:
            kinds = catalogue.kinds_for_catalogue(profile, count, rng)
            for row, department in enumerate(range(2)):
                if not np.any(profile.department[kinds] == department):
                    # A tiny catalogue still serves both departments.
                    kinds[row] = np.flatnonzero(profile.department == department)[0]
        else:
            kinds = choose(rng, count, tuple(profile.count)).astype(np.int64)
        retail, cost = catalogue.draw_prices(profile, kinds, rng)
        brand = catalogue.draw_brands(count, rng)
        names = catalogue.draw_names(profile, kinds, brand, self.brand_names, rng)
        nameless = np.zeros(count, dtype=bool)
        if batch == 0 and count >= 50:
            # As in the public catalogue: a few products without brand or name.
            nobody = rng.permutation(count)
            brand[nobody[: int(np.ceil(24 * self.scale))]] = -1
            nameless[nobody[-int(np.ceil(2 * self.scale)) :]] = True
        self.products = _grow(
            self.products,
            {
                "category": profile.category[kinds],
                "department": profile.department[kinds],
                "brand": brand,
                "nameless": nameless,
                "retail": retail,
                "cost": cost,
                "center": rng.integers(1, len(DISTRIBUTION_CENTERS) + 1, count),
            },
        )
        self.product_names += names
        self.skus = pa.concat_arrays([self.skus, _fixed_width_text(_hex(rng, count, 32, b"0123456789ABCDEF"))])
        self._refresh_product_vocabularies()

    def _draw_addresses(self, rng: np.random.Generator, count: int) -> dict[str, np.ndarray]:
        """Where people live: a place, a house number, a street and for half of them a flat or suite."""
        size = rng.integers(3, 6, count)
        number = np.floor(10.0 ** (size - 1) * (1 + 9 * rng.random(count))).astype(np.int64)
        unit = np.where(rng.random(count) < 0.5, rng.integers(0, 1000, count), -1)
        return {
            "place": self.geography.draw(rng, count),
            "number": number,
            "street": rng.integers(0, len(self._streets), count).astype(np.int32),
            "unit": unit.astype(np.int16),
            "suite": rng.random(count) < 0.5,
        }

    def _add_users(self, count: int, batch: int, start: int, end: int, purpose: str = "users") -> np.ndarray:
        """Register people between two midnights, in batch 0 as the trade grows; returns their rows."""
        rng = stream(self.seed, purpose, batch)
        in_trade = (trade.moment_at(rng.random(count)) - start) // DAY
        day = in_trade if batch == 0 else rng.integers(0, (end - start) // DAY, count)
        gender = rng.integers(0, 2, count).astype(np.int8)
        men, women = len(words.FIRST_NAMES_M), len(words.FIRST_NAMES_F)
        first = np.where(gender == 0, rng.integers(0, men, count), men + rng.integers(0, women, count))
        new = {
            "gender": gender,
            "first": first.astype(np.int16),
            "last": rng.integers(0, len(words.LAST_NAMES), count).astype(np.int16),
            "domain": rng.integers(0, 3, count).astype(np.int8),
            "no_email": rng.random(count) < MISSING_EMAIL_SHARE,
            "age": rng.integers(12, 71, count).astype(np.int64),
            "source": choose(rng, count, USER_SOURCE_WEIGHTS),
            "created": start + day * DAY + rng.integers(0, OPENING_HOURS * HOUR, count),
            **self._draw_addresses(rng, count),
        }
        before = len(self.users["created"]) if self.users else 0
        self.users = _grow(self.users, new)
        return np.arange(before, before + count)

    def _add_orders(self, rng: np.random.Generator, buyers: np.ndarray, created: np.ndarray) -> np.ndarray:
        """Place orders of these users (rows) at these moments."""
        count = len(buyers)
        status = choose(rng, count, STATUS_WEIGHTS)
        shipped = created + 60 * rng.integers(0, 3 * 24 * 60, count)
        delivered = shipped + 60 * rng.integers(0, 5 * 24 * 60, count)
        returned = delivered + 60 * rng.integers(0, 3 * 24 * 60, count)
        new = {
            "user": buyers.astype(np.int64),
            "status": status,
            "created": created,
            "shipped": np.where(np.isin(status, (SHIPPED, COMPLETE, RETURNED)), shipped, NULL_INT),
            "delivered": np.where(np.isin(status, (COMPLETE, RETURNED)), delivered, NULL_INT),
            "returned": np.where(status == RETURNED, returned, NULL_INT),
            "items": 1 + choose(rng, count, ITEMS_PER_ORDER).astype(np.int64),
        }
        before = len(self.orders["user"]) if self.orders else 0
        self.orders = _grow(self.orders, new)
        return np.arange(before, before + count)

    def _add_items(self, rng: np.random.Generator, orders: np.ndarray, stock: int | None) -> np.ndarray:
        """Fill these orders (rows): items, their sessions' clocks and their stock. Returns the items' rows.

        ``stock`` bounds the stock rows that are made (at least two per item); None draws them freely.
        """
        per_order = self.orders["items"][orders]
        order = np.repeat(orders, per_order)
        count = len(order)
        of_department = [np.flatnonzero(self.products["department"] == code) for code in range(2)]
        gender = self.users["gender"][self.orders["user"][order]]
        draw = rng.random(count)
        product = np.where(
            gender == 0,
            of_department[0][(draw * len(of_department[0])).astype(np.int64)],
            of_department[1][(draw * len(of_department[1])).astype(np.int64)],
        )
        # The source's clock: a session per item starts up to 4 hours before the order and moves with every event; the
        # last event of an order with several items slips by whole days. The item carries the time of that last event.
        several = self.orders["items"][order] > 1
        length = np.where(several, 3 * self.orders["items"][order] + 1, 5)
        start = self.orders["created"][order] - rng.integers(0, 4 * HOUR + 1, count)
        gap = rng.integers(0, 181, int(length.sum())).astype(np.int16)
        first_event = np.cumsum(length) - length
        gap[first_event] = 0
        slip = np.where(several, rng.integers(0, 5, count), 0).astype(np.int8)
        elapsed = np.add.reduceat(gap, first_event, dtype=np.int64) if count else np.empty(0, dtype=np.int64)
        created = start + elapsed + slip.astype(np.int64) * DAY

        unsold = 1 + choose(rng, count, UNSOLD_PER_ITEM).astype(np.int64)
        if stock is not None:
            # One unsold unit each, and the rest of the allowance to the first items.
            unsold = 1 + (np.arange(count) < max(0, stock - 2 * count)).astype(np.int64)
        before = len(self.inventory["product"]) if self.inventory else 0
        unit_item, unit_position = _group_positions(1 + unsold)
        sold = unit_position == 0
        newest = NOW if stock is None else int(created.max()) if count else NOW
        unit_created = np.where(
            sold,
            created[unit_item] - rng.integers(0, 60 * DAY, len(unit_item)),
            between(rng, FIRST_STOCK, newest, len(unit_item)),
        )
        self.inventory = _grow(
            self.inventory,
            {
                "product": product[unit_item].astype(np.int32),
                "created": unit_created,
                "sold": np.where(sold, created[unit_item], NULL_INT),
                "cost": self.products["cost"][product[unit_item]],
                "retail": self.products["retail"][product[unit_item]],
            },
        )
        first_item = len(self.items["order"]) if self.items else 0
        item_unit = before + np.cumsum(1 + unsold) - 1
        clock_start = len(self._gaps) if hasattr(self, "_gaps") else 0
        self._gaps = np.concatenate([self._gaps, gap]) if clock_start else gap
        self.items = _grow(
            self.items,
            {
                "order": order,
                "product": product.astype(np.int32),
                # A quirk of the source: the item names the last *unsold* unit, not the one that was sold.
                "unit": item_unit,
                "created": created,
                "price": self.products["retail"][product],
                "session_start": start,
                "session_length": length.astype(np.int8),
                "session_slip": slip,
                "session_gaps": clock_start + first_event,
            },
        )
        return np.arange(first_item, first_item + count)

    # ---------------------------------------------------------------- blocks of rows

    def distribution_centers(self) -> Block:
        """All ten distribution centres."""
        names, latitudes, longitudes = zip(*DISTRIBUTION_CENTERS, strict=True)
        return {
            "id": np.arange(1, len(names) + 1),
            "name": Text.plain(pa.array(names)),
            "latitude": np.array(latitudes),
            "longitude": np.array(longitudes),
        }

    def product_rows(self, rows: np.ndarray) -> Block:
        """Products as they are now."""
        products = self.products
        return {
            "id": rows + 1,
            "cost": products["cost"][rows],
            "category": Text(self._categories, products["category"][rows].astype(np.int32)),
            "name": self._name(rows),
            "brand": Text(self._brands, products["brand"][rows]),
            "retail_price": products["retail"][rows],
            "department": Text(self._departments, products["department"][rows].astype(np.int32)),
            "sku": Text(self.skus, rows.astype(np.int32)),
            "distribution_center_id": products["center"][rows],
        }

    def _name(self, products: np.ndarray) -> Text:
        return Text(self._names, np.where(self.products["nameless"][products], -1, products).astype(np.int32))

    def user_rows(self, rows: np.ndarray) -> Block:
        """Users as they are now."""
        users = {name: values[rows] for name, values in self.users.items()}
        first = self._first_names.take(pa.array(users["first"]))
        last = self._last_names.take(pa.array(users["last"]))
        domain = pa.array(["@example.com", "@example.org", "@example.net"]).take(pa.array(users["domain"]))
        plain_last = pc.replace_substring(pc.utf8_lower(last), "'", "")
        email = pc.binary_join_element_wise(pc.utf8_lower(first), plain_last, domain, "")
        number = pa.array(users["number"]).cast(pa.string())
        unit_number = pc.utf8_lpad(pa.array(np.maximum(users["unit"], 0)).cast(pa.string()), 3, "0")
        unit = pc.binary_join_element_wise(pc.if_else(pa.array(users["suite"]), " Suite ", " Apt. "), unit_number, "")
        street = pc.binary_join_element_wise(
            pc.binary_join_element_wise(number, self._streets.take(pa.array(users["street"])), " "),
            pc.if_else(pa.array(users["unit"] >= 0), unit, ""),
            "",
        )
        everyone = np.arange(len(rows), dtype=np.int32)
        place = users["place"].astype(np.int32)
        return {
            "id": rows + 1,
            "first_name": Text(self._first_names, users["first"].astype(np.int32)),
            "last_name": Text(self._last_names, users["last"].astype(np.int32)),
            "email": Text(email, np.where(users["no_email"], -1, everyone).astype(np.int32)),
            "age": users["age"],
            "gender": Text(self._genders, users["gender"].astype(np.int32)),
            "state": Text(self._states, place),
            "street_address": Text.plain(street),
            "postal_code": Text(self._postal_codes, place),
            "city": Text(self._cities, place),
            "country": Text(self._countries, place),
            "latitude": self.geography.latitudes[place],
            "longitude": self.geography.longitudes[place],
            "traffic_source": Text(self._user_sources, users["source"].astype(np.int32)),
            "created_at": users["created"],
        }

    def order_rows(self, rows: np.ndarray) -> Block:
        """Orders as they are now."""
        orders = {name: values[rows] for name, values in self.orders.items()}
        return {
            "order_id": rows + 1,
            "user_id": orders["user"] + 1,
            "status": Text(self._statuses, orders["status"].astype(np.int32)),
            "gender": Text(self._genders, self.users["gender"][orders["user"]].astype(np.int32)),
            "created_at": orders["created"],
            "returned_at": orders["returned"],
            "shipped_at": orders["shipped"],
            "delivered_at": orders["delivered"],
            "num_of_item": orders["items"],
        }

    def item_rows(self, rows: np.ndarray) -> Block:
        """Order items as they are now; status and times of transport are their order's."""
        items = {name: values[rows] for name, values in self.items.items()}
        orders = {name: values[items["order"]] for name, values in self.orders.items()}
        return {
            "id": rows + 1,
            "order_id": items["order"] + 1,
            "user_id": orders["user"] + 1,
            "product_id": items["product"].astype(np.int64) + 1,
            "inventory_item_id": items["unit"] + 1,
            "status": Text(self._statuses, orders["status"].astype(np.int32)),
            "created_at": items["created"],
            "shipped_at": orders["shipped"],
            "delivered_at": orders["delivered"],
            "returned_at": orders["returned"],
            "sale_price": items["price"],
        }

    def inventory_rows(self, rows: np.ndarray) -> Block:
        """Units of stock as they are now, with the product's columns beside them."""
        units = {name: values[rows] for name, values in self.inventory.items()}
        product = units["product"].astype(np.int64)
        return {
            "id": rows + 1,
            "product_id": product + 1,
            "created_at": units["created"],
            "sold_at": units["sold"],
            "cost": units["cost"],
            "product_category": Text(self._categories, self.products["category"][product].astype(np.int32)),
            "product_name": self._name(product),
            "product_brand": Text(self._brands, self.products["brand"][product]),
            "product_retail_price": units["retail"],
            "product_department": Text(self._departments, self.products["department"][product].astype(np.int32)),
            "product_sku": Text(self.skus, product.astype(np.int32)),
            "product_distribution_center_id": self.products["center"][product],
        }

    # ---------------------------------------------------------------- events

    def _event_block(
        self,
        rng: np.random.Generator,
        first_id: int,
        path: tuple[np.ndarray, np.ndarray, np.ndarray],
        kinds: np.ndarray,
        created: np.ndarray,
        session: dict[str, np.ndarray],
    ) -> Block:
        """Common columns of events: ``path`` is (session of the event, position in it, product of the session)."""
        group, position, product = path
        count = len(session["user"])
        browser = choose(rng, count, BROWSER_WEIGHTS).astype(np.int32)
        source = choose(rng, count, EVENT_SOURCE_WEIGHTS).astype(np.int32)
        seen = product[group].astype(np.int64)
        pages = np.array([0, 0, 1, 2, 3, 0])[kinds]
        names = len(self.product_names)
        pages = np.where(kinds == PRODUCT, 4 + seen, np.where(kinds == DEPARTMENT, 4 + names + seen, pages))
        place = session["place"][group].astype(np.int32)
        group32 = group.astype(np.int32)
        return {
            "id": np.arange(first_id, first_id + len(group)),
            "user_id": session["user"][group],
            "sequence_number": position + 1,
            "session_id": Text(_uuids(rng, count), group32),
            "created_at": created,
            "ip_address": Text(_ip_addresses(rng, count), group32),
            "city": Text(self._cities, place),
            "state": Text(self._states, place),
            "postal_code": Text(self._postal_codes, place),
            "browser": Text(self._browsers, browser[group]),
            "traffic_source": Text(self._event_sources, source[group]),
            "uri": Text(self._pages, pages.astype(np.int32)),
            "event_type": Text(self._event_types, kinds.astype(np.int32)),
        }

    def _real_events(self, rng: np.random.Generator, items: np.ndarray, first_id: int) -> Block:
        """The sessions in which these items (rows) were bought."""
        length = self.items["session_length"][items].astype(np.int64)
        group, position = _group_positions(length)
        last = position == length[group] - 1
        kinds = np.where(
            length[group] == 5,
            _ONE_ITEM_PATH[np.minimum(position, 4)],
            np.where(last, PURCHASE, _LOOP_PATH[position % 3]),
        )
        gaps = self._gaps[self.items["session_gaps"][items][group] + position]
        elapsed = np.cumsum(gaps, dtype=np.int64)
        starts = np.cumsum(length) - length
        elapsed -= (elapsed[starts] - gaps[starts])[group] if len(group) else 0
        slip = np.where(last, self.items["session_slip"][items][group].astype(np.int64) * DAY, 0)
        created = self.items["session_start"][items][group] + elapsed + slip
        user = self.orders["user"][self.items["order"][items]]
        session = {"user": user + 1, "place": self.users["place"][user]}
        return self._event_block(
            rng, first_id, (group, position, self.items["product"][items]), kinds, created, session
        )

    def _ghost_events(self, rng: np.random.Generator, sessions: int, first_id: int, start: int, end: int) -> Block:
        """Sessions without a user. They never buy."""
        form = rng.integers(0, len(_GHOST_PATHS), sessions)
        length = _GHOST_LENGTHS[form]
        group, position = _group_positions(length)
        gaps = np.where(position == 0, 0, rng.integers(0, 30 * 60 + 1, len(group)))
        elapsed = np.cumsum(gaps)
        starts = np.cumsum(length) - length
        elapsed -= elapsed[starts][group] if len(group) else 0
        created = between(rng, start, end, sessions)[group] + elapsed
        session = {"user": np.full(sessions, NULL_INT), "place": self.geography.draw(rng, sessions)}
        product = rng.integers(0, len(self.product_names), sessions)
        return self._event_block(
            rng, first_id, (group, position, product), _GHOST_PATHS[form[group], position], created, session
        )

    def _initial_event_blocks(self) -> Iterator[Callable[[], Block]]:
        """Events of the initial load, each block a slice of the items and of the ghosts."""
        ghosts = GHOST_SESSIONS_PER_USER * self._initial_users
        expected = int(self.items["session_length"].sum(dtype=np.int64)) + 2.25 * ghosts
        blocks = max(1, int(np.ceil(expected / BLOCK_ROWS)))
        item_edges = np.linspace(0, self._initial_items, blocks + 1).astype(np.int64)
        ghost_edges = np.linspace(0, ghosts, blocks + 1).astype(np.int64)
        self.block_count["events"] = blocks
        first_id = 1
        for number in range(blocks):
            items = np.arange(item_edges[number], item_edges[number + 1])
            sessions = int(ghost_edges[number + 1] - ghost_edges[number])
            real = int(self.items["session_length"][items].sum(dtype=np.int64))
            # The ghosts' number of events is known only when they are drawn, so their stream is drawn twice.
            form = stream(self.seed, "ghosts", 0, number).integers(0, len(_GHOST_PATHS), sessions)
            total = real + int(_GHOST_LENGTHS[form].sum())

            def make(number: int = number, items: np.ndarray = items, sessions: int = sessions, first: int = first_id,
                     real: int = real) -> Block:  # fmt: skip
                return concat_blocks(
                    [
                        self._real_events(stream(self.seed, "sessions", 0, number), items, first),
                        self._ghost_events(
                            stream(self.seed, "ghosts", 0, number), sessions, first + real, FIRST_DAY, NOW
                        ),
                    ]
                )

            first_id += total
            yield make
        self.event_count = first_id - 1

    def initial(self, table: str) -> Iterator[Callable[[], Block]]:
        """Functions that make the initial load of one table, block by block; they may run in any order."""
        if table == "distribution_centers":
            yield self.distribution_centers
            return
        if table == "events":
            yield from self._initial_event_blocks()
            return
        rows_of, count = {
            "products": (self.product_rows, len(self.product_names)),
            "users": (self.user_rows, len(self.users["created"])),
            "orders": (self.order_rows, len(self.orders["user"])),
            "order_items": (self.item_rows, len(self.items["order"])),
            "inventory_items": (self.inventory_rows, len(self.inventory["product"])),
        }[table]
        starts = range(0, max(count, 1), BLOCK_ROWS)
        self.block_count[table] = len(starts)
        for start in starts:
            rows = np.arange(start, min(start + BLOCK_ROWS, count))
            yield lambda rows=rows: rows_of(rows)

    def remember(self, table: str, number: int, block: Block, lossy: np.ndarray) -> None:
        """Keep a sample of what the initial load delivered (and of what it lost), to send it again later."""
        rng = stream(self.seed, "pool", table, number)
        quota = max(8, 4 * self.batch_rows(table) // self.block_count[table])
        if len(lossy) > quota:
            lossy = np.sort(rng.choice(lossy, quota, replace=False))
        key = block[TABLES[table].key]
        if table != "events":
            self.lossy[table].append(key[lossy] - 1)
            return
        rows = np.sort(rng.choice(len(key), min(len(key), quota), replace=False))
        self.event_pool.append({k: v.compact() if isinstance(v, Text) else v for k, v in
                                take_block(block, np.union1d(rows, lossy)).items()})  # fmt: skip
        self.lossy_event_ids.append(key[lossy])

    # ---------------------------------------------------------------- later batches

    def batch_rows(self, table: str) -> int:
        """Different records of a table in a later batch: the documented number, in proportion to the scale."""
        rows = TABLES[table].batch_rows
        return max(1, round(rows * self.scale / 0.01)) if rows else 0

    def _parts_of(self, table: str, rng: np.random.Generator, existing: int) -> dict[str, np.ndarray | int]:
        """Divide a batch: how many new rows, which existing rows are edited, re-sent and re-sent clean."""
        total = self.batch_rows(table)
        shuffled = rng.permutation(existing)
        edited = round(total * _EDITED.get(table, 0))
        resent = round(total * _RESENT.get(table, 0))
        lossy = np.concatenate(self.lossy[table]) if self.lossy[table] else np.empty(0, dtype=np.int64)
        chosen = {"edited": shuffled[:edited], "resent": shuffled[edited : edited + resent]}
        lossy = np.setdiff1d(lossy, shuffled[: edited + resent])
        chosen["clean"] = distinct_sample(rng, lossy, round(total * _RESENT_CLEAN[table]))
        chosen["new"] = max(0, total - sum(len(rows) for rows in chosen.values()))
        return chosen

    def advance(self, batch: int) -> dict[str, list[Part]]:
        """Live through batch ``batch`` (1, 2, …, in order) and return what each table's file holds."""
        start = NOW + (batch - 1) * BATCH_DAYS * DAY
        end = start + BATCH_DAYS * DAY
        files: dict[str, list[Part]] = {"products": self._products_batch(batch), "users": self._users_batch(batch)}
        rng = stream(self.seed, "orders", batch)
        plan = self._parts_of("orders", rng, len(self.orders["user"]))
        self._move_orders(rng, plan["edited"], start, end)
        buyers = rng.integers(0, len(self.users["created"]), plan["new"])
        created = between(rng, np.maximum(self.users["created"][buyers], start), end, len(buyers))
        placed = self._add_orders(rng, buyers, created)
        files["orders"] = [
            Part(self.order_rows(placed)),
            Part(self.order_rows(plan["edited"])),
            Part(self.order_rows(plan["resent"])),
            Part(self.order_rows(plan["clean"]), pristine=True),
        ]
        stock_plan = self._parts_of("inventory_items", rng, len(self.inventory["product"]))
        stock_room = self.batch_rows("inventory_items")
        old_items, old_units = len(self.items["order"]), len(self.inventory["product"])
        bought = self._add_items(rng, placed, stock_plan["new"])
        # Every item needs two units at least: what is sent again gives way when there are many items, and fills the file when
        # there are few.
        stock_room -= len(self.inventory["product"]) - old_units
        for name in ("edited", "clean"):
            stock_plan[name] = stock_plan[name][: max(0, stock_room)]
            stock_room -= len(stock_plan[name])
        others = np.setdiff1d(np.arange(old_units), np.concatenate([stock_plan["edited"], stock_plan["clean"]]))
        stock_plan["resent"] = distinct_sample(rng, others, stock_room)
        files["order_items"] = self._items_batch(rng, plan["edited"], bought, old_items)
        files["inventory_items"] = self._inventory_batch(rng, stock_plan, old_units, start, end)
        files["events"] = self._events_batch(batch, bought, start, end)
        return files

    def _products_batch(self, batch: int) -> list[Part]:
        rng = stream(self.seed, "product changes", batch)
        existing = len(self.product_names)
        plan = self._parts_of("products", rng, existing)
        self._reprice(rng, plan["edited"])
        first_version = self.product_rows(plan["edited"])
        twice = plan["edited"][: int(np.ceil(len(plan["edited"]) * _EDITED_TWICE))]
        self._reprice(rng, twice)
        self._add_products(plan["new"], batch)
        return [
            Part(self.product_rows(np.arange(existing, existing + plan["new"]))),
            Part(first_version),
            Part(self.product_rows(plan["resent"])),
            Part(self.product_rows(plan["clean"]), pristine=True),
            Part(self.product_rows(twice)),
        ]

    def _reprice(self, rng: np.random.Generator, rows: np.ndarray) -> None:
        """Change retail prices by -20 to +25 %, never by nothing."""
        old = self.products["retail"][rows]
        new = np.round(old * rng.uniform(0.80, 1.25, len(rows)), 2)
        self.products["retail"][rows] = np.where(new == old, np.round(old + 0.5, 2), new)

    def _users_batch(self, batch: int) -> list[Part]:
        start = NOW + (batch - 1) * BATCH_DAYS * DAY
        rng = stream(self.seed, "user changes", batch)
        plan = self._parts_of("users", rng, len(self.users["created"]))
        self._move_house(rng, plan["edited"])
        # Some people without an e-mail address give one when they move; none is removed.
        self.users["no_email"][plan["edited"]] &= rng.random(len(plan["edited"])) < 0.5
        first_version = self.user_rows(plan["edited"])
        twice = plan["edited"][: int(np.ceil(len(plan["edited"]) * _EDITED_TWICE))]
        self._move_house(rng, twice)
        new = self._add_users(plan["new"], batch, start, start + BATCH_DAYS * DAY)
        self._changed_users = {**getattr(self, "_changed_users", {}), batch: plan["edited"]}
        return [
            Part(self.user_rows(new)),
            Part(first_version),
            Part(self.user_rows(plan["resent"])),
            Part(self.user_rows(plan["clean"]), pristine=True),
            Part(self.user_rows(twice)),
        ]

    def _move_house(self, rng: np.random.Generator, rows: np.ndarray) -> None:
        for name, values in self._draw_addresses(rng, len(rows)).items():
            self.users[name][rows] = values

    def _move_orders(self, rng: np.random.Generator, rows: np.ndarray, start: int, end: int) -> None:
        """Let orders make one step: processing is shipped (or cancelled), shipped delivered, delivered returned."""
        orders = self.orders
        status = orders["status"][rows]
        moment = between(rng, np.maximum(orders["created"][rows], start), end, len(rows))
        cancel = (status == PROCESSING) & (rng.random(len(rows)) < 0.2)
        ship = (status == PROCESSING) & ~cancel
        deliver, give_back = status == SHIPPED, status == COMPLETE
        for mask, column, before in (
            (ship, "shipped", None),
            (deliver, "delivered", "shipped"),
            (give_back, "returned", "delivered"),
        ):
            at = moment[mask]
            if before is not None:
                at = np.maximum(at, orders[before][rows[mask]] + HOUR)
            orders[column][rows[mask]] = at
        orders["status"][rows] = np.select(
            [cancel, ship, deliver, give_back], [CANCELLED, SHIPPED, COMPLETE, RETURNED], status
        )

    def _items_batch(
        self, rng: np.random.Generator, moved_orders: np.ndarray, bought: np.ndarray, existing: int
    ) -> list[Part]:
        """New items, all items of the orders that moved, and items sent again up to the batch's size."""
        total = self.batch_rows("order_items")
        moved = np.flatnonzero(np.isin(self.items["order"][:existing], moved_orders))
        lossy = np.concatenate(self.lossy["order_items"]) if self.lossy["order_items"] else np.empty(0, dtype=np.int64)
        clean = distinct_sample(rng, np.setdiff1d(lossy, moved), round(total * _RESENT_CLEAN["order_items"]))
        rest = np.setdiff1d(np.arange(existing), np.concatenate([moved, clean]))
        resent = distinct_sample(rng, rest, total - len(bought) - len(moved) - len(clean))
        return [
            Part(self.item_rows(bought)),
            Part(self.item_rows(moved)),
            Part(self.item_rows(resent)),
            Part(self.item_rows(clean), pristine=True),
        ]

    def _inventory_batch(
        self, rng: np.random.Generator, plan: dict[str, np.ndarray | int], before: int, start: int, end: int
    ) -> list[Part]:
        """New units, units that were sold meanwhile, and units sent again."""
        units = self.inventory
        sold = plan["edited"][units["sold"][plan["edited"]] == NULL_INT]
        units["sold"][sold] = between(rng, np.maximum(units["created"][sold], start), end, len(sold))
        return [
            Part(self.inventory_rows(np.arange(before, len(units["product"])))),
            Part(self.inventory_rows(plan["edited"])),
            Part(self.inventory_rows(plan["resent"])),
            Part(self.inventory_rows(plan["clean"]), pristine=True),
        ]

    def _events_batch(self, batch: int, bought: np.ndarray, start: int, end: int) -> list[Part]:
        """Sessions of some of the new items, ghosts, and events sent again; the batch's size exactly."""
        rng = stream(self.seed, "event changes", batch)
        total = self.batch_rows("events")
        pool = concat_blocks(self.event_pool)
        lossy = np.concatenate(self.lossy_event_ids)
        clean_ids = distinct_sample(rng, lossy, round(total * _RESENT_CLEAN["events"]))
        clean = np.flatnonzero(np.isin(pool["id"], clean_ids))
        resent_target = round(total * _RESENT["events"])
        room = total - len(clean) - resent_target
        lengths = self.items["session_length"][bought].astype(np.int64)
        real = bought[np.cumsum(lengths) <= room * 0.53]
        parts = [self._real_events(stream(self.seed, "sessions", batch), real, self.event_count + 1)]
        self.event_count += block_length(parts[0])
        room -= block_length(parts[0])
        ghost_stream = stream(self.seed, "ghosts", batch)
        ghosts = self._ghost_events(ghost_stream, max(0, room), self.event_count + 1, start, end)
        # As many whole ghost sessions as there is room for.
        sequence = ghosts["sequence_number"]
        fits = 0
        if len(sequence):
            ends = np.flatnonzero(np.append(sequence[1:] == 1, True)) + 1
            fitting = ends[ends <= room]
            fits = int(fitting[-1]) if len(fitting) else 0
        parts.append(take_block(ghosts, np.arange(fits)))
        self.event_count += fits
        others = np.setdiff1d(np.arange(block_length(pool)), clean)
        resent = distinct_sample(rng, others, resent_target + room - fits)
        return [
            Part(parts[0]),
            Part(parts[1]),
            Part(take_block(pool, resent)),
            Part(take_block(pool, clean), pristine=True),
        ]

    def late_users(self, batch: int) -> Block:
        """The users of a file of two batches ago that arrives only now.

        It holds new people, an older address of people that a later batch has changed since (which
        must not come back), and an address of people that only older files know (which counts).
        """
        of_batch = batch - 2
        rng = stream(self.seed, "late users", batch)
        count = max(1, round(self.batch_rows("users") * _LATE_SHARE))
        start = NOW + (of_batch - 1) * BATCH_DAYS * DAY
        touched = np.concatenate([self._changed_users[number] for number in range(of_batch, batch + 1)])
        newer = np.concatenate([self._changed_users[number] for number in range(of_batch + 1, batch + 1)])
        outdated = distinct_sample(rng, np.unique(newer), count)
        untouched = np.setdiff1d(np.arange(self._initial_users), touched)
        rows = np.concatenate([outdated, distinct_sample(rng, untouched, count)])
        # The shop itself has moved on: later batches do not continue from the late file's state.
        kept = {name: self.users[name][rows].copy() for name in ("place", "number", "street", "unit", "suite")}
        self._move_house(rng, rows)
        old = self.user_rows(rows)
        for name, values in kept.items():
            self.users[name][rows] = values
        new = self._add_users(count, batch, start, start + BATCH_DAYS * DAY, purpose="late registrations")
        return concat_blocks([self.user_rows(new), old])
