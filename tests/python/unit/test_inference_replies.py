"""Replies as real servers give them, over raw sockets: what is an answer, what is none, and what each is called."""

from __future__ import annotations

import gzip
import json
import time
import zlib
from collections.abc import Iterator
from typing import Any

import pytest

from lakeweave.inference.answers import FAILED, OK, RETRYABLE, UNSENT, Answer
from lakeweave.inference.config import Settings
from lakeweave.inference.text_openai import OpenAIBackend
from tests.python.duckdb.inference_project import openai
from tests.python.fakes.raw_server import CLOSE, RawServer, as_json, completion, http

JSON = {"response_format": "json"}


@pytest.fixture(scope="module")
def server() -> Iterator[RawServer]:
    with RawServer(lambda prompt, attempt: []) as running:
        yield running


def backend(server: RawServer, **settings: Any) -> OpenAIBackend:
    given = {"timeout": 1.0, "tries": 2, "concurrency": 8, **settings}
    return OpenAIBackend(Settings.read({"text": openai(server.base_url, **given)}).text)


def ask(server: RawServer, steps: list, options: dict | None = None, prompt: str = "p", **settings: Any) -> Answer:
    """The answer to one prompt when the server always sends ``steps``."""
    server.reset()
    server.script = lambda prompt, attempt: steps
    return backend(server, **settings).answer([prompt], options or {})[0]


def sse(*events: Any, done: bool = True, between: str = "\n\n") -> bytes:
    lines = ["data: " + (event if isinstance(event, str) else json.dumps(event)) for event in events]
    body = between.join([*lines, *(["data: [DONE]"] if done else []), ""]).encode()
    return http(body, headers={"Content-Type": "text/event-stream"})


def chunk(content: str | None = None, finish: str | None = None, **more: Any) -> dict[str, Any]:
    delta = {} if content is None else {"content": content}
    return {
        "object": "chat.completion.chunk",
        "model": "fake-1",
        "choices": [{"index": 0, "delta": delta, "finish_reason": finish}],
        **more,
    }


USAGE = {"usage": {"prompt_tokens": 11, "completion_tokens": 7}}
FINISHES = {
    "ok": ["stop", "eos", "eos_token", "end_turn", "stop_sequence", "STOP", "FINISH_REASON_STOP", "COMPLETE", None, ""],
    "truncated": ["length", "MAX_TOKENS", "max_tokens", "model_length", "max_output_tokens", "MaxTokens"],
    "filtered": ["content_filter", "SAFETY", "RECITATION", "PROHIBITED_CONTENT", "BLOCKLIST", "SPII", "sensitive"],
    "refused": ["refusal"],
    "tool_call": ["tool_calls", "function_call", "tool_use", "MALFORMED_FUNCTION_CALL"],
    "unfinished": ["weird", "OTHER", 2, {"type": "stop"}],
}


@pytest.mark.parametrize(("word", "finish"), [(word, finish) for word, all_ in FINISHES.items() for finish in all_])
def test_only_a_finish_that_means_done_is_an_answer(server: RawServer, word: str, finish: Any) -> None:
    answer = ask(server, [as_json(completion("The answer.", finish))])
    if word == "ok":
        assert (answer.state, answer.status, answer.response) == (OK, "", "The answer.")
    else:
        assert (answer.state, answer.response) == (FAILED, None)
        assert answer.status.startswith(f"{word}: ")
    assert (answer.input_tokens, answer.output_tokens, answer.requests) == (11, 7, 1)
    assert server.requests == 1, "what is paid and final is asked once"


