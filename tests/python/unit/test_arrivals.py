"""Events over HTTP, as the clouds send them, and what they start: one build of what depends on the files, or nothing."""

from __future__ import annotations

import base64
import datetime
import json
import os
import re
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
import watchfiles
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.x509.oid import NameOID
from google.auth import crypt, jwt

from lakeweave.arrivals import service
from lakeweave.arrivals.__main__ import watch
from lakeweave.arrivals.builder import Builder, RetryPolicy, notify_by_webhook
from lakeweave.arrivals.events import GOOGLE_CERTIFICATES, SIGNED_FIELDS, Arrival, EventVerifier
from lakeweave.arrivals.queue import Queue
from lakeweave.arrivals.service import Server
from lakeweave.arrivals.sources import Sources
from lakeweave.arrivals.watching import Watcher
from tests.python.support import ROOT

AUDIENCE = "https://arrivals.example.run.app"
SENDER = "eventarc@my-project.iam.gserviceaccount.com"
TOPIC = "arn:aws:sns:eu-west-1:123456789012:landing"
SNS_CERTIFICATE = "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-0a1b2c3d4e5f60718293a4b5c6d7e8f9.pem"
FOLDERS = {
    "gcp/inbox/users": "thelook.users",
    "gcp/inbox/orders": "thelook.orders",
    "aws/marketplace/sale_reports": "marketplace.sale_lines",
}
FAST = RetryPolicy(gather=0.3, gather_at_most=5, attempts=3, first_wait=0.05)


class Signer:
    """A key with a certificate of its own."""

    def __init__(self) -> None:
        self.key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test")])
        now = datetime.datetime.now(datetime.UTC)
        self.certificate = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(self.key.public_key())
            .serial_number(1)
            .not_valid_before(now - datetime.timedelta(days=1))
            .not_valid_after(now + datetime.timedelta(days=1))
            .sign(self.key, hashes.SHA256())
            .public_bytes(serialization.Encoding.PEM)
            .decode()
        )

    def token(self, **changes: Any) -> str:
        now = int(time.time())
        claims = {
            "iss": "https://accounts.google.com", "aud": AUDIENCE, "email": SENDER, "email_verified": True, "sub": "1",
            "iat": now, "exp": now + 600,
        } | changes  # fmt: skip
        pem = self.key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        return jwt.encode(crypt.RSASigner.from_string(pem, "key"), claims).decode()

    def sns(self, kind: str, message: str, **changes: Any) -> tuple[dict[str, str], bytes]:
        body = {
            "Type": kind, "MessageId": "22b80b92-fdea-4c2c-8f9d-bdfb0c7bf324", "TopicArn": TOPIC,
            "Subject": "Amazon S3 Notification", "Message": message,
            "Timestamp": "2026-03-01T10:00:00.000Z", "SignatureVersion": "2", "SigningCertURL": SNS_CERTIFICATE,
        }  # fmt: skip
        if kind == "SubscriptionConfirmation":
            del body["Subject"]
            body |= {"Token": "abc", "SubscribeURL": "https://sns.eu-west-1.amazonaws.com/?Action=ConfirmSubscription"}
        body |= {name: value for name, value in changes.items() if name == "TopicArn"}
        text = "".join(f"{name}\n{body[name]}\n" for name in SIGNED_FIELDS[kind] if name in body)
        body["Signature"] = base64.b64encode(self.key.sign(text.encode(), padding.PKCS1v15(), hashes.SHA256())).decode()
        body |= changes
        return {"x-amz-sns-message-type": kind}, json.dumps(body).encode()


@pytest.fixture(scope="module")
def signer() -> Signer:
    return Signer()


@dataclass
class House:
    """A service, with a build that only notes what it was asked for."""

    address: str
    builder: Builder
    signer: Signer
    builds: list[list[str]] = field(default_factory=list)
    told: list[str] = field(default_factory=list)
    fetched: list[str] = field(default_factory=list)
    failing: set[str] = field(default_factory=set)
    at_once: int = 0
    most_at_once: int = 0
    client: httpx.Client = field(default_factory=lambda: httpx.Client(timeout=30))

    def post(self, headers: dict[str, str], body: bytes) -> httpx.Response:
        return self.client.post(self.address, headers=headers, content=body)

    def signed(self, **claims: Any) -> dict[str, str]:
        return {"authorization": f"Bearer {self.signer.token(**claims)}", "content-type": "application/json"}

    def until(self, true: Callable[[], bool], seconds: float = 15.0) -> None:
        began = time.monotonic()
        while not true():
            assert time.monotonic() - began < seconds, (self.builder.queue.counts(), self.builds)
            time.sleep(0.02)

    def idle(self) -> bool:
        counts = self.builder.queue.counts()
        return not counts.get("waiting") and not counts.get("building")


