"""Replies of the kinds that real servers give, each with what must come of it: a table for the raw server.

``Case``: what is sent, the state, how the status begins (or the text of an answer), the requests that one prompt costs when
the server always says the same (``tries`` is 3), and the tokens that must be counted.
"""

from __future__ import annotations

import gzip
import json
from dataclasses import dataclass
from typing import Any

from lakeweave.inference.answers import FAILED, OK, RETRYABLE, UNSENT
from lakeweave.inference.usage import MOST_TOKENS
from tests.python.fakes.raw_server import CLOSE, as_json, completion, http

TRIES = 3
COUNTED = (11, 7)
UNCOUNTED = (None, None)


@dataclass(frozen=True)
class Case:
    """One reply. ``said`` is the text of an answer, otherwise how the status begins."""

    steps: list
    state: str
    said: str
    tokens: tuple[int | None, int | None] = COUNTED
    wants_json: bool = False
    requests: int = 1


def ok(said: Any, text: str = "fine", **more: Any) -> Case:
    """An answer."""
    return Case(_steps(said), OK, text, **more)


def final(said: Any, word: str, **more: Any) -> Case:
    """No answer, for good: asked once."""
    return Case(_steps(said), FAILED, word, **more)


def later(said: Any, word: str, **more: Any) -> Case:
    """No answer, paid and maybe better in the next run: asked once in this one."""
    return Case(_steps(said), RETRYABLE, word, **more)


def again(said: Any, word: str, tokens: tuple = UNCOUNTED, **more: Any) -> Case:
    """What passes: asked ``TRIES`` times in the run."""
    return Case(_steps(said), RETRYABLE, word, tokens, requests=TRIES, **more)


def stop(said: Any, word: str = "", **more: Any) -> Case:
    """The configuration's fault: the row stays pending and loses no attempt."""
    return Case(_steps(said), UNSENT, word, UNCOUNTED, **more)


def row(said: Any, word: str, **more: Any) -> Case:
    """An error that is this input's, for good."""
    return Case(_steps(said), FAILED, word, UNCOUNTED, **more)


def _steps(said: Any) -> list:
    if isinstance(said, list):
        return said
    return [said if isinstance(said, bytes) else as_json(said)]


def error(message: Any, status: int = 400, **more: Any) -> bytes:
    """An error in OpenAI's form."""
    return as_json({"error": {"message": message, **more}}, status)


def usage(said: Any, **more: Any) -> dict:
    """An answer with this usage."""
    return completion("fine", usage=said, **more)


def chunked(*parts: bytes, end: bytes = b"0\r\n\r\n") -> list:
    """A chunked body."""
    head = http(b"", headers={"Content-Length": "", "Transfer-Encoding": "chunked"})
    return [head, *(b"%x\r\n" % len(part) + part + b"\r\n" for part in parts), end]


def events(*said: Any, kind: str = "text/event-stream", done: bool = True) -> bytes:
    """A stream of events."""
    lines = [f"data: {each if isinstance(each, str) else json.dumps(each)}\n\n" for each in said]
    return http("".join([*lines, "data: [DONE]\n\n" if done else ""]).encode(), headers={"Content-Type": kind})


def delta(content: str | None, finish: str | None = None, index: int = 0, **more: Any) -> dict:
    """One chunk of a stream."""
    return {
        "object": "chat.completion.chunk", "model": "fake-1",
        "choices": [{"index": index, "delta": {} if content is None else {"content": content}, "finish_reason": finish}], **more,
    }  # fmt: skip


def choice(index: Any, content: str, finish: str = "stop") -> dict:
    """One of several choices."""
    return {"index": index, "message": {"role": "assistant", "content": content}, "finish_reason": finish}


FINE = json.dumps(completion("fine")).encode()
COUNTS = {"usage": {"prompt_tokens": 11, "completion_tokens": 7, "total_tokens": 18}}
HTML = b"<!DOCTYPE html><html><head><title>502 Bad Gateway</title></head><body><center>nginx</center></body></html>"
FLIPPED = bytearray(gzip.compress(FINE))
FLIPPED[-8] ^= 0xFF  # the checksum at the end is wrong
TORN = bytearray(gzip.compress(FINE * 20))
TORN[40:44] = b"\xff\xff\xff\xff"

