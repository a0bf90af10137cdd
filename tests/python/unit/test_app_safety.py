"""Delivered text and addresses in the app: shown as text, bounded, never run."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path

import duckdb
import pandas as pd
import pytest

pytest.importorskip("streamlit")

from app import warehouse
from app.__main__ import OPTIONS
from app.look import is_number, plain, without_formulas
from tests.python.support import ROOT

HOSTILE = (
    "![x](https://example.com/pixel.png)",
    "[click](javascript:alert(1))",
    "<img src=x onerror=alert(1)>",
    "$\\frac{a}{b}$",
    ":red[danger] :smile:",
    "# a title\n- a list",
    "`code` **bold** ~~gone~~",
    "https://example.com/?q=1",
)


@pytest.mark.parametrize("text", HOSTILE)
def test_delivered_text_has_no_markdown(text: str) -> None:
    shown = plain(text)
    assert "\n" not in shown
    # Every character with a meaning is escaped, and nothing is lost.
    assert re.sub(r"\\(.)", r"\1", shown) == " ".join(text.split())
    assert not re.search(r"(?<!\\)[`*_\[\]()<>$:#!~|]", re.sub(r"\\\\", "", shown))


@pytest.mark.parametrize(
    "text", ["=1+1", "+1", "-1", "@SUM(1)", "\t=1", "\r=1", " =1", "\n=1", "\ufeff=1", "＝1", "|calc", "%1"]
)
def test_no_download_holds_a_formula(text: str) -> None:
    given = pd.DataFrame({"text": [text, "plain", None], "number": [-1, 2, 3]})
    shown = without_formulas(given)
    assert shown["text"].tolist()[:2] == [f"'{text}", "plain"]
    assert shown["number"].tolist() == [-1, 2, 3]
    assert given["text"][0] == text
    assert without_formulas(given.astype({"text": "string"}))["text"][0] == f"'{text}"


def test_every_table_uses_it() -> None:
    shown = [
        path.name
        for path in (ROOT / "app").rglob("*.py")
        if re.search(r"st\.(dataframe|table|data_editor)\(", path.read_text())
    ]
    assert shown == ["look.py"]


@pytest.mark.parametrize("page", sorted((ROOT / "app" / "views").glob("*.py")), ids=lambda path: path.stem)
def test_pages_show_rows_by_plain_only(page: Path) -> None:
    """A Markdown call that shows a value of a row wraps it: a new page cannot forget it unseen."""
    text = page.read_text()
    for call in re.findall(
        r"st\.(?:markdown|caption|write|subheader|info|warning|success)\((.*?)\)\n", text, re.DOTALL
    ):
        for value in re.findall(r"each(?:\.\w+|\[[^\]]+\])", call):
            if value in ("each.units_sold", "each.product_id", "each.distance", "each['score']"):
                continue
            assert "plain(" in call, f"{page.name}: {call.strip()[:120]} shows {value} without plain()"


@pytest.mark.parametrize("text", HOSTILE)
def test_what_an_engine_repeats_in_an_error_has_no_markdown(tmp_path: Path, text: str) -> None:
    path = tmp_path / "a.duckdb"
    duckdb.connect(str(path)).close()
    profile = warehouse.Profile("duckdb", {"type": "duckdb", "path": str(path)})
    with pytest.raises(warehouse.NotReadyError) as told:
        warehouse._duckdb(profile, "select cast(:text as double)", {"text": text})
    assert plain(text.splitlines()[0]) in str(told.value)


@pytest.mark.parametrize("text", ["²", "٣", "1" * 40, "-1", "1.5", ""])
def test_keys_are_numbers(text: str) -> None:
    assert not is_number(text)
    assert is_number("42")


def test_only_pictures_of_the_landing_zone_are_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LAKEWEAVE_LANDING", str(tmp_path / "landing"))
    folder = tmp_path / "landing" / "gcp" / "images"
    folder.mkdir(parents=True)
    (folder / "a.png").write_bytes(b"x")
    (folder / "users.csv").write_bytes(b"x")
    (tmp_path / "secret.png").write_bytes(b"x")
    (folder / "link.png").symlink_to(tmp_path / "secret.png")
    assert warehouse.picture("gs://bucket/images/a.png") == str(folder / "a.png")
    for uri in ("images/users.csv", "images/link.png", "../../secret.png", "images/../../../secret.png"):
        assert warehouse.picture(f"gs://bucket/{uri}") is None


def test_the_app_listens_on_this_machine_only() -> None:
    assert "--server.address=localhost" in OPTIONS
    # Opens the browser; a service has no screen, and says so.
    assert {"--server.headless=false", "--server.showEmailPrompt=false"} <= set(OPTIONS)
    assert "--server.headless true" in (ROOT / "deploy" / "render" / "render.yaml").read_text()
    assert "--server.address 0.0.0.0" in (ROOT / "deploy" / "render" / "render.yaml").read_text()
    assert importlib.util.find_spec("app") is not None
