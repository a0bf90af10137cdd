"""Kinds of replies for a fake server that mixes them at random, each with what it means.

``draw`` gives for one prompt what the fake sends at each try and what must come of it. What is drawn depends on the random
generator alone.
"""

from __future__ import annotations

import gzip
import json
import random
import threading
from dataclasses import dataclass, field
from typing import Any

from lakeweave.inference.usage import MOST_TOKENS
from tests.python.fakes.raw_server import CLOSE, as_json, completion, http

WORDS = (
    "blue",
    "red",
    "<b>",
    "größe",
    "赤い",
    "😀",
    "\\",
    '"',
    "'",
    "\n{",
    "}",
    "[1]",
    "&",
    "%",
    "\u200b",
    "end.",
    "null",
    "</p>",
    "a\tb",
)


@dataclass(slots=True)
class Meant:
    """What one prompt is answered with. ``tries`` are steps for the fake, each with the tokens that it bills."""

    name: str
    tries: list[tuple[list, int, int]]
    state: str
    text: str | None = None
    billed: list[int] = field(default_factory=list)


def _text(rng: random.Random, wants_json: bool) -> str:
    text = "answer " + " ".join(rng.choice(WORDS) for _ in range(rng.randint(1, 12)))
    return (
        json.dumps({"answer": text, "n": rng.random()}, ensure_ascii=rng.random() < 0.5) if wants_json else text.strip()
    )


def _wrapped(rng: random.Random, text: str, wants_json: bool) -> str:
    """The same answer, in the wrappings that models put around one."""
    if wants_json:
        text = rng.choice(["{}", "```json\n{}\n```", "\ufeff{}", "Here it is:\n{}\nDone."]).replace("{}", text)
    thought = rng.choice(["", "", "<think>hm {}</think>\n\n", "[THINK]hm[/THINK]", "<reasoning>\nhm\n</reasoning>\n"])
    return thought + text + rng.choice(["", "", "<|im_end|>", "<|eot_id|>\n", "<|endoftext|>"])


def _sent(rng: random.Random, said: dict[str, Any]) -> list:
    """The same JSON, in the ways in which it may travel."""
    body = json.dumps(said, ensure_ascii=rng.random() < 0.5).encode()
    way = rng.randrange(7)
    if way == 0:
        return [http(gzip.compress(body), headers={"Content-Encoding": "gzip"})]
    if way == 1:
        cut = rng.randrange(1, len(body))
        head = http(b"", headers={"Content-Length": "", "Transfer-Encoding": "chunked"})
        return [head, *(b"%x\r\n" % len(part) + part + b"\r\n" for part in (body[:cut], body[cut:])), b"0\r\n\r\n"]
    if way == 2:
        return [http(body, headers={"Content-Length": "", "Connection": "close"}), CLOSE]
    if way == 3:
        return [b"HTTP/1.1 103 Early Hints\r\n\r\n", http(b"\n \n" + body, 201)]
    return [http(body)]


def draw(rng: random.Random, wants_json: bool) -> Meant:
    """One prompt's replies."""
    ins, out = rng.randrange(1, 500), rng.randrange(1, 300)
    usage: dict[str, Any] = {"prompt_tokens": ins, "completion_tokens": out, "total_tokens": ins + out}
    text = _text(rng, wants_json)
    name = rng.choice(KINDS)
    said, state, meant = completion(text, usage=usage), "failed", None
    choice = said["choices"][0]
    if name in ("ok", "transient", "cut short"):
        choice["message"]["content"] = _wrapped(rng, text, wants_json)
        choice["finish_reason"] = rng.choice(["stop", "STOP", "eos", None, "end_turn"])
        state, meant = "ok", text
    elif name == "parts":
        half = len(text) // 2
        choice["message"]["content"] = [{"type": "text", "text": part} for part in (text[:half], text[half:])]
        state, meant = "ok", text
    elif name == "reasoning":
        usage["completion_tokens_details"] = {"reasoning_tokens": out}
        usage["total_tokens"] = ins + 2 * out
        choice["message"]["reasoning_content"] = "hm"
        out, state, meant = 2 * out, "ok", text
    elif name == "truncated":
        choice["finish_reason"] = rng.choice(["length", "MAX_TOKENS"])
    elif name == "filtered":
        choice["finish_reason"] = rng.choice(["content_filter", "SAFETY"])
    elif name == "refused":
        choice["message"] |= {"content": None, "refusal": "I will not."}
    elif name == "tools":
        choice["message"]["tool_calls"] = [{"id": "1"}]
    elif name == "thought alone":
        choice["message"]["content"] = "<think>" + text
    elif name == "empty":
        choice["message"]["content"] = rng.choice([None, "", " \n"])
        state = "retryable"
    elif name == "odd usage":
        said["usage"] = rng.choice(
            [None, [], {"prompt_tokens": -4}, {"prompt_tokens": {"a": 1}}, {"prompt_tokens": 2**70}, "many"]
        )
        ins = MOST_TOKENS if isinstance(said["usage"], dict) and said["usage"].get("prompt_tokens") == 2**70 else 0
        out, state, meant = 0, "ok", text
    elif name == "no object":
        choice["message"]["content"] = rng.choice(['{"a": NaN}', '{"a": 1, "a": 2}', "[1]", "no", '{"a": 1} {"b": 2}'])
        state, meant = ("retryable", None) if wants_json else ("ok", choice["message"]["content"])
    elif name == "too long":
        reply = as_json(
            {"error": {"message": "maximum context length is 10 tokens", "code": "context_length_exceeded"}}, 400
        )
        return Meant(name, [([reply], 0, 0)], "failed")
    elif name == "always 500":
        return Meant(name, [([as_json({"error": "oh no"}, 500)], 0, 0)], "retryable")
    tries = [(_sent(rng, said), ins, out)]
    if name == "transient":
        failed = rng.choice(
            [
                [as_json({"error": {"message": "slow down"}}, 429, {"Retry-After": "0.001"})],
                [as_json({"error": {"message": "Overloaded", "type": "overloaded_error"}})],
                [CLOSE],
                [http(b"", 503)],
            ]
        )
        tries = [(failed, 0, 0)] * rng.randint(1, 2) + tries
    elif name == "cut short":
        whole = http(json.dumps(said).encode())
        tries = [([whole[: -rng.randrange(1, 60)], CLOSE], 0, 0), *tries]
    return Meant(name, tries, state, meant)


KINDS = (
    *["ok"] * 6, "parts", "reasoning", "transient", "cut short", "truncated", "filtered", "refused", "tools",
    "thought alone", "empty", "odd usage", "no object", "too long", "always 500",
)  # fmt: skip


class Mixed:
    """A script for the fake that sends what was drawn, and counts what it bills. Thread safe."""

    def __init__(self, seed: int, count: int, wants_json: bool) -> None:
        """``count`` prompts, named ``p0`` …"""
        rng = random.Random(seed)
        self.meant = {f"p{n}": draw(rng, wants_json) for n in range(count)}
        self.billed = [0, 0]
        self._lock = threading.Lock()

    def __call__(self, prompt: str, attempt: int) -> list:
        """The steps of one reply."""
        meant = self.meant[prompt]
        steps, ins, out = meant.tries[min(attempt, len(meant.tries) - 1)]
        with self._lock:
            self.billed[0] += ins
            self.billed[1] += out
        return steps