FINISHES = {
    **{f"finish {finish!r}": ok(completion("fine", finish)) for finish in (
        "Stop", " stop ", "STOP", "endTurn", "FinishReason.STOP", "EOS_TOKEN", "eos_found", "null", "end_of_text", "stopSequence",
        "finish_reason_stop", "stop_string_found", "FINISH_REASON_UNSPECIFIED",
    )},
    **{f"finish {finish!r}": final(completion("fi", finish), "truncated: ") for finish in (
        "Length", "LENGTH", "maxTokens", "FinishReason.MAX_TOKENS", "FINISH_REASON_MAX_TOKENS", "max_predicted_tokens_reached",
        "context_length_reached", "limit", "token_limit",
    )},
    **{f"finish {finish!r}": final(completion("fi", finish), "filtered: ") for finish in (
        "Content_Filter", "contentFilter", "FinishReason.SAFETY", "ERROR_TOXIC", "guardrail_intervened", "content-filter",
    )},
    **{f"finish {finish!r}": final(completion("fi", finish), "tool_call: ") for finish in ("toolCalls", "TOOL_CALL", "tool_use", "functionCall")},
    **{f"finish {finish!r}": final(completion("fi", finish), "unfinished: ") for finish in ("OTHER", "weird", True, 0, ["stop"])},
    **{f"finish {finish!r}": again(completion("fi", finish), "the server gave up", (33, 21)) for finish in (
        "error", "abort", "USER_CANCEL", "modelUnloaded", "network_error", "time_limit",
    )},
    "no finish": ok({**completion(), "choices": [{"index": 0, "message": {"content": "fine"}}]}),
    "native finish of a tool": final(completion("fi", "stop", choice_native_finish_reason="MALFORMED_FUNCTION_CALL"), "tool_call: "),
    "native finish of done": ok(completion("fine", "stop", choice_native_finish_reason="completed")),
    "native finish of safety": final(completion("fi", "stop", choice_native_finish_reason="SAFETY"), "filtered: "),
    "finish_details": final({**completion(), "choices": [{"message": {"content": "fi"}, "finish_details": {"type": "max_tokens"}}]}, "truncated: "),
    "stop_reason alone": final({**completion(), "choices": [{"message": {"content": "fi"}, "stop_reason": "max_tokens"}]}, "truncated: "),
    "stop_reason is vLLM's token": ok(completion("fine", "stop", choice_stop_reason=128009)),
    "stop_reason is vLLM's text": ok(completion("fine", "stop", choice_stop_reason="length")),
    "finish within the message": final({**completion(), "choices": [{"message": {"content": "fi", "finish_reason": "length"}}]}, "truncated: "),
    "finish beside the choices": final({**completion(), "choices": [{"message": {"content": "fi"}}], "finish_reason": "length"}, "truncated: "),
}  # fmt: skip

CONTENTS = {
    "stop with nothing": later(completion(""), "empty: "),
    "stop with null": later(completion(None), "empty: "),
    "no content at all": later({**completion(), "choices": [{"message": {"role": "assistant"}, "finish_reason": "stop"}]}, "empty: "),
    "content is []": later(completion([]), "empty: "),
    "content is [null]": later(completion([None]), "empty: "),
    "content of spaces of no width": later(completion("\ufeff\u200b\n"), "empty: "),
    "parts": ok(completion([{"type": "text", "text": "fi"}, {"type": "text", "text": "ne"}])),
    "parts without a type": ok(completion([{"text": "fine"}])),
    "parts that are texts": ok(completion(["fi", "ne"])),
    "parts with a thought": ok(completion([{"type": "reasoning", "text": "hm"}, {"type": "output_text", "text": "fine"}])),
    "parts that are one thought": final(completion([{"type": "thinking", "thinking": "hm"}]), "no_answer: "),
    "parts with a tool": final(completion([{"type": "text", "text": "I will"}, {"type": "tool_use", "name": "f"}]), "tool_call: "),
    "parts with a picture": final(completion([{"type": "text", "text": "see"}, {"type": "image_url", "image_url": {}}]), "unreadable: "),
    "refusal with null": final(completion(None, refusal="I cannot."), "refused: I cannot."),
    "refusal with length": final(completion(None, "length", refusal="I can"), "refused: "),
    "refusal as an object": final(completion(None, refusal={"reason": "no"}), "refused: "),
    "refusal that is empty": ok(completion("fine", refusal="")),
    "tool call with stop": final(completion("", "stop", tool_calls=[{"id": "1", "type": "function"}]), "tool_call: "),
    "tool call beside text": final(completion("Let me see", "tool_calls", tool_calls=[{"id": "1"}]), "tool_call: "),
    "function call": final(completion(None, "function_call", function_call={"name": "f", "arguments": "{}"}), "tool_call: "),
    "tool call as text, Hermes": final(completion('<tool_call>\n{"name": "f", "arguments": {}}\n</tool_call>'), "tool_call: "),
    "tool call as text, Hermes, JSON": final(completion('<tool_call>{"name": "f"}</tool_call>'), "tool_call: ", wants_json=True),
    "tool call as text, Mistral": final(completion('[TOOL_CALLS] [{"name": "f", "arguments": {}}]'), "tool_call: "),
    "tool call as text, Llama": final(completion('<|python_tag|>f.call(query="x")'), "tool_call: "),
    "tool call as text, Llama 3.1": final(completion('<function=f>{"a": 1}</function>'), "tool_call: "),
    "tool call as text, DeepSeek": final(completion("<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>function"), "tool_call: "),
    "tool call in a channel": final(completion('<|channel|>commentary to=functions.f <|constrain|>json<|message|>{"a": 1}<|call|>'), "tool_call: "),
    "a text about tool calls": ok(completion("A <tool_call> holds JSON."), "A <tool_call> holds JSON."),
    "no tools": ok(completion("fine", tool_calls=None, function_call=None, annotations=[], audio=None)),
    "reasoning": ok(completion("fine", reasoning="hm")),
    "reasoning alone, stop": final(completion("", reasoning="hm"), "no_answer: "),
    "reasoning_content alone, length": final(completion("", "length", reasoning_content="hm"), "truncated: "),
    "reasoning_content alone, null": final(completion(None, reasoning_content="hm"), "no_answer: "),
    "thinking alone": final(completion("", thinking="hm"), "no_answer: "),
    "thinking": ok(completion("fine", thinking="hm")),
    "reasoning as a list": ok(completion("fine", reasoning=[{"text": "hm"}])),
    "reasoning alone as a list": final(completion("", reasoning=[{"text": "hm"}]), "no_answer: "),
    "reasoning alone as an object": final(completion("", reasoning={"content": "hm"}), "no_answer: "),
    "encrypted reasoning alone": final(completion("", reasoning_details=[{"type": "reasoning.encrypted", "data": "x"}]), "no_answer: "),
    "several choices": ok({**completion(), "choices": [choice(0, "fine"), choice(1, "other")]}),
    "several choices, in another order": ok({**completion(), "choices": [choice(2, "c"), choice(1, "b"), choice(0, "fine")]}),
    "several choices, from 1": ok({**completion(), "choices": [choice(2, "b"), choice(1, "fine")]}),
    "several choices, as texts": ok({**completion(), "choices": [choice("1", "b"), choice("0", "fine")]}),
    "several choices, none with an index": ok({**completion(), "choices": [choice(None, "fine"), choice(None, "b")]}),
    "no choices": later({**completion(), "choices": []}, "empty: "),
    "choices null": later({**completion(), "choices": None}, "empty: "),
    "choices of null": later({**completion(), "choices": [None]}, "empty: "),
    "NaN in logprobs": ok(http(json.dumps(completion("fine", choice_logprobs={"content": [float("nan"), -float("inf")]})).encode())),
    "another model": ok(completion("fine", top_model="another-2")),
    "model is no text": ok(completion("fine", top_model={"id": 1})),
    "message is a text": ok({**completion(), "choices": [{"message": "fine", "finish_reason": "stop"}]}),
    "parts of null": later(completion([{"type": "text", "text": None}]), "empty: "),
    "parts in a list": ok(completion([[{"type": "text", "text": "fine"}]])),
    "audio": final(completion(None, audio={"id": "x"}), "unreadable: "),
    "pictures": final(completion("", images=[{"type": "image_url"}]), "unreadable: "),
    "pictures beside text": ok(completion("fine", images=[{"type": "image_url"}])),
    "Ollama, thinking alone": final({"model": "fake-1", "message": {"content": "", "thinking": "hm"}, "done": True, "done_reason": "stop", "prompt_eval_count": 11, "eval_count": 7}, "no_answer: "),
    "Gemini, thoughts alone": final({"candidates": [{"content": {"role": "model"}, "finishReason": "MAX_TOKENS"}], "usageMetadata": {"promptTokenCount": 11, "candidatesTokenCount": 0, "thoughtsTokenCount": 7}}, "truncated: "),
    "Azure's filter had an error": ok(completion("fine", choice_content_filter_results={"error": {"code": "content_filter_error"}})),
}  # fmt: skip

