"""P1, P2, P4 and P5 on made-up histories of deliveries, against a plain Python oracle.

A history is a list of steps: a file is delivered (new, the same content under another name, late, edited in place,
truncated and later completed), or the project is built. However the steps are ordered and wherever the builds lie, silver
holds what the oracle says, and every record of every file is accounted for.
"""

from __future__ import annotations

import csv
import hashlib
import io
import os
import random
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.python.reliability.worker import Worker
from tests.python.support import Workspace

ORDERS = int(os.environ.get("LAKEWEAVE_ORDERS", "1"))
EXAMPLES = int(os.environ.get("LAKEWEAVE_DELIVERIES", "2"))
SELECT = ("run", "--select", "bronze_distribution_centers silver_distribution_centers")
HEADER = ["id", "name", "latitude", "longitude"]


def content(rows: list[tuple[int, str, int]]) -> bytes:
    """A file of the source."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(HEADER)
    writer.writerows([key, name, value, value] for key, name, value in rows)
    return text.getvalue().encode()


def natural(name: str) -> str:
    """The order of file names: digit runs are numbers."""
    return re.sub(r"0*([0-9]{20})", r"\1", re.sub(r"([0-9]+)", "0" * 20 + r"\1", name))


def is_held(data: bytes) -> bool:
    """Whether no record of the file fits its header: such a file is held, and the version before it counts."""
    records = list(csv.reader(io.StringIO(data.decode())))[1:]
    return bool(records) and all(len(record) != len(HEADER) for record in records)


def oracle(seen: list[tuple[str, bytes]]) -> dict[int, tuple[str, float]]:
    """What silver holds after the builds saw these (name, content) pairs, in the order in which they saw them."""
    current = dict((name, data) for name, data in seen if not is_held(data))
    first_place: dict[bytes, str] = {}
    for name, data in current.items():
        place = natural(name)
        first_place[data] = min(place, first_place.get(data, place))
    rows: dict[int, tuple[str, float]] = {}
    for data in sorted(first_place, key=first_place.__getitem__):
        repeats = set()
        for record in list(csv.reader(io.StringIO(data.decode())))[1:]:
            # A record that was cut short is rejected; an exact repeat within its file does not count.
            if len(record) != len(HEADER) or tuple(record) in repeats:
                continue
            repeats.add(tuple(record))
            if re.fullmatch(r"[0-9]+", record[0]):
                rows[int(record[0])] = (record[1], float(record[2]) if record[2] else float("nan"))
    return rows


names = st.builds("{}_{}.csv".format, st.sampled_from(["centers", "more"]), st.integers(0, 12))
rows = st.lists(
    st.tuples(st.integers(1, 6), st.sampled_from(["Aa", "Bb", "Cc"]), st.integers(0, 9)), min_size=1, max_size=6
)
steps = st.lists(
    st.one_of(
        st.tuples(st.just("deliver"), names, rows),
        st.tuples(st.just("again"), names, st.integers(0, 30)),
        st.tuples(st.just("truncate"), st.integers(0, 30), st.floats(0.5, 1.0)),
        st.tuples(st.just("complete"), st.integers(0, 30), st.none()),
        st.tuples(st.just("build"), st.none(), st.none()),
    ),
    min_size=3,
    max_size=10,
)


@pytest.fixture(scope="module")
def worker(tmp_path_factory: pytest.TempPathFactory) -> tuple[Worker, Workspace, Path]:
    root = tmp_path_factory.mktemp("deliveries")
    workspace = Workspace.create(root / "project", root / "landing")
    made = Worker(workspace)
    assert made.run("seed").code == 0
    shutil.copytree(workspace.warehouse.parent, root / "empty")
    yield made, workspace, root / "empty"
    made.close()


@settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.explicit, Phase.generate],
)
@given(history=steps)
def test_any_history_of_deliveries(worker: tuple[Worker, Workspace, Path], history: list[tuple]) -> None:
    dbt, workspace, empty = worker
    shutil.rmtree(workspace.warehouse.parent)
    shutil.copytree(empty, workspace.warehouse.parent)
    inbox = workspace.landing / "gcp" / "inbox" / "distribution_centers"
    shutil.rmtree(workspace.landing, ignore_errors=True)
    inbox.mkdir(parents=True)

    present: dict[str, bytes] = {}
    whole: dict[str, bytes] = {}
    seen: list[tuple[str, bytes]] = []

    def put(name: str, data: bytes) -> None:
        present[name] = data
        # A new file in place of the old one, as an upload makes it.
        (inbox / ".upload").write_bytes(data)
        (inbox / ".upload").rename(inbox / name)

    def build() -> None:
        outcome = dbt.run(*SELECT)
        assert outcome.code == 0, outcome.output[-3000:]
        seen.extend(item for item in sorted(present.items()) if item not in seen[-len(present) :])

    for kind, first, second in [*history, ("build", None, None)]:
        if kind == "build":
            build()
        elif kind == "deliver":
            whole[first] = content(second)
            put(first, whole[first])
        elif present and kind == "again":
            put(first, list(present.values())[second % len(present)])
            whole[first] = present[first]
        elif present and kind == "truncate":
            name = list(present)[first % len(present)]
            data = whole[name]
            header = data.index(b"\n") + 1
            put(name, data[: max(header, int(len(data) * second))])
        elif present and kind == "complete":
            name = list(present)[first % len(present)]
            put(name, whole[name])

    expected = oracle(seen)
    found = {
        key: (name, float("nan") if value is None else value)
        for key, name, value in workspace.query("select id, name, latitude from silver.distribution_centers")
    }
    assert {key: str(value) for key, value in found.items()} == {key: str(value) for key, value in expected.items()}

    counted = {
        (name, file_id): (records, accepted, rejected, repeats, state)
        for name, file_id, records, accepted, rejected, repeats, state in workspace.query(
            "select file_name, file_id, records, accepted, rejected, repeats, state from ledger.files"
        )
    }
    for name, data in seen:
        records, accepted, rejected, repeats, state = counted[name, hashlib.sha256(data).hexdigest()]
        lines = [line for line in data.decode().split("\n")[1:] if line]
        assert records == len(lines)
        assert records == accepted + rejected + repeats
        assert state in (("held",) if is_held(data) else ("loaded", "repeat"))

    before = workspace.state()
    build()
    assert workspace.state() == before


def start_over(workspace: Workspace, empty: Path) -> Path:
    """An empty warehouse and an empty inbox; returns the inbox."""
    shutil.rmtree(workspace.warehouse.parent)
    shutil.copytree(empty, workspace.warehouse.parent)
    inbox = workspace.landing / "gcp" / "inbox" / "distribution_centers"
    shutil.rmtree(workspace.landing, ignore_errors=True)
    inbox.mkdir(parents=True)
    return inbox


def test_the_order_and_the_lateness_of_files_decide_nothing(worker: tuple[Worker, Workspace, Path]) -> None:
    """P5: the same files, in any order and with builds anywhere between them, end in the same silver table and accounts."""
    dbt, workspace, empty = worker
    draw = random.Random(20261128)
    silver = "select id, name, latitude, longitude from silver.distribution_centers order by all"
    accounts = "select file_name, file_id, records, accepted, rejected, repeats from ledger.files order by all"
    for number in range(ORDERS):
        given = {
            f"centers_{i}.csv": content(
                [
                    (draw.randint(1, 6), draw.choice(["Aa", "Bb", "Cc"]), draw.randint(0, 9))
                    for _ in range(draw.randint(1, 6))
                ]
            )
            for i in draw.sample(range(20), draw.randint(3, 7))
        }
        found = []
        for order, pauses in ((list(given), 0.0), (draw.sample(list(given), len(given)), 0.4)):
            inbox = start_over(workspace, empty)
            for name in order:
                (inbox / name).write_bytes(given[name])
                if draw.random() < pauses:
                    assert dbt.run(*SELECT).code == 0
            outcome = dbt.run(*SELECT)
            assert outcome.code == 0, outcome.output[-3000:]
            found.append((workspace.query(silver), workspace.query(accounts)))
        assert found[0] == found[1], f"history {number}"
        assert {key: (name, value) for key, name, value, _ in found[0][0]} == oracle(list(given.items()))


WRITER = """
import os, random, sys, time
inbox, end, seed = sys.argv[1], time.monotonic() + float(sys.argv[2]), int(sys.argv[3])
draw, number = random.Random(seed), 0
def rows(n): return "".join(f"{draw.randint(1, 6)},{draw.choice('ABC')},{draw.randint(0, 9)},1\\n" for _ in range(n))
while time.monotonic() < end:
    number += 1
    name = os.path.join(inbox, f"centers_{draw.randint(1, 8)}.csv")
    how = draw.choice(["rename", "slowly", "append", "temporary", "remove"])
    if how == "rename":
        with open(name + ".part", "w") as out: out.write("id,name,latitude,longitude\\n" + rows(draw.randint(1, 200)))
        os.replace(name + ".part", name)
    elif how == "slowly":
        with open(name, "w") as out:
            out.write("id,name,latitude,longitude\\n")
            for _ in range(20):
                out.write(rows(50)); out.flush(); time.sleep(0.002)
    elif how == "append" and os.path.exists(name):
        with open(name, "a") as out: out.write(rows(5))
    elif how == "temporary":
        with open(os.path.join(inbox, "x.tmp"), "w") as out: out.write(rows(5))
    elif how == "remove" and os.path.exists(name) and draw.random() < 0.2:
        os.unlink(name)
    time.sleep(draw.uniform(0, 0.01))
