"""The thelook feed: what its files look like, and that the truth tells what they mean.

The files are read with Python's csv module and followed by a small program of their own, which shares nothing with the
generator but the documented rules.
"""

import csv
import re
from collections import Counter, defaultdict
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from demo.landing import LandingConfig, delivery, generate, words

SENTINELS = {"N/A", "n/a", "NA", "none", "None", "null", "NULL", "-", "--", "missing", "#N/A"}
FORMATS = (
    "%Y-%m-%d %H:%M:%S",
    "%m/%d/%Y %H:%M:%S",
    "%b %d %Y %H:%M:%S",
    "%B %d, %Y %H:%M:%S",
    "%Y/%m/%d %H:%M:%S",
    "%m-%d-%Y %H:%M:%S",
    "%d %b %Y %H:%M:%S",
)
# The forms that warehouses and programs export, and the offset of the clock that they show.
EXPORTS = (
    ("%Y-%m-%d %H:%M:%S.%f UTC", 0),
    ("%Y-%m-%d %H:%M:%S UTC", 0),
    ("%Y-%m-%d %H:%M:%S+00:00", 0),
    ("%Y-%m-%d %H:%M:%S.%f", 0),
    ("%Y-%m-%dT%H:%M:%SZ", 0),
    ("%Y-%m-%dT%H:%M:%S.%f", 0),
    ("%Y-%m-%dT%H:%M:%S+05:30", 330),
    ("%Y-%m-%dT%H:%M:%S.%f-08:00", -480),
)
WHOLE = {"age", "num_of_item", "sequence_number"}
SYMBOLS = {"$": "dollars", "EUR": "euros", "£": "pounds", "¥": "yen"}
HEADERS = {
    "distribution_centers": "id,name,latitude,longitude",
    "products": "id,cost,category,name,brand,retail_price,department,sku,distribution_center_id",
    "users": "id,first_name,last_name,email,age,gender,state,street_address,postal_code,city,country,latitude,"
    "longitude,traffic_source,created_at",
    "orders": "order_id,user_id,status,gender,created_at,returned_at,shipped_at,delivered_at,num_of_item",
    "order_items": "id,order_id,user_id,product_id,inventory_item_id,status,created_at,shipped_at,delivered_at,"
    "returned_at,sale_price",
    "inventory_items": "id,product_id,created_at,sold_at,cost,product_category,product_name,product_brand,"
    "product_retail_price,product_department,product_sku,product_distribution_center_id",
    "events": "id,user_id,sequence_number,session_id,created_at,ip_address,city,state,postal_code,browser,"
    "traffic_source,uri,event_type",
}
MONEY = {"cost", "retail_price", "sale_price", "product_retail_price"}
NEVER_DIRTY = {"sku", "product_sku", "latitude", "longitude", "email"}
NOW = np.datetime64("2026-02-01T00:00:00")


def key_of(table):
    return HEADERS[table].split(",")[0]


def is_key(column):
    return column == "id" or (column.endswith("_id") and column != "session_id")


def natural(name):
    return [int(part) if part.isdigit() else part for part in re.split(r"(\d+)", name)]


def read_csv(path):
    with path.open(newline="", encoding="utf-8") as file:
        header, *rows = csv.reader(file)
    return header, [tuple(row) for row in rows]


class Zone:
    """A landing zone as a consumer sees it, read once."""

    def __init__(self, out: Path):
        self.out = out
        self.rows = {path.name: read_csv(path)[1] for path in out.glob("gcp/inbox/*/*.csv")}
        self.files = pq.read_table(out / "truth/thelook/files.parquet").to_pylist()

    def truth(self, name):
        return pq.read_table(self.out / f"truth/thelook/{name}.parquet")

    def names(self, table, after=10**6):
        """The table's files that are delivered up to a batch, in the order of their names."""
        return sorted(
            (file["file_name"] for file in self.files if file["table_name"] == table and file["batch"] <= after),
            key=natural,
        )


def columns_of(truth, table):
    """The delivered columns of a table's truth as numpy arrays."""
    return {name: truth[name].to_numpy() for name in HEADERS[table].split(",")}


@pytest.fixture(scope="session")
def zone(tmp_path_factory):
    out = tmp_path_factory.mktemp("thelook") / "landing"
    generate(LandingConfig(scale=0.01, batches=4, out=out, feeds=("thelook",)))
    return Zone(out)


