"""The dry run with an account, on a fake of Google's client."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from google.api_core.exceptions import BadRequest, Forbidden, NotFound

from . import dry_run
from .analyzer import Analyzed
from .recorder import Recording
from .standin import Log, Statement
from .warehouse import Warehouse


class FakeClient:
    """Accepts every query except those that it is set to refuse; keeps the queries."""

    def __init__(self, refuses: dict[str, Exception]) -> None:
        self.refuses = refuses
        self.sent: list[str] = []

    def query(self, query: str, job_config: Any = None) -> None:
        assert job_config.dry_run
        assert not job_config.use_legacy_sql
        self.sent.append(query)
        for words, wrong in self.refuses.items():
            if words in query:
                raise wrong


def _statement(number: int, node: str, text: str, target: str | None = None, by_api: bool = False) -> Statement:
    return Statement(
        number, "first run", node, text, by_api, [Analyzed("CreateTableAsSelectStmt", text, (), None, target)]
    )


STATEMENTS = [
    _statement(1, "seed.s", "CREATE OR REPLACE TABLE `p.d.s` (a INT64)", "p.d.s", by_api=True),
    _statement(2, "model.a", "create table `p`.`d`.`a` as select a from `p`.`d`.`s`", "p.d.a"),
    _statement(3, "model.b", "select a,\n  b from `p`.`d`.`a`"),
    _statement(4, "model.b", "select a,\n  b from `p`.`d`.`a`"),
    _statement(5, "model.c", "select wrong from `p`.`d`.`raw`"),
    _statement(6, "model.d", "select 1 from `p`.`d`.`elsewhere`"),
    _statement(7, "model.e", "select 1 from `p`.`secret`.`t`"),
]


def _fake() -> FakeClient:
    return FakeClient(
        {
            "from `p`.`d`.`a`": NotFound("Not found: Table p:d.a was not found in location US"),
            "wrong": BadRequest("Unrecognized name: wrong at [1:8]"),
            "elsewhere": NotFound("Not found: Table p:d.elsewhere was not found in location US"),
            "secret": Forbidden("Access Denied: Table p:secret.t"),
        }
    )


def test_every_statement_is_analyzed_once() -> None:
    client, told = _fake(), []
    verdicts = dry_run.check(STATEMENTS, client, told.append)
    assert client.sent == [STATEMENTS[1].text, STATEMENTS[2].text, *(each.text for each in STATEMENTS[4:])]
    assert [each.state for each in verdicts] == ["taken", "waits", "refused", "refused", "refused"]
    assert told == verdicts[1:]


def test_a_refusal_has_node_place_and_message() -> None:
    told: list[dry_run.Verdict] = []
    dry_run.check(STATEMENTS, _fake(), told.append)
    said = [str(each) for each in told]
    assert said[1] == "model.c 1:8 400 Unrecognized name: wrong [first run, statement 5]".replace("400 ", "")
    assert "Access Denied" in said[3]


def test_the_command(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    recording = Recording(None, Log(list(STATEMENTS)), Warehouse("p"))
    monkeypatch.setattr(dry_run, "_recorded", lambda *_: recording)
    assert dry_run.main(["--project", "p"], _fake()) == 1
    assert "5 statements: 1 taken, 3 refused, 1 wait" in capsys.readouterr().out
    assert dry_run.main(["--project", "p"], FakeClient({})) == 0
    assert dry_run.main(["--write", str(tmp_path / "out")]) == 0
    files = sorted(path.name for path in (tmp_path / "out").iterdir())
    assert files[0] == "0002_first_run_model.a.sql"
    assert len(files) == 5
    with pytest.raises(FileExistsError):
        dry_run.write(STATEMENTS, tmp_path / "out")


def test_a_project_must_be_named(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.delenv("LAKEWEAVE_GCP_PROJECT", raising=False)
    with pytest.raises(SystemExit):
        dry_run.main([])
    assert "which project" in capsys.readouterr().err
