"""One POST over HTTP, bounded in time and size from the first byte to the last.

The standard library's client is used, on a socket that knows when the request has to be over: every read waits for what is
left of the time, whether it is for the TLS handshake, an interim reply, a header or the body, and counts its bytes. Each
thread keeps its connection alive.
"""

from __future__ import annotations

import base64
import contextlib
import http.client
import json
import math
import select
import socket
import ssl
import threading
import time
import urllib.request
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, BinaryIO, cast
from urllib.parse import unquote, urlsplit

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

    _SocketBase = socket.socket

    class _HTTPResponse(http.client.HTTPResponse):
        # The parts of the standard library's class that its type stubs leave out.
        headers: Any
        msg: Any

        def _close_conn(self) -> None: ...

        def _read_status(self) -> tuple[str, int, str]: ...

else:
    _SocketBase, _HTTPResponse = object, http.client.HTTPResponse

_HEADERS_AT_MOST = 256 * 1024
_ERROR_AT_MOST = 64 * 1024
_CUT_AWAY = 8 * 1024
_MEMBERS_AT_MOST = 1000
_GZIP = b"\x1f\x8b"
_INTERIM_AT_MOST = 1000
_HEADER_LINES_AT_MOST = 1000


class Unreachable(Exception):
    """No connection could be made at all."""


class TooLarge(Exception):
    """The reply is larger than it may be."""


class CutShort(http.client.HTTPException):
    """The connection ended before the body did."""


@dataclass(frozen=True, slots=True)
class Reply:
    """A reply whose body has come whole.

    The names of ``headers`` are in small letters. ``encoding`` is what the body is still compressed with, if that is not
    known here.
    """

    status: int
    headers: dict[str, str]
    body: bytes
    encoding: str = ""


class _Bounded(_SocketBase):
    """What a socket needs to end in time."""

    end: float = math.inf
    received: int = 0
    most: float = math.inf
    is_set: bool = False
    """Whether the time-out is set already, so that a short reply needs one call of the system less."""

    def recv_into(self, buffer: WriteableBuffer, nbytes: int | None = 0, flags: int = 0) -> int:
        """As the socket's own, within the time and the size that are left."""
        left = self.end - time.monotonic()
        if left <= 0:
            raise TimeoutError
        if not self.is_set:
            self.settimeout(left if left < threading.TIMEOUT_MAX else None)
        self.is_set = False
        count = super().recv_into(buffer, nbytes or 0, flags)
        self.received += count
        if self.received > self.most:
            raise TooLarge
        return count


class _Socket(_Bounded, socket.socket):
    pass


class _TLSSocket(_Bounded, ssl.SSLSocket):
    pass


class _Response(_HTTPResponse):
    """Passes over every interim reply, and reads headers without the parser of e-mail, which costs as much as the rest."""

    has_more: bool = False
    """Whether bytes came after the end of the reply. They are no part of the next one."""

    def _close_conn(self) -> None:
        reader: Any = self.fp
        sock = reader.raw._sock
        sock.end = -math.inf  # nothing is waited for
        with contextlib.suppress(OSError, ValueError):
            self.has_more = self.has_more or bool(self.fp.peek(1))
        super()._close_conn()

    def begin(self) -> None:
        """Read the head of the reply: the status line and the headers, which become a mapping with small letters."""
        if self.headers is not None:
            return
        for _ in range(_INTERIM_AT_MOST):
            version, status, reason = self._read_status()
            headers = _headers(self.fp)
            if not 100 <= status < 200 or status == 101:
                break
        else:
            raise http.client.HTTPException(f"the server sent {_INTERIM_AT_MOST} interim replies")
        self.code = self.status = status
        self.reason = reason.strip()
        self.version = 10 if version in ("HTTP/1.0", "HTTP/0.9") else 11
        self.headers = self.msg = headers
        self.chunked = headers.get("transfer-encoding", "").lower().rpartition(",")[2].strip() == "chunked"
        self.chunk_left = None
        connection = headers.get("connection", "").lower()
        self.will_close = "close" in connection if self.version == 11 else "keep-alive" not in connection
        given = headers.get("content-length", "").split(",")[0].strip()
        self.length = (
            int(given) if given.isascii() and given.isdigit() and len(given) < 20 and not self.chunked else None
        )
        if status in (204, 304):
            self.length, self.chunked = 0, False
        if self.length is None and not self.chunked:
            self.will_close = True


def _headers(lines: BinaryIO) -> dict[str, str]:
    """The headers up to the empty line; the first of several with one name counts."""
    found: dict[str, str] = {}
    name = ""
    for _ in range(_HEADER_LINES_AT_MOST):
        line = lines.readline(_HEADERS_AT_MOST + 1)
        if line in (b"\r\n", b"\n"):
            return found
        if not line.endswith(b"\n"):
            raise http.client.HTTPException("the headers end too early")
        text = line.decode("latin-1").rstrip("\r\n")
        if text[:1] in (" ", "\t") and name:
            found[name] += " " + text.strip()
            continue
        name, colon, value = text.partition(":")
        name = name.strip().lower()
        if colon and name not in found:
            found[name] = value.strip()
    raise http.client.HTTPException("the server sent too many headers")


