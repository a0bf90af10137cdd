"""A password is sent to no server that offers no TLS, unless somebody switched that off by name."""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Iterator

import pytest

from lakeweave.databases.connection import Connection, address
from lakeweave.databases.tls import is_local
from lakeweave.errors import UserError
from lakeweave.spark.databases import jdbc

SECRET = "mark-password"
# Not a loopback address by its name, and yet this machine.
HOST = "0.0.0.0"
KINDS = ["postgresql", "mysql", "sqlserver"]


class FakeServer:
    """Says that it has no TLS, as each protocol says it, and keeps every byte that it gets."""

    def __init__(self, kind: str) -> None:
        self.kind, self.got = kind, b""
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            threading.Thread(target=self._talk, args=(connection,), daemon=True).start()

    def _talk(self, connection: socket.socket) -> None:
        connection.settimeout(5)
        try:
            if self.kind == "mysql":
                # Protocol 10 without CLIENT_SSL (0x0800): https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_connection_phase.html
                abilities = 0x00_0F_F7_FF & ~0x0800 | 0x0008_0000
                words = (
                    b"\x0a8.0.0\0" + struct.pack("<I", 1) + b"12345678\0" + struct.pack("<H", abilities & 0xFFFF) + b"\x21\x02\x00"
                    + struct.pack("<HB", abilities >> 16, 21) + b"\0" * 10 + b"123456789012\0" + b"mysql_clear_password\0"
                )  # fmt: skip
                connection.sendall(struct.pack("<I", len(words))[:3] + b"\0" + words)
            while part := connection.recv(4096):
                self.got += part
                if self.kind == "postgresql" and len(part) == 8:
                    # SSLRequest and GSSENCRequest: https://www.postgresql.org/docs/current/protocol-flow.html
                    connection.sendall(b"N")
                elif self.kind == "postgresql":
                    # AuthenticationCleartextPassword
                    connection.sendall(b"R" + struct.pack("!II", 8, 3))
                elif self.kind == "sqlserver":
                    # PRELOGIN with ENCRYPT_NOT_SUP
                    options = b"\x00\x00\x0b\x00\x06\x01\x00\x11\x00\x01\xff"
                    body = options + b"\x0f\x00\x07\xd0\x00\x00" + b"\x02"
                    connection.sendall(struct.pack("!BBHHBB", 4, 1, 8 + len(body), 0, 1, 0) + body)
        except OSError:
            return
        finally:
            connection.close()

    def heard_the_password(self) -> bool:
        hidden = bytes(((b << 4 | b >> 4) & 0xFF) ^ 0xA5 for b in SECRET.encode("utf-16-le"))
        return SECRET.encode() in self.got or hidden in self.got

    def close(self) -> None:
        self._socket.close()


@pytest.fixture
def server(request: pytest.FixtureRequest) -> Iterator[FakeServer]:
    made = FakeServer(request.param)
    yield made
    made.close()


def environment(url: str) -> dict[str, str]:
    return {"LAKEWEAVE_SHOP_URL": url, "LAKEWEAVE_SHOP_USER": "reader", "LAKEWEAVE_SHOP_PASSWORD": SECRET}


@pytest.mark.parametrize("mode", ["", "?sslmode=require", "?sslmode=verify-ca", "?sslmode=verify-full"])
@pytest.mark.parametrize("server", KINDS, indirect=True)
def test_no_password_is_sent_to_a_server_without_tls(server: FakeServer, mode: str) -> None:
    where = address("shop", None, "", environment(f"{server.kind}://{HOST}:{server.port}/sales{mode}"))
    with pytest.raises(UserError) as told:
        Connection(where)
    assert server.got or server.kind == "mysql", "no client spoke to the server, so this proves nothing"
    assert not server.heard_the_password()
    if server.kind == "mysql":
        assert server.got == b""
    assert "encrypted connection" in str(told.value)
    assert "sslmode=disable" in str(told.value)
    assert SECRET not in str(told.value)


@pytest.mark.parametrize("server", KINDS, indirect=True)
def test_a_password_is_sent_without_tls_if_the_url_allows_it(server: FakeServer) -> None:
    """The other way round: the fake would have heard the password."""
    where = address("shop", None, "", environment(f"{server.kind}://{HOST}:{server.port}/sales?sslmode=disable"))
    with pytest.raises(UserError):
        Connection(where)
    assert server.heard_the_password() or (server.kind == "mysql" and b"reader" in server.got)