@pytest.fixture(scope="session")
def larger(tmp_path_factory):
    """An initial load that is large enough for distributions."""
    out = tmp_path_factory.mktemp("larger") / "landing"
    generate(LandingConfig(scale=0.1, batches=0, seed=7, out=out, feeds=("thelook",)))
    return out


@pytest.fixture(scope="session")
def states(larger):
    """The larger zone's truth, table by table, as numpy columns."""
    return {table: columns_of(pq.read_table(larger / f"truth/thelook/{table}.parquet"), table) for table in HEADERS}


def oracle(zone, table, after=10**6):
    """key -> (file name, record number, cells) of the record that should win."""
    state, seen_files = {}, set()
    for name in zone.names(table, after):
        rows = zone.rows[name]
        content = tuple(rows)
        if content in seen_files:
            continue
        seen_files.add(content)
        seen = set()
        for number, row in enumerate(rows, 1):
            if row not in seen:
                seen.add(row)
                state[row[0].removesuffix(".0")] = (name, number, row)
    return state


def expected_text(value):
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.0f}" if value == int(value) else repr(value)
    return str(value)


def money(text):
    """(amount, value type) of an amount with a currency."""
    number = r"(\d{1,3}(?:,\d{3})+|\d+)(\.\d\d)?"
    symbol = re.fullmatch(rf"(\$|EUR|£|¥){number}", text)
    if symbol:
        assert symbol[3], text
        return float((symbol[2] + symbol[3]).replace(",", "")), SYMBOLS[symbol[1]]
    word = re.fullmatch(rf"{number} (dollars|euros|pounds|yen)", text)
    assert word, text
    assert bool(word[2]) == (word[3] != "yen")
    return float((word[1] + (word[2] or "")).replace(",", "")), word[3]


def check_cell(text, value, state, value_type=None):
    """The text of a cell against what the truth says of it."""
    match state:
        case "clean":
            assert text == expected_text(value)
        case "padded":
            assert text.strip(" ") == value
            assert 1 <= len(text) - len(value) <= 6
        case "recased":
            assert text != value
            assert text in {value.upper(), value.lower()} or text.lower() == value.lower()
        case "sentinel":
            assert text.strip(" ").lower() in {s.lower() for s in SENTINELS}
        case "empty":
            assert text == ""
            assert value is not None
        case "currency":
            assert (value, value_type) == money(text)
        case "reformatted":
            assert text != str(value)
            assert any(_parses(text, form, value) for form in FORMATS[1:])
        case "exported" if isinstance(value, datetime):
            assert any(_parses(text, form, value, minutes) for form, minutes in EXPORTS) or (
                _parses(text, "%Y-%m-%d", value)
            )
        case "exported":
            assert text == f"{value:.0f}.0"
            assert float(text) == value
        case _:
            pytest.fail(f"unknown state {state}")
    if state != "currency":
        assert value_type is None


def _parses(text, form, value, minutes=0):
    try:
        return datetime.strptime(text, form) - timedelta(minutes=minutes) == value
    except ValueError:
        return False


@pytest.mark.parametrize("table", HEADERS)
def test_the_truth_equals_the_files(zone, table):
    """Keys, winners and every cell, after all batches."""
    state = oracle(zone, table)
    truth = zone.truth(table).to_pylist()
    key = key_of(table)
    assert [str(row[key]) for row in truth] == sorted(state, key=int)
    for row in truth:
        name, number, cells = state[str(row[key])]
        assert (row["_file_name"], row["_record_number"]) == (name, number)
        for column, text in zip(HEADERS[table].split(","), cells, strict=True):
            value = row[column]
            check_cell(text, value, row.get(f"{column}__delivered", "clean"), row.get(f"{column}_value_type"))


@pytest.mark.parametrize("table", HEADERS)
@pytest.mark.parametrize("batch", [0, 1, 2, 3])
def test_state_after_each_batch(zone, table, batch):
    truth = zone.truth(f"{table}_after_{batch:03d}").select([key_of(table), "_file_name"])
    state = oracle(zone, table, batch)
    assert dict(zip(*(column.to_pylist() for column in truth.columns), strict=True)) == {
        int(key): name for key, (name, _, _) in state.items()
    }


