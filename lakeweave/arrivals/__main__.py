"""``python -m lakeweave.arrivals serve | watch | list | retry``."""

from __future__ import annotations

import argparse
import os
import signal
import sys
import threading
from pathlib import Path

from lakeweave.arrivals.builder import Builder, RetryPolicy, dbt_build, notify_by_webhook, notify_on_terminal
from lakeweave.arrivals.events import EventVerifier
from lakeweave.arrivals.queue import Queue
from lakeweave.arrivals.sources import Sources
from lakeweave.arrivals.watching import Watcher, changes
from lakeweave.printable import printable


def _listed(name: str) -> tuple[str, ...]:
    return tuple(word.strip() for word in os.environ.get(name, "").split(",") if word.strip())


def main(argv: list[str] | None = None) -> int:
    """Do what the command says; 0, or 2 with a sentence."""
    parser = argparse.ArgumentParser(prog="python -m lakeweave.arrivals", description=__doc__)
    parser.add_argument("command", choices=["serve", "watch", "list", "retry"])
    parser.add_argument("--project", type=Path, default=Path(), help="the dbt project (default: here)")
    parser.add_argument("--target", default=os.environ.get("LAKEWEAVE_TARGET"), help="dbt's target")
    parser.add_argument(
        "--queue", type=Path, default=Path(os.environ.get("LAKEWEAVE_QUEUE", "warehouse/arrivals.sqlite"))
    )
    parser.add_argument("--landing", type=Path, default=Path(os.environ.get("LAKEWEAVE_LANDING", "landing")))
    parser.add_argument("--host", default="0.0.0.0", help="address to listen on (serve)")
    parser.add_argument("--port", type=int, default=int(os.environ.get("PORT", "8080")))
    parser.add_argument("--gather", type=float, help="seconds of quiet that end a burst (serve: 10, watch: 2)")
    arguments = parser.parse_args(argv)
    try:
        queue = Queue(arguments.queue)
    except OSError as error:
        print(f"arrivals: {error}", file=sys.stderr)
        return 2
    if queue.replaced is not None:
        print(
            f"arrivals: the queue {arguments.queue} is damaged. It is kept as {queue.replaced}, and a new one is begun. "
            "What waited in it is not known any more: run `dbt build` once.",
            file=sys.stderr,
            flush=True,
        )
    if arguments.command == "list":
        print(
            ", ".join(f"{number} {state}" for state, number in sorted(queue.counts().items()))
            or "nothing has arrived yet"
        )
        for _, source, address, state, reason in queue.pending_notifications():
            print(f"{state}: {source}: {printable(address)}: {printable(reason, 2_000, lines=True)}")
        for _, reason, content in queue.letters():
            print(f"dead letter: {printable(reason)}: {printable(content, 200)}")
        return 0
    if arguments.command == "retry":
        print(f"{queue.retry_dead()} arrival(s) that were given up wait again")
        return 0
    webhook = os.environ.get("LAKEWEAVE_NOTIFY_URL")
    gather = arguments.gather if arguments.gather is not None else (10.0 if arguments.command == "serve" else 2.0)
    builder = Builder(
        queue,
        dbt_build(arguments.project, arguments.target),
        notify_by_webhook(webhook) if webhook else notify_on_terminal,
        retry_policy=RetryPolicy(gather=gather),
    )
    try:
        # The buckets that events may name; a folder that is watched is in none.
        buckets = _listed("LAKEWEAVE_ARRIVALS_BUCKETS") if arguments.command == "serve" else ()
        sources = Sources.of_project(arguments.project, arguments.target, buckets)
    except RuntimeError as error:
        print(f"arrivals: {error}", file=sys.stderr)
        return 2
    if arguments.command == "serve":
        if not sources.buckets:
            print(
                "arrivals: LAKEWEAVE_ARRIVALS_BUCKETS is empty. Name the buckets whose objects may start a build, with commas.",
                file=sys.stderr,
            )
            return 2
        verifier = EventVerifier(
            audience=os.environ.get("LAKEWEAVE_ARRIVALS_AUDIENCE", ""),
            senders=_listed("LAKEWEAVE_ARRIVALS_SENDERS"),
            topics=_listed("LAKEWEAVE_ARRIVALS_TOPICS"),
        )
        # Here, because watching needs no server.
        from lakeweave.arrivals.service import serve

        try:
            return serve((arguments.host, arguments.port), builder, sources, verifier)
        except OSError as error:
            print(
                f"arrivals: port {arguments.port} of {arguments.host} cannot be listened on: {error}", file=sys.stderr
            )
            return 2
    if not arguments.landing.is_dir():
        print(
            f"arrivals: there is no folder {arguments.landing} to watch. `make landing` makes the demo's.",
            file=sys.stderr,
        )
        return 2
    builder.exists = lambda each: (arguments.landing / each.store / each.name).exists()
    watcher, stop = Watcher(arguments.landing, queue, sources), threading.Event()
    # After a queue is lost it is unknown which files were built, so none counts as built.
    known = watcher.baseline() if queue.replaced is None else 0
    print(
        f"arrivals: watching {arguments.landing}{f', {known} files are there already' if known else ''}; Ctrl-C ends it",
        flush=True,
    )
    for each in (signal.SIGTERM, signal.SIGINT):
        signal.signal(each, lambda *_: stop.set())
    return watch(watcher, builder, stop)


def watch(watcher: Watcher, builder: Builder, stop: threading.Event, pause: float = 1.0) -> int:
    """Look and build until ``stop`` is set, and finish a build that is under way.

    Gives 0, or 1 if one of the two ended by itself: neither is of use without the other.
    """
    worker = threading.Thread(target=builder.run, args=(stop,))
    worker.start()
    failures, is_first = 0, True
    try:
        for has_changes in changes(watcher.landing, stop, pause):
            if has_changes or is_first or watcher.waits or failures:
                is_first = False
                try:
                    watcher.look()
                    failures = 0
                except Exception as error:
                    failures += 1
                    message = f"arrivals: {type(error).__name__}: {printable(error)}; looking again"
                    print(message, file=sys.stderr, flush=True)
            if not worker.is_alive() or failures >= 10:
                break
    finally:
        died = not stop.is_set()
        stop.set()
        worker.join()
    if died:
        print("arrivals: watching or building has ended, so the process ends", file=sys.stderr, flush=True)
    return 1 if died else 0


if __name__ == "__main__":
    sys.exit(main())
