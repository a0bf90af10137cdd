"""Opens the app's pages in a real Chromium without a window, by the protocol of its developer tools.

`python -m tests.python.browser` opens every page at a desk's and a phone's width, writes the pictures of docs/app and reports the
time of each page. Needs Debian's package `chromium`, and a warehouse (`make build`).
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import contextlib
import importlib.resources
import itertools
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tornado.websocket import WebSocketClientConnection, websocket_connect

ROOT = Path(__file__).resolve().parents[2]
PAGES = ("", "cohorts", "pictures", "similar", "yoga", "marketplace", "grocery", "health")
# True once the page is drawn: a title, nothing still running, no skeleton, every chart with its marks.
DRAWN = """(() => {
    const app = document.querySelector('[data-testid=stApp]');
    if (!app || app.getAttribute('data-test-script-state') !== 'notRunning') return false;
    if (!document.querySelector('[data-testid=stMain] h1') || document.querySelector('[data-testid=stSkeleton]')) return false;
    const charts = [...document.querySelectorAll('[data-testid=stVegaLiteChart]')].filter(each => each.offsetParent);
    return charts.every(each => each.querySelector('canvas, svg')) && [...document.images].every(each => each.complete);
})()"""


# The test library axe-core finds barriers for people who read by keyboard, screen reader or with little contrast.
AXE = Path(str(importlib.resources.files("axe_core_python"))) / "axe.min.js"
AXE_OPTIONS = "{resultTypes: ['violations']}"
AXE_FOUND = """(found => JSON.stringify(found.violations
    .filter(each => ['serious', 'critical'].includes(each.impact))
    .flatMap(each => each.nodes.filter(
        node => !document.querySelector(node.target[0])?.closest('[data-testid=stSidebarNav], [data-testid=stSidebarNavItems]')
    ).map(node => `${each.id}: ${node.html.slice(0, 200)}`))))"""


def program() -> str | None:
    """Chromium's path, if it is installed."""
    return shutil.which("chromium") or shutil.which("chromium-browser")


def free_port() -> int:
    """A port without a listener."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_for(address: str, seconds: float = 90.0) -> str:
    began = time.monotonic()
    while True:
        try:
            with urllib.request.urlopen(address, timeout=2) as answer:
                return answer.read().decode()
        except OSError:
            if time.monotonic() - began > seconds:
                raise
            time.sleep(0.1)


@contextlib.contextmanager
def serving(environment: dict[str, str] | None = None) -> Iterator[str]:
    """The app on a port of its own; its address."""
    port = free_port()
    process = subprocess.Popen(
        [
            sys.executable,
            "-m",
            "app",
            "--server.port",
            str(port),
            "--server.address",
            "127.0.0.1",
            "--server.headless",
            "true",
        ],
        cwd=ROOT,
        env={**os.environ, **(environment or {})},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        _wait_for(f"http://127.0.0.1:{port}/_stcore/health")
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait()


class Tab:
    """One tab of a running Chromium."""

    def __init__(self, connection: WebSocketClientConnection) -> None:
        self._connection, self._numbers = connection, itertools.count(1)

    async def send(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Calls a method of the protocol; what it returns."""
        number = next(self._numbers)
        await self._connection.write_message(json.dumps({"id": number, "method": method, "params": parameters}))
        while True:
            message = json.loads(await self._connection.read_message() or "{}")
            if message.get("id") == number:
                assert "error" not in message, message
                return message.get("result", {})

    async def evaluate(self, expression: str) -> Any:
        """The value of JavaScript."""
        done = await self.send("Runtime.evaluate", expression=expression, returnByValue=True)
        return done["result"].get("value")

    async def open(self, address: str, width: int, height: int, seconds: float = 40.0) -> float:
        """Opens a page at a size and waits until it is drawn; the seconds that it took."""
        await self.send(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=width < 600
        )
        await self.send("Page.navigate", url="about:blank")
        await asyncio.sleep(0.2)
        began = time.monotonic()
        await self.send("Page.navigate", url=address)
        while not await self.evaluate(DRAWN):
            assert time.monotonic() - began < seconds, f"{address} was not drawn within {seconds:.0f} s"
            await asyncio.sleep(0.03)
        return time.monotonic() - began

    async def violations(self) -> list[str]:
        """What axe-core finds serious on the page. Streamlit's own menu, a list with headings between its items, is left out."""
        await self.send("Runtime.evaluate", expression=AXE.read_text(encoding="utf-8"))
        done = await self.send(
            "Runtime.evaluate",
            expression=f"axe.run(document, {AXE_OPTIONS}).then({AXE_FOUND})",
            awaitPromise=True,
            returnByValue=True,
        )
        return list(json.loads(done["result"]["value"]))

    async def reached_by_tab(self, times: int) -> set[str]:
        """The words, or else the role, of what the keyboard reaches."""
        reached = set()
        for _ in range(times):
            for kind in ("keyDown", "keyUp"):
                await self.send("Input.dispatchKeyEvent", type=kind, key="Tab", code="Tab", windowsVirtualKeyCode=9)
            at = await self.evaluate(
                "(a => a.innerText.replace(/^[a-z_]+\\n/, '').trim() || a.getAttribute('role') || a.tagName)"
                "(document.activeElement)"
            )
            reached |= {str(at), str(at).split("\n")[-1]}
        return reached

    async def picture(self, path: Path, quality: int = 60) -> None:
        """What is seen, as WebP."""
        await asyncio.sleep(0.7)
        done = await self.send("Page.captureScreenshot", format="webp", quality=quality)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(base64.b64decode(done["data"]))


@contextlib.asynccontextmanager
async def tab() -> Any:
    """A tab of a Chromium that is closed afterwards."""
    port, profile = free_port(), tempfile.mkdtemp(prefix="lakeweave-chromium-")
    process = subprocess.Popen(
        [
            str(program()), "--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--no-first-run",
            f"--remote-debugging-port={port}", f"--user-data-dir={profile}", "about:blank",
        ],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        _wait_for(f"http://127.0.0.1:{port}/json/version")
        targets = json.loads(_wait_for(f"http://127.0.0.1:{port}/json/list"))
        address = next(each["webSocketDebuggerUrl"] for each in targets if each["type"] == "page")
        yield Tab(await websocket_connect(address, max_message_size=64 << 20))
    finally:
        process.terminate()
        process.wait()
        shutil.rmtree(profile, ignore_errors=True)


async def _pictures(address: str, folder: Path) -> None:
    async with tab() as page:
        for name in PAGES:
            seconds = await page.open(f"{address}/{name}", 1200, 900)
            await page.picture(folder / f"{name or 'shop'}.webp")
            again = await page.open(f"{address}/{name}", 390, 800)
            if name in ("", "cohorts", "grocery"):
                await page.picture(folder / f"{name or 'shop'}_phone.webp")
            print(f"{name or 'shop':12} {seconds:5.2f} s at first, {again:5.2f} s again")


def main(argv: list[str] | None = None) -> int:
    """Take the pictures."""
    parser = argparse.ArgumentParser(prog="python -m tests.python.browser", description=__doc__)
    parser.add_argument("--out", type=Path, default=ROOT / "docs" / "app", help="the folder of the pictures")
    arguments = parser.parse_args(argv)
    if program() is None:
        print("There is no Chromium on the path. On Debian: apt-get install chromium", file=sys.stderr)
        return 2
    with serving() as address:
        asyncio.run(_pictures(address, arguments.out))
    return 0


if __name__ == "__main__":
    sys.exit(main())