print(number)
"""


def test_builds_beside_a_process_that_writes(worker: tuple[Worker, Workspace, Path]) -> None:
    """Files appear, grow, change and vanish while builds run: none is loaded in part, and the last state is loaded whole."""
    dbt, workspace, empty = worker
    inbox = start_over(workspace, empty)
    (inbox / "centers_1.csv").write_bytes(content([(1, "Aa", 1)]))
    seconds = float(os.environ.get("LAKEWEAVE_WRITER_SECONDS", "4"))
    writer = subprocess.Popen(
        [sys.executable, "-c", WRITER, str(inbox), str(seconds), "7"], stdout=subprocess.PIPE, text=True
    )
    builds = 0
    try:
        while writer.poll() is None:
            outcome = dbt.run(*SELECT)
            assert outcome.code == 0, outcome.output[-3000:]
            builds += 1
    finally:
        written = int(writer.communicate(timeout=60)[0])
    assert builds >= 1
    assert written > 2 * seconds
    # The last states have no more writer beside them.
    assert dbt.run(*SELECT).code == 0
    checked = dbt.run("test", "--select", "test_name:reconciles,bronze_distribution_centers")
    assert checked.code == 0, checked.output[-3000:]
    accounts = workspace.query("select file_id, file_name, state, reason, records from ledger.files")
    assert {reason for _, _, state, reason, _ in accounts if state == "held"} <= {
        "changed_while_reading", "empty_file", "unreadable", "header_mismatch",
    }  # fmt: skip
    final = {row[:3]: row[4] for row in accounts}
    for path in inbox.glob("centers_*.csv"):
        data = path.read_bytes()
        digest = hashlib.sha256(data).hexdigest()
        states = [s for s in ("loaded", "repeat") if (digest, path.name, s) in final]
        assert states, f"{path.name} is not loaded as it is"
        assert final[digest, path.name, states[0]] == data.count(b"\n") - 1
    for digest, name, state, _, records in accounts:
        if state == "loaded":
            assert workspace.query(
                "select count(*) from bronze.distribution_centers where _content_hash = ?", digest
            ) == [(records,)], name
