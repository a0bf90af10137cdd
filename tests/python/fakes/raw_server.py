"""A fake of a model server on raw sockets: it sends the given bytes, however wrong they are.

    with RawServer(lambda prompt, attempt: [reply("hello")]) as server:
        backend = OpenAIBackend(… base_url=server.base_url …)

The script gets the prompt and how often it was asked before (from 0), and gives a list of steps: bytes to send, a float to
wait (seconds), or CLOSE. After the steps the connection is kept alive, unless it was closed.
"""

from __future__ import annotations

import contextlib
import json
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

CLOSE = object()
Step = bytes | float | object
Script = Callable[[str, int], list[Step]]


def http(body: bytes, status: int = 200, headers: dict[str, str] | None = None, length: int | None = None) -> bytes:
    """A reply as bytes. ``length`` is the Content-Length, that of the body unless given."""
    lines = [f"HTTP/1.1 {status} Fake"]
    given = {"Content-Type": "application/json", "Content-Length": str(len(body) if length is None else length)}
    given |= headers or {}
    lines += [f"{name}: {value}" for name, value in given.items() if value]
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + body


def as_json(said: Any, status: int = 200, headers: dict[str, str] | None = None) -> bytes:
    """A reply with a JSON body."""
    return http(json.dumps(said).encode(), status, headers)


def completion(content: Any = "fine", finish: Any = "stop", usage: Any = None, **more: Any) -> dict[str, Any]:
    """A chat completion. ``more`` goes into the message; keys that begin with ``top_`` and ``choice_`` beside it."""
    top = {name[4:]: more.pop(name) for name in list(more) if name.startswith("top_")}
    choice = {name[7:]: more.pop(name) for name in list(more) if name.startswith("choice_")}
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "model": "fake-1",
        "choices": [
            {
                "index": 0,
                "finish_reason": finish,
                "message": {"role": "assistant", "content": content, **more},
                **choice,
            }
        ],
        "usage": {"prompt_tokens": 11, "completion_tokens": 7, "total_tokens": 18} if usage is None else usage,
        **top,
    }


class RawServer:
    """The fake, in threads of this process."""

    def __init__(self, script: Script) -> None:
        """``script`` may be exchanged between two batches."""
        self.script = script
        self.asked: Counter[str] = Counter()
        self.bodies: list[dict[str, Any]] = []
        self.heads: list[str] = []
        self.open = self.most_open = 0
        self._lock = threading.Lock()
        self._listening = socket.create_server(("127.0.0.1", 0), backlog=256)
        self.port = self._listening.getsockname()[1]
        self.base_url = f"http://127.0.0.1:{self.port}/v1"
        self._kept: set[socket.socket] = set()
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def requests(self) -> int:
        """Requests since the last reset."""
        return sum(self.asked.values())

    def reset(self) -> None:
        """Forget what was asked."""
        with self._lock:
            self.asked.clear()
            self.bodies.clear()
            self.heads.clear()

    def __enter__(self) -> RawServer:
        return self

    def __exit__(self, *_: object) -> None:
        self._listening.close()
        with self._lock:
            for kept in self._kept:
                with contextlib.suppress(OSError):
                    kept.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._listening.accept()
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                with self._lock:
                    self._kept.add(connection)
                threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with contextlib.suppress(OSError, ValueError):
            reading = connection.makefile("rb")
            while self._answer(connection, reading):
                pass
        with contextlib.suppress(OSError):
            connection.close()
        with self._lock:
            self._kept.discard(connection)

    def _answer(self, connection: socket.socket, reading: Any) -> bool:
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            line = reading.readline()
            if not line:
                return False
            head += line
        length = next(
            (int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")), 0
        )
        said = json.loads(reading.read(length))
        prompt = said["messages"][-1]["content"]
        with self._lock:
            before = self.asked[prompt]
            self.asked[prompt] += 1
            self.bodies.append(said)
            self.heads.append(head.decode("latin-1"))
        for step in self.script(prompt, before):
            if step is CLOSE:
                connection.shutdown(socket.SHUT_RDWR)
                return False
            if isinstance(step, float):
                time.sleep(step)
            else:
                connection.sendall(step)
        return True
