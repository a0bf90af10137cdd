"""What a request says has arrived, once it is certain who says it.

Three senders are known: Eventarc (a CloudEvent over HTTP), a Pub/Sub push subscription on a bucket's notifications, and SNS with
S3 events. Google signs its requests with a token in the header (OpenID Connect); SNS signs each message. A request that is signed
by no one, by another sender or for another audience is refused before its content is read.

https://cloud.google.com/eventarc/docs/cloudevents
https://cloud.google.com/pubsub/docs/authenticate-push-subscriptions
https://docs.aws.amazon.com/sns/latest/dg/sns-verify-signature-of-message.html
"""

from __future__ import annotations

import base64
import json
import re
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import SplitResult, unquote_plus, urlsplit

import httpx

from lakeweave.errors import MalformedError, RefusedError

GOOGLE_CERTIFICATES = "https://www.googleapis.com/oauth2/v1/certs"
SNS_HOST = re.compile(r"sns\.[a-z0-9-]+\.amazonaws\.com(\.cn)?")
SNS_CERTIFICATE = re.compile(r"/SimpleNotificationService-[0-9a-f]{1,64}\.pem")
LONGEST_NAME = 1024
"""Bytes of the name of an object, in S3 and in Cloud Storage."""
LARGEST_KEYS = 1 << 18
"""Bytes of a document of keys."""
SIGNED_FIELDS = {
    "Notification": ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"),
    "SubscriptionConfirmation": ("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"),
    "UnsubscribeConfirmation": ("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"),
}


@dataclass(frozen=True)
class Arrival:
    """One object that was written. The version differs each time that it is replaced."""

    store: str
    bucket: str
    name: str
    version: str


def _fetch(address: str) -> str:
    with httpx.stream("GET", address, timeout=10) as answer:
        answer.raise_for_status()
        text = b""
        for part in answer.iter_bytes():
            text += part
            if len(text) > LARGEST_KEYS:
                raise OSError(f"more than {LARGEST_KEYS} bytes came from {urlsplit(address).netloc}")
    return text.decode()