MARKS = {
    "think, unclosed": final(completion("<think>I should"), "no_answer: "),
    "think with an attribute": ok(completion('<think lang="en">hm</think>\nfine')),
    "think with an attribute, unclosed": final(completion("<think time=3>hm"), "no_answer: "),
    "thinking with an attribute": ok(completion('<thinking type="deep" >hm</thinking >fine')),
    "think of a vendor": ok(completion("<longcat_think>hm</longcat_think>fine")),
    "details of reasoning": ok(completion('<details type="reasoning" done="true">\n<summary>Thought for 3 s</summary>\nhm\n</details>\nfine')),
    "think in JSON mode": ok(completion('<think>{"a": 2}</think>\n```json\n{"a": 1}\n```'), '{"a": 1}', wants_json=True),
    "end of think in a value": ok(completion('{"a":"x</think>y"}'), '{"a":"x</think>y"}', wants_json=True),
    "think, empty": later(completion("<think>\n\n</think>\n\n"), "empty: "),
    "channels": ok(completion("<|channel|>analysis<|message|>hm<|end|><|start|>assistant<|channel|>final<|message|>fine")),
    "channel of final alone": ok(completion("<|channel|>final<|message|>fine<|return|>")),
    "channel of analysis, cut": final(completion("<|channel|>analysis<|message|>hm"), "no_answer: "),
    "channel after text": ok(completion("hm<|end|><|start|>assistant<|channel|>final<|message|>fine")),
    "im_end": ok(completion("fine<|im_end|>")),
    "im_start and im_end": ok(completion("<|im_start|>assistant\nfine<|im_end|>\n")),
    "im_sep": ok(completion("<|im_start|>assistant<|im_sep|>fine<|im_end|>")),
    "im_end alone": later(completion("<|im_end|>"), "empty: "),
    "INST before": ok(completion("[/INST] fine")),
    "INST after": ok(completion("fine [/INST]")),
    "INST and more": ok(completion("fine</s><s>[INST] And you? [/INST] Good.")),
    "INST repeated": ok(completion("[INST] p [/INST] fine </s>")),
    "a text about INST": ok(completion("Llama 2 ends with `[/INST]` here."), "Llama 2 ends with `[/INST]` here."),
    "role tokens": ok(completion("<|start_of_role|>assistant<|end_of_role|>fine<|end_of_text|>")),
    "DeepSeek's turn": ok(completion("fine<｜end▁of▁sentence｜><｜User｜>and?")),
    "box": ok(completion("<|begin_of_box|>fine<|end_of_box|>")),
    "EXAONE's turn": ok(completion("fine[|endofturn|]")),
    "think on its lines, unclosed": final(completion("fine\n<think>\nhm"), "no_answer: "),
    "think within a line": ok(completion("Well. <think>hm</think> fine"), "Well. fine"),
    "think without its begin": ok(completion("hm\n</think>\nfine")),
    "a text about think": ok(completion("Open with <think> and close with </think>."), "Open with <think> and close with </think>."),
    "think in code": ok(completion("`<think>x</think>` is it"), "`<think>x</think>` is it"),
    "bare analysis, cut": final(completion("analysisWe need to"), "no_answer: "),
    "a text of analysis": ok(completion("analysis of the data"), "analysis of the data"),
    "role as text": ok(completion("assistant\n\nfine")),
    "role and turn": ok(completion("fine<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\nmore")),
    "end of sentence": ok(completion("fine</s>more")),
    "sentence": ok(completion("<s> fine</s>")),
    "struck text": ok(completion("It is <s>not</s> fine"), "It is <s>not</s> fine"),
    "token after a quote": ok(completion("it is 'fine'<|im_end|>"), "it is 'fine'"),
    "padding": ok(completion("fine<pad><pad>")),
    "unknown last token": ok(completion("fine<|fim_pad|>")),
    "message token": ok(completion("<|message|>fine")),
    "channel without a message": final(completion("<|channel|>final fine"), "no_answer: "),
}  # fmt: skip

