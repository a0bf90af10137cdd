"""A fake of an OpenAI-compatible model server that injects faults and counts what it is asked.

    python tests/python/fakes/model_server.py --port 0 --latency 0.1 --faults 429=0.05,500=0.02,hang=0.01

It is not a model: the answer is an echo of the prompt's last line. Faults are drawn from a hash of the prompt and of
how often it was asked, so that a run can be repeated. Words in a prompt make a fault certain:

``ALWAYS-500``, ``ALWAYS-400``, ``ALWAYS-HANG``  that answer every time
``NOT-JSON``                                     an answer that is no JSON although JSON was promised
``GARBAGE``                                      a body that is no chat completion
``EMPTY``                                        an empty answer
``FILTERED``                                     a refusal by the content filter
``ECHO-KEY``                                     a refusal whose text repeats the Authorization header
``SAY-KEY``                                      an answer that repeats the Authorization header
``BAD-ONCE``, ``BAD-ALWAYS``                     an answer that does not fit the schema, the first time or every time
``OUT-<n>``                                      an answer that is billed as n tokens of output

A picture or a document in a message counts as a line of the prompt: what ``seen`` has for the SHA-256 of its bytes, else its
type and its hash. Under a schema the answer is JSON that fits it: that line, if ``seen`` has it, else drawn from the prompt; the
fault ``broken=0.2`` breaks that JSON.

What it bills is the usage of its answers: a token for four characters, times ``factor``; with ``usage`` false it does not say so.

``GET /stats`` gives the counts, ``POST /reset`` clears them, ``POST /set`` changes latency and faults.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import contextlib
import hashlib
import json
import re
import socket
import subprocess
import sys
import urllib.request
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any


def drawn(schema: dict[str, Any], prompt: str, name: str = "") -> Any:
    """A value that fits a JSON Schema; the same for the same prompt."""
    kind = schema["type"][0] if isinstance(schema["type"], list) else schema["type"]
    number = int.from_bytes(hashlib.sha256(f"{name}|{prompt}".encode()).digest()[:4], "big")
    if schema.get("enum"):
        allowed = [value for value in schema["enum"] if value is not None]
        return allowed[number % len(allowed)]
    if kind == "object":
        return {key: drawn(inner, prompt, f"{name}.{key}") for key, inner in schema["properties"].items()}
    if kind == "array":
        return [drawn(schema["items"], prompt, f"{name}[{place}]") for place in range(number % 3)]
    if kind == "string":
        return f"2026-01-{1 + number % 28:02}" if schema.get("format") == "date" else f"{name[1:]} of {prompt[-8:]}"
    low = schema.get("minimum", 0)
    high = schema.get("maximum", low + 100)
    return {
        "integer": int(low + number % int(high - low + 1)),
        "number": low + (high - low) * (number % 1000) / 1000,
        "boolean": number % 2 == 0,
    }[kind]


class FakeModelServer:
    """State and behaviour of the fake."""

    def __init__(self, latency: float, faults: dict[str, float], hang: float, retry_after: float) -> None:
        self.latency, self.faults, self.hang, self.retry_after = latency, faults, hang, retry_after
        self.status: int | None = None
        self.factor, self.usage = 1, True
        self.seen: dict[str, str] = {}
        self.reset()

    def reset(self) -> None:
        self.requests = 0
        self.answered: Counter[str] = Counter()
        self.asked: Counter[str] = Counter()
        self.order: list[str] = []
        self.kinds: Counter[str] = Counter()
        self.in_flight = self.most_in_flight = 0
        self.bodies: list[dict[str, Any]] = []
        self.billed: dict[str, list[int]] = {}

    def fault(self, prompt: str, attempt: int) -> str | None:
        """The fault for this request, or None."""
        for word, kind in (("ALWAYS-500", "500"), ("ALWAYS-400", "400"), ("ALWAYS-HANG", "hang"), ("ECHO-KEY", "401")):
            if word in prompt:
                return kind
        digest = hashlib.sha256(f"{attempt}|{prompt}".encode("utf-8", "surrogatepass")).digest()
        draw = int.from_bytes(digest[:8], "big") / 2**64
        for kind, share in self.faults.items():
            if draw < share:
                return kind
            draw -= share
        return None

    async def answer(self, path: str, headers: dict[str, str], body: bytes) -> tuple[int, dict[str, str], bytes]:
        """Status, headers and body of the reply."""
        if path == "/stats":
            return self.json(200, self.stats())
        if path == "/reset":
            self.reset()
            return self.json(200, {})
        if path == "/set":
            for name, value in json.loads(body).items():
                setattr(self, name, value)
            return self.json(200, {})
        if not path.endswith("/chat/completions"):
            return self.json(404, {"error": {"message": f"no such path: {path}"}})
        request = json.loads(body)
        # After a correction the question is still the first message of the user.
        prompt = next(each["content"] for each in request["messages"] if each["role"] == "user")
        if isinstance(prompt, list):
            prompt = self.with_files(prompt)
        self.requests += 1
        self.asked[prompt] += 1
        self.order.append(prompt)
        self.bodies = [*self.bodies[-4:], request]
        if self.status is not None:
            return self.json(self.status, {"error": {"message": f"the fake says {self.status}"}})
        kind = self.fault(prompt, self.asked[prompt])
        corrected = any(each["role"] == "assistant" for each in request["messages"])
        broken = kind == "broken" or (
            kind is None and ("BAD-ALWAYS" in prompt or ("BAD-ONCE" in prompt and not corrected))
        )
        kind = None if kind == "broken" else kind
        self.kinds[kind or "ok"] += 1
        self.in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight)
        try:
            if kind == "hang":
                await asyncio.sleep(self.hang)
            elif kind == "429":
                return self.json(429, {"error": {"message": "slow down"}}, {"Retry-After": str(self.retry_after)})
            elif kind is not None:
                said = headers.get("authorization", "") if "ECHO-KEY" in prompt else f"the fake says {kind}"
                return self.json(int(kind), {"error": {"message": said}})
            await asyncio.sleep(self.latency)
        finally:
            self.in_flight -= 1
        self.answered[prompt] += 1
        said = f" {headers.get('authorization', '')}" if "SAY-KEY" in prompt else ""
        return self.completion(prompt + said, request, broken)

    def with_files(self, parts: list[dict[str, Any]]) -> str:
        """The text of a message, then each file: what ``seen`` says of its bytes, else their hash."""
        lines = []
        for part in parts:
            if part["type"] == "text":
                lines.append(part["text"])
                continue
            data = part["image_url"]["url"] if part["type"] == "image_url" else part["file"]["file_data"]
            kind, _, content = data.partition(";base64,")
            digest = hashlib.sha256(base64.b64decode(content)).hexdigest()
            lines.append(self.seen.get(digest, f"{kind.removeprefix('data:')} {digest}"))
        return "\n".join(lines)

    def completion(
        self, prompt: str, request: dict[str, Any], broken: bool = False
    ) -> tuple[int, dict[str, str], bytes]:
        if "GARBAGE" in prompt:
            return 200, {"Content-Type": "text/html"}, b"<html>it works</html>"
        text = "echo: " + prompt.rsplit("\n", 1)[-1]
        schema = (request.get("response_format") or {}).get("json_schema", {}).get("schema")
        if schema:
            seen = prompt.rsplit("\n", 1)[-1]
            fitting = seen if seen in self.seen.values() else json.dumps(drawn(schema, prompt))
            text = fitting[:-1] + ",}" if broken else fitting
        elif request.get("response_format"):
            text = "I would rather not." if "NOT-JSON" in prompt else "```json\n" + json.dumps({"echo": text}) + "\n```"
        if "EMPTY" in prompt:
            text = " "
        asked_for = re.search(r"OUT-(\d+)", prompt)
        output = int(asked_for[1]) if asked_for else len(text) // 4
        usage = {"prompt_tokens": self.factor * (len(prompt) // 4), "completion_tokens": self.factor * output}
        bill = self.billed.setdefault(request["model"], [0, 0, 0])
        self.billed[request["model"]] = [
            bill[0] + 1,
            bill[1] + usage["prompt_tokens"],
            bill[2] + usage["completion_tokens"],
        ]
        return self.json(
            200,
            {
                "object": "chat.completion",
                "model": request["model"],
                "choices": [
                    {
                        "index": 0,
                        "finish_reason": "content_filter" if "FILTERED" in prompt else "stop",
                        "message": {"role": "assistant", "content": text},
                    }
                ],
                **({"usage": usage} if self.usage else {}),
            },
        )

    def stats(self) -> dict[str, Any]:
        return {
            "requests": self.requests,
            "answered": sum(self.answered.values()),
            "distinct_answered": len(self.answered),
            "answered_twice": sorted(p for p, n in self.answered.items() if n > 1),
            "asked": dict(self.asked),
            "order": self.order,
            "kinds": dict(self.kinds),
            "most_in_flight": self.most_in_flight,
            "bodies": self.bodies,
            "billed": self.billed,
        }

    @staticmethod
    def json(status: int, body: Any, headers: dict[str, str] | None = None) -> tuple[int, dict[str, str], bytes]:
        return status, {"Content-Type": "application/json", **(headers or {})}, json.dumps(body).encode()

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One kept-alive connection."""
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
                path = head[0].split(" ")[1]
                headers = {k.lower(): v.strip() for k, _, v in (line.partition(":") for line in head[1:] if line)}
                body = await reader.readexactly(int(headers.get("content-length", 0)))
                status, extra, content = await self.answer(path, headers, body)
                lines = [f"HTTP/1.1 {status} Fake", *(f"{k}: {v}" for k, v in extra.items())]
                lines += [f"Content-Length: {len(content)}", "", ""]
                writer.write("\r\n".join(lines).encode() + content)
                await writer.drain()
        with contextlib.suppress(Exception):
            writer.close()


