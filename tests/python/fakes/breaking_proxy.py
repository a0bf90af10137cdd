"""A fake network between a client and a database: it forwards bytes, and cuts the line after so many from the server."""

from __future__ import annotations

import contextlib
import socket
import threading


class BreakingProxy:
    """Listens on a port of its own and forwards to ``target``; ``break_after`` None never breaks."""

    def __init__(self, target: int, break_after: int | None = None) -> None:
        self.break_after = break_after
        self._target = target
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                server = socket.create_connection(("127.0.0.1", self._target))
                threading.Thread(target=self._forward, args=(client, server, None), daemon=True).start()
                threading.Thread(target=self._forward, args=(server, client, self.break_after), daemon=True).start()

    @staticmethod
    def _forward(source: socket.socket, sink: socket.socket, limit: int | None) -> None:
        sent = 0
        with contextlib.suppress(OSError):
            while data := source.recv(4096):
                sent += len(data)
                if limit is not None and sent > limit:
                    break
                sink.sendall(data)
        for end in (source, sink):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()

    def close(self) -> None:
        """Listen no more."""
        self._listener.close()