OBJECTS = {
    "fence": ok(completion('```json\n{"a": 1}\n```'), '{"a": 1}', wants_json=True),
    "fence and prose": ok(completion('Sure! Here:\n\n```json\n{"a": 1}\n```\n\nAnything else?'), '{"a": 1}', wants_json=True),
    "fence without an end": ok(completion('```json\n{"a": 1}\n'), '{"a": 1}', wants_json=True),
    "mark and object": ok(completion('\ufeff{"a": 1}'), '{"a": 1}', wants_json=True),
    "object in a part": ok(completion([{"type": "text", "text": '{"a": 1}'}]), '{"a": 1}', wants_json=True),
    "NaN": later(completion('{"a": NaN}'), "not_json: ", wants_json=True),
    "Infinity": later(completion('{"a": [Infinity]}'), "not_json: ", wants_json=True),
    "key twice": later(completion('{"a": 1, "a": 1}'), "not_json: ", wants_json=True),
    "key twice, deep": later(completion('{"a": [{"b": 1, "b": 2}]}'), "not_json: ", wants_json=True),
    "lone surrogate": later(http(b'{"choices":[{"finish_reason":"stop","message":{"content":"{\\"a\\": \\"\\\\ud800\\"}"}}],"usage":{"prompt_tokens":11,"completion_tokens":7}}'), "not_json: ", wants_json=True),
    "array": later(completion('[{"a": 1}]'), "not_json: ", wants_json=True),
    "several objects": later(completion('{"a": 1}\n{"a": 2}'), "not_json: ", wants_json=True),
    "the same object twice": later(completion('{"a": 1}\n{"a": 1}'), "not_json: ", wants_json=True),
    "text in quotes": later(completion('"{\\"a\\": 1}"'), "not_json: ", wants_json=True),
    "cut object, stop": later(completion('{"a": 1, "b": "x'), "not_json: ", wants_json=True),
    "cut object, length": final(completion('{"a": 1, "b": "x', "length"), "truncated: ", wants_json=True),
    "single quotes": later(completion("{'a': 1}"), "not_json: ", wants_json=True),
    "comment": later(completion('{"a": 1 /* one */}'), "not_json: ", wants_json=True),
    "null": later(completion("null"), "not_json: ", wants_json=True),
    "an object already parsed": final(completion({"a": 1}), "unreadable: ", wants_json=True),
    "object in a channel": ok(completion('<|channel|>final <|constrain|>json<|message|>{"a": 1}'), '{"a": 1}', wants_json=True),
    "two fences": later(completion('```json\n{"a": 1}\n```\nor\n```json\n{"a": 2}\n```'), "not_json: ", wants_json=True),
    "key twice, escaped": later(completion('{"a": 1, "\\u0061": 2}'), "not_json: ", wants_json=True),
    "1e400": later(completion('{"a": 1e400}'), "not_json: ", wants_json=True),
    "line break in a text": later(completion('{"a": "x\ny"}'), "not_json: ", wants_json=True),
    "token after": ok(completion('{"a": 1}<|im_end|>'), '{"a": 1}', wants_json=True),
}  # fmt: skip

