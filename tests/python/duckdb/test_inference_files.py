"""Pictures and documents beside a text: known by their content, sent as data, and refused before anything is paid."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import io
import json
from pathlib import Path
from typing import Any

import duckdb
import pytest

from tests.python.duckdb.inference_project import InferenceProject, asking, openai
from tests.python.fakes import model_server

PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
PDF = b"%PDF-1.4 a document"
FILES = {"file": "uri", "content_hash": "md5_hash"}


@pytest.fixture
def project(tmp_path: Path, server: model_server.Client) -> InferenceProject:
    server.reset()
    server.set(factor=1, usage=True, faults={}, status=None, latency=0.0, seen={})
    (tmp_path / "files").mkdir()
    types = "image/png, application/pdf"
    return InferenceProject(tmp_path, openai(server.base_url, file_types=types, max_file_bytes=2_000))


def put(project: InferenceProject, name: str, content: bytes) -> str:
    """Writes a file; its address."""
    path = project.root / "files" / name
    path.write_bytes(content)
    return str(path)


def listed(project: InferenceProject, question: str = "What is it?") -> str:
    """The files of the folder with the hashes of their content, and the question."""
    rows = [
        f"('{path}', '{hashlib.md5(path.read_bytes()).hexdigest()}', '{question}')"
        for path in sorted((project.root / "files").iterdir())
    ]
    return f"select * from (values {', '.join(rows)}) as t(uri, md5_hash, prompt)"


def ask(project: InferenceProject, question: str = "What is it?", **arguments: Any) -> None:
    project.write("asked", asking(listed(project, question), **{**FILES, **arguments}))


def test_a_file_is_known_by_its_content(project: InferenceProject, server: model_server.Client) -> None:
    put(project, "a.png", PNG)
    put(project, "b.png", PNG)
    put(project, "c.pdf", PDF)
    ask(project)
    project.build()
    assert project.states("asked") == {"ok": 3}
    # The same bytes under two names are one question.
    assert server.stats()["requests"] == 2
    parts = {part["type"]: part for body in server.stats()["bodies"] for part in body["messages"][0]["content"]}
    assert parts["text"]["text"] == "What is it?"
    assert parts["image_url"]["image_url"]["url"] == f"data:image/png;base64,{base64.b64encode(PNG).decode()}"
    assert parts["file"]["file"]["filename"] == "c.pdf"
    # A new name sends no request; changed bytes, another text and no file at all are new questions.
    (project.root / "files" / "a.png").rename(project.root / "files" / "d.png")
    ask(project)
    project.build()
    assert server.stats()["requests"] == 2
    put(project, "c.pdf", PDF + b" and more")
    ask(project)
    project.build()
    assert server.stats()["requests"] == 3
    ask(project, "What else?")
    project.build()
    assert server.stats()["requests"] == 5
    project.write("asked", asking("select 'What else?' as prompt"))
    project.build()
    assert server.stats()["requests"] == 6


def test_what_cannot_be_sent_costs_nothing(project: InferenceProject, server: model_server.Client) -> None:
    project.price("fake-1,2020-01-01,,any,USD,0.5,1000000,,1000000,,2026-11-21,made up for this test")
    put(project, "good.png", PNG)
    put(project, "large.png", PNG + b"x" * 2_000)
    put(project, "empty.png", b"")
    put(project, "lies.png", b"no picture")
    put(project, "film.mp4", b"a film")
    missing = f"union all select '{project.root}/files/missing.png', 'x', 'What is it?' "
    unnamed = "union all select null, 'y', 'What is it?' union all select 'z', null, 'What is it?'"
    project.write("asked", asking(listed(project) + missing + unnamed, max_calls_per_run=6, **FILES))
    project.build()
    found = dict(project.query("select parse_filename(uri), response_status from asked where uri is not null"))
    assert found == {
        "good.png": "",
        "large.png": f"the file has {len(PNG) + 2_000} bytes; the server takes 2000 (max_file_bytes)",
        "empty.png": "the file is empty",
        "lies.png": "the file is application/octet-stream; the server takes application/pdf, image/png (file_types)",
        "film.mp4": "the file is video/mp4; the server takes application/pdf, image/png (file_types)",
        "missing.png": "there is no such file",
        "z": "no content hash",
    }
    assert project.query("select response_status from asked where uri is null") == [("no file",)]
    assert project.states("asked") == {"ok": 1, "failed": 6, "retryable": 1}
    assert server.stats()["requests"] == 1
    assert project.query(
        "select sum(requests), sum(input_tokens) filter (state <> 'ok') from ledger.model_responses"
    ) == [(1, 0)]
    # A missing file is looked for again, and a file that was refused is not.
    put(project, "missing.png", PDF)
    project.build()
    assert server.stats()["requests"] == 2
    assert project.states("asked") == {"ok": 2, "failed": 6}


def test_schema_correction_and_budget_hold_with_a_file(project: InferenceProject, server: model_server.Client) -> None:
    for number in range(4):
        put(project, f"{number}.png", PNG + bytes([number]))
    ask(project, "BAD-ONCE What is it?", schema={"kind": {"type": "string", "values": ["a", "b"]}}, max_calls_per_run=5)
    project.build()
    # A question that is corrected takes two requests; the budget has one left after the four questions.
    assert server.stats()["requests"] == 5
    assert project.states("asked") == {"ok": 1, "retryable": 3}
    corrections = [body["messages"] for body in server.stats()["bodies"] if len(body["messages"]) == 3]
    assert corrections
    assert corrections[-1][0]["content"][1]["type"] == "image_url"
    project.build()
    project.build()
    assert project.states("asked") == {"ok": 4}
    assert {kind for (kind,) in project.query("select kind from asked")} <= {"a", "b"}


def test_the_offline_backend_says_that_it_reads_no_files(project: InferenceProject) -> None:
    project.text = {"backend": "offline"}
    put(project, "a.png", PNG)
    ask(project, "Describe it in one word: a mug")
    project.build()
    (said,) = project.query("select response_state, response_status from asked")
    assert said[0] == "failed"
    assert said[1].startswith("offline backend reads no pictures and no documents; name a model server")


def test_wrong_calls_are_told_at_once(project: InferenceProject) -> None:
    for arguments, said in (
        ({"file": "uri"}, "`content_hash` is missing; `file` needs"),
        ({"file": 5, "content_hash": "md5_hash"}, '`file` is "5"; expected the name of a column'),
        ({"function": "generate_embedding", **FILES}, "`generate_embedding` has no file"),
        ({"file": "path", "content_hash": "md5_hash"}, "`file` is 'path', which the body does not have"),
    ):
        project.write("asked", asking("select 'a' as uri, 'b' as md5_hash, 'c' as prompt", **arguments))
        outcome = project.dbt("build")
        assert not outcome.success
        assert said in outcome.said, outcome.said


def test_a_personal_file_is_not_sent(project: InferenceProject, server: model_server.Client) -> None:
    personal = {"columns": [{"name": "portrait", "config": {"meta": {"pii": True}}}]}
    rows = "select 'a.png' as portrait, 'x' as md5_hash"
    project.write("people", f"{{{{ config(materialized='table') }}}}{rows}", personal)
    body = "select portrait, md5_hash, 'Who is it?' as prompt from {{ ref('people') }}"
    project.write("asked", asking(body, file="portrait", content_hash="md5_hash"))
    outcome = project.dbt("build")
    assert not outcome.success
    assert "puts personal columns into" in outcome.said, outcome.said
    assert server.stats()["requests"] == 0


def test_a_language_model_is_compared_with_the_local_network_on_product_pictures(
    project: InferenceProject, server: model_server.Client, demo_landing: Path
) -> None:
    """Both are asked what is in the picture; the golden answers are what was drawn. The fake is wrong about two pictures."""
    truth = duckdb.sql(
        f"select path, md5, sha256, label from '{demo_landing}/truth/pictures/product_images.parquet' "
        "where kind = 'good' and is_current order by path limit 8"
    ).fetchall()
    labels = sorted({label for *_, label in truth})
    told = [labels[labels.index(label) - 1] if place < 2 else label for place, (*_, label) in enumerate(truth)]
    seen = {digest: json.dumps({"label": said}) for (_, _, digest, _), said in zip(truth, told, strict=True)}
    server.set(seen=seen)
    project.text = openai(server.base_url)  # its own types and sizes
    rows = ", ".join(
        f"({place}, '{demo_landing}/{path}', '{md5}', '{label}')" for place, (path, md5, _, label) in enumerate(truth)
    )
    project.write("vision", "{{ lakeweave.remote_model(function='annotate_image') }}")
    project.write(
        "pictures",
        f"{{{{ config(materialized='table') }}}}select * from (values {rows}) as t(id, uri, md5_hash, expected)",
    )
    body = "select id, uri, md5_hash, 'What is in the picture?' as prompt from {{ ref('pictures') }}"
    options = {"features": ["LABEL_DETECTION"]}
    project.write(
        "network",
        asking(body, function="annotate_image", model="vision", input="uri", content_hash="md5_hash", options=options),
    )
    project.write("asked", asking(body, schema={"label": {"type": "string", "values": labels}}, **FILES))
    project.build()
    # The network labels the pattern, too.
    known = ", ".join(f"'{label}'" for label in labels)
    of_network = f"list_filter(response->>'$.label_annotations[*].description', name -> name in ({known}))[1]"
    answer = f"coalesce(response->>'$.label', {of_network})"
    arguments = {"before": "network", "after": "asked", "key": "id", "answer": answer, "golden": "pictures"}
    with contextlib.redirect_stdout(io.StringIO()) as said:
        outcome = project.dbt("run-operation", "compare_answers", "--args", json.dumps(arguments))
    assert outcome.success, outcome.said
    lines = said.getvalue().splitlines()
    assert "Right of 8 golden rows: 8 before, 6 after." in lines, lines
    assert any(line.startswith("asked (gemini): 8 requests") for line in lines), lines
    assert sum(": now wrong" in line for line in lines) in (1, 2), lines
