"""Every reply of the table ends in the right state, costs the right number of requests, and has its tokens counted."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Iterator

import pytest

from lakeweave.inference import text_openai
from lakeweave.inference.answers import OK
from lakeweave.inference.replies import judge
from lakeweave.inference.transport import Reply
from tests.python.fakes.raw_server import RawServer, as_json, completion
from tests.python.fakes.server_replies import CASES, FINE, TRIES, chunked
from tests.python.unit.test_inference_replies import backend


@pytest.fixture(scope="module")
def server() -> Iterator[RawServer]:
    with RawServer(lambda prompt, attempt: []) as running:
        yield running


@pytest.mark.parametrize("name", CASES)
def test_a_reply_ends_in_its_state(server: RawServer, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    case = CASES[name]
    monkeypatch.setattr(text_openai, "_PAUSE", 0.001)
    server.reset()
    server.script = lambda prompt, attempt: case.steps
    asking = backend(server, tries=TRIES, timeout=2.0, max_wait=0.01)
    answer = asking.answer(["p"], {"response_format": "json"} if case.wants_json else {}, run="run")[0]
    assert answer.state == case.state, answer
    if case.state == OK:
        assert (answer.response, answer.status) == (case.said, "")
    else:
        assert answer.response is None
        assert case.said in answer.status, answer.status
        assert answer.status.startswith(case.said) or case.state == "unsent", answer.status
    assert (answer.input_tokens, answer.output_tokens) == case.tokens
    assert server.requests == case.requests
    assert answer.requests in (case.requests, None)


def test_surplus_bytes_of_a_reply_do_not_answer_the_next_prompt(server: RawServer) -> None:
    for behind in (b"x", as_json(completion("of nobody"))):
        for body in (as_json(completion("fine")), b"".join(chunked(FINE))):
            server.reset()
            server.script = lambda prompt, attempt, sent=body + behind: [sent]
            answers = backend(server, concurrency=1, tries=1).answer([f"p{n}" for n in range(5)], {})
            assert [(a.state, a.response) for a in answers] == [(OK, "fine")] * 5


MEGABYTE = 2**20
LONG = {
    "spaces": "<" + " " * MEGABYTE + "x",
    "mentions of an end": "x" + " </think> " * 100_000,
    "mentions of a token": "x" + " <|im_end|> " * 75_000,
    "blocks": "<think></think>" * 60_000,
    "blocks on lines": "x\n<think>\n</think>\n" * 50_000,
    "open blocks": "<think>" * 150_000,
    "turns": "[INST]" * 175_000,
    "tokens": "x" + "<|pad|>" * 125_000,
    "channels": "<|channel|>" * 75_000,
    "ends": "</s>" * 250_000 + "<s>",
    "ticks": "<think>x</think>" + "`" * MEGABYTE,
    "fence": "```" + " " * MEGABYTE + "x",
    "brackets": "[" * MEGABYTE,
    "quotes": '"' * MEGABYTE + " {}",
}


@pytest.mark.parametrize("name", LONG)
def test_a_long_reply_is_judged_in_time(name: str) -> None:
    """Judging holds up every other request of the process."""
    body = json.dumps({"choices": [{"message": {"content": LONG[name]}, "finish_reason": "stop"}]}).encode()
    for wants_json in (False, True):
        began = time.process_time()
        judge(Reply(200, {}, body), wants_json)
        assert time.process_time() - began < 3


def test_random_texts_raise_nothing() -> None:
    dice = random.Random(5)
    parts = [
        *("<think>", "</think>", "<|im_end|>", "<|channel|>final<|message|>", "<|start|>", "[INST]", "[/INST]", "<s>"),
        *("</s>", "`", "```", "\n", "{", "}", '"a": 1', "x", " ", "analysis", "assistantfinal", "<details type=reasoning>"),
        *("</details>", "<|x|>", "\ud800", "\x00"),
    ]  # fmt: skip
    for _ in range(2000):
        text = "".join(dice.choices(parts, k=dice.randrange(12)))
        body = json.dumps({"choices": [{"message": {"content": text}, "finish_reason": "stop"}]}).encode()
        for wants_json in (False, True):
            answer = judge(Reply(200, {}, body), wants_json)
            assert answer.status or answer.response.strip(), text
            if answer.response and wants_json:
                json.loads(answer.response)