USAGES = {
    "usage missing": ok({name: value for name, value in completion().items() if name != "usage"}, tokens=UNCOUNTED),
    "usage null": ok({**completion(), "usage": None}, tokens=UNCOUNTED),
    "usage {}": ok({**completion(), "usage": {}}, tokens=UNCOUNTED),
    "usage []": ok(usage([]), tokens=UNCOUNTED),
    "usage a text": ok(usage("18 tokens"), tokens=UNCOUNTED),
    "usage true": ok(usage(True), tokens=UNCOUNTED),
    "negative": ok(usage({"prompt_tokens": -1, "completion_tokens": 7}), tokens=(None, 7)),
    "floats": ok(usage({"prompt_tokens": 11.0, "completion_tokens": 6.2})),
    "texts": ok(usage({"prompt_tokens": "11", "completion_tokens": "7"})),
    "2^63": ok(usage({"prompt_tokens": 2**63, "completion_tokens": 7}), tokens=(MOST_TOKENS, 7)),
    "2^64 as a text": ok(usage({"prompt_tokens": str(2**64), "completion_tokens": 7}), tokens=(MOST_TOKENS, 7)),
    "1e308": ok(usage({"prompt_tokens": 11, "completion_tokens": 1e308}), tokens=(11, MOST_TOKENS)),
    "10^4999": ok(http(json.dumps(completion()).replace('"prompt_tokens": 11', '"prompt_tokens": 1' + "0" * 4999).encode()), tokens=(MOST_TOKENS, 7)),
    "NaN tokens": ok(usage({"prompt_tokens": float("nan"), "completion_tokens": 7}), tokens=(None, 7)),
    "true tokens": ok(usage({"prompt_tokens": True, "completion_tokens": 7}), tokens=(None, 7)),
    "nested tokens": ok(usage({"prompt_tokens": {"text": 11}, "completion_tokens": [7]}), tokens=UNCOUNTED),
    "thoughts in the total": ok(usage({"prompt_tokens": 11, "completion_tokens": 2, "total_tokens": 18})),
    "thoughts included": ok(usage({"prompt_tokens": 11, "completion_tokens": 7, "total_tokens": 18, "completion_tokens_details": {"reasoning_tokens": 5}})),
    "thoughts beside": ok(usage({"prompt_tokens": 11, "completion_tokens": 2, "total_tokens": 18, "completion_tokens_details": {"reasoning_tokens": 5}})),
    "details null": ok(usage({"prompt_tokens": 11, "completion_tokens": 7, "prompt_tokens_details": None, "completion_tokens_details": None})),
    "Cohere": ok(usage({"billed_units": {"input_tokens": 11, "output_tokens": 7}, "tokens": {"input_tokens": 80, "output_tokens": 9}})),
    "Bedrock": ok(usage({"inputTokens": 11, "outputTokens": 7, "totalTokens": 18})),
    "Anthropic's cache": ok(usage({"input_tokens": 1, "cache_read_input_tokens": 8, "cache_creation_input_tokens": 2, "output_tokens": 7})),
    "DeepSeek": ok(usage({"prompt_tokens": 11, "completion_tokens": 7, "total_tokens": 18, "prompt_cache_hit_tokens": 8, "prompt_cache_miss_tokens": 3})),
    "truncated is counted": final(completion("fi", "length"), "truncated: "),
    "filtered is counted": final(completion(None, "content_filter"), "filtered: "),
    "total and input": ok(usage({"prompt_tokens": 11, "total_tokens": 18})),
    "total alone": ok(usage({"total_tokens": 18}), tokens=UNCOUNTED),
    "a list of one": ok(usage([{"prompt_tokens": 11, "completion_tokens": 7}])),
    "of the choice": ok({**completion("fine", choice_usage={"prompt_tokens": 11, "completion_tokens": 7}), "usage": None}),
    "Groq's": ok({**completion("fine"), "usage": None, "x_groq": {"usage": {"prompt_tokens": 11, "completion_tokens": 7}}}),
    "texts of floats": ok(usage({"prompt_tokens": "1.1e1", "completion_tokens": "7.0"})),
}  # fmt: skip

