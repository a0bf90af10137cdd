"""The landing generator's command line, and what it does to folders."""

import hashlib
import json

import pytest

from demo.landing import LandingConfig, LandingError, delivery, generate, shop, zone
from demo.landing.__main__ import main

SCALE = 0.002


def tree(folder):
    """Relative path -> hash of every file."""
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def delivered(folder):
    return {name: digest for name, digest in tree(folder).items() if not name.startswith(("truth/", "sql/"))}


def run(out, *options):
    return main(["--out", str(out), "--scale", str(SCALE), "--batches", "3", *options])


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A landing zone with three later batches, made at once."""
    out = tmp_path_factory.mktemp("whole") / "landing"
    assert run(out) == 0
    return out


def test_the_same_settings_give_the_same_bytes(whole, tmp_path):
    again = tmp_path / "again"
    assert run(again) == 0
    assert tree(again) == tree(whole)
    assert len(delivered(again)) == 27 + 19 + 4 + 47 + 25


def test_another_seed_gives_other_data(whole, tmp_path):
    other = tmp_path / "other"
    assert run(other, "--seed", "43") == 0
    old, new = delivered(whole), delivered(other)
    same = {name for name in old if new.get(name) == old[name]}
    assert not any("users" in name or "events" in name for name in same)


def test_threads_and_blocks_do_not_show(monkeypatch, tmp_path):
    """Small blocks make many of them, so that threads have something to reorder."""
    monkeypatch.setattr(shop, "BLOCK_ROWS", 150)
    monkeypatch.setattr(delivery, "FULL_STATE_ROWS", 700)
    for threads in ("1", "4"):
        assert run(tmp_path / threads, "--threads", threads) == 0
    assert tree(tmp_path / "1") == tree(tmp_path / "4")


def test_fewer_batches_give_the_first_files_of_more(whole, tmp_path):
    more = delivered(whole)
    previous: set[str] = set()
    for batches in (0, 2):
        out = tmp_path / str(batches)
        assert run(out, "--batches", str(batches)) == 0
        fewer = delivered(out)
        assert set(fewer) < set(more)
        # A later batch overwrites some pictures under their names; nothing else ever changes.
        changed = {name for name in fewer if fewer[name] != more[name]}
        assert len(changed) <= 2 * (3 - batches)
        assert all(name.startswith("gcp/product_images/") for name in changed)
        assert previous < set(fewer)
        previous = set(fewer)


def test_a_zone_that_grew_batch_by_batch_is_the_whole_one(whole, tmp_path, capsys):
    out = tmp_path / "grown"
    assert run(out, "--batches", "0") == 0
    before = {path: path.stat().st_mtime_ns for path in out.rglob("*.csv")}
    assert run(out, "--batches", "1") == 0
    assert run(out, "--only-batches", "2,3") == 0
    assert tree(out) == tree(whole)
    assert {path: path.stat().st_mtime_ns for path in before} == before
    assert "nothing to do" not in capsys.readouterr().out


def test_only_batches_into_a_new_folder(whole, tmp_path):
    out = tmp_path / "part"
    assert run(out, "--only-batches", "2") == 0
    names = delivered(out)
    assert names.items() < delivered(whole).items()
    assert {name.rsplit("_", 1)[1] for name in names if "gcp/inbox" in name} == {"002.csv"}
    assert (out / "truth/thelook/users_after_002.parquet").exists()
    assert not (out / "truth/thelook/users_after_001.parquet").exists()


def test_again_is_no_work(whole, capsys):
    before = {path: path.stat().st_mtime_ns for path in whole.rglob("*")}
    assert run(whole) == 0
    assert "nothing to do" in capsys.readouterr().out
    assert {path: path.stat().st_mtime_ns for path in whole.rglob("*")} == before


def test_a_missing_file_is_restored(whole, tmp_path, capsys):
    out = tmp_path / "landing"
    run(out)
    (out / "gcp/inbox/users/users_batch_001.csv").unlink()
    (out / "truth/thelook/users.parquet").unlink()
    assert run(out) == 0
    assert tree(out) == tree(whole)
    assert "1 files" in capsys.readouterr().out


def test_one_feed_only(tmp_path, whole):
    everything = delivered(whole)
    folders = {
        "thelook": "gcp/inbox",
        "listings": "aws/dms",
        "marketplace": "aws/marketplace",
        "pictures": "gcp/product_images",
        "yoga": "gcp/yoga_images",
    }
    for feed, folder in folders.items():
        out = tmp_path / feed
        assert run(out, "--feeds", feed) == 0
        assert delivered(out) == {name: digest for name, digest in everything.items() if name.startswith(folder)}


def test_impossible_settings_are_one_message(tmp_path, capsys):
    (tmp_path / "file").write_text("in the way")
    options = ["--scale", "nan", "--batches", "-1", "--seed", "x", "--feeds", "thelook", "amazon", "--threads", "0"]
    assert main(["--out", str(tmp_path / "file"), *options]) == 2
    message = capsys.readouterr().err
    for part in ("--scale is nan", "--batches is -1", "--seed is 'x'", "amazon", "--threads is 0", "is a file"):
        assert part in message
    assert message.count("cannot be made") == 1
    assert "Traceback" not in message
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--scale", "0"], "--scale is 0"),
        (["--scale", "-1"], "--scale is -1"),
        (["--scale", "101"], "--scale is 101"),
        (["--scale", "inf"], "--scale is inf"),
        (["--scale", "much"], "--scale is 'much'"),
        (["--batches", "1.5"], "--batches is '1.5'"),
        (["--only-batches", "2,9"], "--only-batches is 2, 9"),
        (["--only-batches", "two"], "--only-batches is 'two'"),
        (["--feeds"], "--feeds is empty"),
    ],
)
def test_each_impossible_setting(tmp_path, capsys, options, said):
    assert main(["--out", str(tmp_path / "x"), *options]) == 2
    message = capsys.readouterr().err
    assert said in message
    assert message.count("\n  - ") == 1
    assert not list(tmp_path.iterdir())


def test_help_is_readable(capsys):
    with pytest.raises(SystemExit) as done:
        main(["--help"])
    assert done.value.code == 0
    text = capsys.readouterr().out
    assert "--only-batches" in text
    assert "gcp/inbox" in text


def test_another_zone_is_not_overwritten(tmp_path, capsys):
    out = tmp_path / "landing"
    run(out, "--feeds", "thelook")
    (out / "notes.txt").write_text("mine")
    before = tree(out)
    for options in (["--seed", "1"], ["--batches", "1"], ["--scale", "0.003"], ["--feeds", "listings"]):
        assert run(out, *["--feeds", "thelook", *options]) == 2
        assert "--force" in capsys.readouterr().err
    assert tree(out) == before
    fresh = tmp_path / "fresh"
    assert run(fresh, "--batches", "1", "--seed", "1") == 0
    assert run(out, "--batches", "1", "--seed", "1", "--force") == 0
    now = tree(out)
    assert now.pop("notes.txt")
    assert now == tree(fresh)


def test_a_changed_file_is_not_taken_for_ours(tmp_path, capsys):
    out = tmp_path / "landing"
    run(out)
    path = out / "gcp/inbox/orders/orders_batch_000.csv"
    path.write_text(path.read_text() + "x\n")
    assert run(out) == 2
    assert "orders_batch_000.csv has" in capsys.readouterr().err
    assert run(out, "--force") == 0


def test_files_of_unknown_origin_stop_it(tmp_path, capsys):
    inbox = tmp_path / "landing/gcp/inbox/users"
    inbox.mkdir(parents=True)
    (inbox / "mine.csv").write_text("id\n1\n")
    assert run(tmp_path / "landing") == 2
    assert "mine.csv" in capsys.readouterr().err
    assert tree(tmp_path) == {"landing/gcp/inbox/users/mine.csv": hashlib.sha256(b"id\n1\n").hexdigest()}


def test_unreadable_settings_stop_it(tmp_path, capsys):
    out = tmp_path / "landing"
    run(out)
    (out / "truth/landing.json").write_text("{")
    assert run(out) == 2
    assert "landing.json cannot be read" in capsys.readouterr().err


def test_files_of_others_in_the_zone_stay(tmp_path):
    picture = tmp_path / "landing/gcp/others/Tree/1.jpg"
    picture.parent.mkdir(parents=True)
    picture.write_bytes(b"jpg")
    assert run(tmp_path / "landing") == 0
    assert picture.read_bytes() == b"jpg"
    assert (tmp_path / "landing/gcp/inbox/users/users_batch_003.csv").exists()


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), KeyboardInterrupt()])
def test_a_broken_run_leaves_nothing(monkeypatch, tmp_path, error):
    def fail(*_arguments):
        raise error

    monkeypatch.setattr(zone, "_move_into_place", fail)
    expected = LandingError if isinstance(error, OSError) else KeyboardInterrupt
    with pytest.raises(expected):
        generate(LandingConfig(scale=SCALE, out=tmp_path / "landing"))
    assert not list(tmp_path.iterdir())


def test_an_interrupt_is_a_sentence(monkeypatch, tmp_path, capsys):
    def interrupt(*_arguments):
        raise KeyboardInterrupt

    monkeypatch.setattr(zone, "_stage_files", interrupt)
    assert run(tmp_path / "landing") == 130
    assert "Interrupted" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_the_settings_name_every_file(whole):
    settings = json.loads((whole / "truth/landing.json").read_text())
    assert settings["files"].keys() == delivered(whole).keys()
    assert {name: entry["sha256"] for name, entry in settings["files"].items()} == delivered(whole)
    assert settings["batches"] == [0, 1, 2, 3]
    assert "time" not in json.dumps(sorted(settings))


@pytest.mark.parametrize("scale", [1e-9, 0.00005, 0.0003])
def test_tiny_scales_work(tmp_path, scale):
    summary = generate(LandingConfig(scale=scale, batches=4, out=tmp_path / "landing"))
    assert summary.written > 40
    assert summary.rows > 30
