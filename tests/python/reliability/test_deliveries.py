"""P1, P2, P4 and P5 on made-up histories of deliveries, against a plain Python oracle.

A history is a list of steps: a file is delivered (new, the same content under another name, late, edited in place,
truncated and later completed), or the project is built. However the steps are ordered and wherever the builds lie, silver
holds what the oracle says, and every record of every file is accounted for.
"""

from __future__ import annotations

import csv
import io
import os
import re
import shutil
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.python.reliability.worker import Worker
from tests.python.support import Workspace

EXAMPLES = int(os.environ.get("LAKEWEAVE_DELIVERIES", "4"))
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
    import hashlib

    for name, data in seen:
        records, accepted, rejected, repeats, state = counted[name, hashlib.sha256(data).hexdigest()]
        lines = [line for line in data.decode().split("\n")[1:] if line]
        assert records == len(lines)
        assert records == accepted + rejected + repeats
        assert state in (("held",) if is_held(data) else ("loaded", "repeat"))

    before = workspace.state()
    build()
    assert workspace.state() == before