TRAVEL = {
    "201": ok(http(FINE, 201)),
    "202": ok(http(FINE, 202)),
    "206": ok(http(FINE, 206)),
    "202 without an answer": later(http(b'{"id": "1", "status": "queued"}', 202), "the server's answer is not a chat completion", tokens=UNCOUNTED),
    "204": again(http(b"", 204), "empty: the reply has no body (204)"),
    "200 with null": later(http(b"null"), "the server's answer is not a chat completion", tokens=UNCOUNTED),
    "200 with []": later(http(b"[]"), "the server's answer is not a chat completion", tokens=UNCOUNTED),
    "200 with {}": later(http(b"{}"), "the server's answer is not a chat completion", tokens=UNCOUNTED),
    "200 with OK": later(http(b"OK"), "the server's answer is not a chat completion", tokens=UNCOUNTED),
    "200 with a page": later(http(HTML, headers={"Content-Type": "text/html"}), "the server's answer is not a chat completion but HTML (502 Bad Gateway)", tokens=UNCOUNTED),
    "302": stop(http(b"", 302, {"Location": "https://login.example/"}), "302"),
    "301 without a place": stop(http(b"", 301), "301"),
    "308": stop(http(b"", 308, {"Location": "/v2/chat/completions"}), "308"),
    "body longer than said": again(http(FINE, length=len(FINE) - 20), "the body ends too early"),
    "body shorter than said": again([http(FINE, length=len(FINE) + 5), CLOSE], "CutShort"),
    "closed within the body": again([http(FINE[:-25], headers={"Content-Length": "", "Connection": "close"}), CLOSE], "the body ends too early"),
    "closed within a word": again([http(b'{"choices": [{"index": 0, "logprobs": nul', headers={"Content-Length": "", "Connection": "close"}), CLOSE], "the body ends too early"),
    "length of letters": again([http(FINE, headers={"Content-Length": "abc"})[:-30], CLOSE], "the body ends too early"),
    "two lengths": ok(http(FINE, headers={"Content-Length": f"{len(FINE)}, {len(FINE)}"})),
    "chunks": ok(chunked(FINE[:7], FINE[7:])),
    "chunks with a trailer": ok(chunked(FINE, end=b"0\r\nX-Sum: 1\r\n\r\n")),
    "chunks cut": again([*chunked(FINE[:50], end=b""), CLOSE], "IncompleteRead"),
    "chunks cut within one": again([*chunked(FINE[:50], end=b"fff\r\n{"), CLOSE], "IncompleteRead"),
    "chunks of a wrong size": again([*chunked(FINE[:50], end=b"zz\r\n{"), CLOSE], "IncompleteRead"),
    "chunks of a negative size": again([*chunked(FINE[:50], end=b"-5\r\n{"), CLOSE], ""),
    "gzip": ok(http(gzip.compress(FINE), headers={"Content-Encoding": "gzip"})),
    "gzip in two members": ok(http(gzip.compress(FINE[:30]) + gzip.compress(FINE[30:]), headers={"Content-Encoding": "gzip"})),
    "gzip cut": again(http(gzip.compress(FINE)[:-9], headers={"Content-Encoding": "gzip"}), "CutShort"),
    "gzip of a wrong sum": again(http(bytes(FLIPPED), headers={"Content-Encoding": "gzip"}), "CutShort"),
    "gzip torn": again(http(bytes(TORN), headers={"Content-Encoding": "gzip"}), "CutShort"),
    "gzip without a header": ok(http(gzip.compress(FINE))),
    "mark before": ok(http(b"\xef\xbb\xbf" + FINE)),
    "UTF-16": ok(http(FINE.decode().encode("utf-16"))),
    "not UTF-8": final(http(FINE.replace(b"fine", b"f\xfcr")), "unreadable: "),
    "spaces before": ok(http(b"\r\n" * 30 + FINE)),
    "the body twice": later(http(FINE + b"\n" + json.dumps(completion("other")).encode()), "the server's answer is not a chat completion", tokens=UNCOUNTED),
    "something after": later(http(FINE + b"\nOK"), "the server's answer is not a chat completion", tokens=UNCOUNTED),
    "a list of one": ok([as_json([completion("fine")])]),
    "stream": ok(events(delta("fi"), delta("ne"), delta(None, "stop"), {"choices": [], **COUNTS})),
    "stream called JSON": ok(events(delta("fi"), delta("ne", "stop", **COUNTS), kind="application/json")),
    "stream of two choices": ok(events(delta("fi"), delta("b", index=1), delta("ne", "stop"), delta(None, "stop", 1), {"choices": [], **COUNTS})),
    "stream that repeats the whole": ok(events(delta("fi"), delta("ne"), {**completion("fine"), "object": "chat.completion"})),
    "stream cut": again(events(delta("fi"), done=False), "the stream ended"),
    "stream cut within an event": again([http(b'data: {"choices": [{"delta": {"content": "fi', headers={"Content-Type": "text/event-stream"})], "the stream ended"),
    "stream of length": final(events(delta("fi"), delta(None, "length", **COUNTS)), "truncated: "),
    "stream with an error": again(events(delta("fi"), {"error": {"message": "upstream", "code": 502}}), "the reply holds an error: 502"),
    "stream of comments": again(http(b": ping\n\n: ping\n\n", headers={"Content-Type": "text/event-stream"}), "the stream ended"),
    "part of a stream": again({"model": "fake-1", "message": {"content": "fi"}, "done": False}, "the stream ended"),
    "chunk of a stream": again(delta("fi"), "the stream ended"),
    "200 with a proxy's words": again(http(b"upstream connect error or disconnect/reset before headers", headers={"Content-Type": "text/plain"}), "the reply holds an error: upstream"),
    "HTTP/1.0": ok([b"HTTP/1.0 200 OK\r\n\r\n" + FINE, CLOSE]),
    "bare line feeds": ok(b"HTTP/1.1 200 OK\nContent-Length: %d\n\n" % len(FINE) + FINE),
    "negative length": ok([http(FINE, headers={"Content-Length": "-5"}), CLOSE]),
    "another protocol": again([b"\x15\x03\x01\x00\x02\x02\x46", CLOSE], "BadStatusLine"),
}  # fmt: skip