# name: (what the server says, the word or "ok", the answer's text or reasoning)
CHAT: dict[str, tuple[dict[str, Any], str, str | None]] = {
    "plain": (completion("fine"), "ok", "fine"),
    "list of parts": (completion([{"type": "text", "text": "fi"}, {"type": "text", "text": "ne"}]), "ok", "fine"),
    "one part": (completion({"type": "text", "text": "fine"}), "ok", "fine"),
    "Mistral's thinking part": (
        completion(
            [{"type": "thinking", "thinking": [{"type": "text", "text": "hm"}]}, {"type": "text", "text": "fine"}]
        ),
        "ok",
        "fine",
    ),
    "a picture": (completion([{"type": "image_url", "image_url": {"url": "x"}}]), "unreadable", None),
    "an object as content": (completion({"a": 1}), "unreadable", None),
    "a number as content": (completion(4), "unreadable", None),
    "null content": (completion(None), "empty", None),
    "blank content": (completion(" \n\u200b"), "empty", None),
    "no choices": ({**completion(), "choices": []}, "empty", None),
    "null choices": ({**completion(), "choices": None}, "empty", None),
    "choices of nonsense": ({**completion(), "choices": ["x", None]}, "empty", None),
    "several choices": (
        {
            **completion(),
            "choices": [
                {"index": 1, "message": {"content": "b"}, "finish_reason": "stop"},
                completion("fine")["choices"][0],
            ],
        },
        "ok",
        "fine",
    ),
    "delta": (
        {**completion(), "choices": [{"index": 0, "delta": {"content": "fine"}, "finish_reason": "stop"}]},
        "ok",
        "fine",
    ),
    "legacy": ({**completion(), "choices": [{"index": 0, "text": "fine", "finish_reason": "stop"}]}, "ok", "fine"),
    "refusal": (completion(None, refusal="I cannot."), "refused", None),
    "refusal beside content": (completion("fine", refusal="I cannot."), "refused", None),
    "refusal part": (completion([{"type": "refusal", "refusal": "no"}]), "refused", None),
    "tool call": (
        completion(None, "stop", tool_calls=[{"id": "1", "function": {"name": "f", "arguments": "{}"}}]),
        "tool_call",
        None,
    ),
    "no tool call": (completion("fine", tool_calls=[], function_call=None, refusal=None), "ok", "fine"),
    "function call": (completion("", "stop", function_call={"name": "f", "arguments": "{}"}), "tool_call", None),
    "reasoning alone": (completion("", reasoning_content="I think"), "no_answer", None),
    "reasoning alone, null": (completion(None, reasoning="I think"), "no_answer", None),
    "reasoning beside": (completion("fine", reasoning_content="I think"), "ok", "fine"),
    "reasoning details": (
        completion("fine", reasoning_details=[{"type": "reasoning.text", "text": "I think"}]),
        "ok",
        "fine",
    ),
    "cut while thinking": (completion("", "length", reasoning_content="I thi"), "truncated", None),
    "gateway calls it stop": (completion("fin", "stop", choice_native_finish_reason="MAX_TOKENS"), "truncated", None),
    "Azure's filter": (
        completion("fi", "stop", choice_content_filter_results={"hate": {"filtered": True, "severity": "high"}}),
        "filtered",
        None,
    ),
    "Azure's filter found nothing": (
        completion(
            "fine",
            choice_content_filter_results={"hate": {"filtered": False, "severity": "safe"}},
            top_prompt_filter_results=[],
        ),
        "ok",
        "fine",
    ),
    "Ollama": (
        {
            "model": "fake-1",
            "message": {"role": "assistant", "content": "fine"},
            "done": True,
            "done_reason": "stop",
            "prompt_eval_count": 11,
            "eval_count": 7,
        },
        "ok",
        "fine",
    ),
    "Ollama, cut": (
        {
            "model": "fake-1",
            "message": {"content": "fi"},
            "done": True,
            "done_reason": "length",
            "prompt_eval_count": 11,
            "eval_count": 7,
        },
        "truncated",
        None,
    ),
    "Anthropic": (
        {
            "type": "message",
            "model": "fake-1",
            "content": [{"type": "thinking", "thinking": "hm"}, {"type": "text", "text": "fine"}],
            "stop_reason": "end_turn",
            "usage": {"input_tokens": 11, "output_tokens": 7},
        },
        "ok",
        "fine",
    ),
    "Anthropic, a tool": (
        {
            "type": "message",
            "content": [{"type": "tool_use", "name": "f"}],
            "stop_reason": "tool_use",
            "usage": {"input_tokens": 11, "output_tokens": 7},
        },
        "tool_call",
        None,
    ),
    "Gemini": (
        {
            "candidates": [{"content": {"parts": [{"text": "fine"}]}, "finishReason": "STOP"}],
            "usageMetadata": {"promptTokenCount": 11, "candidatesTokenCount": 7},
        },
        "ok",
        "fine",
    ),
    "Gemini, blocked": (
        {
            "promptFeedback": {"blockReason": "SAFETY"},
            "usageMetadata": {"promptTokenCount": 11, "candidatesTokenCount": 7},
        },
        "filtered",
        None,
    ),
    "Gemini, recitation": (
        {
            "candidates": [{"finishReason": "RECITATION"}],
            "usageMetadata": {"promptTokenCount": 11, "candidatesTokenCount": 7},
        },
        "filtered",
        None,
    ),
    "Responses": (
        {
            "output": [
                {"type": "reasoning", "summary": []},
                {"type": "message", "content": [{"type": "output_text", "text": "fine"}]},
            ],
            "status": "completed",
            "usage": {"input_tokens": 11, "output_tokens": 7},
        },
        "ok",
        "fine",
    ),
    "Responses, cut": (
        {
            "output": [{"type": "message", "content": [{"type": "output_text", "text": "fi"}]}],
            "status": "incomplete",
            "incomplete_details": {"reason": "max_output_tokens"},
            "usage": {"input_tokens": 11, "output_tokens": 7},
        },
        "truncated",
        None,
    ),
    "error that is null": (completion("fine", top_error=None), "ok", "fine"),
}