def test_large_states_hold_keys_and_files_only(monkeypatch, tmp_path, zone):
    """As at scale 1, where states after a batch are large and the truth has several row groups."""
    monkeypatch.setattr("demo.landing.shop.BLOCK_ROWS", 60)
    monkeypatch.setattr(delivery, "FULL_STATE_ROWS", 10)
    generate(LandingConfig(scale=0.002, batches=3, out=tmp_path / "z", feeds=("thelook",)))
    small = Zone(tmp_path / "z")
    assert pq.ParquetFile(tmp_path / "z/truth/thelook/users.parquet").num_row_groups >= 3
    for table in HEADERS:
        test_the_truth_equals_the_files(small, table)
        test_state_after_each_batch(small, table, 2)
    assert small.truth("users_after_001").column_names == ["id", "_file_name"]
    assert small.truth("users").column_names == zone.truth("users").column_names


def test_file_names_and_headers(zone):
    expected = {
        "distribution_centers": ["distribution_centers_batch_000.csv"],
        **{
            table: [f"{table}_batch_{batch:03d}.csv" for batch in range(5)]
            for table in HEADERS
            if table != "distribution_centers"
        },
    }
    expected["users"].insert(2, "users_batch_001_late.csv")
    expected["orders"].insert(2, "orders_batch_001_redelivered.csv")
    for table, names in expected.items():
        folder = zone.out / "gcp/inbox" / table
        assert sorted((path.name for path in folder.iterdir()), key=natural) == names
        assert [f["file_name"] for f in zone.files if f["table_name"] == table] == names
        for name in names:
            data = (folder / name).read_bytes()
            assert data.decode("utf-8").split("\n", 1)[0] == HEADERS[table]
            assert data.endswith(b"\n")
            assert b"\r" not in data


def test_files_are_accounted(zone):
    """Records and exact repeats per file, 3 % and at least one."""
    for file in zone.files:
        rows = zone.rows[file["file_name"]]
        different = len(set(rows))
        assert file["records"] == len(rows)
        assert file["exact_repeats"] == len(rows) - different
        assert file["exact_repeats"] == max(1, int(different * 0.03))
        assert (zone.out / file["path"]).stat().st_size == file["bytes"]


def test_rows_per_batch(zone):
    rows = {"products": 30, "users": 100, "orders": 120, "order_items": 200, "inventory_items": 300, "events": 500}
    for file in zone.files:
        if file["kind"] == "batch":
            assert file["records"] - file["exact_repeats"] == rows[file["table_name"]] + (
                # People and prices that change twice in the same file.
                {"products": 1, "users": 3}.get(file["table_name"], 0)
            )


def test_late_and_redelivered_files(zone):
    kinds = {file["file_name"]: (file["batch"], file["kind"]) for file in zone.files}
    assert kinds["users_batch_001_late.csv"] == (3, "late")
    assert kinds["orders_batch_001_redelivered.csv"] == (3, "redelivered")
    assert zone.rows["orders_batch_001_redelivered.csv"] == zone.rows["orders_batch_001.csv"]
    late = {row[0].removesuffix(".0"): row for row in zone.rows["users_batch_001_late.csv"]}
    winners = {key: name for key, (name, _, _) in oracle(zone, "users", 3).items()}
    outcome = Counter(winners[key] == "users_batch_001_late.csv" for key in late)
    assert outcome[True] > outcome[False] >= 8
    before = oracle(zone, "users", 2)
    assert sum(key not in before for key in late) == 8
    # An address that a newer file has changed since is another one in the late file, and does not come back.
    for key in late:
        if winners[key] in {"users_batch_002.csv", "users_batch_003.csv"}:
            assert before[key][2][7].strip() != late[key][7].strip()


def test_later_batches_edit_and_resend(zone):
    """Edited values, records sent again with the same meaning, and clean ones where the first had lost a value."""
    first = oracle(zone, "users", 0)
    truth_before = {row["id"]: row for row in zone.truth("users_after_000").to_pylist()}
    truth_after = {row["id"]: row for row in zone.truth("users_after_001").to_pylist()}
    outcome = Counter()
    for row in zone.rows["users_batch_001.csv"]:
        key = row[0].removesuffix(".0")
        if key not in first:
            outcome["new"] += 1
            continue
        old, new = truth_before[int(key)], truth_after[int(key)]
        states = [name for name in new if name.endswith("__delivered")]
        if old["street_address"] != new["street_address"]:
            outcome["edited"] += 1
        elif any(old[s] in ("sentinel", "empty") for s in states) and all(new[s] == "clean" for s in states):
            outcome["clean again"] += 1
        else:
            outcome["again"] += 1
    assert outcome["new"] >= 5
    assert outcome["edited"] >= 12
    assert outcome["clean again"] >= 5
    assert outcome["again"] >= 5