@dataclass(frozen=True)
class _Document:
    """A reply of status 200, with the attributes that google-auth reads."""

    data: bytes
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass
class EventVerifier:
    """Whom the service believes, and how it gets the keys to check it."""

    audience: str = ""
    """The service's own address, which Google's tokens must be made for."""
    senders: tuple[str, ...] = ()
    """E-mail addresses of the service accounts that may push."""
    topics: tuple[str, ...] = ()
    """ARNs of the SNS topics."""
    fetch: Callable[[str], str] = _fetch
    clock: Callable[[], float] = time.monotonic
    _kept: dict[str, tuple[float, str]] = field(default_factory=dict)
    _asked: dict[str, float] = field(default_factory=dict)
    _locks: dict[str, threading.Lock] = field(default_factory=dict)
    _guard: threading.Lock = field(default_factory=threading.Lock)

    def get(self, address: str, every: float = 10.0) -> str:
        """A document of keys, kept for an hour.

        A host is asked at most once in ``every`` seconds, whatever strangers send: an old document is used meanwhile.

        Raises:
            OSError: there is none, and the host was asked a moment ago.
        """

        def fresh() -> str | None:
            kept = self._kept.get(address)
            return kept[1] if kept is not None and self.clock() - kept[0] <= 3600 else None

        if (text := fresh()) is not None:
            return text
        host = urlsplit(address).netloc
        with self._guard:
            lock = self._locks.setdefault(host, threading.Lock())
        with lock:
            # Another thread may have fetched it while this one waited for the lock.
            if (text := fresh()) is not None:
                return text
            old, last = self._kept.get(address), self._asked.get(host)
            try:
                if last is not None and self.clock() - last < every:
                    raise OSError(f"{host} was asked for another key less than {every:.0f} s ago")
                self._asked[host] = self.clock()
                text = self.fetch(address)
            except (httpx.HTTPError, OSError):
                if old is not None:
                    return old[1]
                raise
            with self._guard:
                while len(self._kept) >= 32:
                    del self._kept[next(iter(self._kept))]
                self._kept[address] = (self.clock(), text)
        return text

    def _cached_certificates(self, url: str, method: str = "GET", **_: object) -> _Document:
        """Google's certificates as a reply, for its library: of the cache, or fetched.

        Raises:
            TransportError: there are none, or they are no JSON object.
        """
        from google.auth import exceptions

        try:
            text = self.get(url)
            if not isinstance(json.loads(text), dict):
                raise ValueError("the reply is no JSON object")
        except (httpx.HTTPError, ValueError, OSError) as error:
            raise exceptions.TransportError(error) from error  # type: ignore[no-untyped-call]
        return _Document(text.encode())

    def check_google(self, headers: Mapping[str, str]) -> None:
        """Refuses a request without a valid token of a service account that may push."""
        from google.auth import exceptions
        from google.oauth2 import id_token

        scheme, _, token = headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise RefusedError(401, "the request carries no token")
        if not self.audience or not self.senders:
            raise RefusedError(
                403, "no sender of Google's is trusted: LAKEWEAVE_ARRIVALS_AUDIENCE and _SENDERS are not set"
            )
        try:
            # Signature, audience, lifetime and issuer are the library's to check; the keys come from our cache.
            claims = id_token.verify_oauth2_token(  # type: ignore[no-untyped-call]
                token, self._cached_certificates, audience=self.audience, clock_skew_in_seconds=10
            )
        except exceptions.TransportError as error:
            raise RefusedError(503, f"could not fetch Google's public keys: {error}") from error
        except (ValueError, KeyError, exceptions.GoogleAuthError) as error:
            raise RefusedError(401, "the token is not valid, or of another issuer") from error
        if not claims.get("email_verified") or claims.get("email") not in self.senders:
            raise RefusedError(403, "the sender is not one that may push")

    def check_sns(self, message: Mapping[str, Any]) -> None:
        """Refuses a message of another topic, or whose signature does not fit."""
        from cryptography import x509
        from cryptography.exceptions import InvalidSignature
        from cryptography.hazmat.primitives import hashes
        from cryptography.hazmat.primitives.asymmetric import padding, rsa

        if message.get("TopicArn") not in self.topics:
            raise RefusedError(403, "the topic is not one that is listened to")
        names = SIGNED_FIELDS.get(str(message.get("Type")))
        address = _parts(message.get("SigningCertURL"))
        kinds = {"1": hashes.SHA1, "2": hashes.SHA256}
        if (
            names is None
            or address.scheme != "https"
            or not SNS_HOST.fullmatch(address.netloc)
            or f":{address.netloc.split('.')[1]}:" not in str(message["TopicArn"])
            or not SNS_CERTIFICATE.fullmatch(address.path)
            or address.query
            or address.fragment
            or str(message.get("SignatureVersion")) not in kinds
        ):
            raise RefusedError(403, "the message is not signed by SNS")
        # Before a key is fetched: what is no signature at all costs no request.
        try:
            signature = base64.b64decode(str(message.get("Signature", "")), validate=True)
        except ValueError as error:
            raise RefusedError(403, "the signature does not fit the message") from error
        if len(signature) not in (128, 256, 384, 512):
            raise RefusedError(403, "the signature does not fit the message")
        if any(not isinstance(message.get(name), str | None) for name in names):
            raise RefusedError(403, "the message is not signed by SNS")
        signed = "".join(f"{name}\n{message[name]}\n" for name in names if message.get(name) is not None)
        try:
            pem = self.get(address.geturl())
        except (httpx.HTTPError, OSError) as error:
            raise RefusedError(503, f"could not fetch the public key of SNS: {error}") from error
        try:
            key = x509.load_pem_x509_certificate(pem.encode()).public_key()
            if not isinstance(key, rsa.RSAPublicKey):
                raise ValueError("the key of SNS is no RSA key")
            key.verify(signature, signed.encode(), padding.PKCS1v15(), kinds[str(message["SignatureVersion"])]())
        except (InvalidSignature, ValueError) as error:
            raise RefusedError(403, "the signature does not fit the message") from error


def _parts(address: Any) -> SplitResult:
    try:
        return urlsplit(str(address or ""))
    except ValueError:
        return urlsplit("")


def _document(text: str | bytes, what: str) -> dict[str, Any]:
    try:
        document = json.loads(text)
    except RecursionError as error:
        raise MalformedError(f"{what} is nested too deeply") from error
    except ValueError as error:
        raise MalformedError(f"{what} is not JSON") from error
    return _object(document, what)


