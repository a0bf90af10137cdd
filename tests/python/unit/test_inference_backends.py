"""The local backends: settings, states of answers, offline rules, hashed vectors, claims and the arrow functions."""

from __future__ import annotations

import hashlib
import json
import threading
import time

import duckdb
import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from demo.offline_answers import ADDRESS_INSTRUCTIONS, CHURN_INSTRUCTIONS
from lakeweave import inference
from lakeweave.errors import BackendError, SettingsError
from lakeweave.inference import backends, text_offline
from lakeweave.inference.answers import FAILED, OK, RETRYABLE, UNSENT, Answer, Answers, status_text
from lakeweave.inference.claims import Claims
from lakeweave.inference.config import Settings
from lakeweave.inference.embeddings_hashed import HashedEmbedder, split
from lakeweave.inference.functions import Models, answer_arrow
from lakeweave.inference.text_offline import NO_RULE, OfflineBackend
from lakeweave.inference.text_openai import OpenAIBackend
from tests.python.duckdb.inference_project import openai
from tests.python.fakes import model_server

SPEC = json.dumps({"model": "gemini"})
RULES = "demo.offline_answers"


# ---- settings ----


def test_all_mistakes_in_the_settings_are_reported_at_once() -> None:
    with pytest.raises(SettingsError) as told:
        Settings.read(
            {
                "memory_limit": "1GB",
                "text": {
                    "backend": "openai",
                    "base_url": "http://user:secret@host/v1",
                    "api_key_env": "sk-live-123",
                    "concurrency": 0,
                    "timeout": "long",
                    "modle": "x",
                },
                "embeddings": {"backend": "hashed", "dimension": 100},
                "images": {"threads": True},
                "models": {"other": {"backend": "opnai"}},
            }
        )
    said = str(told.value)
    for sentence in (
        "`text.modle` is not a setting",
        "`text.model` is missing",
        "`text.concurrency` is 0, expected a whole number from 1",
        "`text.timeout` is 'long', expected a number of seconds",
        "`text.base_url` carries a user or password",
        "`text.api_key_env` is not the NAME of an environment variable",
        "`embeddings.dimension` is 100, expected a multiple of 8",
        "`images.threads` is True, expected a whole number",
        "`models.other.backend` is 'opnai', expected one of hashed, offline, onnx, openai. Did you mean `openai`?",
        "`text.modle` is not a setting, expected one of base_url",
        "Did you mean `model`?",
    ):
        assert sentence in said
    assert "sk-live-123" not in said
    assert "secret" not in said


def test_each_backend_is_created_from_its_settings() -> None:
    """The registry holds the name, the settings and the class of each; onnx needs weights, which other tests have."""
    given = {"openai": openai("http://127.0.0.1:9/v1"), "offline": "offline", "hashed": "hashed"}
    assert set(given) | {"onnx"} == set(backends.BACKENDS)
    for name, block in given.items():
        function = backends.BACKENDS[name].function
        models = Models(Settings.read({"models": {"gemini": block}}))
        assert models.where(function, SPEC)
    with pytest.raises(BackendError, match="is not an embedding backend"):
        Models(Settings.read({"models": {"gemini": "offline"}})).where("generate_embedding", SPEC)


def test_rules_of_the_offline_backend_are_a_module_of_the_project() -> None:
    prompt = CHURN_INSTRUCTIONS + "Orders: 0\nDays since last order: \nAverage order value: \nReturn rate: "
    by_project = json.dumps({"model": "gemini", "rules": RULES})
    for config, spec, state in (
        ({}, SPEC, FAILED),
        ({}, by_project, OK),
        ({"text": {"backend": "offline", "rules": RULES}}, SPEC, OK),
    ):
        models = Models(Settings.read(config))
        assert models.version("generate_text", spec) == "offline-rules-1"
        assert models.answer("generate_text", [prompt], spec, "{}").states == [state]
    with pytest.raises(BackendError, match="`no_such_rules` of the offline backend cannot be imported"):
        OfflineBackend("no_such_rules")
    with pytest.raises(BackendError, match="`json` has no rules"):
        OfflineBackend("json")


def test_settings_have_defaults_and_short_forms() -> None:
    assert Settings.read(None) == Settings.read({}) == Settings.read({"text": "offline", "ingestion": {"any": 1}})


# ---- answers ----