@pytest.fixture
def house(tmp_path: Path, signer: Signer) -> Iterator[House]:
    made: list[House] = []

    def build(sources: list[str]) -> tuple[bool, str]:
        house = made[0]
        house.at_once += 1
        house.most_at_once = max(house.most_at_once, house.at_once)
        house.builds.append(sources)
        time.sleep(0.1)
        house.at_once -= 1
        bad = house.failing & set(sources)
        return (False, f"Database Error in model of {', '.join(sorted(bad))}") if bad else (True, "")

    def notify(text: str) -> bool:
        made[0].told.append(text)
        return True

    def fetch(address: str) -> str:
        made[0].fetched.append(address)
        return json.dumps({"key": signer.certificate}) if address == GOOGLE_CERTIFICATES else signer.certificate

    builder = Builder(Queue(tmp_path / "queue.sqlite"), build, notify, retry_policy=FAST)
    verifier = EventVerifier(AUDIENCE, (SENDER,), (TOPIC,), fetch)
    server = Server(("127.0.0.1", 0), builder, Sources(FOLDERS, ("lakeweave-landing", "lakeweave-aws")), verifier)
    made.append(House(f"http://127.0.0.1:{server.server_port}/", builder, signer))
    stop = threading.Event()
    threads = [
        threading.Thread(target=server.serve_forever, daemon=True),
        threading.Thread(target=builder.run, args=(stop, 0.02), daemon=True),
    ]
    for thread in threads:
        thread.start()
    yield made[0]
    stop.set()
    made[0].client.close()
    server.shutdown()
    server.server_close()
    threads[1].join()


def storage_object(name: str, generation: int = 1772359200000000, bucket: str = "lakeweave-landing") -> dict[str, Any]:
    """The body of a Cloud Storage event as Eventarc delivers it."""
    return {
        "kind": "storage#object", "id": f"{bucket}/{name}/{generation}", "name": name, "bucket": bucket,
        "generation": str(generation), "metageneration": "1", "contentType": "text/csv",
        "timeCreated": "2026-03-01T10:00:00.000Z", "updated": "2026-03-01T10:00:00.000Z", "storageClass": "STANDARD",
        "size": "352", "md5Hash": "HUbLnv7nRLuJcFU4GDtZ9g==", "crc32c": "rTVTeQ==", "etag": "CNHZkbuF/ugCEAE=",
    }  # fmt: skip


def eventarc(name: str, generation: int = 1772359200000000, **changes: Any) -> tuple[dict[str, str], bytes]:
    """A binary CloudEvent."""
    headers = {
        "ce-id": f"{generation}-{name}", "ce-source": "//storage.googleapis.com/projects/_/buckets/lakeweave-landing",
        "ce-specversion": "1.0", "ce-type": "google.cloud.storage.object.v1.finalized", "ce-subject": f"objects/{name}",
    }  # fmt: skip
    return headers, json.dumps(storage_object(name, generation) | changes).encode()


def pubsub(name: str, generation: int = 1772359200000000, kind: str = "OBJECT_FINALIZE") -> bytes:
    """What a push subscription on a bucket's notifications sends."""
    data = storage_object(name, generation)
    return json.dumps(
        {
            "message": {
                "attributes": {
                    "bucketId": data["bucket"], "objectId": name, "objectGeneration": str(generation), "eventType": kind,
                    "payloadFormat": "JSON_API_V1",
                    "notificationConfig": "projects/_/buckets/lakeweave-landing/notificationConfigs/1",
                },
                "data": base64.b64encode(json.dumps(data).encode()).decode(),
                "messageId": "136969346945", "publishTime": "2026-03-01T10:00:00.000Z",
            },
            "subscription": "projects/my-project/subscriptions/landing",
        }
    ).encode()  # fmt: skip