class Transport:
    """Sends requests to one address. Thread safe; ``timeout`` (seconds) bounds a whole request, ``most`` (bytes) a body."""

    def __init__(self, base_url: str, path: str, timeout: float, connect_timeout: float, most: int) -> None:
        """Nothing is connected before the first request. ``path`` follows that of ``base_url``."""
        parts = urlsplit(base_url)
        self._secure = parts.scheme == "https"
        self._host = parts.hostname or ""
        self._port = parts.port or (443 if self._secure else 80)
        query = f"?{parts.query}" if parts.query else ""
        self._path = parts.path.rstrip("/") + path + query
        self._netloc = parts.netloc.rpartition("@")[2]
        self.origin = f"{parts.scheme}://{self._netloc}"
        self._timeout, self._connect_timeout, self._most = timeout, connect_timeout, most
        self._local = threading.local()
        self._proxy = self._find_proxy(parts.scheme)
        self._tls = ssl.create_default_context() if self._secure else None
        if self._tls:
            self._tls.sslsocket_class = _TLSSocket

    @property
    def secrets(self) -> list[str]:
        """What must not appear anywhere: the credentials of the proxy."""
        if not self._proxy or not self._proxy[2]:
            return []
        coded = self._proxy[2]["Proxy-Authorization"].removeprefix("Basic ")
        return [coded, base64.b64decode(coded).decode()]

    def post(self, body: bytes, headers: dict[str, str]) -> Reply:
        """The reply to one POST.

        Raises:
            Unreachable: there is no connection.
            TimeoutError: the time was over before the reply was whole.
            TooLarge: the reply is larger than it may be.
            OSError, HTTPException: the connection broke, or what came is not HTTP.
        """
        end = time.monotonic() + self._timeout
        connection = self._connection()
        try:
            if connection.sock is None:
                self._connect(connection, end)
            sock = cast(_Bounded, connection.sock)
            sock.end, sock.received, sock.most = end, 0, self._most + _HEADERS_AT_MOST
            left = end - time.monotonic()
            if left <= 0:
                raise TimeoutError
            sock.settimeout(left)
            # The head and the body in one piece: one packet where there is room for both.
            sock.sendall(self._head(len(body), headers) + body)
            sock.is_set = True
            response = _Response(sock, method="POST")
            response.begin()
            return self._read(response)
        except BaseException:
            self._drop()
            raise

    def _head(self, length: int, headers: dict[str, str]) -> bytes:
        lines = [
            f"POST {self._target()} HTTP/1.1",
            f"Host: {self._netloc}",
            "Accept-Encoding: identity",
            f"Content-Length: {length}",
            *(f"{name}: {value}" for name, value in headers.items()),
        ]
        if self._proxy and not self._secure:
            lines += [f"{name}: {value}" for name, value in self._proxy[2].items()]
        return "\r\n".join([*lines, "", ""]).encode("latin-1")

    def _read(self, response: _Response) -> Reply:
        is_error = response.status >= 300
        received, size = [], 0
        while block := response.read1(65536):
            received.append(block)
            size += len(block)
            if size > self._most:
                raise TooLarge
            if is_error and size >= _ERROR_AT_MOST:
                self._drop()  # an error needs no more words than these
                # The end of what was cut could be a part of a secret, which no pattern would recognise.
                whole = b"".join(received)[:-_CUT_AWAY]
                return _decoded(Reply(response.status, response.headers, whole), self._most)
        if response.length:
            raise CutShort(f"{response.length} bytes of the body did not come")
        closing = response.will_close
        response.close()  # read1 does not notice the end of a body of known length
        if closing or response.has_more:
            self._drop()
        return _decoded(Reply(response.status, response.headers, b"".join(received)), self._most)

    def _connect(self, connection: http.client.HTTPConnection, end: float) -> None:
        limit = min(end, time.monotonic() + self._connect_timeout)

        def dial(address: tuple[str, int], *_: object, **__: object) -> socket.socket:
            return _dial(address, limit)

        unchecked: Any = connection  # the attribute is not in the type stubs
        unchecked._create_connection = dial
        try:
            connection.connect()
        except ssl.SSLError as error:
            raise Unreachable(error.reason or "TLS failed") from None
        except TimeoutError:
            raise Unreachable(f"no connection within {self._connect_timeout:g} s") from None
        except (OSError, http.client.HTTPException) as error:
            raise Unreachable(getattr(error, "strerror", None) or str(error) or type(error).__name__) from None
        except UnicodeError:
            raise Unreachable("the host's name is not valid") from None

    def _connection(self) -> http.client.HTTPConnection:
        """The thread's connection, a new one when the server has closed it while it was idle.

        A request is never sent twice in silence: what fails after it was sent may have been read, and may be billed.
        """
        kept: http.client.HTTPConnection | None = getattr(self._local, "connection", None)
        if kept is not None and kept.sock is not None and not _has_news(kept.sock):
            return kept
        self._drop()
        host, port = self._proxy[:2] if self._proxy else (self._host, self._port)
        if self._secure:
            made: http.client.HTTPConnection = http.client.HTTPSConnection(host, port, context=self._tls)
            if self._proxy:
                made.set_tunnel(self._host, self._port, headers=self._proxy[2])
        else:
            made = http.client.HTTPConnection(host, port)
        self._local.connection = made
        return made

    def _drop(self) -> None:
        kept = getattr(self._local, "connection", None)
        self._local.connection = None
        if kept is not None:
            kept.close()

    def _target(self) -> str:
        if not self._proxy or self._secure:
            return self._path
        return f"{self.origin}{self._path}"

    def _find_proxy(self, scheme: str) -> tuple[str, int, dict[str, str]] | None:
        if self._host in ("localhost", "127.0.0.1", "::1") or urllib.request.proxy_bypass(self._host):
            return None
        address = urllib.request.getproxies().get(scheme)
        if not address:
            return None
        parts = urlsplit(address if "://" in address else f"http://{address}")
        headers = {}
        if parts.username:
            pair = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
            headers["Proxy-Authorization"] = "Basic " + base64.b64encode(pair.encode()).decode()
        return parts.hostname or "", parts.port or 8080, headers