def _object(value: Any, what: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise MalformedError(f"{what} is not a JSON object")
    return value


def _text(document: Mapping[str, Any], name: str, what: str) -> str:
    value = document.get(name)
    if isinstance(value, bool) or not isinstance(value, str | int) or value == "":
        raise MalformedError(f"{what} has no `{name}`")
    if isinstance(value, int) and abs(value) >= 1 << 64:
        raise MalformedError(f"the `{name}` of {what} is no number that it could be")
    text = str(value)
    try:
        length = len(text.encode())
    except UnicodeEncodeError as error:
        raise MalformedError(f"the `{name}` of {what} is not Unicode") from error
    if length > LONGEST_NAME or "\0" in text:
        raise MalformedError(f"the `{name}` of {what} is longer than {LONGEST_NAME} bytes, or has a zero in it")
    return text


def _of_cloud_storage(data: Mapping[str, Any]) -> list[Arrival]:
    what = "the object of Cloud Storage"
    return [Arrival("gcp", _text(data, "bucket", what), _text(data, "name", what), _text(data, "generation", what))]


def _of_s3(text: str) -> list[Arrival]:
    """https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html."""
    records = _document(text, "the message of S3").get("Records") or []
    if not isinstance(records, list):
        raise MalformedError("the `Records` of the message of S3 are not a list")
    found = []
    for record in records:
        record = _object(record, "a record of S3")
        if not str(record.get("eventName", "")).startswith("ObjectCreated:"):
            continue
        s3 = _object(record.get("s3"), "the `s3` of a record")
        item = _object(s3.get("object"), "the object of S3")
        version = next((each for each in ("versionId", "sequencer", "eTag") if item.get(each)), None)
        name = {"key": unquote_plus(_text(item, "key", "the object of S3"), errors="surrogateescape")}
        found.append(
            Arrival(
                "aws",
                _text(_object(s3.get("bucket"), "the bucket of S3"), "name", "the bucket of S3"),
                _text(name, "key", "the object of S3"),
                "" if version is None else _text(item, version, "the object of S3"),
            )
        )
    return found


def read(headers: Mapping[str, str], body: bytes, verifier: EventVerifier) -> list[Arrival]:
    """The objects that a request says have arrived; none for an event of another kind, which is no error.

    Raises:
        RefusedError: the sender is not trusted, or the keys to check the request cannot be fetched.
        MalformedError: it is of a trusted sender, and no event that could ever be taken in.
    """
    headers = {name.lower(): value for name, value in headers.items()}
    if "x-amz-sns-message-type" in headers:
        try:
            message = _document(body, "the request")
        except MalformedError as error:
            # It has no signature.
            raise RefusedError(400, str(error)) from error
        verifier.check_sns(message)
        if message["Type"] == "SubscriptionConfirmation":
            address = _parts(message.get("SubscribeURL"))
            if address.scheme != "https" or not SNS_HOST.fullmatch(address.netloc):
                raise RefusedError(403, "the address that confirms the subscription is none of SNS")
            try:
                verifier.fetch(address.geturl())
            except (httpx.HTTPError, OSError) as error:
                raise RefusedError(503, "the subscription could not be confirmed now") from error
        return _of_s3(str(message.get("Message", ""))) if message["Type"] == "Notification" else []

    verifier.check_google(headers)
    document = _document(body, "the request")
    kind = headers.get("ce-type") or (document.get("type") if "specversion" in document else None)
    if kind is not None and kind != "google.cloud.pubsub.topic.v1.messagePublished":
        if kind != "google.cloud.storage.object.v1.finalized":
            return []
        # Structured CloudEvents hold the data, binary ones are it.
        return _of_cloud_storage(_object(document.get("data"), "the data") if "specversion" in document else document)
    envelope = _object(document.get("data"), "the data") if "specversion" in document else document
    pushed = envelope.get("message")
    if not isinstance(pushed, dict):
        raise MalformedError("the request is no CloudEvent of Cloud Storage and holds no Pub/Sub message")
    attributes = _object(pushed.get("attributes") or {}, "the attributes of the Pub/Sub message")
    if attributes.get("eventType", "OBJECT_FINALIZE") != "OBJECT_FINALIZE":
        return []
    if {"bucketId", "objectId", "objectGeneration"} <= attributes.keys():
        what = "the Pub/Sub message"
        return [
            Arrival("gcp", *(_text(attributes, each, what) for each in ("bucketId", "objectId", "objectGeneration")))
        ]
    try:
        data = base64.b64decode(pushed.get("data") or "", validate=True)
    except (ValueError, TypeError) as error:
        raise MalformedError("the data of the Pub/Sub message is not base 64") from error
    return _of_cloud_storage(_document(data, "the data of the Pub/Sub message"))
