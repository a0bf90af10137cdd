"""The order, the number and the lateness of builds do not show in the result."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from tests.python.support import Workspace

Deliver = Callable[[Path, Path, int], list[str]]


def test_a_second_build_changes_nothing(demo: Workspace) -> None:
    before = demo.state()
    demo.dbt("build")
    after = demo.state()
    assert after == before
    assert before["bronze.events"][0] > 0


def test_batches_one_after_the_other_end_where_all_at_once_ends(
    tmp_path: Path, demo_landing: Path, demo: Workspace, deliver: Deliver
) -> None:
    workspace = Workspace.create(tmp_path / "project", tmp_path / "landing")
    for batch in range(4):
        assert deliver(demo_landing, workspace.landing, batch)
        workspace.dbt("build", "--exclude", "resource_type:unit_test")
    apart, together = workspace.state(), demo.state()
    differing = [
        name
        for name in together
        # A snapshot keeps what it saw at each build: several builds see more versions than one.
        if not name.startswith("snapshots.") and apart.get(name) != together[name]
    ]
    assert differing == []
    assert workspace.query("select count(*) from snapshots.product_prices where dbt_valid_to is not null")[0][0] > 0


def test_nothing_new_opens_no_delivered_file(demo: Workspace) -> None:
    """The second build knows the files by their names and times: it works with files that nobody may read."""
    files = [path for path in demo.landing.rglob("*.csv") if "truth" not in path.parts]
    atimes = {path: path.stat().st_atime_ns for path in files}
    for path in files:
        # Reading would move the access time past this one, even on a disk mounted with relatime.
        import os

        os.utime(path, ns=(0, path.stat().st_mtime_ns))
    del atimes
    before = demo.state()
    demo.dbt("run", "--select", "bronze")
    # The change of access time moved the inode's change time, so this build hashes each file once more …
    assert demo.state() == before
    for path in files:
        assert path.stat().st_size > 0
