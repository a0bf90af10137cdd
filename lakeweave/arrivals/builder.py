"""One build at a time of what waits: a burst is gathered, a failure tried again, what keeps failing given up and told of."""

from __future__ import annotations

import contextlib
import fcntl
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from lakeweave.arrivals.queue import Queue, Waiting
from lakeweave.printable import printable
from lakeweave.spark import dbt_program

Build = Callable[[list[str]], tuple[bool, str]]
Notify = Callable[[str], bool]


@dataclass(frozen=True)
class RetryPolicy:
    """How long things take, in seconds, and how often they are tried."""

    gather: float = 10.0
    """A burst is over when nothing has come for so long."""
    gather_at_most: float = 120.0
    attempts: int = 4
    first_wait: float = 30.0
    """Before the second attempt; doubled before each further one."""
    build_at_most: float = 3600.0


def dbt_build(project: Path, target: str | None = None, at_most: float = RetryPolicy.build_at_most) -> Build:
    """A function that runs ``dbt build`` of all that depends on some sources; whether it went well, and dbt's last words."""

    def build(sources: list[str]) -> tuple[bool, str]:
        command = [sys.executable, "-m", dbt_program(target), "--no-use-colors", "build", "--select"]
        command += [f"source:{each}+" for each in sources] + (["--target", target] if target else [])
        process = subprocess.Popen(
            command,
            cwd=project,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
            close_fds=False,
        )
        try:
            out, _ = process.communicate(timeout=at_most)
        except subprocess.TimeoutExpired:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
            return False, f"the build was stopped after {at_most:.0f} s"
        if process.returncode == 0:
            return True, ""
        telling = [line.strip() for line in out.splitlines() if "rror" in line or "FAIL" in line]
        return False, "\n".join((telling or out.strip().splitlines())[-8:]) or f"dbt ended with {process.returncode}"

    return build


def notify_by_webhook(address: str) -> Notify:
    """A function that posts ``{"text": …}``, which Slack, Google Chat and others take; whether it arrived.

    Names of files are in the text. They address nobody (``<!channel>``, ``@all``) and hold no link and no picture.
    """

    def notify(text: str) -> bool:
        try:
            answer = httpx.post(address, json={"text": _without_markup(text)}, timeout=10)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            # Never the error's own words: they hold the address, and who has the address can post.
            why = type(error).__name__
        else:
            if answer.is_success:
                return True
            why = f"the webhook answered {answer.status_code}"
        print(f"arrivals: the notification was not sent ({why}); it is tried again later", file=sys.stderr)
        return False

    return notify


def _without_markup(text: str) -> str:
    """``text`` without what a chat takes for a link, a picture or a person.

    https://docs.slack.dev/messaging/formatting-message-text
    https://developers.google.com/workspace/chat/format-messages
    """
    for sign, shown in (("<", "‹"), (">", "›"), ("://", ": //"), ("@", "@ "), ("](", "] (")):
        text = text.replace(sign, shown)
    return text


def notify_on_terminal(text: str) -> bool:
    """Where no webhook is set: the log."""
    print(f"arrivals: {printable(text, 20_000, lines=True)}", file=sys.stderr, flush=True)
    return True