class Client:
    """Talks to a running fake."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.base_url = f"http://127.0.0.1:{port}/v1"

    def _call(self, path: str, body: Any = None) -> Any:
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}{path}", data=None if body is None else json.dumps(body).encode()
        )
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(request, timeout=10) as reply:
            return json.load(reply)

    def stats(self) -> dict[str, Any]:
        return self._call("/stats")

    def reset(self) -> None:
        self._call("/reset", {})

    def set(self, **values: Any) -> None:
        self._call("/set", values)


@contextlib.contextmanager
def running(
    latency: float = 0.0, faults: str = "", hang: float = 5.0, retry_after: float = 0.05, port: int = 0
) -> Iterator[Client]:
    """Run the fake in a process of its own, as a context manager."""
    command = [sys.executable, str(Path(__file__).resolve()), "--port", str(port), "--latency", str(latency)]
    command += ["--faults", faults, "--hang", str(hang), "--retry-after", str(retry_after)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        yield Client(int(process.stdout.readline()))
    finally:
        process.terminate()
        process.wait(10)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--latency", type=float, default=0.0, help="seconds for an answer")
    parser.add_argument("--faults", default="", help="shares, e.g. 429=0.05,500=0.02,hang=0.01")
    parser.add_argument("--hang", type=float, default=5.0, help="seconds that a hanging answer takes")
    parser.add_argument("--retry-after", type=float, default=0.05)
    given = parser.parse_args()
    shares = {k: float(v) for k, _, v in (pair.partition("=") for pair in given.faults.split(",") if pair)}
    server = FakeModelServer(given.latency, shares, given.hang, given.retry_after)

    async def serve() -> None:
        listening = await asyncio.start_server(server.handle, "127.0.0.1", given.port, limit=2**26)
        listening.sockets[0].setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        print(listening.sockets[0].getsockname()[1], flush=True)
        await listening.serve_forever()

    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(serve())


if __name__ == "__main__":
    main()