def test_characters_that_no_engine_can_store_are_removed() -> None:
    array = Answers.of(
        [Answer("lone \ud800 surrogate", "", OK), Answer(None, "line\nbreak \x00 <object at 0x7f>", FAILED)]
    ).to_arrow()
    assert array[0]["response"].as_py() == "lone ? surrogate"
    assert array[1]["status"].as_py() == "line break <object at 0x7f>"
    assert len(status_text("x" * 5000)) == 300


def test_embeddings_travel_only_where_they_are_good() -> None:
    matrix = np.arange(6, dtype=np.float32).reshape(3, 2)
    array = Answers(statuses=["", "bad", ""], states=[OK, FAILED, OK], embeddings=matrix).to_arrow()
    assert array.field("embedding").to_pylist() == [[0.0, 1.0], None, [4.0, 5.0]]


# ---- offline rules ----


def address(
    street: str,
    city: str = "Springfield",
    state: str = "Illinois",
    zip_code: str = "62704",
    country: str = "United States",
) -> Answer:
    prompt = f"{ADDRESS_INSTRUCTIONS}Street: {street}\nCity: {city}\nState: {state}\nZIP code: {zip_code}\nCountry: {country}"
    return OfflineBackend(RULES).answer([prompt], {})[0]


@pytest.mark.parametrize(
    ("street", "line"),
    [
        ("123 North Main Street, Apt. 4B", "123 N MAIN ST APT 4B"),
        ("0937  keith mews   suite 400", "0937 KEITH MEWS STE 400"),
        ("12-34 150th Street", "12-34 150TH ST"),
        ("PO Box 99", "PO BOX 99"),
        ("p.o. box 12-B", "PO BOX 12-B"),
        ("RR 2 Box 18", "RR 2 BOX 18"),
        ("Unit 2001 Box 3434", "UNIT 2001 BOX 3434"),
        ("31 Avenida Ponce de León", "31 AVENIDA PONCE DE LEON"),
        ("350 5th Ave Floor 21", "350 5TH AVE FL 21"),
    ],
)
def test_addresses_are_brought_into_postal_form(street: str, line: str) -> None:
    fields = {"street_line": line, "city": "SPRINGFIELD", "state_code": "IL", "zip_code": "62704"}
    assert address(street) == Answer(json.dumps(fields), "", OK)


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"street": "742 Evergreen Terrace Springfield"}, "not a unit"),
        ({"street": "123"}, "street line"),
        ({"street": "Main Street"}, "street line"),
        ({"street": "n/a"}, "street line"),
        ({"street": "12 Main St; drop table users --"}, "more than one way"),
        ({"street": "55 Rue du Faubourg", "country": "France"}, "not a United States address"),
        ({"street": ""}, "lacks: street"),
        ({"street": "1 Main St", "zip_code": "627"}, "ZIP code"),
        ({"street": "1 Main St", "state": "Ontario"}, "not one of the United States"),
        ({"street": "1 Main St", "city": "123"}, "no letters"),
    ],
)
def test_ambiguous_values_are_refused_with_a_reason(fields: dict[str, str], reason: str) -> None:
    answer = address(**fields)
    assert answer.state == FAILED
    assert reason in answer.status
    for value in fields.values():
        assert not value or value not in answer.status, "an address has no place in a status"


@given(st.text(max_size=60), st.text(max_size=20))
@settings(max_examples=150, deadline=None)
def test_no_address_breaks_the_rules(street: str, city: str) -> None:
    answer = address(street, city)
    assert answer.state in (OK, FAILED)
    assert (answer.response is None) == bool(answer.status)


@pytest.mark.parametrize(
    ("figures", "risk"),
    [
        (("2", "0 to 89", "50 to 99 dollars", "0 to 24 percent"), "low"),
        (("2", "90 to 179", "50 to 99 dollars", "0 to 24 percent"), "medium"),
        (("1", "365 or more", "unknown", "50 or more percent"), "high"),
        (("6 or more", "180 to 364", "200 or more dollars", "0 to 24 percent"), "medium"),
        (("0", "unknown", "unknown", "unknown"), "medium"),
        (("3", "unknown", "0 to 49 dollars", "unknown"), "medium"),
    ],
)
def test_churn_risk_follows_the_figures(figures: tuple[str, ...], risk: str) -> None:
    names = ("Orders", "Days since last order", "Average order value", "Return rate")
    prompt = CHURN_INSTRUCTIONS + "\n".join(f"{n}: {f}" for n, f in zip(names, figures, strict=True))
    answer = OfflineBackend(RULES).answer([prompt], {})[0]
    said = json.loads(answer.response)
    assert said["churn_risk"] == risk
    assert said["churn_reason"].endswith(".")