def s3(key: str, kind: str = "ObjectCreated:Put", bucket: str = "lakeweave-aws") -> str:
    return json.dumps(
        {
            "Records": [
                {
                    "eventVersion": "2.1", "eventSource": "aws:s3", "awsRegion": "eu-west-1",
                    "eventTime": "2026-03-01T10:00:00.000Z", "eventName": kind,
                    "s3": {
                        "s3SchemaVersion": "1.0", "configurationId": "landing",
                        "bucket": {"name": bucket, "arn": f"arn:aws:s3:::{bucket}"},
                        "object": {"key": key, "size": 1024, "eTag": "d41d8cd98f00b204e9800998ecf8427e", "sequencer": "0A1B2C"},
                    },
                }
            ]
        }
    )  # fmt: skip


def test_each_sender_starts_the_build_of_the_dependent_models(house: House, signer: Signer) -> None:
    headers, body = eventarc("inbox/users/users_batch_009.csv")
    assert house.post(headers | house.signed(), body).json() == {"arrived": 1, "ours": 1, "new": 1}
    house.until(lambda: house.builds == [["thelook.users"]] and house.idle())
    assert house.post(house.signed(), pubsub("inbox/orders/o.csv")).json()["new"] == 1
    house.until(lambda: house.builds[1:] == [["thelook.orders"]] and house.idle())
    # S3 writes names as in an address.
    assert (
        house.post(*signer.sns("Notification", s3("marketplace/sale_reports/report+of+May%281%29.csv"))).json()["new"]
        == 1
    )
    house.until(lambda: house.builds[2:] == [["marketplace.sale_lines"]] and house.idle())
    # As the trigger of deploy/gcp/arrivals.tf sends it: Pub/Sub by Eventarc.
    by_topic = {"ce-specversion": "1.0", "ce-id": "1", "ce-type": "google.cloud.pubsub.topic.v1.messagePublished"}
    assert house.post(house.signed() | by_topic, pubsub("inbox/users/topic.csv")).json()["new"] == 1
    house.until(lambda: len(house.builds) == 4 and house.idle())
    structured = {
        "specversion": "1.0", "id": "1", "source": "//storage.googleapis.com/projects/_/buckets/lakeweave-landing",
        "type": "google.cloud.storage.object.v1.finalized", "data": storage_object("inbox/users/structured.csv"),
    }  # fmt: skip
    assert house.post(house.signed(), json.dumps(structured).encode()).json()["new"] == 1
    house.until(lambda: len(house.builds) == 5 and house.idle())
    assert house.builder.queue.counts() == {"built": 5}


def test_a_burst_of_200_with_repeats_is_one_build(house: House) -> None:
    # However slow this machine is just now, the burst is not over before its last event.
    house.builder.retry_policy = RetryPolicy(gather=3600, gather_at_most=3600)
    signed = house.signed()
    events = []
    for number in range(80):
        folder = "users" if number % 2 else "orders"
        name = f"inbox/{folder}/{number}.csv"
        headers, body = eventarc(name)
        events += [(headers | signed, body), (signed, pubsub(name))]
    # Delivered again, as every one of these senders may.
    events += events[:40]
    assert len(events) == 200
    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda event: house.post(*event), events))
    assert {answer.status_code for answer in answers} == {200}
    assert sum(answer.json()["new"] for answer in answers) == 80
    assert house.builds == []
    house.builder.retry_policy = FAST
    house.until(lambda: bool(house.builds) and house.idle(), 30)
    assert house.builds == [["thelook.orders", "thelook.users"]]
    assert house.builder.queue.counts() == {"built": 80}
    # The same after the build: nothing is built again; a new version is.
    house.post(house.signed(), pubsub("inbox/users/1.csv"))
    time.sleep(2 * FAST.gather)
    assert len(house.builds) == 1
    house.post(house.signed(), pubsub("inbox/users/1.csv", 1772359200000001))
    house.until(lambda: len(house.builds) == 2)


def test_never_two_builds_at_once_and_none_is_forgotten(house: House) -> None:
    for number in range(6):
        house.post(house.signed(), pubsub(f"inbox/users/{number}.csv"))
        time.sleep(FAST.gather + 0.05)
    house.until(house.idle)
    assert house.most_at_once == 1
    assert house.builder.queue.counts() == {"built": 6}