def test_one_file_holds_two_versions_of_a_key(zone):
    for table in ("users", "products"):
        rows = Counter(row[0].removesuffix(".0") for row in set(zone.rows[f"{table}_batch_001.csv"]))
        assert max(rows.values()) == 2


# -------------------------------------------------------------------- dirt


def dirty_columns(out, table):
    truth = pq.read_table(out / f"truth/thelook/{table}_after_000.parquet")
    for name in truth.column_names:
        if name.endswith("__delivered"):
            column = name.removesuffix("__delivered")
            known = truth[column].is_valid().to_numpy()
            if column == "email" or is_key(column) or not known.sum() > 3000:
                continue
            yield column, Counter(np.asarray(truth[name].to_pylist())[known].tolist()), int(known.sum())


def shares_of(column, value_type):
    if value_type in MONEY or column in MONEY:
        return {"currency": 0.50, "sentinel": 0.35, "empty": 0.15}
    if column.endswith("_at"):
        return {"reformatted": 0.60, "sentinel": 0.25, "empty": 0.15}
    if column in WHOLE:
        return {"sentinel": 0.70, "empty": 0.30}
    return {"padded": 0.35, "recased": 0.35, "sentinel": 0.20, "empty": 0.10}


@pytest.mark.parametrize("table", ["users", "orders", "order_items", "inventory_items", "products"])
def test_dirty_rate_and_kinds(larger, table):
    checked = 0
    for column, counts, total in dirty_columns(larger, table):
        counts["clean"] += counts.pop("exported", 0)
        dirty = total - counts["clean"]
        assert abs(dirty / total - 0.15) < 5 * (0.15 * 0.85 / total) ** 0.5, column
        shares = shares_of(column, column)
        if column in {"postal_code"}:
            # What has no letters cannot be recased and is padded instead.
            assert counts["recased"] < counts["padded"]
            continue
        assert set(counts) - {"clean"} == set(shares)
        for kind, share in shares.items():
            assert abs(counts[kind] / dirty - share) < 5 * (share * (1 - share) / dirty) ** 0.5, (column, kind)
        checked += 1
    assert checked >= (0 if table == "products" else 4)


@pytest.mark.parametrize("table", ["users", "orders", "order_items", "inventory_items"])
def test_a_share_of_the_clean_cells_is_exported(larger, table):
    """A fifth of the dirty rate, in keys, whole numbers and timestamps."""
    truth = pq.read_table(larger / f"truth/thelook/{table}_after_000.parquet")
    for column in HEADERS[table].split(","):
        if not (is_key(column) or column in WHOLE or column.endswith("_at")):
            continue
        states = Counter(
            np.asarray(truth[f"{column}__delivered"].to_pylist())[truth[column].is_valid().to_numpy()].tolist()
        )
        candidates = states["clean"] + states["exported"]
        assert candidates > 1000
        assert abs(states["exported"] / candidates - 0.03) < 5 * (0.03 * 0.97 / candidates) ** 0.5, column


@pytest.mark.parametrize(("batch", "rate"), [(0, 0.15), (1, 0.05), (2, 0.03), (3, 0.02), (9, 0.02)])
def test_dirty_rate_of_batches(batch, rate):
    assert delivery.dirty_rate(batch) == rate


def test_later_batches_are_less_dirty(zone):
    shares = {}
    for batch in range(4):
        states = defaultdict(int)
        for table in HEADERS:
            truth = zone.truth(f"{table}_after_{batch:03d}")
            mine = truth.filter(pc.equal(truth["_file_name"].cast("string"), f"{table}_batch_{batch:03d}.csv"))
            for name in truth.column_names:
                column = name.removesuffix("__delivered")
                if column != name and column != "email" and not is_key(column):
                    values = mine[name].filter(mine[name.removesuffix("__delivered")].is_valid()).cast("string")
                    dirty = pc.invert(pc.is_in(values, value_set=pa.array(["clean", "exported"])))
                    states["dirty"] += pc.sum(dirty).as_py() or 0
                    states["all"] += len(values)
        shares[batch] = states["dirty"] / states["all"]
    # A little less than the file's rate, as some records are sent clean on purpose.
    for batch, rate in enumerate((0.15, 0.05, 0.03, 0.02)):
        assert 0.8 * rate < shares[batch] < 1.15 * rate