def test_the_offline_backend_names_itself_and_refuses_unknown_prompts() -> None:
    backend = OfflineBackend(RULES)
    assert backend.version == "offline-rules-1"
    for prompt in (
        "Write a poem.",
        ADDRESS_INSTRUCTIONS[:-5] + "x",
        ADDRESS_INSTRUCTIONS,
        CHURN_INSTRUCTIONS + "Orders: 1",
    ):
        answer = backend.answer([prompt], {})[0]
        assert answer.state == FAILED
        assert answer.status in (NO_RULE, "the prompt lacks a field that the rule needs")
    assert backend.answer(["Write a poem."], {})[0].status == NO_RULE


def test_offline_answers_fit_a_schema_or_fail() -> None:
    prompt = "Describe this product in one sentence: A mug. It is blue."
    summary = {"schema": [{"name": "summary", "type": "string"}]}
    assert OfflineBackend().answer([prompt], summary)[0].response == '{"summary":"A mug."}'
    two = OfflineBackend().answer([prompt], {"schema": [*summary["schema"], {"name": "price", "type": "number"}]})[0]
    assert (two.state, two.response, two.rejected_response) == (FAILED, None, "A mug.")
    assert two.status.startswith("not_in_schema: ")
    with_instruction = {"instruction": "Describe in two words", **summary}
    assert OfflineBackend().answer(["A blue mug."], with_instruction)[0].status == NO_RULE


# ---- hashed vectors ----


@given(st.lists(st.text(max_size=40), min_size=1, max_size=40))
@settings(max_examples=60, deadline=None)
def test_a_vector_depends_on_its_text_alone(texts: list[str]) -> None:
    together, known = HashedEmbedder(64).embed(texts)
    apart = np.vstack([HashedEmbedder(64).embed([text])[0] for text in texts])
    assert np.array_equal(together, apart)
    assert known.tolist() == [bool(split(text)) for text in texts]
    assert np.allclose(np.linalg.norm(together[known], axis=1), 1, atol=1e-5)


def test_vectors_are_the_same_on_every_machine() -> None:
    vectors, _ = HashedEmbedder().embed(["Levi's blue jeans", "x " * 2000, "Größe 赤いシャツ"])
    signs = np.packbits(vectors > 0).tobytes()
    assert hashlib.sha256(signs).hexdigest()[:16] == SIGNS
    near, other, far = (
        HashedEmbedder().embed(["levis blue jaens", "LEVI'S BLUE JEANS", "red wool socks"])[0] @ vectors[0]
    )
    assert other == pytest.approx(1, abs=1e-6)
    assert near > 0.25
    assert abs(far) < 0.2


#: Written down once; a change of the method must change its name in `model_version`.
SIGNS = "60da8e678d50e27d"


# ---- over HTTP ----


def test_the_client_keeps_its_connections_and_its_limit() -> None:
    with model_server.running(latency=0.02) as server:
        settings_ = Settings.read({"text": openai(server.base_url, concurrency=8)}).text
        backend = OpenAIBackend(settings_)
        answers = backend.answer(
            [f"p{n}" for n in range(80)], {"max_output_tokens": 5, "stop_sequences": ["x"], "top_p": 0.5}
        )
        assert [a.response for a in answers] == [f"echo: p{n}" for n in range(80)]
        assert {a.state for a in answers} == {OK}
        assert answers[0].output_tokens == 2
        stats = server.stats()
        assert stats["requests"] == 80
        assert stats["most_in_flight"] <= 8
        body = stats["bodies"][-1]
        assert body["max_tokens"] == 5
        assert body["stop"] == ["x"]
        assert body["temperature"] == 0


@pytest.mark.parametrize(
    ("prompt", "options", "state", "status"),
    [
        ("ALWAYS-400", {}, FAILED, "400: the fake says 400"),
        ("ALWAYS-500", {}, RETRYABLE, "500: the fake says 500"),
        ("ALWAYS-HANG", {}, RETRYABLE, "no answer within 0.2 s"),
        ("GARBAGE", {}, RETRYABLE, "the server's answer is not a chat completion but HTML"),
        ("EMPTY", {}, RETRYABLE, "empty: the answer is empty"),
        ("FILTERED", {}, FAILED, "filtered: refused by the content filter"),
        (
            "NOT-JSON",
            {"response_format": "json"},
            RETRYABLE,
            "not_json: the answer is not the promised JSON: there is no object",
        ),
    ],
)
def test_each_fault_has_its_state(faulty: OpenAIBackend, prompt: str, options: dict, state: str, status: str) -> None:
    answer = faulty.answer([prompt], options)[0]
    assert (answer.response, answer.state, answer.status) == (None, state, status)