@pytest.mark.parametrize("name", CHAT)
def test_each_form_of_an_answer_is_judged(server: RawServer, name: str) -> None:
    said, word, text = CHAT[name]
    answer = ask(server, [as_json(said)])
    expected = OK if word == "ok" else RETRYABLE if word == "empty" else FAILED
    assert (answer.state, answer.response) == (expected, text), answer
    assert answer.status.startswith("" if word == "ok" else f"{word}: "), answer
    assert (answer.status == "") == (word == "ok")
    assert (answer.input_tokens, answer.output_tokens) == (11, 7)
    assert server.requests == 1


THOUGHT = {
    "<think>I think</think>\n\nfine": ("fine", "I think"),
    "\n<think>\nI think\n</think>fine": ("fine", "I think"),
    "<THINK>I think</THINK>fine": ("fine", "I think"),
    "<thinking>I think</thinking>fine": ("fine", "I think"),
    "<reasoning>I think</reasoning>\nfine": ("fine", "I think"),
    "[THINK]I think[/THINK]fine": ("fine", "I think"),
    "◁think▷I think◁/think▷fine": ("fine", "I think"),
    "<|begin_of_thought|>I think<|end_of_thought|><|begin_of_solution|>fine<|end_of_solution|>": ("fine", "I think"),
    "<think></think>\n\nfine": ("fine", None),
    "<think>a <think>b</think> c</think>fine": ("fine", "a <think>b</think> c"),
    "<think>a <think> is a tag</think>fine": ("fine", "a <think> is a tag"),
    "<think>a</think>\n<think>b</think>\nfine": ("fine", "a\nb"),
    "I think\n</think>\n\nfine": ("fine", "I think"),
    "I should say fine.</think>fine": ("fine", "I should say fine."),
    "Well.\n<think>hm</think>\nfine": ("Well.\nfine", "hm"),
    "<|channel|>analysis<|message|>I think<|end|><|start|>assistant<|channel|>final<|message|>fine<|return|>": (
        "fine",
        "I think",
    ),
    "<|start|>assistant<|channel|>analysis<|message|>hm<|end|><|start|>assistant<|channel|>final <|constrain|>x<|message|>fine": (
        "fine",
        "hm",
    ),
    "analysisWe need to be brief.assistantfinalfine": ("fine", "We need to be brief."),
    "fine<|im_end|>": ("fine", None),
    "fine<|eot_id|>\n": ("fine", None),
    "fine</s>": ("fine", None),
    "fine<|endoftext|><|im_end|>": ("fine", None),
    "fine<|im_end|>\n<|im_start|>user\nand you?": ("fine", None),
    "fine<end_of_turn>\n": ("fine", None),
    "fine<｜end▁of▁sentence｜>": ("fine", None),
    # A text may speak of all this.
    "The tag </think> ends the block.": ("The tag </think> ends the block.", None),
    "Use the <think> tag, and </think> to close it.": ("Use the <think> tag, and </think> to close it.", None),
    "Write `<think>` and then `</think>`.": ("Write `<think>` and then `</think>`.", None),
    "```\n<think>\nx\n</think>\n```\nis how": ("```\n<think>\nx\n</think>\n```\nis how", None),
    "Qwen ends a turn with <|im_end|> and Llama with <|eot_id|>.": (
        "Qwen ends a turn with <|im_end|> and Llama with <|eot_id|>.",
        None,
    ),
    "It was <s>never</s>": ("It was <s>never</s>", None),
    "[1] a list < 3": ("[1] a list < 3", None),
}


