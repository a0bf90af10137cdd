"""When a connection must be encrypted, and what a database's URL may say about it."""

from __future__ import annotations

import ipaddress
import ssl
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import parse_qsl

MODES = ("verify-full", "verify-ca", "require", "disable")
"""What ``sslmode`` may be, after PostgreSQL: the strictest first."""
KNOWN = ("sslmode", "sslrootcert")


def is_local(host: str) -> bool:
    """Whether packets to ``host`` stay on this machine: ``localhost``, a loopback address, the path of a socket.

    Only the name that is written counts. Any other name is not local, whatever it is resolved to.
    """
    if host.lower() == "localhost" or host.startswith("/"):
        return True
    try:
        address = ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    return (mapped or address).is_loopback


def read_query(query: str, fragment: str, host: str) -> tuple[str, str, list[str]]:
    """``sslmode``, ``sslrootcert`` and the problems of what follows the path of a URL.

    Without ``sslmode`` it is ``require`` for a host that is not local, and empty (as the driver likes) for one that is.
    """
    problems, said = [], {}
    if fragment:
        problems.append("has a part after `#`, which has no meaning here")
    for name, value in parse_qsl(query, keep_blank_values=True):
        if name not in KNOWN:
            problems.append(f"has `{name}`, which is not known; known are {', '.join(KNOWN)}")
        elif name in said:
            problems.append(f"has `{name}` twice")
        said[name] = value
    mode = said.get("sslmode", "" if is_local(host) else "require")
    if "sslmode" in said and mode not in MODES:
        problems.append(
            f"has `sslmode={mode}`; expected one of {', '.join(MODES)}. `allow` and `prefer` would send the "
            "password to a server that offers no TLS"
        )
    root = said.get("sslrootcert", "")
    if "sslrootcert" in said and not Path(root).is_file():
        problems.append(f"has `sslrootcert={root}`, which is no file")
    if root and mode in ("", "require", "disable"):
        problems.append("has `sslrootcert` without `sslmode=verify-ca` or `verify-full`")
    return mode, root, problems


def authorities(root: str) -> str:
    """The file of certificates that are trusted: ``root``, else those of this machine."""
    if root:
        return root
    found = ssl.get_default_verify_paths().cafile
    if found and Path(found).is_file():
        return found
    import certifi

    return certifi.where()


def options(kind: str, mode: str, root: str) -> Mapping[str, object]:
    """The TLS parameters of a driver."""
    if not mode:
        return {}
    if kind == "postgresql":
        # `system`: those of this machine. https://www.postgresql.org/docs/current/libpq-ssl.html
        verified = {"sslrootcert": root or "system"} if mode == "verify-full" else {"sslrootcert": authorities(root)}
        return {"sslmode": mode} | (verified if mode.startswith("verify") else {})
    if kind == "mysql":
        # Given at all, it is required: https://pymysql.readthedocs.io/en/latest/modules/connections.html
        if mode == "disable":
            return {"ssl_disabled": True}
        if mode == "require":
            return {"ssl": {"verify_mode": "none", "check_hostname": False}}
        return {"ssl": {"ca": authorities(root), "verify_mode": "required", "check_hostname": mode == "verify-full"}}
    # python-tds verifies the certificate wherever it encrypts: https://python-tds.readthedocs.io/en/latest/pytds.html
    return {} if mode == "disable" else {"cafile": authorities(root), "validate_host": mode == "verify-full"}


def jdbc_options(kind: str, mode: str, root: str) -> Mapping[str, str]:
    """The same for the drivers of JDBC.

    https://jdbc.postgresql.org/documentation/ssl/
    https://dev.mysql.com/doc/connectors/en/connector-j-connp-props-security.html
    https://learn.microsoft.com/en-us/sql/connect/jdbc/setting-the-connection-properties
    """
    if kind == "sqlserver":
        if mode == "disable":
            return {"encrypt": "false"}
        return {"encrypt": "true"} | ({"trustServerCertificate": "false"} if mode.startswith("verify") else {})
    if not mode:
        return {}
    if kind == "postgresql":
        return {"sslmode": mode} | ({"sslrootcert": root} if root else {})
    names = {"verify-full": "VERIFY_IDENTITY", "verify-ca": "VERIFY_CA", "require": "REQUIRED", "disable": "DISABLED"}
    return {"sslMode": names[mode]}
