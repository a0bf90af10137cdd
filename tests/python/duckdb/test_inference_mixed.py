"""Seeded runs against a server that mixes all kinds of replies: tokens, requests, texts and rows are all accounted for.

The ordinary tests make :data:`RUNS` runs of the function on DuckDB and a few through dbt. ``LAKEWEAVE_REPLY_RUNS=1000`` makes
so many.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from lakeweave import inference
from lakeweave.inference import text_openai
from tests.python.duckdb.inference_project import InferenceProject, asking, openai
from tests.python.fakes.raw_server import RawServer
from tests.python.fakes.reply_kinds import KINDS, Mixed

RUNS = int(os.environ.get("LAKEWEAVE_REPLY_RUNS", "8"))
ATTEMPTS, TRIES = 3, 4


@pytest.fixture(scope="module")
def server() -> Iterator[RawServer]:
    with RawServer(lambda prompt, attempt: []) as running:
        yield running


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(text_openai, "_PAUSE", 0.001)


def check(script: Mixed, server: RawServer, ledger: list[tuple], attempts: int = ATTEMPTS) -> None:
    """``ledger``: prompt, state, response, input and output tokens, requests; one row per attempt."""
    rows: dict[str, list[tuple]] = {}
    for prompt, *row in ledger:
        rows.setdefault(prompt, []).append(row)
    assert set(rows) == set(script.meant), "no row is lost"
    for prompt, meant in script.meant.items():
        final = rows[prompt][-1]
        assert (final[0], final[1]) == (meant.state, meant.text), (prompt, meant, rows[prompt])
        again = meant.state == "retryable"
        assert len(rows[prompt]) == (attempts if again else 1), (prompt, meant, rows[prompt])
        tries = TRIES if meant.name == "always 500" else len(meant.tries)
        assert server.asked[prompt] == sum(row[4] for row in rows[prompt]) == tries * (attempts if again else 1), meant
    counted = [sum(row[place] or 0 for all_ in rows.values() for row in all_) for place in (2, 3)]
    assert counted == script.billed


def test_every_reply_of_many_runs_is_accounted_for(server: RawServer) -> None:
    connection = duckdb.connect()
    seen: Counter[str] = Counter()
    for seed in range(RUNS):
        wants_json = seed % 3 == 0
        script = Mixed(seed, 40, wants_json)
        seen.update(meant.name for meant in script.meant.values())
        server.reset()
        server.script = script
        text = openai(server.base_url, tries=TRIES, give_up_after=10_000, concurrency=8, timeout=10.0)
        inference.register(connection, {"text": text})
        spec = json.dumps({"model": "gemini", "run": f"run {seed}", "holder": "node"})
        options = json.dumps({"response_format": "json"} if wants_json else {})
        ledger: list[tuple] = []
        for attempt in range(ATTEMPTS):
            last = {row[0]: row[1] for row in ledger}
            asked = [
                (p,) for p in script.meant if last.get(p, "retryable") == "retryable" and (attempt == 0 or p in last)
            ]
            connection.execute("create or replace temp table asked (prompt varchar)")
            if asked:
                connection.executemany("insert into asked values (?)", asked)
            ledger += connection.execute(
                """
                with called as materialized (select prompt, lakeweave_generate_text(prompt, $spec, $options) as a from asked)
                select prompt, a.state, a.response, a.input_tokens, a.output_tokens, a.requests from called
                where a.state <> 'unsent'
                """,
                {"spec": spec, "options": options},
            ).fetchall()
        check(script, server, ledger)
    assert RUNS < 10 or set(seen) == set(KINDS)


@pytest.mark.parametrize("seed", [1002])
def test_every_reply_of_a_build_is_accounted_for(tmp_path: Path, server: RawServer, seed: int) -> None:
    wants_json = seed % 2 == 0
    script = Mixed(seed, 120, wants_json)
    server.reset()
    server.script = script
    project = InferenceProject(tmp_path, openai(server.base_url, tries=TRIES, concurrency=8, timeout=10.0))
    options = {"response_format": "json"} if wants_json else {}
    body = "select range as id, 'p' || (range % 120) as prompt from range(150)"
    project.write("asked", asking(body, options=options, max_attempts=2, batch_size=50))
    for _ in range(3):
        project.build()
    ledger = project.query(
        "select prompt, state, response, input_tokens, output_tokens, requests from ledger.model_responses "
        "join (select distinct prompt, fingerprint from asked) using (fingerprint) order by prompt, attempt"
    )
    check(script, server, ledger, attempts=2)
    rows = project.query("select prompt, response_state, response from asked")
    assert len(rows) == 150
    for prompt, state, response in rows:
        meant = script.meant[prompt]
        assert (state, response) == ("ok" if meant.state == "ok" else "failed", meant.text)