@pytest.mark.parametrize("content", THOUGHT)
def test_reasoning_and_marks_are_no_part_of_the_answer(server: RawServer, content: str) -> None:
    answer = ask(server, [as_json(completion(content))])
    assert (answer.state, answer.response, answer.reasoning) == (OK, *THOUGHT[content])


@pytest.mark.parametrize(
    "content",
    [
        "<think>I think and never",
        "<think>I think</think>",
        "<think>hm</think>\n\n<|im_end|>",
        "[THINK]hm",
        "<|channel|>analysis<|message|>hm<|end|>",
    ],
)
def test_an_answer_that_is_nothing_but_reasoning_is_none(server: RawServer, content: str) -> None:
    answer = ask(server, [as_json(completion(content))])
    assert (answer.state, answer.response) == (FAILED, None)
    assert answer.status.startswith("no_answer: ")
    assert answer.reasoning
    assert ask(server, [as_json(completion(content))], keep_reasoning=False).reasoning is None


OBJECTS = {
    '{"a": 1}': '{"a": 1}',
    '\ufeff{"a": 1}\n': '{"a": 1}',
    '```json\n{"a": 1}\n```': '{"a": 1}',
    '```\n{"a": 1}\n```': '{"a": 1}',
    'Here it is:\n\n{"a": {"b": [1, 2]}}\n\nIs that right?': '{"a": {"b": [1, 2]}}',
    'Here:\n```json\n{"a": "}{"}\n```\nDone.': '{"a": "}{"}',
    '<think>{"a": 2}</think>{"a": 1}': '{"a": 1}',
    '{"a": "\\ud83d\\ude00"}': '{"a": "\\ud83d\\ude00"}',
    '{"a": NaN}': None,
    '{"a": NaN, "b": {"c": 1}}': None,
    '{"a": -Infinity}': None,
    '{"a": 1e999}': None,
    '{"a": 1, "a": 2}': None,
    '{"x": {"a": 1, "a": 2}}': None,
    '{"a": "\\ud83d"}': None,
    '[{"a": 1}]': None,
    'Here: [{"a": 1}]': None,
    '{"a": 1}{"b": 2}': None,
    'One {"a": 1} or {"b": 2}': None,
    '"a"': None,
    "4": None,
    "null": None,
    "{'a': 1}": None,
    '{"a": 1,}': None,
    '{"a": 1': None,
    "no object": None,
    "{" * 5000: None,
    '{"a":' * 3000 + "1" + "}" * 3000: None,
}


@pytest.mark.parametrize("content", OBJECTS, ids=lambda content: content[:40])
def test_promised_json_is_one_strict_object(server: RawServer, content: str) -> None:
    answer = ask(server, [as_json(completion(content))], JSON)
    if OBJECTS[content] is None:
        assert (answer.state, answer.response) == (RETRYABLE, None)
        assert answer.status.startswith("not_json: the answer is not the promised JSON")
    else:
        assert (answer.state, answer.response) == (OK, OBJECTS[content])
    assert server.requests == 1