@pytest.mark.parametrize(
    ("claims", "status"),
    [
        ({"aud": "https://somebody.else"}, 401),
        ({"iss": "https://evil.example"}, 401),
        ({"exp": 1000, "iat": 900}, 401),
        ({"email": "stranger@evil.example"}, 403),
        ({"email_verified": False}, 403),
    ],
)
def test_a_token_of_a_stranger_starts_nothing(house: House, claims: dict[str, Any], status: int) -> None:
    assert house.post(house.signed(**claims), pubsub("inbox/users/a.csv")).status_code == status
    assert house.builder.queue.counts() == {}


def test_a_forged_request_starts_nothing(house: House, signer: Signer) -> None:
    stranger = Signer()
    assert house.post({}, pubsub("inbox/users/a.csv")).status_code == 401
    assert house.post({"authorization": "Bearer x.y.z"}, pubsub("inbox/users/a.csv")).status_code == 401
    forged = {"authorization": f"Bearer {stranger.token()}"}
    assert house.post(forged, pubsub("inbox/users/a.csv")).status_code == 401
    message = s3("marketplace/sale_reports/a.csv")
    for headers, body in (
        stranger.sns("Notification", message),
        signer.sns("Notification", message, Message=s3("marketplace/sale_reports/other.csv")),
        signer.sns("Notification", message, TopicArn="arn:aws:sns:eu-west-1:999999999999:landing"),
        signer.sns("Notification", message, SigningCertURL="https://sns.eu-west-1.amazonaws.com.evil.example/a.pem"),
        signer.sns("Notification", message, SigningCertURL="http://sns.eu-west-1.amazonaws.com/a.pem"),
        signer.sns("Notification", message, SignatureVersion="3"),
        signer.sns("SubscriptionConfirmation", "", SubscribeURL="https://evil.example/"),
    ):
        assert house.post(headers, body).status_code == 403
    assert not any("evil" in address for address in house.fetched)
    assert house.builder.queue.counts() == {}
    assert house.builds == []


def test_strangers_cause_no_requests(house: House, signer: Signer) -> None:
    """Keys come from one path of one host, and at most once in ten seconds, whatever is sent."""
    message = s3("marketplace/sale_reports/a.csv")
    host = "https://sns.eu-west-1.amazonaws.com"
    for n in range(20):
        body = signer.sns(
            "Notification", message, SigningCertURL=f"{host}/SimpleNotificationService-{n:032x}.pem", Signature="AAAA"
        )
        assert house.post(*body).status_code == 403
    for place in ("/a.pem", "/x/SimpleNotificationService-00.pem", "/SimpleNotificationService-00.pem?x=1"):
        assert house.post(*signer.sns("Notification", message, SigningCertURL=host + place)).status_code == 403
    other = "https://sns.us-east-1.amazonaws.com/SimpleNotificationService-00.pem"
    assert house.post(*signer.sns("Notification", message, SigningCertURL=other)).status_code == 403
    assert house.fetched == []
    stranger = Signer()
    for n in range(20):
        headers, body = stranger.sns(
            "Notification", message, SigningCertURL=f"{host}/SimpleNotificationService-{n:032x}.pem"
        )
        assert house.post(headers, body).status_code in (403, 503)
    assert len(house.fetched) == 1


def test_a_subscription_of_our_topic_is_confirmed(house: House, signer: Signer) -> None:
    assert house.post(*signer.sns("SubscriptionConfirmation", "You have chosen to subscribe")).status_code == 200
    assert "https://sns.eu-west-1.amazonaws.com/?Action=ConfirmSubscription" in house.fetched