def test_keys_and_exact_columns_stay_clean(zone):
    for name, rows in zone.rows.items():
        table = name.split("_batch_")[0]
        for position, column in enumerate(HEADERS[table].split(",")):
            values = {row[position] for row in rows}
            if is_key(column):
                assert all(re.fullmatch(r"[1-9]\d*(\.0)?", value) for value in values - {""}), (name, column)
                assert ("" in values) <= (column == "user_id" and table == "events")
            elif column in {"sku", "product_sku"}:
                assert all(re.fullmatch(r"[0-9A-F]{32}", value) for value in values)
            elif column == "session_id":
                assert all(re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", value) for value in values)
            elif column in {"latitude", "longitude"}:
                assert all(re.fullmatch(r"-?\d+(\.\d+)?", value) for value in values)


def test_all_forms_of_dirt_occur(larger):
    texts = defaultdict(Counter)
    for table, column in (("users", 14), ("users", 6), ("users", 4), ("inventory_items", 8), ("inventory_items", 4)):
        _, rows = read_csv(larger / f"gcp/inbox/{table}/{table}_batch_000.csv")
        texts[HEADERS[table].split(",")[column]].update(row[column] for row in rows)
    for counter in texts.values():
        assert set(counter) >= SENTINELS
    for forms in (FORMATS, [form for form, _ in EXPORTS]):
        assert {form for form in forms for text in texts["created_at"] if _time(text, form)} == set(forms)
    amounts = [text for name in ("product_retail_price", "cost") for text in texts[name]]
    assert {money(a)[1] for a in amounts if re.match(r"[$E£¥]", a)} == set(SYMBOLS.values())
    assert {money(a)[1] for a in amounts if re.search(r"\d [a-z]", a)} == set(SYMBOLS.values())
    assert any(re.fullmatch(r"\d{1,3}(,\d{3})+ yen", amount) for amount in amounts)
    assert any(re.fullmatch(r"\d{4,} yen", amount) for amount in amounts)
    pads = {(len(t) - len(t.lstrip(" ")), len(t) - len(t.rstrip(" "))) for t in texts["state"]}
    assert pads == {(left, right) for left in range(4) for right in range(4)}
    states = {text for text in texts["state"] if text == text.strip(" ")}
    assert {"CALIFORNIA", "california", "California"} <= states
    assert "Rio De Janeiro" in states


def _time(text, form):
    try:
        datetime.strptime(text, form)
    except ValueError:
        return False
    return True


def test_missing_emails(larger, states):
    emails = [row[3] for row in read_csv(larger / "gcp/inbox/users/users_batch_000.csv")[1]]
    missing = [email for email in emails if "@" not in email]
    assert 0.005 < len(missing) / len(emails) < 0.016
    assert set(missing) <= SENTINELS | {""}
    assert len(set(missing)) > 5
    assert sum(email is None for email in states["users"]["email"]) == pytest.approx(len(missing) / 1.03, rel=0.15)


def test_no_word_is_a_sentinel():
    """A clean value that a cleaner takes for NULL would make the truth wrong."""
    from demo.landing.geography import load_geography

    geography = load_geography()
    folded = {sentinel.lower() for sentinel in SENTINELS}
    for values in (
        words.FIRST_NAMES_M, words.FIRST_NAMES_F, words.LAST_NAMES, words.brands(), words.COLORS,
        geography.states, geography.countries, geography.postal_codes,
    ):  # fmt: skip
        assert not {value.lower() for value in values} & folded
        assert all(value == value.strip() for value in values)
    assert len(set(words.brands())) == words.BRAND_COUNT
    assert {city.lower() for city in geography.cities} & folded == {"null"}
    assert geography.weights.sum() == pytest.approx(1)


# -------------------------------------------------------------------- relations and distributions


def shares(values):
    kinds, counts = np.unique(values, return_counts=True)
    return dict(zip(kinds.tolist(), (counts / counts.sum()).tolist(), strict=True))


def near(found, expected, total, sigmas=5):
    assert found.keys() == expected.keys()
    for kind, share in expected.items():
        assert abs(found[kind] - share) < sigmas * (share * (1 - share) / total) ** 0.5, (kind, found[kind], share)


def test_sizes(states):
    sizes = {table: len(columns[key_of(table)]) for table, columns in states.items()}
    assert sizes["users"] == 10_000
    assert sizes["products"] == 2912
    assert sizes["distribution_centers"] == 10
    for table, expected in (("orders", 12_500), ("order_items", 18_125), ("inventory_items", 48_937)):
        assert sizes[table] == pytest.approx(expected, rel=0.05)
    assert sizes["events"] == pytest.approx(242_500, rel=0.05)
    for table, columns in states.items():
        keys = columns[key_of(table)]
        assert np.array_equal(keys, np.arange(1, len(keys) + 1))


@pytest.mark.parametrize("batches", [0, 4])
def test_relations_hold(zone, states, batches):
    if batches:
        states = {table: columns_of(zone.truth(table), table) for table in HEADERS}
    users, orders, items, stock = (states[name] for name in ("users", "orders", "order_items", "inventory_items"))
    visitors = states["events"]["user_id"]
    for child, parent in (
        (orders["user_id"], users["id"]),
        (items["order_id"], orders["order_id"]),
        (items["product_id"], states["products"]["id"]),
        (items["inventory_item_id"], stock["id"]),
        (stock["product_id"], states["products"]["id"]),
        (states["products"]["distribution_center_id"], states["distribution_centers"]["id"]),
        (stock["product_distribution_center_id"], states["distribution_centers"]["id"]),
        (visitors[~np.isnan(visitors)], users["id"]),
    ):
        assert np.isin(child, parent).all()
    order = items["order_id"] - 1
    assert np.array_equal(items["user_id"], orders["user_id"][order])
    assert np.array_equal(items["status"], orders["status"][order])
    assert np.array_equal(orders["gender"], users["gender"][orders["user_id"] - 1])
    assert np.array_equal(np.bincount(order, minlength=len(orders["num_of_item"])), orders["num_of_item"])
    unit = items["inventory_item_id"] - 1
    assert np.array_equal(stock["product_id"][unit], items["product_id"])
    department = states["products"]["department"][items["product_id"] - 1]
    assert np.array_equal(department == "Men", orders["gender"][order] == "M")
    if not batches:
        # The quirk of the source: the unit that an item names is not the one that was sold, which stands just before.
        assert np.isnat(stock["sold_at"][unit]).all()
        sold = np.flatnonzero(~np.isnat(stock["sold_at"]))
        assert len(sold) == len(unit)
        assert set((unit - sold).tolist()) == {1, 2, 3}
        assert (stock["created_at"][sold] <= stock["sold_at"][sold]).all()
        price = states["products"]["retail_price"][items["product_id"] - 1]
        plain = np.array([True] * len(price))
        for money_column in (items["sale_price"], price):
            plain &= np.isfinite(money_column)
        assert (items["sale_price"] == price)[plain].mean() > 0.95


def test_users(states):
    users = states["users"]
    count = len(users["id"])
    near(shares(users["gender"]), {"F": 0.5, "M": 0.5}, count)
    near(
        shares(users["traffic_source"]),
        {"Search": 0.70, "Organic": 0.15, "Facebook": 0.06, "Email": 0.05, "Display": 0.04},
        count,
    )
    assert users["age"].min() == 12
    assert users["age"].max() == 70
    created = users["created_at"].astype("datetime64[s]")
    assert created.min() >= np.datetime64("2019-01-01")
    assert created.max() < NOW
    hours = (created - created.astype("datetime64[D]")).astype(int) // 3600
    assert set(hours.tolist()) == set(range(19))
    country = shares(users["country"])
    for name, share in (("China", 0.339), ("United States", 0.225), ("Brasil", 0.146), ("South Korea", 0.053)):
        assert country[name] == pytest.approx(share, abs=0.02)
    # City null is delivered as such and means nothing.
    assert 0.004 < np.mean([city is None for city in users["city"]]) < 0.014
    us = users["country"] == "United States"
    codes = users["postal_code"][us].astype(str)
    assert {len(code) for code in codes.tolist()} == {4, 5}
    assert (np.char.str_len(codes) == 4).mean() == pytest.approx(308 / 5000, abs=0.03)
    assert all(re.fullmatch(r"\d{3,5} [A-Z][\w' ]+?( (Apt\.|Suite) \d{3})?", s) for s in users["street_address"])
    assert np.mean(["Apt." in s or "Suite" in s for s in users["street_address"]]) == pytest.approx(0.5, abs=0.03)
    addresses = [email for email in users["email"] if email is not None]
    assert all(re.fullmatch(r"[a-z]+@example\.(com|org|net)", email) for email in addresses)
    assert 1 - len(set(addresses)) / len(addresses) > 0.02


def test_orders(states):
    orders, users = states["orders"], states["users"]
    count = len(orders["order_id"])
    status = shares(orders["status"])
    near(status, {"Shipped": 0.30, "Complete": 0.25, "Processing": 0.20, "Cancelled": 0.15, "Returned": 0.10}, count)
    near(shares(orders["num_of_item"]), {1: 0.70, 2: 0.20, 3: 0.05, 4: 0.05}, count)
    per_user = np.bincount(orders["user_id"] - 1, minlength=len(users["id"]))
    near(shares(per_user), {0: 0.20, 1: 0.50, 2: 0.20, 3: 0.05, 4: 0.05}, len(per_user))
    created = orders["created_at"]
    assert (created >= users["created_at"][orders["user_id"] - 1]).all()
    assert created.max() < NOW
    has = {name: ~np.isnat(orders[f"{name}_at"]) for name in ("shipped", "delivered", "returned")}
    assert np.array_equal(has["shipped"], np.isin(orders["status"], ["Shipped", "Complete", "Returned"]))
    assert np.array_equal(has["delivered"], np.isin(orders["status"], ["Complete", "Returned"]))
    assert np.array_equal(has["returned"], orders["status"] == "Returned")
    for earlier, later, days in (("created", "shipped", 3), ("shipped", "delivered", 5), ("delivered", "returned", 3)):
        took = (orders[f"{later}_at"] - orders[f"{earlier}_at"])[has[later]].astype("timedelta64[s]").astype(int)
        assert took.min() >= 0
        assert took.max() < days * 86_400
        assert took.mean() == pytest.approx(days * 43_200, rel=0.05)


@pytest.mark.parametrize("batches", [0, 4])
@pytest.mark.parametrize("table", ["users", "orders"])
def test_the_shop_grows_and_has_a_season(zone, states, table, batches):
    """No month has a pile: neither the last of the initial load nor that of the later batches."""
    created = columns_of(zone.truth(table), table)["created_at"] if batches else states[table]["created_at"]
    months = created.astype("datetime64[M]")
    of_year = shares(months.astype("datetime64[Y]").astype(str))
    years = [of_year[str(year)] for year in range(2019, 2026)]
    assert years == sorted(years), "each year has more than the year before"
    of_month = shares(months.astype(str))
    assert max(of_month.values()) < 0.055
    if not batches:
        for year in range(2021, 2026):
            of = [of_month[f"{year}-{month:02d}"] for month in range(1, 13)]
            assert of[10] + of[11] > 1.15 * (of[8] + of[9]), f"the end of {year}"
    else:
        # February has 20 days here, and the month before has 31.
        assert 0.5 < of_month["2026-02"] / of_month["2026-01"] < 3


def test_quirks_of_item_times(states):
    orders, items = states["orders"], states["order_items"]
    order = items["order_id"] - 1
    ahead = (items["created_at"] - orders["created_at"][order]).astype("timedelta64[s]").astype(int)
    assert (ahead > 0).mean() == pytest.approx(0.43, abs=0.02)
    assert ahead.min() >= -4 * 3600
    assert ahead.max() < 4.1 * 86_400
    shipped = ~np.isnat(items["shipped_at"])
    late = items["created_at"] > items["shipped_at"]
    assert late[shipped].mean() == pytest.approx(0.308, abs=0.02)
    assert late[shipped & (orders["num_of_item"][order] == 1)].mean() < 0.001
    delivered = ~np.isnat(items["delivered_at"])
    assert (items["created_at"] > items["delivered_at"])[delivered].mean() == pytest.approx(0.101, abs=0.015)
    assert 0 < (items["created_at"] > NOW).mean() < 0.005


def test_inventory(states):
    stock, items = states["inventory_items"], states["order_items"]
    assert len(stock["id"]) / len(items["id"]) == pytest.approx(2.7, abs=0.03)
    unsold = np.isnat(stock["sold_at"])
    assert unsold.mean() == pytest.approx(0.63, abs=0.01)
    assert stock["created_at"][unsold].min() >= np.datetime64("2020-01-01")
    held = (stock["sold_at"] - stock["created_at"])[~unsold].astype("timedelta64[s]").astype(int)
    assert held.max() <= 60 * 86_400


def test_events(states):
    events, items = states["events"], states["order_items"]
    near(
        shares(events["event_type"]),
        {"product": 0.348, "cart": 0.245, "department": 0.245, "purchase": 0.075, "cancel": 0.052, "home": 0.036},
        len(events["id"]) / 10,
    )
    ghost = np.isnan(events["user_id"])
    assert ghost.mean() == pytest.approx(0.464, abs=0.01)
    assert not (events["event_type"][ghost] == "purchase").any()
    assert (events["event_type"] == "purchase").sum() == len(items["id"])
    sessions, first, lengths = np.unique(events["session_id"], return_index=True, return_counts=True)
    assert set(lengths.tolist()) == {1, 2, 3, 5, 7, 10, 13}
    assert np.array_equal(events["sequence_number"][first], np.ones(len(sessions)))
    assert (~ghost[first]).mean() == pytest.approx(0.266, abs=0.01)
    # Purchases happen when the item says that it was bought.
    assert np.array_equal(
        np.sort(events["created_at"][events["event_type"] == "purchase"]), np.sort(items["created_at"])
    )
    uris = {re.sub(r"\d+", "n", uri) for uri in events["uri"] if not uri.startswith("/department")}
    assert uris == {"/home", "/cart", "/purchase", "/cancel", "/product/n"}
    departments = {uri for uri in events["uri"] if uri.startswith("/department")}
    assert all(re.fullmatch(r"/department/(men|women)/category/[^/ A-Z]+/brand/[^/ A-Z]*", uri) for uri in departments)
    by_session = np.lexsort((events["sequence_number"], events["session_id"]))
    same = events["session_id"][by_session][1:] == events["session_id"][by_session][:-1]
    assert (np.diff(events["created_at"][by_session]).astype(int)[same] >= 0).all()
    near(
        shares(events["browser"][first]),
        {"Chrome": 0.5, "Safari": 0.2, "Firefox": 0.2, "IE": 0.05, "Other": 0.05},
        len(sessions),
    )
    near(
        shares(events["traffic_source"][first]),
        {"Email": 0.45, "Adwords": 0.30, "YouTube": 0.10, "Facebook": 0.10, "Organic": 0.05},
        len(sessions),
    )


def test_products(larger, states):
    products = states["products"]
    assert len(set(products["category"].tolist())) == 26
    assert (products["department"] == "Men").sum() == pytest.approx(1313, abs=20)
    assert np.nanmin(products["retail_price"]) > 1.4
    intimates = products["category"] == "Intimates"
    assert intimates.sum() == pytest.approx(236, abs=1)
    truth = pq.read_table(larger / "truth/thelook/products.parquet")
    plain = np.asarray(truth["retail_price__delivered"].to_pylist()) != "currency"
    plain &= np.asarray(truth["cost__delivered"].to_pylist()) != "currency"
    assert products["retail_price"][plain].max() <= 999
    ratio = (products["cost"] / products["retail_price"])[plain]
    assert 0.33 < ratio.min() < ratio.max() < 0.67
    brands = Counter(brand for brand in products["brand"] if brand is not None)
    assert sum(brand is None for brand in products["brand"]) == 3
    assert sum(name is None for name in products["name"]) == 1
    top = brands.most_common()
    assert top[0][1] > 30
    assert sum(count == 1 for _, count in top) > len(top) / 3
    for category, mean in (("Outerwear & Coats", 146.0), ("Jeans", 97.9), ("Socks & Hosiery", 16.8)):
        prices = products["retail_price"][plain & (products["category"] == category)]
        assert prices.mean() == pytest.approx(mean, rel=0.3)


def test_later_batches_happen_in_their_five_days(zone):
    for table in ("users", "orders"):
        truth = zone.truth(table)
        created, names = truth["created_at"].to_numpy(), np.asarray(truth["_file_name"].to_pylist())
        older = zone.truth(f"{table}_after_001")[key_of(table)].to_numpy()
        new = ~np.isin(truth[key_of(table)].to_numpy(), older) & (names == f"{table}_batch_002.csv")
        assert new.sum() >= 5
        assert created[new].min() >= NOW + np.timedelta64(5, "D")
        assert created[new].max() < NOW + np.timedelta64(10, "D")