BODY = json.dumps(completion("größe 😀")).encode()
PLAIN = json.dumps(completion("größe 😀"), ensure_ascii=False)
DEFLATED = zlib.compressobj(wbits=-15)
BARE = DEFLATED.compress(BODY) + DEFLATED.flush()
HTTP = {
    "201": [http(BODY, 201)],
    "203": [http(BODY, 203)],
    "gzip": [http(gzip.compress(BODY), headers={"Content-Encoding": "gzip"})],
    "deflate": [http(zlib.compress(BODY), headers={"Content-Encoding": "deflate"})],
    "bare deflate": [http(BARE, headers={"Content-Encoding": "deflate"})],
    "said gzip, is plain": [http(BODY, headers={"Content-Encoding": "gzip"})],
    "said br, is plain": [http(BODY, headers={"Content-Encoding": "br"})],
    "byte order mark": [http(b"\xef\xbb\xbf" + BODY)],
    "UTF-16": [http(PLAIN.encode("utf-16"))],
    "wrong charset": [http(PLAIN.encode(), headers={"Content-Type": "application/json; charset=iso-8859-1"})],
    "right charset": [
        http(
            json.dumps(completion("größe"), ensure_ascii=False).encode("latin-1"),
            headers={"Content-Type": "application/json; charset=iso-8859-1"},
        )
    ],
    "text/plain": [http(BODY, headers={"Content-Type": "text/plain"})],
    "no type": [http(BODY, headers={"Content-Type": ""})],
    "blank lines before": [http(b"\n\n  \n" + BODY)],
    "chunked": [
        http(b"", headers={"Content-Length": "", "Transfer-Encoding": "chunked"}),
        b"%x\r\n" % 10 + BODY[:10] + b"\r\n",
        0.02,
        b"%x\r\n" % (len(BODY) - 10) + BODY[10:] + b"\r\n0\r\n\r\n",
    ],
    "until closed": [http(BODY, headers={"Content-Length": "", "Connection": "close"}), CLOSE],
    "interim replies": [
        b"HTTP/1.1 100 Continue\r\n\r\n",
        b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n",
        b"HTTP/1.1 102 Processing\r\n\r\n",
        http(BODY),
    ],
    "slow": [http(BODY)[:40], 0.05, http(BODY)[40:90], 0.05, http(BODY)[90:]],
    "a stream": [sse(chunk("grö"), chunk("ße 😀"), chunk(None, "stop"), {"choices": [], **USAGE})],
    "a stream with comments": [
        http(
            b": OPENROUTER PROCESSING\n\n" + sse(chunk("größe 😀", "stop", **USAGE)).split(b"\r\n\r\n")[1],
            headers={"Content-Type": "text/event-stream"},
        )
    ],
    "a stream called JSON": [http(sse(chunk("größe 😀", "stop", **USAGE)).split(b"\r\n\r\n")[1])],
    "a stream with CRLF": [sse(chunk("größe 😀", "stop", **USAGE), between="\r\n\r\n")],
    "lines of JSON": [
        http(
            b"\n".join(
                json.dumps(c).encode()
                for c in (
                    {"model": "fake-1", "message": {"content": "grö"}, "done": False},
                    {
                        "model": "fake-1",
                        "message": {"content": "ße 😀"},
                        "done": True,
                        "done_reason": "stop",
                        "prompt_eval_count": 11,
                        "eval_count": 7,
                    },
                )
            )
        )
    ],
}


@pytest.mark.parametrize("name", HTTP)
def test_an_answer_is_one_however_it_travels(server: RawServer, name: str) -> None:
    answer = ask(server, HTTP[name])
    assert (answer.state, answer.status) == (OK, "")
    assert answer.response in ("größe 😀", "größe")
    assert (answer.input_tokens, answer.output_tokens) == (11, 7)