@pytest.mark.parametrize(
    "body",
    [
        b"not json",
        b"[]",
        b"{}",
        b'{"message": {"data": "%%%"}}',
        b'{"message": {"data": "bm8="}}',
        b'{"message": 7}',
        b"\xff\xfe",
        b"[" * 200_000,
        b'{"message": {"attributes": 5}}',
        b'{"message": {"attributes": {"bucketId": [], "objectId": "a", "objectGeneration": "1"}}}',
        b'{"message": {"attributes": {"bucketId": "b", "objectId": "\\ud800", "objectGeneration": "1"}}}',
        b'{"message": {"attributes": {"bucketId": "b", "objectId": "' + b"x" * 5000 + b'", "objectGeneration": "1"}}}',
        b'{"message": {"attributes": {"bucketId": "b", "objectId": "a", "objectGeneration": 1' + b"0" * 400 + b"}}}",
        b'{"message": {"data": 7}}',
    ],
)
def test_a_trusted_senders_request_that_is_no_event_is_kept_as_a_dead_letter(house: House, body: bytes) -> None:
    for _ in range(2):
        answer = house.post(house.signed(), body)
        assert answer.status_code == 200, "another answer would have it sent again for days"
        assert answer.json()["dead_letter"]
        assert answer.json()["reason"]
        assert "Traceback" not in answer.text
    assert len(house.builder.queue.letters()) == 1
    house.until(lambda: bool(house.told))
    assert "dead letter" in house.told[0]
    assert house.post({}, body).status_code == 401, "an unknown sender's event is not stored"
    assert len(house.builder.queue.letters()) == 1


def test_too_large_and_empty_requests_are_refused(house: House) -> None:
    assert house.post(house.signed(), b"").status_code == 400
    assert house.post(house.signed(), b" " * ((1 << 20) + 1)).status_code == 413


@pytest.mark.parametrize(
    "event",
    [
        pubsub("inbox/users/a.csv", kind="OBJECT_DELETE"),
        pubsub("elsewhere/a.csv"),
        pubsub("inbox/users/"),
        pubsub("inbox/users/../../secrets/a.csv"),
        json.dumps({"message": {"data": base64.b64encode(
            json.dumps(storage_object("inbox/users/a.csv", bucket="other-bucket")).encode()).decode()}}).encode(),
    ],
)  # fmt: skip
def test_an_arrival_without_a_source_is_accepted_and_builds_nothing(house: House, event: bytes) -> None:
    answer = house.post(house.signed(), event)
    assert (answer.status_code, answer.json().get("ours")) == (200, 0)
    assert house.builder.queue.counts() == {}


def test_only_the_failing_file_is_given_up_and_a_notification_is_sent(house: House) -> None:
    house.failing.add("thelook.orders")
    house.post(house.signed(), pubsub("inbox/users/a.csv"))
    house.post(house.signed(), pubsub("inbox/orders/b.csv"))
    house.until(lambda: house.builder.queue.counts() == {"built": 1, "dead": 1} and bool(house.told))
    assert house.builds[0] == ["thelook.orders", "thelook.users"]
    assert house.builds.count(["thelook.orders"]) == FAST.attempts - 1
    assert house.builds.count(["thelook.users"]) == 1
    (text,) = house.told
    assert "thelook.orders: gcp://lakeweave-landing/inbox/orders/b.csv: given up after 3 attempts." in text
    assert "Database Error" in text
    # Once fixed, it is built on request.
    house.failing.clear()
    assert house.builder.queue.retry_dead() == 1
    house.until(lambda: house.builder.queue.counts() == {"built": 2})


def test_a_failed_notification_is_sent_later(house: House) -> None:
    heard: list[str] = []
    house.builder.notify = lambda text: bool(heard.append(text)) or len(heard) > 1
    house.failing.add("thelook.users")
    house.post(house.signed(), pubsub("inbox/users/a.csv"))
    house.until(lambda: len(heard) == 2)
    time.sleep(0.2)
    assert len(heard) == 2


def test_a_file_that_is_gone_builds_nothing_and_is_reported(house: House) -> None:
    house.builder.exists = lambda each: each.name != "inbox/users/gone.csv"
    house.post(house.signed(), pubsub("inbox/users/gone.csv"))
    house.until(lambda: bool(house.told))
    assert house.builds == []
    assert "gone.csv: gone." in house.told[0]


def test_the_next_process_builds_the_arrivals_of_a_killed_process(tmp_path: Path) -> None:
    queue = Queue(tmp_path / "queue.sqlite")
    queue.put([("thelook.users", Arrival("gcp", "b", "inbox/users/a.csv", "1"))])
    assert len(queue.take()) == 1
    built: list[list[str]] = []
    again = Builder(
        Queue(tmp_path / "queue.sqlite"),
        lambda sources: (not built.append(sources), ""),
        retry_policy=RetryPolicy(gather=0),
    )
    again.step()
    again.step()
    assert built == [["thelook.users"]]
    assert queue.counts() == {"built": 1}