@pytest.mark.parametrize("server", KINDS, indirect=True)
def test_a_local_server_can_be_set_to_encrypt(server: FakeServer) -> None:
    where = address("shop", None, "", environment(f"{server.kind}://127.0.0.1:{server.port}/sales?sslmode=require"))
    with pytest.raises(UserError):
        Connection(where)
    assert not server.heard_the_password()


@pytest.mark.parametrize(
    ("host", "local"),
    [
        ("localhost", True), ("LOCALHOST", True), ("127.0.0.1", True), ("127.8.9.1", True), ("::1", True), ("/var/run/postgresql", True),
        ("::ffff:127.0.0.1", True), ("0.0.0.0", False), ("localhost.example.com", False), ("127.0.0.1.example.com", False),
        ("10.0.0.1", False), ("192.168.1.2", False), ("db", False), ("2130706433", False), ("::", False), ("", False),
    ],
)  # fmt: skip
def test_local_addresses(host: str, local: bool) -> None:
    assert is_local(host) is local


@pytest.mark.parametrize(
    ("rest", "word"),
    [
        ("/db?sslmode=prefer", "sslmode=prefer"), ("/db?sslmode=allow", "sslmode=allow"), ("/db?sslmode=", "sslmode="),
        ("/db?ssl=true", "`ssl`"), ("/db?options=-c%20x", "`options`"), ("/db?host=other", "`host`"), ("/db#x", "after `#`"),
        ("/db?sslmode=require&sslmode=disable", "twice"), ("/db?sslmode=verify-full&sslrootcert=/none.pem", "is no file"),
        ("/db;encrypt=false", "begins another part"), ("/db/other", "begins another part"), ("/db%3Fsslmode=disable", "begins another part"),
        ("/db?pwd=x", "holds a password"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("kind", KINDS)
def test_unknown_parts_of_a_url_are_refused_by_name(kind: str, rest: str, word: str) -> None:
    with pytest.raises(UserError) as told:
        address("shop", None, "", environment(f"{kind}://db.example.com{rest}"))
    assert word in str(told.value)


@pytest.mark.parametrize(
    "host", ["db;encrypt=false", "127.0.0.1,db.example.com", "localhost%20host=db", "127.0.0.1\\db", "db&x", "db{"]
)
@pytest.mark.parametrize("kind", KINDS)
def test_a_host_is_a_host_and_nothing_else(kind: str, host: str) -> None:
    with pytest.raises(UserError, match="in the name of the host"):
        address("shop", None, "", environment(f"{kind}://{host}/db"))
    assert address("shop", None, "", environment(f"{kind}://[::1]/db")).host == "::1"


def test_a_port_that_is_none_is_a_sentence() -> None:
    with pytest.raises(UserError, match="is no URL"):
        address("shop", None, "", environment("postgresql://host:99999999/db"))
    with pytest.raises(UserError, match="sqlite:path alone"):
        address("shop", None, "", environment("sqlite:a.db?mode=rwc"))


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("postgresql://db/s", "jdbc:postgresql://db:5432/s?sslmode=require"),
        ("postgresql://db/s?sslmode=verify-full", "jdbc:postgresql://db:5432/s?sslmode=verify-full"),
        ("postgresql://127.0.0.1/s", "jdbc:postgresql://127.0.0.1:5432/s"),
        ("mysql://db/s", "jdbc:mysql://db:3306/s?sslMode=REQUIRED"),
        ("mysql://db/s?sslmode=verify-full", "jdbc:mysql://db:3306/s?sslMode=VERIFY_IDENTITY"),
        ("sqlserver://db/s", "jdbc:sqlserver://db:1433;databaseName=s;encrypt=true"),
        ("sqlserver://db/s?sslmode=disable", "jdbc:sqlserver://db:1433;databaseName=s;encrypt=false"),
    ],
)
def test_jdbc_has_the_same_settings(url: str, expected: str) -> None:
    assert jdbc(address("shop", None, "", environment(url))) == expected