def _has_news(sock: socket.socket) -> bool:
    """Whether something can be read although nothing was asked: the end of the connection, most of the time."""
    if not hasattr(select, "poll"):
        return bool(select.select([sock], [], [], 0)[0])
    poll = select.poll()
    poll.register(sock, select.POLLIN)
    return bool(poll.poll(0))


def _dial(address: tuple[str, int], limit: float) -> socket.socket:
    """A connection to the first address of the host that answers; ``limit`` bounds all attempts together."""
    problem: OSError = OSError("the host has no address")
    for family, kind, protocol, _, place in socket.getaddrinfo(*address, 0, socket.SOCK_STREAM):
        left = limit - time.monotonic()
        if left <= 0:
            raise TimeoutError
        sock = _Socket(family, kind, protocol)
        try:
            sock.settimeout(left)
            sock.connect(place)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            # What follows (a proxy's greeting, the TLS handshake) has what is left.
            sock.settimeout(max(limit - time.monotonic(), 0.001))
            sock.end, sock.most = limit, _HEADERS_AT_MOST
            return sock
        except OSError as error:
            sock.close()
            problem = error
    raise problem


def _decoded(reply: Reply, most: int) -> Reply:
    """The reply with its body decompressed; a server may compress although it was asked for plain text."""
    body = reply.body
    # JSON never begins as gzip does.
    coded = (reply.headers.get("content-encoding") or ("gzip" if body[:2] == _GZIP else "")).lower().replace("x-", "")
    for name in reversed([part.strip() for part in coded.split(",")]):
        if name in ("", "identity", "none", "utf-8") or not body:
            continue
        if name not in ("gzip", "deflate") or not (plain := _inflated(body, most)):
            # What is named but not used: the body is plain.
            return reply if _is_json(body) else Reply(reply.status, reply.headers, body, name)
        body = plain
    return Reply(reply.status, reply.headers, body)


def _is_json(body: bytes) -> bool:
    try:
        json.loads(body)
    except (ValueError, RecursionError):
        return False
    return True


def _inflated(body: bytes, most: int) -> bytes:
    """Gzip (one member or several), zlib or bare deflate; empty when it is none of them.

    Raises:
        TooLarge: it grows beyond ``most`` bytes.
        CutShort: it ends too early, or is damaged.
    """
    for bits in (47, -15):
        parts: list[bytes] = []
        size, rest = 0, body
        while rest:
            if len(parts) >= _MEMBERS_AT_MOST:
                raise CutShort("the compressed body has too many members")
            machine = zlib.decompressobj(bits)
            try:
                plain = machine.decompress(rest, most + 1 - size)
            except zlib.error as error:
                if parts and not rest.startswith(_GZIP):
                    break  # padding after the last member
                if rest.startswith(_GZIP):
                    raise CutShort(f"the compressed body is damaged: {error}") from None
                parts = []
                break
            parts.append(plain)
            size += len(plain)
            if size > most:
                raise TooLarge
            if not machine.eof:
                raise CutShort("the compressed body ends too early")
            rest = machine.unused_data
        if parts:
            return b"".join(parts)
    return b""
