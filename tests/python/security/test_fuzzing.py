"""Inputs at random at every edge: replies, events, names, prices. Nothing crashes, nothing is lost, everything has an end.

``LAKEWEAVE_FUZZ`` sets how many of each are tried (``make test-security-long``: 100,000), ``LAKEWEAVE_SEED`` which.
"""

from __future__ import annotations

import importlib.util
import json
import os
import random
import time
from pathlib import Path
from typing import Any

import pytest

from lakeweave.arrivals.events import EventVerifier, read
from lakeweave.arrivals.queue import Queue
from lakeweave.arrivals.sources import Sources
from lakeweave.errors import RefusedError
from lakeweave.inference import text_openai
from lakeweave.inference.answers import FAILED, OK, RETRYABLE, UNSENT, Answer, Answers
from lakeweave.inference.text_openai import OpenAIBackend
from lakeweave.inference.transport import Reply
from lakeweave.inference.usage import MOST_TOKENS
from lakeweave.ingestion.listing import ignored_by, list_files
from tests.python.fakes.raw_server import CLOSE, RawServer
from tests.python.fakes.server_replies import CASES
from tests.python.support import ROOT
from tests.python.unit import test_arrivals
from tests.python.unit.test_inference_replies import backend

TRIED = int(os.environ.get("LAKEWEAVE_FUZZ", "400"))
SEED = int(os.environ.get("LAKEWEAVE_SEED", "0"))
PIECES = [
    b"{", b"}", b"[", b"]", b'"', b"\\", b",", b":", b"null", b"true", b"NaN", b"-Infinity", b"1e999", b"\x00", b"\xff", b"\xef\xbb\xbf", b"\r\n", b"data: ",
    b"<think>", b"</think>", b"<|im_end|>", b"<|channel|>", b"[/INST]", b'"error":', b'"choices":', b'"usage":', b"\\ud800", b"9" * 5000, b"[" * 2000, b" " * 3000,
    b"../", b"%00", b"%2e%2e", b"\x1b[2J", b"Content-Length: 5\r\n", b"0\r\n\r\n", b"HTTP/1.1 100 Continue\r\n\r\n",
]  # fmt: skip


def mutated(dice: random.Random, data: bytes) -> bytes:
    """The bytes with a few changes: cuts, pieces put in or put over, parts twice, bits turned."""
    changed = bytearray(data)
    for _ in range(dice.randint(0, 4)):
        at = dice.randrange(len(changed) + 1)
        end = min(len(changed), at + dice.choice([1, 1, 4, 20, 200]))
        kind = dice.randrange(6)
        if kind == 0:
            del changed[at:end]
        elif kind == 1:
            changed[at:at] = dice.choice(PIECES)
        elif kind == 2:
            changed[at:end] = dice.choice(PIECES)
        elif kind == 3:
            changed[at:at] = changed[at:end]
        elif kind == 4:
            del changed[at:]
        elif at < len(changed):
            changed[at] ^= 1 << dice.randrange(8)
    return bytes(changed)


def check(answer: Answer, wants_json: bool) -> None:
    """What holds for every answer."""
    assert answer.state in (OK, RETRYABLE, FAILED, UNSENT)
    assert (answer.state == OK) == (answer.response is not None) == (answer.status == "")
    for count in (answer.input_tokens, answer.output_tokens):
        assert count is None or 0 <= count <= 5 * MOST_TOKENS
    if answer.state == OK:
        assert answer.response.strip()
        assert not answer.response.lstrip().lower().startswith(("<think>", "<|channel|>"))
        if wants_json:
            assert isinstance(json.loads(answer.response), dict)
    Answers.of([answer]).to_arrow()


BODIES = [
    step.partition(b"\r\n\r\n")[2] for case in CASES.values() for step in case.steps[:1] if isinstance(step, bytes)
]


def test_replies_at_random_are_judged() -> None:
    dice = random.Random(SEED)
    slowest, ok = 0.0, 0
    for _ in range(TRIED * 5):
        body, wants_json = mutated(dice, dice.choice(BODIES)), dice.random() < 0.5
        status = 200 if dice.random() < 0.8 else dice.choice([201, 204, 302, 400, 401, 404, 429, 500, 503])
        reply = Reply(status, {}, body)
        began = time.process_time()
        judged = OpenAIBackend._judged(reply, wants_json, None)
        slowest = max(slowest, time.process_time() - began)
        if isinstance(judged, Answer):
            ok += judged.state == OK
            check(judged, wants_json)
        else:
            check(Answer(None, judged.status or "-", FAILED, judged.usage), wants_json)
    assert slowest < 2
    print(f"{TRIED * 5} replies, {ok} answers, 0 crashes, the slowest took {slowest:.3f} s")


