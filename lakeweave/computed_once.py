"""What a version of a relation depends on outside of the warehouse: installed code, and what a Python model reads.

The SQL functions are called by the macros in ``macros/computed_once``.
"""

from __future__ import annotations

import ast
import contextlib
import functools
import hashlib
import importlib.metadata
import json
import os
import struct
from pathlib import Path

import duckdb

from lakeweave.sqlfunctions import replace_function

PACKAGES = (
    *("dbt-core", "dbt-adapters", "dbt-duckdb", "duckdb", "dbt-spark", "pyspark"),
    *("narwhals", "numpy", "pandas", "polars", "pyarrow", "scikit-learn", "scipy"),
)
"""Packages whose release may change a result."""
MODULES = {
    *(
        "__future__",
        "bisect",
        "collections",
        "dataclasses",
        "datetime",
        "decimal",
        "enum",
        "fractions",
        "functools",
        "heapq",
    ),
    *("itertools", "json", "math", "operator", "re", "statistics", "string", "typing", "unicodedata"),
    *("narwhals", "numpy", "pandas", "polars", "pyarrow", "scipy", "sklearn"),
}
"""What a Python model may import and still be skipped."""
CLOCKS = {"now", "utcnow", "today", "time", "time_ns", "perf_counter", "monotonic", "environ", "getenv"}
OUTSIDE = {"open", "eval", "exec", "compile", "input", "__import__", "globals", "vars", "getattr"}
CHANCE = {"random", "rand", "randn", "randint", "choice", "shuffle", "permutation", "sample", "seed"}
HEADER_BYTES = 4096
"""Size of each of the three headers of a DuckDB file."""
LEFT_OUT = {"feed", "arrivals"}
"""Folders of this package with nothing that a statement calls."""


def register(conn: duckdb.DuckDBPyConnection) -> None:
    """Register the SQL functions on ``conn``."""
    for name, function in (("lakeweave_environment", _environment), ("lakeweave_python_reads", _python_reads)):
        replace_function(conn, name, function, ["VARCHAR"], "VARCHAR", {"side_effects": True})
    settings = {"side_effects": True, "null_handling": "special"}
    replace_function(conn, "lakeweave_block_checksums", _block_checksums, ["VARCHAR", "VARCHAR"], "VARCHAR", settings)


@functools.cache
def _digest_of_code() -> str:
    package = Path(__file__).parent
    digest = hashlib.sha256()
    for path in sorted(package.rglob("*")):
        place = path.relative_to(package)
        if path.is_file() and place.parts[0] not in LEFT_OUT and "__pycache__" not in place.parts:
            digest.update(str(place).encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()


def _environment(_: str) -> str:
    return environment()


def environment() -> str:
    """A digest of the releases of the packages that are installed, and of this package."""
    found = []
    for name in PACKAGES:
        try:
            found.append(f"{name}={importlib.metadata.version(name)}")
        except importlib.metadata.PackageNotFoundError:
            continue
    return hashlib.sha256("\n".join([*found, _digest_of_code()]).encode()).hexdigest()


def _block_checksums(path: str | None, block_ids: str) -> str | None:
    """A digest of the checksums that DuckDB keeps at the start of each block of the file; none where they cannot be read.

    ``block_ids`` is a JSON array. A block that was freed and written again has another checksum, so its number is not enough.
    """
    file = _open_file(path) if path else None
    if file is None:
        return None
    head = os.pread(file, 3 * HEADER_BYTES, 0)
    if len(head) < 3 * HEADER_BYTES or head[8:12] != b"DUCK":
        return None
    # Each of the two headers has its checksum, the number of the checkpoint, three of its own fields, and the size of a block.
    headers = [struct.unpack_from("<6Q", head, start) for start in (HEADER_BYTES, 2 * HEADER_BYTES)]
    size = max(headers, key=lambda header: header[1])[5]
    if size < 16 * 1024 or size & (size - 1):
        return None
    digest = hashlib.sha256()
    for block_id in json.loads(block_ids):
        checksum = os.pread(file, 8, 3 * HEADER_BYTES + int(block_id) * size)
        if len(checksum) < 8:
            return None
        digest.update(checksum)
    return digest.hexdigest()


def _open_file(path: str) -> int | None:
    """The descriptor by which DuckDB has the file open.

    A second one would not do: when a process closes any descriptor of a file, POSIX drops all its locks on that file.
    """
    if not hasattr(os, "pread"):
        return None
    try:
        wanted = os.stat(path)
        numbers = [int(name) for name in os.listdir("/dev/fd")]
    except OSError:
        return None
    for number in numbers:
        with contextlib.suppress(OSError):
            found = os.fstat(number)
            if (found.st_dev, found.st_ino) == (wanted.st_dev, wanted.st_ino):
                return number
    return None


def _python_reads(code: str) -> str:
    """Why a Python model may give another result over the same relations; empty if nothing speaks for that."""
    try:
        tree = ast.parse(code)
    except SyntaxError as error:
        return f"it cannot be read as Python: {error.msg}"
    # The part that dbt adds to the model begins with this comment and reads `df` alone.
    reasons: list[str] = []
    for node in ast.walk(tree):
        reasons.extend(_reasons(node))
    return ", ".join(dict.fromkeys(reasons))


def _reasons(node: ast.AST) -> list[str]:
    found: list[str] = []
    if isinstance(node, ast.Import):
        found = [f"it imports {name.name}" for name in node.names if name.name.partition(".")[0] not in MODULES]
    elif isinstance(node, ast.ImportFrom):
        root = (node.module or ".").partition(".")[0]
        names = {name.name for name in node.names}
        if node.level or root not in MODULES:
            found = [f"it imports {node.module or '.'}"]
        elif names & (CLOCKS | CHANCE):
            found = [f"it imports {', '.join(sorted(names & (CLOCKS | CHANCE)))}"]
    elif isinstance(node, ast.Attribute) and node.attr in CLOCKS:
        found = [f"it reads the clock or the environment ({node.attr})"]
    elif isinstance(node, ast.Attribute) and node.attr.startswith(
        ("read_", "scan_", "from_csv", "fromfile", "loadtxt", "genfromtxt")
    ):
        found = [f"it reads outside ({node.attr})"]
    elif isinstance(node, ast.Attribute) and node.attr in CHANCE and _is_module_of_chance(node):
        found = [f"it takes a chance ({ast.unparse(node)})"]
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in OUTSIDE:
        found = [f"it calls {node.func.id}"]
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        if node.func.attr in ("default_rng", "RandomState", "SeedSequence") and not (node.args or node.keywords):
            found = [f"it takes a chance ({node.func.attr} without a seed)"]
        elif node.func.attr == "sample" and not any(word.arg in ("random_state", "seed") for word in node.keywords):
            found = ["it takes a chance (sample without a seed)"]
    elif isinstance(node, ast.Name) and node.id == "session" and isinstance(node.ctx, ast.Load):
        found = ["it uses the session"]
    return found


def _is_module_of_chance(node: ast.Attribute) -> bool:
    """``np.random.rand`` and the like: functions of a module, whose seed is unknown; ``chance.random`` is a generator's own."""
    return isinstance(node.value, ast.Attribute) and node.value.attr == "random"