ERRORS_IN_200 = {
    "error a text": again({"error": "something broke"}, "the reply holds an error: something broke"),
    "error a list": again({"error": [{"message": "one"}, {"message": "two"}]}, "the reply holds an error: one; two"),
    "error null": ok({**completion("fine"), "error": None}),
    "error false": ok({**completion("fine"), "error": False}),
    "error of nothing": ok({**completion("fine"), "error": {"message": "", "type": "", "param": "", "code": None}}),
    "error beside an answer": again({**completion("fine"), "error": {"message": "Upstream idle timeout"}}, "the reply holds an error: Upstream idle timeout", (33, 21)),
    "overload": again({"error": {"type": "overloaded_error", "message": "Overloaded"}}, "the reply holds an error: 529"),
    "rate": again({"error": {"message": "Rate limit reached", "code": "rate_limit_exceeded"}}, "the reply holds an error: 429"),
    "temporarily": again({"error": {"message": "The model `fake-1` is temporarily not available, please try again"}}, "the reply holds an error"),
    "invalid key": stop({"error": {"message": "API key is invalid", "code": 401}}),
    "invalid key, a text": stop({"error": "API key is invalid"}),
    "no key": stop({"error": {"message": "You didn't provide an API key."}}),
    "unauthorized": stop({"error": "Unauthorized"}),
    "code and msg": stop({"code": 401, "msg": "token expired or incorrect", "success": False}),
    "MiniMax: balance": stop({"choices": None, "base_resp": {"status_code": 1008, "status_msg": "insufficient balance"}}),
    "MiniMax: well": ok({**completion("fine"), "base_resp": {"status_code": 0, "status_msg": ""}}),
    "quota": stop({"error": {"message": "Insufficient credits", "code": 402}}),
    "unknown model": stop({"error": {"message": "model 'fake-1' not found"}}),
    "detail": stop({"detail": "Unauthorized"}),
    "statusCode": stop({"statusCode": 401, "message": "Access denied due to missing subscription key."}),
    "Anthropic": again({"type": "error", "error": {"type": "api_error", "message": "Internal server error"}}, "the reply holds an error: 500"),
    "filter": row({"error": {"message": "flagged", "code": "content_filter"}}, "filtered: "),
    "too long": row({"error": {"message": "prompt is too long: 9 tokens > 8 maximum", "type": "invalid_request_error"}}, "the reply holds an error: 400: prompt is too long"),
    "JSON within a text": stop({"error": '{"code": 401, "message": "bad key"}'}),
    "RFC 9457": stop({"type": "about:blank", "title": "Unauthorized", "status": 401}),
    "RFC 9457, server": again({"title": "Internal Server Error", "status": 500}, "the reply holds an error: 500"),
    "Cloudflare": stop({"success": False, "errors": [{"code": 10000, "message": "Authentication error"}], "result": None}),
    "plain words of a key": stop(http(b"Unauthorized", headers={"Content-Type": "text/plain"})),
}  # fmt: skip

