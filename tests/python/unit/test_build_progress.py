"""What a build prints while it runs, from events of dbt's JSON log."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path
from typing import Any

import pytest

from lakeweave.build_progress import Progress, events, expected, layer, main, run


def model(name: str, folder: str) -> dict[str, Any]:
    return {"unique_id": f"model.shop.{name}", "resource_type": "model", "node_path": f"{folder}/{name}.sql"}


def data_test(name: str) -> dict[str, Any]:
    return {"unique_id": f"test.shop.{name}", "resource_type": "test", "node_path": f"{name}.sql"}


def start(node: dict[str, Any], total: int) -> dict[str, Any]:
    return {
        "info": {"name": "LogStartLine", "level": "info", "msg": "start"},
        "data": {"total": total, "node_info": node},
    }


def end(
    node: dict[str, Any], status: str = "success", name: str = "LogModelResult", level: str = "info"
) -> dict[str, Any]:
    message = f"{status} {node['unique_id']}"
    return {"info": {"name": name, "level": level, "msg": message}, "data": {"status": status, "node_info": node}}


NODES = [model("bronze_a", "bronze/x"), model("bronze_b", "bronze/x"), data_test("t"), model("gold_a", "gold")]


@pytest.fixture
def manifest(tmp_path: Path) -> Path:
    nodes = {
        node["unique_id"]: {**node, "path": node["node_path"], "name": node["unique_id"].rpartition(".")[2]}
        for node in NODES
    }
    path = tmp_path / "manifest.json"
    path.write_text(json.dumps({"nodes": nodes, "unit_tests": {}}))
    return path


def progress(manifest: Path, **settings: Any) -> tuple[Progress, io.StringIO]:
    out = io.StringIO()
    return Progress(manifest, out=out, **settings), out


def test_a_layer_is_printed_when_its_last_node_has_ended(manifest: Path) -> None:
    told, out = progress(manifest)
    for node in NODES[:2]:
        told.take(start(node, 4))
    told.take(end(NODES[0]))
    assert out.getvalue() == ""
    told.take(end(NODES[1]))
    assert out.getvalue().split()[:2] == ["bronze", "2"]
    told.take(start(NODES[2], 4))
    told.take(end(NODES[2], "pass", "LogTestResult"))
    assert [line.split()[0] for line in out.getvalue().splitlines()] == ["bronze", "data"]


def test_of_a_selection_the_layers_are_printed_at_the_end(manifest: Path) -> None:
    told, out = progress(manifest)
    told.take(start(NODES[0], 1))
    told.take(end(NODES[0]))
    assert out.getvalue() == ""
    told.end()
    assert out.getvalue().split()[:2] == ["bronze", "1"]


def test_failed_and_skipped_nodes_are_counted_and_each_message_is_printed_once(manifest: Path) -> None:
    told, out = progress(manifest)
    told.take(start(NODES[0], 4))
    failure = end(NODES[0], "error", level="error")
    told.take(failure)
    told.take({"info": {**failure["info"], "name": "RunResultError"}, "data": {}})
    told.take(end(NODES[1], "skipped", "SkippingDetails"))
    text = out.getvalue()
    assert text.count("error model.shop.bronze_a") == 1
    assert "2 failed or skipped" in text


def test_with_ci_only_warnings_and_errors_are_printed(manifest: Path) -> None:
    told, out = progress(manifest, quiet=True)
    for node in NODES:
        told.take(start(node, 4))
        told.take(end(node))
    told.take({"info": {"name": "JinjaLogWarning", "level": "warn", "msg": "a file is held"}, "data": {}})
    told.end()
    assert out.getvalue() == "a file is held\n"


@pytest.mark.parametrize(
    ("kind", "wrong", "nearest"),
    [("node", "gemni", "`gemini`"), ("node", "bronze_aa", "`bronze_a`"), ("source", "erp.claim", "`erp.claims`")],
)
def test_a_name_that_dbt_does_not_find_has_the_nearest_name(
    manifest: Path, kind: str, wrong: str, nearest: str
) -> None:
    target = manifest.parent / "target" / "manifest.json"
    target.parent.mkdir()
    document = json.loads(manifest.read_text())
    document["sources"] = {"source.shop.erp.claims": {"source_name": "erp", "name": "claims"}}
    target.write_text(json.dumps(document))
    (manifest.parent / "models" / "ml").mkdir(parents=True)
    (manifest.parent / "models" / "ml" / "gemini.sql").write_text("select 1")
    told, out = progress(target)
    message = (
        f"Encountered an error:\nCompilation Error\n  Model 'model.shop.b' (models/b.sql) depends on a {kind} named '{wrong}' "
        "which was not found"
    )
    told.take({"info": {"name": "MainEncounteredError", "level": "error", "msg": message}, "data": {}})
    assert f"`{wrong}` is not found. Did you mean {nearest}" in out.getvalue()


def test_a_name_that_is_like_no_other_has_no_hint(manifest: Path) -> None:
    told, out = progress(manifest)
    message = "Model 'model.shop.b' depends on a node named 'zzzz' which was not found"
    told.take({"info": {"name": "MainEncounteredError", "level": "error", "msg": message}, "data": {}})
    assert out.getvalue() == message + "\n"


def test_a_bar_is_drawn_in_a_terminal(manifest: Path) -> None:
    told, out = progress(manifest, bar=True)
    for node in NODES:
        told.take(start(node, 4))
        told.take(end(node))
    told.end()
    assert "4/4" in out.getvalue() or "3/4" in out.getvalue()
    assert "bronze" in out.getvalue()


def test_delivered_text_cannot_move_the_cursor(manifest: Path) -> None:
    told, out = progress(manifest)
    told.take({"info": {"name": "JinjaLogWarning", "level": "warn", "msg": "held: \x1b[2Ja.csv"}, "data": {}})
    assert "\x1b" not in out.getvalue()


def test_a_line_that_is_no_event_is_printed() -> None:
    found = list(events(['{"info": {"name": "A"}}', "Traceback (most recent call last):", "", "[1]"]))
    assert [event["info"]["name"] for event in found] == ["A", "Text", "Text"]
    assert found[1]["info"]["level"] == "error"


def test_counts_are_known_for_a_whole_run_only(manifest: Path) -> None:
    assert expected(manifest, 4) == {"bronze": 2, "data tests": 1, "gold": 1}
    assert expected(manifest, 3) == {}
    assert expected(manifest.with_name("none.json"), 4) == {}


def test_layers() -> None:
    assert layer(model("a", "silver/thelook")) == "silver"
    assert layer({"resource_type": "model", "node_path": "a.sql"}) == "models"
    assert layer({"resource_type": "unit_test", "node_path": "bronze/_unit_tests.yml"}) == "unit tests"


def test_the_exit_code_is_that_of_the_command(manifest: Path) -> None:
    told, out = progress(manifest)
    code = "import sys; print('broken'); sys.exit(3)"
    assert run([sys.executable, "-c", code], told) == 3
    assert out.getvalue() == "broken\n"


def test_a_command_without_dbt_is_reported(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["dbt", "docs"]) == 2
    assert "expected build, run, test, seed or snapshot" in capsys.readouterr().err