def test_bytes_at_random_on_the_wire_end_in_a_state(monkeypatch: pytest.MonkeyPatch) -> None:
    dice = random.Random(SEED + 1)
    monkeypatch.setattr(text_openai, "_PAUSE", 0.001)
    steps = [b"".join(step for step in case.steps if isinstance(step, bytes)) for case in CASES.values()]
    count = min(max(TRIED // 2, 100), 5000)
    said = {f"p{n}": [mutated(dice, dice.choice(steps)), CLOSE] for n in range(count)}
    with RawServer(lambda prompt, attempt: said[prompt]) as server:
        asking = backend(server, tries=2, timeout=2.0, max_wait=0.01, concurrency=16, give_up_after=10**6)
        for n, prompt in enumerate(said):
            # A run for each, because a fault of the configuration stops one.
            answer = asking.answer([prompt], {}, run=str(n))[0]
            check(answer, False)
            # A request into a connection that is just being closed is counted, and the server does not see it.
            assert server.asked[prompt] <= answer.requests <= 2
    print(f"{count} connections, 0 crashes, 0 rows lost")


class TrustsEveryone(EventVerifier):
    """Trusts everybody: what is tried is what a trusted sender could send."""

    def check_google(self, headers: Any) -> None:
        """Accepts every event."""

    def check_sns(self, message: Any) -> None:
        """Accepts every event."""


def test_events_at_random_are_taken_or_refused(tmp_path: Path) -> None:
    dice = random.Random(SEED + 2)
    verifier = TrustsEveryone("", (), (), lambda address: "")
    names = [
        "inbox/users/a.csv",
        "inbox/orders/x\x00.csv",
        "inbox/users/" + "n" * 3000,
        "inbox/users/../../etc",
        "inbox/users/\udcff.csv",
        "a\r\nb",
        "'; drop",
    ]
    sources = Sources(test_arrivals.FOLDERS, ())
    queue = Queue(tmp_path / "queue.sqlite")
    taken, refused = set(), 0
    statuses: set[Any] = set()
    for number in range(TRIED):
        name = dice.choice([*names, f"inbox/users/{number}.csv", f"inbox/orders/{number}.csv"])
        shape = dice.randrange(3)
        if shape == 0:
            headers, body = test_arrivals.eventarc(name)
        elif shape == 1:
            headers, body = {}, test_arrivals.pubsub(name)
        else:
            message = json.dumps({"Type": "Notification", "Message": test_arrivals.s3(name)}).encode()
            headers, body = {"x-amz-sns-message-type": "Notification"}, message
        try:
            arrivals = read(headers, mutated(dice, body) if dice.random() < 0.7 else body, verifier)
        except RefusedError as error:
            statuses.add(error.status)
            refused += 1
            continue
        except KeyError as error:
            # A message without a type is stopped by its signature, which is not looked at here.
            statuses.add(error.args[0])
            refused += 1
            continue
        for arrival in arrivals:
            source = sources.of(arrival)
            queue.put([(source or "none", arrival)])
            taken.add((source or "none", arrival))
    waiting = sum(queue.counts().values())
    assert statuses <= {400, 403, "Type"}
    assert taken
    assert waiting == len(taken), "an event is lost, or counts twice"
    print(f"{TRIED} events: {len(taken)} taken, {refused} refused, 0 lost, 0 crashes")


def test_random_names_are_listed_or_reported(tmp_path: Path) -> None:
    dice = random.Random(SEED + 3)
    folder = tmp_path / "inbox"
    folder.mkdir()
    letters = [
        b"a",
        b".csv",
        b" ",
        b"'",
        b'"',
        b"\n",
        b"\x1b[31m",
        b"\xff",
        b"\xed\xa0\x80",
        "é".encode(),
        "\u202e".encode(),
        b"%",
        b"*",
        b"?",
        b"[",
        b"{",
        b"$",
        b"`",
        b"-",
        b"~",
    ]
    written = set()
    for number in range(min(TRIED, 2000)):
        name = b"%d" % number + b"".join(dice.choices(letters, k=dice.randrange(1, 30)))
        path = os.fsencode(folder) + b"/" + name[:255]
        with open(path, "wb") as file:
            file.write(b"id\n1\n")
        written.add(os.fsdecode(name[:255]))
    listing = list_files(str(folder))
    expected = {name for name in written if ignored_by(name) is None}
    assert len(listing.files) == len(expected)
    for message in [*listing.messages, *listing.warnings]:
        assert "\x1b" not in message
        assert message.encode()
    print(f"{len(written)} names, {len(listing.files)} listed, {len(written) - len(expected)} ignored and told, 0 lost")


def test_prices_at_random_are_answered_in_bounds() -> None:
    pytest.importorskip("functions_framework")
    spec = importlib.util.spec_from_file_location(
        "convert_main", ROOT / "deploy" / "gcp" / "convert_to_usd" / "main.py"
    )
    main = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(main)
    known = main.Rates(ROOT / "seeds" / "exchange_rates.csv")
    dice = random.Random(SEED + 4)
    parts = [
        "1",
        "0",
        ".",
        "e",
        "E",
        "-",
        "+",
        "_",
        "٣",
        "9" * 40,
        "1e-200000000",
        "NaN",
        "inf",
        " ",
        "\x00",
        "\ud800",
        ",",
        "0x1",
        "1e999999",
    ]
    days = [
        "2026-02-03",
        "2026-02-03",
        "2026-02-04",
        "0000-00-00",
        "9999-12-31",
        "2026-02-30",
        "",
        "2026-02-03T10:00:00Z",
        5,
        None,
        "x" * 5000,
    ]
    answered = longest = 0
    for _ in range(TRIED):
        price: Any = "".join(dice.choices(parts, k=dice.randrange(5)))
        price = dice.choice([price, price, price, "12.50", -3, 0.1, None, True, 10**50, -1.5e300, [], {"a": 1}])
        call = [price, dice.choice(["pounds", "euros", "", None, 1, "p" * 10_000]), dice.choice(days)][
            : dice.choice([3, 3, 3, 3, 2])
        ]
        try:
            answer = main.converted(call, known, dice.random() < 0.5)
        except main.Wrong as error:
            longest = max(longest, len(str(error)))
            continue
        assert answer is None or len(answer) < 60
        answered += answer is not None
    assert longest < 500
    print(f"{TRIED} prices, {answered} answered, 0 crashes")