ERRORS = {
    "408": again(error("Request timeout", 408), "408"),
    "409": again(error("Conflict", 409), "409"),
    "425": again(error("Too early", 425), "425"),
    "429, in seconds": again([as_json({"error": {"message": "slow down"}}, 429, {"Retry-After": "0.01"})], "429: slow down"),
    "429, in milliseconds": again([as_json({"error": {"message": "slow down"}}, 429, {"Retry-After-Ms": "10"})], "429: slow down"),
    "429, on a day": again([as_json({"error": {"message": "slow down"}}, 429, {"Retry-After": "Wed, 21 Oct 2015 07:28:00 GMT"})], "429: slow down"),
    "429, negative": again([as_json({"error": {"message": "slow down"}}, 429, {"Retry-After": "-60"})], "429: slow down"),
    "429, huge": again([as_json({"error": {"message": "slow down"}}, 429, {"Retry-After": "9" * 40})], "429: slow down"),
    "429, without a body": again(http(b"", 429), "429: no explanation"),
    "429, no quota": stop(error("You exceeded your current quota, please check your plan and billing details.", 429, code="insufficient_quota")),
    "429, capacity": again(error("Service tier capacity exceeded for this model.", 429, type="invalid_request_error"), "429"),
    "403, rate": again(error("Rate limit exceeded", 403, code="rateLimitExceeded"), "403"),
    "498, Groq": again(error("Flex tier capacity exceeded", 498), "498"),
    "500, a page": again(http(HTML, 500, {"Content-Type": "text/html"}), "500: a page of HTML, 502 Bad Gateway"),
    "500, nothing": again(http(b"", 500), "500: no explanation"),
    "502": again(http(HTML, 502), "502"),
    "503, JSON": again(as_json({"error": {"code": 503, "message": "Loading model", "type": "unavailable_error"}}, 503), "503: Loading model"),
    "503, Ollama": again(as_json({"error": "server busy, please try again. maximum pending requests exceeded"}, 503), "503"),
    "504": again(http(b"upstream request timeout", 504), "504: upstream request timeout"),
    "520": again(http(b"error code: 520", 520), "520"),
    "529": again(as_json({"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}, 529), "529"),
    "401": stop(error("Incorrect API key provided: sk-1***.", 401, code="invalid_api_key")),
    "401, a page": stop(http(HTML, 401)),
    "402": stop(error("Insufficient Balance", 402)),
    "400, Anthropic's balance": stop(as_json({"type": "error", "error": {"type": "invalid_request_error", "message": "Your credit balance is too low to access the Anthropic API."}}, 400)),
    "400, Gemini's key": stop(as_json([{"error": {"code": 400, "message": "API key not valid. Please pass a valid API key.", "status": "INVALID_ARGUMENT"}}], 400)),
    "400, LiteLLM's budget": stop(error("Budget has been exceeded! Current cost: 20.5, Max budget: 10.0", 400, type="budget_exceeded")),
    "403, OpenRouter's key": stop(error("Key limit exceeded (total limit).", 403, code=403)),
    "404, unknown model": stop(error("The model `fake-1` does not exist.", 404, type="NotFoundError")),
    "404, Azure": stop(error("The API deployment for this resource does not exist.", 404, code="DeploymentNotFound")),
    "400, Azure's operation": stop(error("The chatCompletion operation does not work with the specified model, fake-1.", 400, code="OperationNotSupported")),
    "400, temperature": stop(error("Unsupported value: 'temperature' does not support 0 with this model. Only the default (1) value is supported.", 400, code="unsupported_value")),
    "400, Ollama's thinking": stop(error('"fake-1" does not support thinking', 400)),
    "422, Mistral's field": stop(as_json({"object": "error", "message": {"detail": [{"type": "extra_forbidden", "loc": ["body", "seed"], "msg": "Extra inputs are not permitted"}]}, "type": "invalid_request_error"}, 422), "seed"),
    "500, Ollama's memory": stop(as_json({"error": "model requires more system memory (5.6 GiB) than is available (3.1 GiB)"}, 500)),
    "429, Gemini's day": stop(as_json([{"error": {"code": 429, "message": "You exceeded your current quota.", "status": "RESOURCE_EXHAUSTED", "details": [{"violations": [{"quotaId": "GenerateRequestsPerDayPerProjectPerModel-FreeTier"}]}]}}], 429)),
    "429, Gemini's minute": again(as_json([{"error": {"code": 429, "message": "You exceeded your current quota.", "status": "RESOURCE_EXHAUSTED", "details": [{"violations": [{"quotaId": "GenerateRequestsPerMinutePerProjectPerModel-FreeTier"}]}]}}], 429), "429"),
    "413": row(error("Request Entity Too Large", 413), "413"),
    "413, Groq": row(error("Request too large for model `fake-1` on tokens per minute (TPM): Limit 6000, Requested 8000", 413, code="rate_limit_exceeded"), "413"),
    "400, too long": row(error("This model's maximum context length is 4096 tokens.", 400, code="context_length_exceeded"), "400"),
    "422, TGI": row(as_json({"error": "Input validation error: `inputs` must have less than 1024 tokens. Given: 1500", "error_type": "validation"}, 422), "422"),
    "400, Azure's filter": row(error("The response was filtered", 400, code="content_filter", innererror={"code": "ResponsibleAIPolicyViolation"}), "filtered: 400"),
    "400, DeepSeek's filter": row(error("Content Exists Risk", 400, type="invalid_request_error"), "filtered: 400"),
    "400, DashScope's filter": row(error("Input data may contain inappropriate content.", 400, code="data_inspection_failed"), "filtered: 400"),
    "403, xAI's filter": row(error("Content violates usage guidelines.", 403), "filtered: 403"),
    "400, Groq's JSON": Case([error("Failed to generate JSON. Please adjust your prompt.", 400, code="json_validate_failed", failed_generation="{")], RETRYABLE, "not_json: 400", UNCOUNTED, True),
    "400, Groq's tool": row(error("Failed to call a function. Please adjust your prompt.", 400, code="tool_use_failed"), "tool_call: 400"),
    "400, vLLM's limit": row(error("'max_tokens' or 'max_completion_tokens' is too large: 9000. This model's maximum context length is 4096 tokens and your request has 12 input tokens", 400), "400"),
    "500, LiteLLM's key": stop(error("litellm.AuthenticationError: OpenAIException - Incorrect API key provided", 500, code="500")),
    "500, LiteLLM's model": stop(error("litellm.NotFoundError: model not found", 500, code="404")),
    "500, LiteLLM's rate": again(error("litellm.RateLimitError: slow down", 500, code="429"), "429"),
    "500, LiteLLM's context": row(error("litellm.ContextWindowExceededError: maximum context length is 8192 tokens", 500, code="500"), "500"),
    "429, billing": stop(error("Your account is not active, please check your billing details on our website.", 429, code="billing_not_active")),
    "400, Anthropic's limit": stop(error("You have reached your specified API usage limits. You will regain access on 2026-12-01.", 400)),
    "429, too large": row(error("Request too large for fake-1 on tokens per min (TPM): Limit 30000, Requested 50000.", 429, code="rate_limit_exceeded"), "429"),
    "304": stop(http(b"", 304), "304"),
}  # fmt: skip

GROUPS = {
    "finish": FINISHES, "content": CONTENTS, "marks": MARKS, "object": OBJECTS, "usage": USAGES, "travel": TRAVEL,
    "error in 200": ERRORS_IN_200, "error": ERRORS,
}  # fmt: skip
CASES = {f"{group}: {name}": case for group, cases in GROUPS.items() for name, case in cases.items()}