@pytest.fixture(scope="module")
def faulty() -> OpenAIBackend:
    with model_server.running(hang=2.0) as server:
        yield OpenAIBackend(Settings.read({"text": openai(server.base_url, timeout=0.2, tries=2)}).text)


def test_a_wait_that_the_server_requests_is_kept() -> None:
    with model_server.running(faults="429=1.0", retry_after=0.6) as server:
        backend = OpenAIBackend(Settings.read({"text": openai(server.base_url, tries=2, max_wait=0.7)}).text)
        began = time.monotonic()
        assert backend.answer(["p"], {})[0].state == RETRYABLE
        assert time.monotonic() - began >= 0.6


def test_a_server_that_is_not_there_ends_the_batch_early() -> None:
    backend = OpenAIBackend(Settings.read({"text": openai("http://127.0.0.1:9/v1", tries=3)}).text)
    began = time.monotonic()
    answers = backend.answer([f"p{n}" for n in range(2000)], {})
    assert {a.state for a in answers} == {UNSENT}
    assert "cannot be reached" in answers[-1].status
    assert time.monotonic() - began < 10


# ---- claims ----


def test_a_claim_is_held_settled_and_overtaken() -> None:
    now = [0.0]
    claims = Claims(lease=60, clock=lambda: now[0])
    assert claims.claim("run", "a", ["1", "2"]) == [True, True]
    assert claims.claim("run", "b", ["2", "3"]) == [False, True]
    assert claims.claim("run", "a", ["1"]) == [True], "a second look at one's own claim is no second call"
    assert not claims.wait("run", "b", 0)
    assert claims.settle("run", "a")["settled"] == 2
    assert claims.wait("run", "b", 0)
    assert claims.claim("run", "b", ["1"]) == [False], "settled in this run: asked once"
    assert claims.claim("next run", "b", ["1"]) == [True]

    # A holder that vanished is overtaken, one that is at work is not.
    assert claims.claim("run", "c", ["9"]) == [True]
    claims.working("run", "c", +1)
    now[0] = 100
    assert claims.claim("run", "d", ["9"]) == [False]
    claims.working("run", "c", -1)
    assert claims.claim("run", "d", ["9"]) == [False]
    now[0] = 200
    assert claims.claim("run", "d", ["9"]) == [True]


def test_the_calls_of_a_run_are_limited_for_all_together() -> None:
    claims = Claims()
    assert claims.claim("run", "a", list("12345"), max_calls=7) == [True] * 5
    assert claims.claim("run", "b", list("abc"), max_calls=7) == [True, True, False]
    assert claims.settle("run", "b")["over_budget"] == 1


def test_a_retry_counts_as_a_request_and_an_unsent_request_does_not() -> None:
    claims = Claims()
    assert claims.claim("run", "a", list("123"), 6, 4) == [True] * 3
    assert claims.retry("run", "a", 6, 4)
    assert not claims.retry("run", "a", 6, 4), "the holder has four"
    assert claims.claim("run", "b", list("xyz"), 6) == [True, True, False]
    assert not claims.retry("run", "b", 6), "the run has six"
    claims.give_back("run", "a", 2)
    assert claims.retry("run", "b", 6)
    assert claims.retry("run", "a", 6, 4)
    assert not claims.retry("run", "b", 6)
    assert claims.settle("run", "b")["requests"] == 6


def test_one_holder_has_the_lock_and_a_vanished_holder_loses_it() -> None:
    now = [0.0]
    claims = Claims(lease=60, clock=lambda: now[0])
    assert claims.take_lock("run", "a", 0)
    assert claims.take_lock("run", "a", 0)
    assert not claims.take_lock("run", "b", 0)
    assert claims.take_lock("another run", "b", 0)
    claims.settle("run", "a")
    assert claims.take_lock("run", "b", 0)
    claims.working("run", "b", +1)
    now[0] = 100
    assert not claims.take_lock("run", "a", 0), "it is at work"
    claims.working("run", "b", -1)
    now[0] = 200
    assert claims.take_lock("run", "a", 0)