@dataclass
class Builder:
    """Builds what waits in a queue."""

    queue: Queue
    build: Build
    notify: Notify = notify_on_terminal
    exists: Callable[[Waiting], bool] = field(default=lambda _: True)
    retry_policy: RetryPolicy = field(default_factory=RetryPolicy)
    counted: dict[str, int] = field(default_factory=dict)
    """Arrivals by state as the builder saw them last, for who may not wait for the queue."""

    @contextlib.contextmanager
    def _alone(self) -> Iterator[bool]:
        """Whether no other process builds from this queue; while inside, none begins to."""
        with open(self.queue.path.with_suffix(".lock"), "w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                yield False
                return
            # The build inherits the lock: if this process is killed, no other process builds while its child runs.
            os.set_inheritable(lock.fileno(), True)
            yield True

    def step(self) -> bool:
        """Build what is due, if the burst is over and no other process builds. Returns whether anything was built."""
        quiet = self.queue.quiet_for()
        self.counted = self.queue.counts()
        worked = False
        due = quiet is not None and (
            quiet[0] >= self.retry_policy.gather or quiet[1] >= self.retry_policy.gather_at_most
        )
        if due or self.counted.get("building"):
            with self._alone() as alone:
                if alone:
                    # With the lock held no other process builds, so a row marked as building was left by a process that died.
                    self.queue.recover()
                    worked = due and self._build_all(self.queue.take())
                    self.counted = self.queue.counts()
        self._notify_pending()
        return worked

    def _is_there(self, each: Waiting) -> bool:
        try:
            return self.exists(each)
        except (OSError, ValueError):
            return False

    def _build_all(self, taken: list[Waiting]) -> bool:
        gone = [each for each in taken if not self._is_there(each)]
        self.queue.settle([each.number for each in gone], "gone", "the file was gone before it could be built")
        here = [each for each in taken if each not in gone]
        if not here:
            return False
        # First all together; what failed once is built source by source, so that one takes no other with it.
        first = [each for each in here if each.attempts == 1]
        groups = [first] if first else []
        for source in sorted({each.source for each in here if each.attempts > 1}):
            groups.append([each for each in here if each.source == source and each.attempts > 1])
        for group in groups:
            sources = sorted({each.source for each in group})
            print(f"arrivals: {len(group)} file(s) arrived, building what depends on {', '.join(sources)}", flush=True)
            began = time.monotonic()
            try:
                good, reason = self.build(sources)
            except Exception as error:
                good, reason = False, f"the build could not be started: {error}"
            if good:
                self.queue.settle([each.number for each in group], "built")
                print(f"arrivals: built in {time.monotonic() - began:.0f} s", flush=True)
                continue
            print(f"arrivals: the build failed: {printable(reason, 5_000, lines=True)}", file=sys.stderr, flush=True)
            given_up = [each.number for each in group if each.attempts >= self.retry_policy.attempts]
            self.queue.settle(given_up, "dead", reason)
            for each in group:
                if each.number not in given_up:
                    wait = self.retry_policy.first_wait * 2 ** (each.attempts - 1)
                    self.queue.settle([each.number], "waiting", reason, wait)
        return True

    def _notify_pending(self) -> None:
        letters = self.queue.letters(pending=True)
        if letters:
            said = [f"{printable(reason)}: {printable(content, 200)}" for _, reason, content in letters[:20]]
            more = [f"and {len(letters) - 20} more"] if len(letters) > 20 else []
            lines = ["What arrived can never be taken in, and is kept as a dead letter.", *said, *more]
            if self.notify("\n".join(lines)):
                self.queue.mark_letters_notified([number for number, *_ in letters])
        pending = self.queue.pending_notifications()
        if not pending:
            return
        reasons: dict[tuple[str, str, str], list[str]] = {}
        for _, source, address, state, reason in pending:
            reasons.setdefault((source, state, printable(reason, 2_000, lines=True)), []).append(printable(address))
        ended = []
        for (source, state, reason), addresses in reasons.items():
            others = f" and {len(addresses) - 3} more" if len(addresses) > 3 else ""
            what = f"given up after {self.retry_policy.attempts} attempts" if state == "dead" else "gone"
            ended.append(f"{source}: {', '.join(addresses[:3])}{others}: {what}. {reason}")
        if self.notify("Files arrived that could not be built.\n" + "\n".join(ended)):
            self.queue.mark_notified([number for number, *_ in pending])

    def run(self, stop: threading.Event, pause: float = 0.5) -> None:
        """Work until ``stop`` is set."""
        while not stop.is_set():
            try:
                self.step()
            except Exception as error:
                print(f"arrivals: {type(error).__name__}: {printable(error)}; going on", file=sys.stderr, flush=True)
            stop.wait(pause)