def test_a_burst_is_over_when_nothing_comes_or_when_it_lasts_too_long(tmp_path: Path) -> None:
    def arrives(number: int) -> None:
        queue.put([("thelook.users", Arrival("gcp", "b", "inbox/users/a.csv", str(number)))])

    queue = Queue(tmp_path / "queue.sqlite")
    builder = Builder(queue, lambda _: (True, ""), retry_policy=RetryPolicy(gather=0.4, gather_at_most=3600))
    arrives(1)
    assert not builder.step()
    time.sleep(0.5)
    assert builder.step()
    builder.retry_policy = RetryPolicy(gather=3600, gather_at_most=0.4)
    arrives(2)
    assert not builder.step()
    time.sleep(0.5)
    arrives(3)
    assert builder.step()
    assert queue.counts() == {"built": 3}


def test_two_processes_do_not_build_at_once(tmp_path: Path) -> None:
    queue = Queue(tmp_path / "queue.sqlite")
    queue.put([("thelook.users", Arrival("gcp", "b", "inbox/users/a.csv", "1"))])
    other = Builder(queue, lambda _: pytest.fail("built beside another"), retry_policy=RetryPolicy(gather=0))
    outcomes: list[bool] = []

    def build(_: list[str]) -> tuple[bool, str]:
        queue.put([("thelook.users", Arrival("gcp", "b", "inbox/users/b.csv", "1"))])
        outcomes.append(other.step())
        return True, ""

    assert Builder(queue, build, retry_policy=RetryPolicy(gather=0)).step()
    assert outcomes == [False]
    assert queue.counts() == {"built": 1, "waiting": 1}


def test_health_has_the_counts_of_the_queue(house: House) -> None:
    assert httpx.get(house.address + "health").json() == {"status": "ok", "arrivals": {}}
    assert httpx.get(house.address + "other").status_code == 404


def test_an_event_that_cannot_be_kept_is_sent_again(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: Any) -> int:
        raise OSError("No space left on device")

    monkeypatch.setattr(house.builder.queue, "put", full)
    assert house.post(house.signed(), pubsub("inbox/users/a.csv")).status_code == 503


def test_a_request_that_drips_is_cut_off_and_others_are_served(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service, "REQUEST_AT_MOST", 0.5)
    host, port = httpx.URL(house.address).host, httpx.URL(house.address).port
    assert port is not None
    began = time.monotonic()
    with socket.create_connection((host, port), timeout=10) as dripping:
        dripping.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n")
        with pytest.raises(OSError):  # noqa: PT011, PT012 (reset or broken pipe, as it comes)
            while time.monotonic() - began < 20:
                dripping.sendall(b"x")
                time.sleep(0.05)
                assert httpx.get(house.address + "health", timeout=5).status_code == 200
    assert time.monotonic() - began < 15


def test_headers_have_a_limit(house: House) -> None:
    assert house.post(house.signed() | {"x-long": "x" * (1 << 17)}, b"{}").status_code in (400, 431)


def test_health_waits_for_no_lock(house: House) -> None:
    connection = sqlite3.connect(house.builder.queue.path, isolation_level=None)
    connection.execute("begin exclusive")
    try:
        for _ in range(5):
            assert httpx.get(house.address + "health", timeout=1).status_code == 200
    finally:
        connection.execute("rollback")
        connection.close()


@pytest.mark.parametrize("ahead", [86_400.0, 10.0 * 365 * 86_400])
def test_a_clock_that_jumps_back_holds_up_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ahead: float
) -> None:
    queue = Queue(tmp_path / "queue.sqlite")
    now = time.time()
    with monkeypatch.context() as clock:
        clock.setattr("lakeweave.arrivals.queue.time.time", lambda: now + ahead)
        queue.put(
            [("thelook.users", Arrival("gcp", "b", name, "1")) for name in ("inbox/users/a.csv", "inbox/users/b.csv")]
        )
        (first, _) = queue.take()
        queue.recover()
        queue.settle([first.number], "waiting", "failed", wait=0.2)
    built: list[list[str]] = []
    builder = Builder(queue, lambda sources: (not built.append(sources), ""), retry_policy=RetryPolicy(gather=0.1))
    began = time.monotonic()
    while queue.counts() != {"built": 2}:
        builder.step()
        assert time.monotonic() - began < 10, queue.counts()
        time.sleep(0.05)


