"""A PostgreSQL server of the operating system's packages, started for a test in a folder of its own."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterable
from pathlib import Path

from demo.landing.grocery import Row

ADMINISTRATOR, READER, PASSWORD = "shop_admin", "lakeweave_reader", "correct horse's \\ battery"
DATABASE = "shop"


def programs() -> Path | None:
    """The folder with `initdb` and `pg_ctl`; None where PostgreSQL is not installed."""
    found = shutil.which("initdb")
    if found:
        return Path(found).resolve().parent
    versions = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    return versions[-1].parent if versions else None


def absent() -> str | None:
    """What is missing to start a server here; None when nothing is."""
    if programs() is None:
        return "PostgreSQL is not installed: make environment-database (apt-get install postgresql)"
    if os.getuid() == 0:
        try:
            pwd.getpwnam("postgres")
        except KeyError:
            return "there is no user `postgres`, and PostgreSQL does not run as root"
    return None


class Server:
    """A server on a free port; `query` speaks to it as its administrator."""

    def __init__(self) -> None:
        # Not in pytest's folder: that is root's alone where root runs the tests, and the server does not run as root.
        self.folder = folder = Path(tempfile.mkdtemp(prefix="lakeweave-postgres-"))
        self._user = "postgres" if os.getuid() == 0 else None
        if self._user:
            shutil.chown(folder, self._user)
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        word = folder / "password.txt"
        word.write_text(PASSWORD)
        if self._user:
            shutil.chown(word, self._user)
        authentication = ["--auth=scram-sha-256", f"--pwfile={word}", "--username", ADMINISTRATOR]
        self._run("initdb", "-D", str(folder / "data"), "--encoding=UTF8", "--no-sync", *authentication)
        options = f"-p {self.port} -c listen_addresses=127.0.0.1 -c unix_socket_directories='' -c fsync=off"
        self._run("pg_ctl", "-D", str(folder / "data"), "-w", "-l", str(folder / "log"), "-o", options, "start")
        self.execute(f"create database {DATABASE}", database="postgres")
        self.execute(f"create role {READER} login password '{PASSWORD.replace(chr(39), chr(39) * 2)}'")

    def _run(self, program: str, *arguments: str) -> None:
        folder = programs()
        assert folder is not None
        subprocess.run(
            [str(folder / program), *arguments], user=self._user, cwd=self.folder, check=True, stdout=subprocess.DEVNULL
        )

    def stop(self) -> None:
        """Stop it at once."""
        self._run("pg_ctl", "-D", str(self.folder / "data"), "-m", "immediate", "stop")
        shutil.rmtree(self.folder, ignore_errors=True)

    def execute(self, *statements: str, database: str = DATABASE) -> None:
        """Statements of the administrator, each committed."""
        from adbc_driver_postgresql import dbapi

        secret = PASSWORD.replace("\\", "\\\\").replace("'", "\\'")
        uri = f"host=127.0.0.1 port={self.port} dbname={database} user={ADMINISTRATOR} password='{secret}'"
        with dbapi.connect(uri, autocommit=True) as connection, connection.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)

    def fill(self, rows: Iterable[Row]) -> None:
        """The grocer's table with these rows and no other."""
        values = []
        for row in rows:
            number, member, date, name, updated = row.values()
            quoted = name.replace("'", "''").replace("\r", "' || chr(13) || '")
            values.append(f"({number}, {member}, '{date}', '{quoted}', timestamp '{updated}')")
        self.execute(
            'drop table if exists "Transactions" cascade',
            'create table "Transactions" (id bigint primary key, "Member_number" integer not null, "Date" varchar(10),'
            ' "itemDescription" varchar(100), updated_at timestamp not null)',
            *(
                f'insert into "Transactions" values {", ".join(values[i : i + 5000])}'
                for i in range(0, len(values), 5000)
            ),
            f'grant select on "Transactions" to {READER}',
        )

    def environment(self, port: int | None = None) -> dict[str, str]:
        """What a build needs to know to read it."""
        return {
            "LAKEWEAVE_GROCERY_URL": f"postgresql://127.0.0.1:{port or self.port}/{DATABASE}",
            "LAKEWEAVE_GROCERY_USER": READER,
            "LAKEWEAVE_GROCERY_PASSWORD": PASSWORD,
        }
