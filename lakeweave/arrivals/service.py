"""The HTTP service: ``POST /`` takes events, ``GET /health`` says that it lives.

The service responds after the event is on disk, so after a 200 the sender need not send it again. An event from a trusted
sender that can never be accepted is kept as a dead letter. Its response is 200 too, because a repeat would fail again. The
response 503 is for errors that may pass: keys that cannot be fetched, a full disk.

Waitress serves: it reads a whole request before a thread is given to it, and bounds its size and the connections.
"""

from __future__ import annotations

import json
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any

from waitress import wasyncore
from waitress.server import create_server

from lakeweave.arrivals.builder import Builder
from lakeweave.arrivals.events import EventVerifier, read
from lakeweave.arrivals.sources import Sources
from lakeweave.errors import MalformedError, RefusedError
from lakeweave.printable import printable

if TYPE_CHECKING:

    class HTTPChannel:
        """Waitress has no type stubs. These are the members that are used here."""

        request: object | None

        def received(self, data: bytes) -> bool:
            """Read bytes of a request."""

        def handle_close(self) -> None:
            """Close the connection."""

else:
    from waitress.channel import HTTPChannel

LARGEST = 1 << 20
"""Bytes of an event."""
LARGEST_HEADERS = 1 << 16
CONNECTIONS = 200
THREADS = 8
IDLE_AT_MOST = 30
"""Seconds of silence after which a connection is closed."""
REQUEST_AT_MOST = 30.0
"""Seconds that a request may take to arrive, however steadily it drips."""

_REASONS = {200: "OK", 400: "Bad Request", 401: "Unauthorized", 403: "Forbidden", 404: "Not Found", 405: "Method Not Allowed",
            413: "Content Too Large", 503: "Service Unavailable"}  # fmt: skip


class Channel(HTTPChannel):
    """A connection whose requests arrive within :data:`REQUEST_AT_MOST` seconds."""

    _began: float | None = None

    def received(self, data: bytes) -> bool:
        """Take in bytes, unless the request has been arriving for too long."""
        if self._began is None:
            self._began = time.monotonic()
        elif time.monotonic() - self._began > REQUEST_AT_MOST:
            self.handle_close()
            return False
        taken = super().received(data)
        if self.request is None:
            self._began = None
        return taken


class Application:
    """The WSGI application over a queue."""

    def __init__(self, builder: Builder, sources: Sources, verifier: EventVerifier) -> None:
        self.builder, self.sources, self.verifier = builder, sources, verifier

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Answer one request."""
        try:
            status, said = self._answer(environ)
        except Exception as error:
            # Not stored, so the response requests another delivery.
            print(f"arrivals: {type(error).__name__}: {printable(error)}", file=sys.stderr, flush=True)
            status, said = 503, {"reason": "the event could not be kept; send it again"}
        body = json.dumps(said).encode()
        headers = [("Content-Type", "application/json"), ("Content-Length", str(len(body)))]
        start_response(f"{status} {_REASONS[status]}", headers)
        return [body]

    def _answer(self, environ: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        method, path = environ["REQUEST_METHOD"], environ.get("PATH_INFO", "/")
        if method == "GET" and path.rstrip("/") == "/health":
            # What the builder counted last: no lock of the queue is taken, however many ask.
            return 200, {"status": "ok", "arrivals": self.builder.counted}
        if method == "GET":
            return 404, {"reason": "there is GET /health and POST /"}
        if method != "POST":
            return 405, {"reason": "there is GET /health and POST /"}
        body = environ["wsgi.input"].read(LARGEST + 1)
        if not 0 < len(body) <= LARGEST:
            return 413 if body else 400, {"reason": f"an event has between 1 and {LARGEST} bytes"}
        headers = {
            name[5:].replace("_", "-").lower(): value for name, value in environ.items() if name.startswith("HTTP_")
        }
        return self._taken(headers, body)

    def _taken(self, headers: dict[str, str], body: bytes) -> tuple[int, dict[str, Any]]:
        try:
            arrivals = read(headers, body, self.verifier)
        except MalformedError as error:
            self.builder.queue.bury(body.decode("utf-8", "backslashreplace"), str(error))
            print(f"arrivals: kept as a dead letter: {printable(error)}", file=sys.stderr, flush=True)
            return 200, {"arrived": 0, "dead_letter": True, "reason": printable(error)}
        except RefusedError as refused:
            print(f"arrivals: refused ({refused.status}): {printable(refused)}", file=sys.stderr, flush=True)
            return refused.status, {"reason": printable(refused)}
        ours = [(source, each) for each in arrivals if (source := self.sources.of(each))]
        new = self.builder.queue.put(ours) if ours else 0
        return 200, {"arrived": len(arrivals), "ours": len(ours), "new": new}


class Server:
    """Waitress over an :class:`Application`."""

    def __init__(self, address: tuple[str, int], builder: Builder, sources: Sources, verifier: EventVerifier) -> None:
        """Listen on ``address``; port 0 takes a free one.

        Raises:
            OSError: the address is taken.
        """
        self._map: dict[int, Any] = {}
        self._server = create_server(
            Application(builder, sources, verifier),
            map=self._map,
            host=address[0],
            port=address[1],
            threads=THREADS,
            backlog=256,
            connection_limit=CONNECTIONS,
            channel_timeout=IDLE_AT_MOST,
            cleanup_interval=5,
            max_request_body_size=LARGEST,
            max_request_header_size=LARGEST_HEADERS,
            clear_untrusted_proxy_headers=True,
            ident=None,
        )
        self._server.channel_class = Channel
        self._stop = threading.Event()
        self._ended = threading.Event()
        self.server_port = int(self._server.effective_port)

    def steps(self) -> Iterator[None]:
        """Serve, and give control back several times a second, until :meth:`shutdown`."""
        try:
            while not self._stop.is_set():
                wasyncore.loop(timeout=0.2, use_poll=True, map=self._map, count=1)
                yield
        finally:
            self._server.task_dispatcher.shutdown()
            self._ended.set()

    def serve_forever(self) -> None:
        """Serve until :meth:`shutdown`."""
        for _ in self.steps():
            pass

    def shutdown(self) -> None:
        """Serve no more."""
        self._stop.set()

    def server_close(self) -> None:
        """Give the port back."""
        self._ended.wait(5)
        self._server.close()


def serve(address: tuple[str, int], builder: Builder, sources: Sources, verifier: EventVerifier) -> int:
    """Serve and build until SIGTERM or SIGINT. A running build is finished first.

    Gives 0, or 1 if the builder ended by itself: a service that takes in events and builds none would be worse than none.
    """
    stop = threading.Event()
    worker = threading.Thread(target=builder.run, args=(stop,))
    server = Server(address, builder, sources, verifier)
    for each in (signal.SIGTERM, signal.SIGINT):
        signal.signal(each, lambda *_: stop.set())
    worker.start()
    print(f"arrivals: listening on {address[0]}:{server.server_port} for {len(sources.folders)} folders", flush=True)
    died = False
    for _ in server.steps():
        died = not worker.is_alive() and not stop.is_set()
        if stop.is_set() or died:
            server.shutdown()
    stop.set()
    server.server_close()
    worker.join()
    if died:
        print("arrivals: the builder has ended, so the service ends too", file=sys.stderr, flush=True)
    return 1 if died else 0
