"""The HTTP service: ``POST /`` takes events, ``GET /health`` says how the queue is. An event is on disk before it is answered."""

from __future__ import annotations

import json
import signal
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from lakeweave.arrivals.builder import Builder
from lakeweave.arrivals.events import RefusedError, Trust, read
from lakeweave.arrivals.sources import Sources

LARGEST = 1 << 20


class Server(ThreadingHTTPServer):
    """A server that knows the queue, the sources and whom to trust."""

    daemon_threads = True
    request_queue_size = 256

    def __init__(self, address: tuple[str, int], builder: Builder, sources: Sources, trust: Trust) -> None:
        super().__init__(address, Handler)
        self.builder, self.sources, self.trust = builder, sources, trust


class Handler(BaseHTTPRequestHandler):
    """One request."""

    server: Server
    protocol_version = "HTTP/1.1"
    timeout = 30

    def _answer(self, status: int, said: dict[str, Any]) -> None:
        body = json.dumps(said).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self) -> None:
        """Health, for a load balancer."""
        if self.path.rstrip("/") == "/health":
            self._answer(200, {"status": "ok", "arrivals": self.server.builder.queue.counts()})
        else:
            self._answer(404, {"reason": "there is GET /health and POST /"})

    def do_POST(self) -> None:
        """An event."""
        try:
            size = int(self.headers.get("Content-Length") or 0)
        except ValueError:
            size = -1
        if not 0 < size <= LARGEST:
            self.close_connection = True
            self._answer(413 if size > LARGEST else 400, {"reason": f"an event has between 1 and {LARGEST} bytes"})
            return
        body = self.rfile.read(size)
        try:
            arrivals = read(dict(self.headers.items()), body, self.server.trust)
            ours = [(source, each) for each in arrivals if (source := self.server.sources.of(each))]
            new = self.server.builder.queue.put(ours) if ours else 0
        except RefusedError as refused:
            print(f"arrivals: refused ({refused.status}): {refused}", file=sys.stderr, flush=True)
            self._answer(refused.status, {"reason": str(refused)})
        except Exception as error:
            # Not taken in, so the sender is told to send it again.
            print(f"arrivals: {type(error).__name__}: {error}", file=sys.stderr, flush=True)
            self._answer(503, {"reason": "the event could not be kept; send it again"})
        else:
            self._answer(200, {"arrived": len(arrivals), "ours": len(ours), "new": new})

    def log_message(self, format: str, *args: Any) -> None:
        """Quiet: what matters is printed where it happens."""


def serve(address: tuple[str, int], builder: Builder, sources: Sources, trust: Trust) -> None:
    """Serve and build until the process is told to end; a build that is under way is finished."""
    stop = threading.Event()
    worker = threading.Thread(target=builder.run, args=(stop,))
    server = Server(address, builder, sources, trust)

    def end(*_: Any) -> None:
        stop.set()
        threading.Thread(target=server.shutdown).start()

    for each in (signal.SIGTERM, signal.SIGINT):
        signal.signal(each, end)
    worker.start()
    print(f"arrivals: listening on {address[0]}:{server.server_port} for {len(sources.folders)} folders", flush=True)
    server.serve_forever()
    server.server_close()
    worker.join()