def test_only_one_holder_at_a_time_has_the_turn() -> None:
    claims, inside, most = Claims(), [0], [0]
    guard = threading.Lock()

    def ask(holder: str) -> None:
        for _ in range(20):
            assert claims.take_lock("run", holder, 30)
            with guard:
                inside[0] += 1
                most[0] = max(most[0], inside[0])
            with guard:
                inside[0] -= 1
            claims.settle("run", holder)

    threads = [threading.Thread(target=ask, args=(name,)) for name in "abcd"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == [1]


def test_waiting_ends_when_the_holder_settles() -> None:
    claims = Claims()
    claims.claim("run", "a", ["1"])
    claims.claim("run", "b", ["1"])
    threading.Timer(0.1, lambda: claims.settle("run", "a")).start()
    assert claims.wait("run", "b", 5)


# ---- the functions on DuckDB ----


@pytest.fixture
def connection() -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    inference.register(connection, {})
    inference.register(connection, {"embeddings": {"backend": "hashed", "dimension": 64}})
    return connection


def test_every_row_of_every_batch_gets_its_own_answer(connection: duckdb.DuckDBPyConnection) -> None:
    """Larger than a vector of DuckDB, with NULLs, blanks and repeats: the known faults of arrow functions show here."""
    rows = connection.execute(
        """
        with asked as materialized (
            select i, case when i % 7 = 0 then null when i % 11 = 0 then '  ' else 'word' || (i % 5000) end as text
            from range(12000) as t (i)
        ),
        called as materialized (select *, lakeweave_generate_embedding(text, $spec, '{}') as a from asked)
        select i, text, a.state, a.status, a.embedding from called order by i
        """,
        {"spec": SPEC},
    ).fetchall()
    embedder = HashedEmbedder(64)
    assert len(rows) == 12000
    for i, text, state, status, vector in rows:
        if i % 7 == 0:
            assert (text, state, status, vector) == (None, FAILED, "null input", None)
        elif i % 11 == 0:
            assert (state, status, vector) == (FAILED, "empty input", None)
        elif i % 500 == 1:
            assert vector == pytest.approx(embedder.embed([text])[0][0].tolist(), abs=1e-7)
        else:
            assert state == OK
            assert vector is not None


def test_several_models_in_one_batch_keep_their_rows() -> None:
    models = Models(Settings.read({"models": {"small": {"backend": "hashed", "dimension": 64}}}))
    inputs = pa.array(["one", "two", None, "three"])
    spec = pa.array([json.dumps({"model": m}) for m in ("small", "large", "small", "large")])
    lengths = [
        None if v is None else len(v)
        for v in answer_arrow(models, "generate_embedding", inputs, spec, pa.array(["{}"] * 4))
        .field("embedding")
        .to_pylist()
    ]
    assert lengths == [64, 384, None, 384]


def test_the_model_that_answers_is_the_one_that_was_expected(connection: duckdb.DuckDBPyConnection) -> None:
    spec = json.dumps({"model": "m", "model_version": "another"})
    with pytest.raises(duckdb.Error, match="the profile changed while this ran"):
        connection.execute("select lakeweave_generate_text('x', $spec, '{}')", {"spec": spec}).fetchall()
    with pytest.raises(duckdb.Error, match="There is no function 'generate_poem'"):
        connection.execute("select lakeweave_model_version('generate_poem', $spec)", {"spec": SPEC}).fetchall()
    with pytest.raises(duckdb.Error, match="has no file on this target"):
        connection.execute("select lakeweave_model_version('predict_image', $spec)", {"spec": SPEC}).fetchall()


def test_a_fault_of_ours_never_takes_a_batch_down(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError("boom")

    monkeypatch.setattr(text_offline.OfflineBackend, "answer", broken)
    answers = Models(Settings.read({})).answer("generate_text", ["a", None], SPEC, "{}")
    assert answers.states == [RETRYABLE, FAILED]
    assert answers.statuses == ["ZeroDivisionError: boom", "null input"]


def test_a_missing_key_is_reported_before_any_call(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_SUCH_KEY", raising=False)
    models = Models(Settings.read({"text": openai("http://127.0.0.1:9/v1", api_key_env="NO_SUCH_KEY")}))
    with pytest.raises(BackendError, match="NO_SUCH_KEY, which is not set"):
        models.version("generate_text", SPEC)
