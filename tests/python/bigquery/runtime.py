"""Loads Google's SQL analyzer (ZetaSQL, compiled to WebAssembly) once and calls it.

The wheel `zetasql` brings the analyzer as a 28 MB WebAssembly module. Compiling that takes about half a minute, so the
compiled module is kept in a cache folder (`LAKEWEAVE_CACHE`, else `~/.cache/lakeweave`) under a name that says which
wasmtime, which zetasql and which machine made it; a file that does not load is created again. After that a start takes
half a second.

This module talks to the analyzer in protocol buffers, not through the wheel's own model classes: those copy each request
and answer byte by byte in Python, which costs more than the analysis.
"""

from __future__ import annotations

import ctypes
import hashlib
import os
import platform
import re
import sys
import tempfile
import threading
import time
from importlib import metadata
from pathlib import Path
from typing import Any, TypeVar

import wasmtime
from google.protobuf import message
from zetasql.core.wasm_client import WasmClient
from zetasql.wasi import get_wasm_path
from zetasql.wasi._pb2.zetasql.local_service import local_service_pb2 as service_pb2

from .analyzer_cache import AnalyzerCache

Answer = TypeVar("Answer", bound=message.Message)


class AnalyzerCrash(RuntimeError):
    """The analyzer itself broke down over a statement (a failed check in its C++ code)."""


def cache_folder() -> Path:
    """Where the compiled module and the answers are kept: `LAKEWEAVE_CACHE`, else `~/.cache/lakeweave`.

    `LAKEWEAVE_CACHE=off` keeps the module in the default folder and no answers.
    """
    named = os.environ.get("LAKEWEAVE_CACHE", "")
    return Path(named) if named not in ("", "off") else Path.home() / ".cache" / "lakeweave"


def cache_file() -> Path:
    """The compiled module of this wasmtime, this zetasql and this machine."""
    made_by = f"{metadata.version('wasmtime')}|{metadata.version('zetasql')}|{platform.machine()}|{_processor()}"
    key = hashlib.sha256(made_by.encode()).hexdigest()[:16]
    return cache_folder() / f"zetasql-{metadata.version('zetasql')}-{key}.cwasm"


def _processor() -> str:
    """What the compiled code may depend on beyond the architecture: the processor's feature flags, where Linux tells."""
    try:
        found = re.search(r"^(?:flags|Features)\s*:\s*(.*)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    except OSError:
        found = None
    return found.group(1) if found else platform.processor()


def load_module(engine: wasmtime.Engine, wasm: str) -> wasmtime.Module:
    """The compiled analyzer, from the cache or compiled and put there.

    A cached file that does not deserialize (cut short, or of another engine) is replaced. The file is written under
    another name and then renamed, so that two processes never see half of one.
    """
    cached = cache_file()
    if cached.exists():
        try:
            return wasmtime.Module.deserialize_file(engine, str(cached))
        except wasmtime.WasmtimeError:
            cached.unlink(missing_ok=True)
    print(f"Compiling Google's SQL analyzer (about 30 seconds, once; kept in {cached.parent}) ...", file=sys.stderr)
    started = time.monotonic()
    module = _compile(engine, wasm)
    cached.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=cached.parent, prefix=cached.name)
    with os.fdopen(handle, "wb") as file:
        file.write(bytes(module.serialize()))
    os.replace(name, cached)
    print(f"Compiled in {time.monotonic() - started:.0f} s.", file=sys.stderr)
    return module


_compile = wasmtime.Module.from_file


class _Client(WasmClient):
    """The wheel's client, with the compiled module from the cache and memory copied as blocks."""

    def __init__(self) -> None:
        original = wasmtime.Module.from_file
        wasmtime.Module.from_file = staticmethod(load_module)  # type: ignore[method-assign, assignment]
        try:
            super().__init__(get_wasm_path())
        finally:
            wasmtime.Module.from_file = original  # type: ignore[method-assign]

    def _address(self, pointer: int) -> int:
        return ctypes.addressof(self.memory.data_ptr().contents) + pointer

    def write_bytes(self, ptr: int, data: bytes) -> None:
        """Copies `data` into the module's memory at `ptr`."""
        ctypes.memmove(self._address(ptr), data, len(data))

    def read_bytes(self, ptr: int, size: int) -> bytes:
        """The `size` bytes at `ptr` in the module's memory."""
        return ctypes.string_at(self._address(ptr), size)


class Service:
    """One instance of the analyzer. Calls are serialized; an instance that broke down is thrown away.

    Use `Service.shared()`: an instance holds about 100 MB.
    """

    _shared: Service | None = None
    _lock = threading.RLock()

    def __init__(self) -> None:
        self._client: _Client | None = None
        self.calls = 0
        self.cache = AnalyzerCache(None if os.environ.get("LAKEWEAVE_CACHE") == "off" else cache_folder())
        self.generation = 0
        """Counts the instances: what was registered with an earlier one is gone."""

    @classmethod
    def shared(cls) -> Service:
        """The instance of this process, made at the first call."""
        with cls._lock:
            if cls._shared is None:
                cls._shared = cls()
            return cls._shared

    def call(self, method: str, request: message.Message, answer: type[Answer]) -> Answer:
        """Calls one method of the analyzer's local service.

        Raises `ServerError` with Google's message where the analyzer refuses, and `AnalyzerCrash` where it breaks down;
        the next call then starts a new instance, in which nothing is registered.
        """
        with self._lock:
            if self._client is None:
                self._client = _Client()
                self.generation += 1
            self.calls += 1
            try:
                return self._client.call_grpc_func(f"ZetaSqlLocalService_{method}", request, answer)
            except (wasmtime.Trap, wasmtime.WasmtimeError) as broken:
                # Memory of a trapped module is in an unknown state: nothing that it says afterwards can be trusted.
                self._client = None
                raise AnalyzerCrash(str(broken).splitlines()[0]) from broken

    def is_current(self, generation: int) -> bool:
        """Whether the instance of that generation is still the one that is called."""
        return self._client is not None and generation == self.generation

    def language_options(self) -> Any:
        """Google's `maximum features` language options, as a new message."""
        request = service_pb2.LanguageOptionsRequest(maximum_features=True)
        from zetasql.wasi._pb2.zetasql.proto import options_pb2

        return self.call("GetLanguageOptions", request, options_pb2.LanguageOptionsProto)