@pytest.mark.parametrize(
    "content", [b"no database at all, for a page or so " * 200, b"SQLite format 3\0" + b"\xff" * 9000]
)
def test_a_damaged_queue_is_kept_aside_and_the_service_starts(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "queue.sqlite"
    path.write_bytes(content)
    queue = Queue(path)
    assert queue.replaced is not None
    assert queue.replaced.read_bytes() == content
    assert queue.put([("thelook.users", Arrival("gcp", "b", "inbox/users/a.csv", "1"))]) == 1
    assert Queue(path).replaced is None
    done = subprocess.run(
        [sys.executable, "-m", "lakeweave.arrivals", "list", "--queue", str(tmp_path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert "cannot be opened" in done.stderr
    assert "Traceback" not in done.stderr


def hostile_items(folder: Path) -> int:
    """Items that cannot be taken in; how many."""
    (folder / "loop").symlink_to(folder / "loop")
    (folder / "here").symlink_to(folder, target_is_directory=True)
    (folder / "nowhere.csv").symlink_to(folder / "absent")
    os.mkfifo(folder / "pipe.csv")
    with open(os.path.join(os.fsencode(folder), b"caf\xe9.csv"), "w") as file:
        file.write("id\n1\n")
    return 5


def test_watching_continues_after_an_arrival_that_cannot_be_loaded(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    landing, queue = tmp_path / "landing", Queue(tmp_path / "queue.sqlite")
    folder = landing / "gcp" / "inbox" / "users"
    folder.mkdir(parents=True)
    # Buckets that events may name do not make a folder's files strangers.
    watcher = Watcher(landing, queue, Sources(FOLDERS, ("some-bucket",)))
    watcher.baseline()
    refused = hostile_items(folder)
    names = ["line\nbreak.csv", "esc\x1b[31m.csv", "quote'.csv", "ü.csv", "x" * 251 + ".csv", "\u202egpj.csv"]
    for name in names:
        (folder / name).write_text("id\n1\n")
    taken = sum(watcher.look() for _ in range(3))
    assert taken == len(names)
    assert len(queue.letters()) == refused
    said = capsys.readouterr().err
    assert said.count("not taken in") == refused
    assert "caf\\udce9.csv" in said
    assert all(reason for _, reason, _ in queue.letters())
    # And it is built, past an item whose existence cannot be asked.
    built: list[list[str]] = []

    def exists(each: Any) -> bool:
        if each.name.endswith("ü.csv"):
            raise OSError("File name too long")
        return True

    told: list[str] = []
    builder = Builder(
        queue,
        lambda sources: (not built.append(sources), ""),
        lambda text: not told.append(text),
        exists,
        RetryPolicy(gather=0),
    )
    builder.step()
    assert built == [["thelook.users"]]
    assert queue.counts() == {"built": len(names) - 1, "gone": 1}
    assert len(told) == 2
    assert not any(char in "".join(told) for char in "\x1b\u202e")


@pytest.mark.parametrize("fails", ["look", "worker"])
def test_neither_half_of_watching_lives_without_the_other(
    tmp_path: Path, fails: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    queue = Queue(tmp_path / "queue.sqlite")
    (tmp_path / "landing").mkdir()
    watcher, builder = Watcher(tmp_path / "landing", queue, Sources(FOLDERS)), Builder(queue, lambda _: (True, ""))
    looks: list[int] = []

    def broken() -> int:
        looks.append(1)
        raise RuntimeError("the disk is gone")

    if fails == "look":
        monkeypatch.setattr(watcher, "look", broken)
    else:
        monkeypatch.setattr(builder, "run", lambda stop: None)
    assert watch(watcher, builder, threading.Event(), pause=0.01) == 1
    assert fails == "worker" or len(looks) == 10


def test_a_name_of_a_file_addresses_nobody_and_links_nowhere(monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[str] = []

    def post(address: str, json: dict[str, str], timeout: float) -> httpx.Response:
        sent.append(json["text"])
        return httpx.Response(200)

    monkeypatch.setattr(httpx, "post", post)
    told = "<!channel> <users/all> @here <https://example.com|a.csv> ![x](https://example.com/p.png) mailto:a@b.c\nsecond line"
    assert notify_by_webhook("https://chat.example.com/hook")(told)
    assert not re.search(r"[<>]|://|@\w|\]\(", sent[0])
    assert "channel" in sent[0]


def test_a_failed_notification_logs_no_webhook_address(capsys: pytest.CaptureFixture[str]) -> None:
    for address in ("http://127.0.0.1:9/hooks/SECRET-TOKEN", "http://[SECRET-TOKEN", "SECRET-TOKEN"):
        assert notify_by_webhook(address)("hello") is False
    said = capsys.readouterr().err
    assert "SECRET" not in said
    assert said.count("the notification was not sent") == 3


def test_watching_takes_files_once_they_are_whole(tmp_path: Path) -> None:
    landing, queue = tmp_path / "landing", Queue(tmp_path / "queue.sqlite")
    folder = landing / "gcp" / "inbox" / "users"
    folder.mkdir(parents=True)
    (folder / "old.csv").write_text("id\n1\n")
    watcher = Watcher(landing, queue, Sources(FOLDERS))
    assert watcher.baseline() == 1
    watcher.look()
    assert watcher.look() == 0
    (folder / "new.csv").write_text("id\n")
    assert watcher.look() == 0, "it may still be growing"
    (folder / "new.csv").write_text("id\n2\n")
    assert watcher.look() == 0
    assert watcher.look() == 1
    assert watcher.look() == 0
    (folder / ".part.csv").write_text("x")
    (landing / "gcp" / "elsewhere.csv").write_text("x")
    watcher.look()
    assert watcher.look() == 0
    assert [(each.source, each.name) for each in queue.take()] == [("thelook.users", "inbox/users/new.csv")]
    # A watch that begins later finds what landed meanwhile.
    (folder / "meanwhile.csv").write_text("id\n3\n")
    later = Watcher(landing, queue, Sources(FOLDERS))
    assert later.baseline() == 0
    later.look()
    assert later.look() == 1


@pytest.mark.parametrize("has_events", [True, False])
def test_watching_lists_the_folders_after_events_only(
    tmp_path: Path, has_events: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "landing" / "gcp" / "inbox" / "users"
    folder.mkdir(parents=True)
    if not has_events:

        def unsupported(*_: object, **__: object) -> Iterator[set[object]]:
            raise OSError("the limit of inotify is reached")

        monkeypatch.setattr(watchfiles, "watch", unsupported)
    queue, stop, looks = Queue(tmp_path / "queue.sqlite"), threading.Event(), []
    watcher = Watcher(tmp_path / "landing", queue, Sources(FOLDERS))
    watcher.baseline()
    look = watcher.look
    monkeypatch.setattr(watcher, "look", lambda: looks.append(1) or look())
    builder = Builder(queue, lambda _: (True, ""), retry_policy=RetryPolicy(gather=0.05))
    running = threading.Thread(target=watch, args=(watcher, builder, stop, 0.05))
    running.start()
    try:
        time.sleep(0.5)
        idle = len(looks)
        time.sleep(0.5)
        assert (len(looks) == idle) == has_events, "without events the folders are listed at each step"
        (folder / "new.csv").write_text("id\n2\n")
        end = time.monotonic() + 20
        while queue.counts() != {"built": 1} and time.monotonic() < end:
            time.sleep(0.05)
        assert queue.counts() == {"built": 1}
    finally:
        stop.set()
        running.join(20)
    assert not running.is_alive()


def test_folders_are_those_of_the_project() -> None:
    sources = Sources.of_project(ROOT, "duckdb")
    assert sources.folders["gcp/inbox/users"] == "thelook.users"
    assert sources.of(Arrival("gcp", "any", "inbox/users/a.csv", "1")) == "thelook.users"
    assert sources.of(Arrival("aws", "any", "dms/listings/shop/listings/1.csv", "1")) == "listings.listings"