BROKEN = {
    "shorter than said": ([http(BODY, length=len(BODY) + 10), CLOSE], "CutShort"),
    "chunked without an end": (
        [
            http(b"", headers={"Content-Length": "", "Transfer-Encoding": "chunked"}),
            b"%x\r\n" % len(BODY) + BODY + b"\r\n",
            CLOSE,
        ],
        "IncompleteRead",
    ),
    "half a chunk": (
        [http(b"", headers={"Content-Length": "", "Transfer-Encoding": "chunked"}), b"ffff\r\n" + BODY, CLOSE],
        "IncompleteRead",
    ),
    "half of gzip": ([http(gzip.compress(BODY)[:-12], headers={"Content-Encoding": "gzip"})], "CutShort"),
    "nothing": ([CLOSE], "RemoteDisconnected"),
    "no HTTP": ([b"SSH-2.0-OpenSSH_9.6\r\n", CLOSE], "BadStatusLine"),
    "half a header": ([b"HTTP/1.1 200 OK\r\nContent-", CLOSE], ""),
    "204": ([http(b"", 204)], "empty: the reply has no body (204)"),
    "an empty body": ([http(b"")], "empty: the reply has no body (200)"),
    "a stream without an end": ([sse(chunk("grö"), done=False)], "the stream ended"),
    "503": ([as_json({"error": {"message": "overloaded"}}, 503)], "503: overloaded"),
    "overloaded in 200": (
        [as_json({"error": {"message": "Overloaded", "type": "overloaded_error"}})],
        "the reply holds an error: 529: Overloaded",
    ),
    "OpenRouter's 429 in 200": (
        [as_json({"error": {"code": 429, "message": "Provider returned error", "metadata": {"raw": "slow down"}}})],
        "the reply holds an error: 429: Provider returned error: slow down",
    ),
    "error in a stream": (
        [sse(chunk("gr"), {"error": {"code": 502, "message": "upstream"}}, done=False)],
        "the reply holds an error: 502: upstream",
    ),
    "error of a choice": (
        [as_json(completion("gr", "error", choice_error={"code": 502, "message": "upstream"}))],
        "the reply holds an error: 502: upstream",
    ),
    "Gemini's rate": (
        [
            as_json(
                [
                    {
                        "error": {
                            "code": 429,
                            "message": "You exceeded your current quota, please check your plan and billing details.",
                            "status": "RESOURCE_EXHAUSTED",
                            "details": [{"retryDelay": "1s"}],
                        }
                    }
                ],
                429,
            )
        ],
        "429: You exceeded",
    ),
    "given up": ([as_json(completion("half", "insufficient_system_resource"))], "the server gave up"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_response_is_requested_again_in_the_same_run(server: RawServer, name: str) -> None:
    steps, status = BROKEN[name]
    answer = ask(server, steps)
    assert (answer.state, answer.response, answer.requests) == (RETRYABLE, None, 2)
    assert answer.status.startswith(status), answer.status
    assert server.requests == 2
    # And the next try may be good.
    server.reset()
    server.script = lambda prompt, attempt: steps if attempt == 0 else [http(BODY)]
    answer = backend(server).answer(["p"], {})[0]
    assert (answer.state, answer.requests) == (OK, 2)


CONFIGURATION = {
    "wrong key": as_json(
        {
            "error": {
                "message": "Incorrect API key provided.",
                "type": "invalid_request_error",
                "code": "invalid_api_key",
            }
        },
        401,
    ),
    "wrong key in 200": as_json({"error": {"message": "Invalid API key", "type": "authentication_error"}}),
    "wrong key as 400": as_json(
        [
            {
                "error": {
                    "code": 400,
                    "message": "API key not valid. Please pass a valid API key.",
                    "status": "INVALID_ARGUMENT",
                }
            }
        ],
        400,
    ),
    "unknown model": as_json(
        {
            "error": {
                "message": "The model `fake-1` does not exist or you do not have access to it.",
                "code": "model_not_found",
            }
        },
        404,
    ),
    "Ollama's unknown model": as_json({"error": 'model "fake-1" not found, try pulling it first'}, 404),
    "unknown model as 400": as_json({"error": {"message": "fake-1 is not a valid model ID", "code": 400}}, 400),
    "no quota": as_json(
        {
            "error": {
                "message": "You exceeded your current quota, please check your plan and billing details.",
                "type": "insufficient_quota",
                "code": "insufficient_quota",
            }
        },
        429,
    ),
    "no quota in 200": as_json({"error": {"message": "Insufficient credits", "code": 402}}),
    "no money": as_json({"error": {"message": "Insufficient Balance"}}, 402),
    "unsupported value": as_json(
        {
            "error": {
                "message": "Unsupported value: 'temperature' does not support 0 with this model.",
                "code": "unsupported_value",
                "param": "temperature",
            }
        },
        400,
    ),
    "unsupported parameter": as_json(
        {
            "error": {
                "message": "Unsupported parameter: 'max_tokens' is not supported with this model.",
                "code": "unsupported_parameter",
            }
        },
        400,
    ),
    "extra field": as_json(
        {"detail": [{"type": "extra_forbidden", "loc": ["body", "seed"], "msg": "Extra inputs are not permitted"}]}, 422
    ),
    "redirect": http(b"", 307, {"Location": "https://elsewhere.example/v1"}),
    "country": as_json(
        {"error": {"message": "User location is not supported for the API use.", "status": "FAILED_PRECONDITION"}}, 400
    ),
    "equal 400s": as_json({"error": {"message": "Something is wrong here (request id 0123456789abcdef)"}}, 400),
    "equal pages": http(b"<html><head><title>Sign in</title></head></html>", headers={"Content-Type": "text/html"}),
    "br": http(b"\x0b\x02\x80hello\x03", headers={"Content-Encoding": "br"}),
}


@pytest.mark.parametrize("name", CONFIGURATION)
def test_a_fault_of_the_configuration_costs_no_attempt(server: RawServer, name: str) -> None:
    server.reset()
    server.script = lambda prompt, attempt: [CONFIGURATION[name]]
    asking = backend(server)
    answers = asking.answer([f"p{n}" for n in range(60)], {}, run="run")
    assert {a.state for a in answers} == {UNSENT}, {(a.state, a.status) for a in answers}
    assert len({a.status for a in answers}) <= 2
    assert server.requests <= 5 + 8
    assert server.base_url[:-3] in answers[-1].status
    before = server.requests
    assert {a.state for a in asking.answer(["q"], {}, run="run")} == {UNSENT}
    assert server.requests == before, "the rest of the run sends nothing"
    server.script = lambda prompt, attempt: [http(BODY)]
    assert {a.state for a in asking.answer(["q"], {}, run="next run")} == {OK}


INPUTS = {
    "too long": as_json(
        {
            "error": {
                "message": "This model's maximum context length is 8192 tokens.",
                "code": "context_length_exceeded",
            }
        },
        400,
    ),
    "llama.cpp: too long": as_json(
        {
            "error": {
                "code": 400,
                "message": "the request exceeds the available context size",
                "type": "exceed_context_size_error",
            }
        },
        400,
    ),
    "too large": as_json(
        {"error": {"message": "Request too large for fake-1 on tokens per min (TPM)", "code": "rate_limit_exceeded"}},
        429,
    ),
    "413": http(b"<html><title>413 Request Entity Too Large</title></html>", 413),
    "Azure's filter": as_json(
        {
            "error": {
                "message": "The response was filtered due to the prompt triggering Azure OpenAI's content management policy.",
                "code": "content_filter",
                "innererror": {"code": "ResponsibleAIPolicyViolation"},
            }
        },
        400,
    ),
    "OpenRouter's moderation": as_json(
        {"error": {"code": 403, "message": "Your chosen model requires moderation and your input was flagged"}}, 403
    ),
    "filter in 200": as_json({"error": {"message": "Content filter triggered", "code": "content_filter"}}),
    "unlike 400": as_json({"error": {"message": "cannot handle this"}}, 400),
}


@pytest.mark.parametrize("name", INPUTS)
def test_a_fault_of_one_input_stays_with_it(server: RawServer, name: str) -> None:
    server.reset()
    server.script = lambda prompt, attempt: [INPUTS[name] if prompt.startswith("bad") else http(BODY)]
    answers = backend(server).answer(["p1", *(f"bad{n}" for n in range(3)), "p2"], {}, run="run")
    assert [a.state for a in answers] == [OK, FAILED, FAILED, FAILED, OK]
    assert server.requests == 5
    assert answers[1].status.startswith("filtered: ") == ("filter" in name or "moderation" in name)


def test_quick_refusals_beside_slow_answers_stop_nothing(server: RawServer) -> None:
    """Refusals come back sooner than answers, and equal ones follow one another: one answer disproves the suspicion."""
    server.reset()
    refused = as_json({"error": {"message": "bad input"}}, 400)
    server.script = lambda prompt, attempt: [refused] if prompt.startswith("a") else [0.2, http(BODY)]
    prompts = [f"a{n}" for n in range(20)] + [f"b{n}" for n in range(20)]
    answers = backend(server, concurrency=24).answer(prompts, {}, run="run")
    assert [a.state for a in answers] == [FAILED] * 20 + [OK] * 20
    assert server.requests == 40


def test_a_name_in_an_error_stops_nothing_after_a_success(server: RawServer) -> None:
    """An error may repeat the prompt; a request that was right before is not the configuration's fault."""
    server.script = lambda prompt, attempt: [
        as_json({"error": {"message": f"cannot parse: {prompt}"}}, 400) if "unknown model" in prompt else http(BODY)
    ]
    asking = backend(server)
    assert asking.answer(["p"], {}, run="run")[0].state == OK
    assert [a.state for a in asking.answer(["unknown model", "q"], {}, run="run")] == [FAILED, OK]


def test_the_temperature_can_be_left_out(server: RawServer) -> None:
    ask(server, [http(BODY)])
    assert server.bodies[0]["temperature"] == 0
    ask(server, [http(BODY)], {"temperature": None})
    assert "temperature" not in server.bodies[0]


DRIPS = {
    "headers": [b"HTTP/1.1 200 OK\r\n", *(step for n in range(200) for step in (f"X-{n}: y\r\n".encode(), 0.02))],
    "letters of a header": [b"HTTP/1.1 200 OK\r\nX: ", *(step for _ in range(200) for step in (b"y", 0.02))],
    "interim replies": [step for _ in range(200) for step in (b"HTTP/1.1 100 Continue\r\n\r\n", 0.02)],
    "body": [http(b"", length=10**6), *(step for _ in range(200) for step in (b" ", 0.02))],
    "nothing": [4.0],
}


@pytest.mark.parametrize("name", DRIPS)
def test_the_timeout_bounds_the_whole_request(server: RawServer, name: str) -> None:
    began = time.monotonic()
    answer = ask(server, DRIPS[name], timeout=0.4, tries=1)
    assert time.monotonic() - began < 1.2
    assert (answer.state, answer.status) == (RETRYABLE, "no answer within 0.4 s")


@pytest.mark.parametrize("name", ["endless", "gzip", "headers"])
def test_the_size_of_a_reply_is_bounded_while_it_is_read(server: RawServer, name: str) -> None:
    block = b" " * 65536
    steps = {
        "endless": [http(b"", length=10**12), *[block] * 4000],
        "gzip": [http(gzip.compress(b" " * 10**8), headers={"Content-Encoding": "gzip"})],
        "headers": [b"HTTP/1.1 200 OK\r\n", *[b"X: " + b"y" * 60000 + b"\r\n"] * 90],
    }[name]
    answer = ask(server, steps, timeout=10.0, tries=3, max_answer_bytes=100_000)
    assert answer.state == FAILED
    assert answer.status.startswith("too_large: the reply is larger than 100000 bytes")
    assert server.requests == 1


def test_a_wait_that_the_server_requests_is_bounded(server: RawServer) -> None:
    for value in ("99999", "inf", "1e999", "Fri, 31 Dec 9999 23:59:59 GMT", "nan", "-5", "soon", ""):
        server.reset()
        server.script = lambda prompt, attempt, value=value: [
            as_json({}, 429, {"Retry-After": value}) if attempt == 0 else http(BODY)
        ]
        began = time.monotonic()
        assert backend(server, max_wait=0.3).answer(["p"], {})[0].state == OK
        assert time.monotonic() - began < 1


@pytest.mark.parametrize(
    ("asked", "served", "is_other"),
    [
        ("gpt-4o", "gpt-4o-2024-08-06", False),
        ("openai/gpt-4o", "gpt-4o", False),
        ("gemini-2.5-flash", "models/gemini-2.5-flash", False),
        ("gemini-1.5-pro", "gemini-1.5-pro-002", False),
        ("llama3.1", "llama3.1:latest", False),
        ("qwen3", "/srv/models/Qwen3.gguf", False),
        ("claude-3-5-sonnet-latest", "claude-3-5-sonnet-20241022", False),
        ("deepseek/deepseek-chat:free", "deepseek-chat", False),
        ("gpt-4o", "gpt-4o-mini", True),
        ("gpt-4o", "gpt-4o-mini-2024-07-18", True),
        ("gpt-4", "gpt-4.1", True),
        ("qwen2", "qwen2.5", True),
        ("llama3.1:8b", "llama3.1:70b", True),
        ("fake-1", "another", True),
        ("gpt-4o-2024-05-13", "gpt-4o-2024-08-06", True),
    ],
)
def test_the_served_model_is_compared_with_the_requested_model(
    server: RawServer, asked: str, served: str, is_other: bool
) -> None:
    answer = ask(server, [as_json(completion("fine", top_model=served))], model=asked)
    assert (answer.state, answer.served_model, answer.is_other_model) == (OK, served, is_other)
    answer = ask(server, [as_json(completion("fine", top_model=served))], model=asked, served_model=f"x, {served}")
    assert answer.is_other_model is False
    for nothing in (None, "", 4):
        answer = ask(server, [as_json(completion("fine", top_model=nothing))], model=asked)
        assert (answer.served_model, answer.is_other_model) == (None, None)


def test_text_that_an_engine_cannot_store_is_replaced(server: RawServer) -> None:
    answer = ask(
        server,
        [http(b'{"choices":[{"finish_reason":"stop","message":{"content":"a\\ud83dz\\u0000 \\ud83d\\ude00"}}]}')],
    )
    assert answer.state == OK
    from lakeweave.inference.answers import Answers

    assert Answers.of([answer]).to_arrow()[0]["response"].as_py() == "a?z\x00 😀"


def test_damaged_text_is_refused_and_counted(server: RawServer) -> None:
    answer = ask(server, [http(json.dumps(completion("größe"), ensure_ascii=False).encode("latin-1"))])
    assert (answer.state, answer.response, answer.input_tokens) == (FAILED, None, 11)
    assert answer.status.startswith("unreadable: ")
