"""What a request says has arrived, once it is certain who says it.

Three senders are known: Eventarc (a CloudEvent over HTTP), a Pub/Sub push subscription on a bucket's notifications, and SNS with
S3 events. Google signs its requests with a token in the header (OpenID Connect); SNS signs each message. A request that is signed
by nobody, by somebody else or for somebody else is refused before its content is looked at.

https://cloud.google.com/eventarc/docs/cloudevents
https://cloud.google.com/pubsub/docs/authenticate-push-subscriptions
https://docs.aws.amazon.com/sns/latest/dg/sns-verify-signature-of-message.html
"""

from __future__ import annotations

import base64
import json
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote_plus, urlsplit

import httpx

GOOGLE_CERTIFICATES = "https://www.googleapis.com/oauth2/v1/certs"
GOOGLE_ISSUERS = ("https://accounts.google.com", "accounts.google.com")
SNS_HOST = re.compile(r"sns\.[a-z0-9-]+\.amazonaws\.com(\.cn)?")
SIGNED_FIELDS = {
    "Notification": ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"),
    "SubscriptionConfirmation": ("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"),
    "UnsubscribeConfirmation": ("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"),
}


class RefusedError(Exception):
    """The request starts nothing; ``status`` is what the sender is told."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status


@dataclass(frozen=True)
class Arrival:
    """One object that was written. The version differs each time that it is written anew."""

    store: str
    bucket: str
    name: str
    version: str


def _fetch(address: str) -> str:
    answer = httpx.get(address, timeout=10)
    answer.raise_for_status()
    return answer.text


@dataclass
class Trust:
    """Whom the service believes, and how it gets the keys to check it."""

    audience: str = ""
    """The service's own address, which Google's tokens must be made for."""
    senders: tuple[str, ...] = ()
    """E-mail addresses of the service accounts that may push."""
    topics: tuple[str, ...] = ()
    """ARNs of the SNS topics."""
    fetch: Callable[[str], str] = _fetch
    _kept: dict[str, tuple[float, str]] = field(default_factory=dict)

    def get(self, address: str) -> str:
        """A document of keys, kept for an hour."""
        kept = self._kept.get(address)
        if kept is None or time.monotonic() - kept[0] > 3600:
            kept = (time.monotonic(), self.fetch(address))
            self._kept[address] = kept
        return kept[1]

    def check_google(self, headers: Mapping[str, str]) -> None:
        """Refuses a request without a valid token of a service account that may push."""
        from google.auth import exceptions, jwt

        scheme, _, token = headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise RefusedError(401, "the request carries no token")
        if not self.audience or not self.senders:
            raise RefusedError(
                403, "no sender of Google's is trusted: LAKEWEAVE_ARRIVALS_AUDIENCE and _SENDERS are not set"
            )
        try:
            certificates = json.loads(self.get(GOOGLE_CERTIFICATES))
        except (httpx.HTTPError, ValueError, OSError) as error:
            raise RefusedError(503, f"Google's keys cannot be had now: {error}") from error
        try:
            claims = jwt.decode(token, certs=certificates, audience=self.audience, clock_skew_in_seconds=10)
        except (ValueError, exceptions.GoogleAuthError) as error:
            raise RefusedError(401, "the token is not valid") from error
        if claims.get("iss") not in GOOGLE_ISSUERS:
            raise RefusedError(401, "the token is of another issuer")
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
        address = urlsplit(str(message.get("SigningCertURL", "")))
        kinds = {"1": hashes.SHA1, "2": hashes.SHA256}
        if (
            names is None
            or address.scheme != "https"
            or not SNS_HOST.fullmatch(address.netloc)
            or not address.path.endswith(".pem")
            or message.get("SignatureVersion") not in kinds
        ):
            raise RefusedError(403, "the message is not signed by SNS")
        signed = "".join(f"{name}\n{message[name]}\n" for name in names if message.get(name) is not None)
        try:
            pem = self.get(address.geturl())
        except (httpx.HTTPError, OSError) as error:
            raise RefusedError(503, f"the key of SNS cannot be had now: {error}") from error
        try:
            key = x509.load_pem_x509_certificate(pem.encode()).public_key()
            signature = base64.b64decode(str(message.get("Signature", "")), validate=True)
            assert isinstance(key, rsa.RSAPublicKey)
            key.verify(signature, signed.encode(), padding.PKCS1v15(), kinds[message["SignatureVersion"]]())
        except (InvalidSignature, ValueError, AssertionError) as error:
            raise RefusedError(403, "the signature does not fit the message") from error


def _document(text: str | bytes, what: str) -> dict[str, Any]:
    try:
        document = json.loads(text)
    except ValueError as error:
        raise RefusedError(400, f"{what} is not JSON") from error
    if not isinstance(document, dict):
        raise RefusedError(400, f"{what} is not a JSON object")
    return document


def _text(document: Mapping[str, Any], name: str, what: str) -> str:
    value = document.get(name)
    if not isinstance(value, str | int) or value == "":
        raise RefusedError(400, f"{what} has no `{name}`")
    return str(value)


def _of_cloud_storage(data: Mapping[str, Any]) -> list[Arrival]:
    what = "the object of Cloud Storage"
    return [Arrival("gcp", _text(data, "bucket", what), _text(data, "name", what), _text(data, "generation", what))]


def _of_s3(text: str) -> list[Arrival]:
    """https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html."""
    records = _document(text, "the message of S3").get("Records") or []
    found = []
    for record in records:
        if not isinstance(record, dict) or not str(record.get("eventName", "")).startswith("ObjectCreated:"):
            continue
        s3 = record.get("s3") or {}
        item = s3.get("object") or {}
        version = item.get("versionId") or item.get("sequencer") or item.get("eTag") or ""
        name = unquote_plus(_text(item, "key", "the object of S3"))
        found.append(Arrival("aws", _text(s3.get("bucket") or {}, "name", "the bucket of S3"), name, str(version)))
    return found


def read(headers: Mapping[str, str], body: bytes, trust: Trust) -> list[Arrival]:
    """The objects that a request says have arrived; none for an event of another kind, which is nobody's fault.

    Raises:
        RefusedError: the request is no event, or of nobody who is trusted.
    """
    headers = {name.lower(): value for name, value in headers.items()}
    if "x-amz-sns-message-type" in headers:
        message = _document(body, "the request")
        trust.check_sns(message)
        if message["Type"] == "SubscriptionConfirmation":
            address = urlsplit(str(message.get("SubscribeURL", "")))
            if address.scheme != "https" or not SNS_HOST.fullmatch(address.netloc):
                raise RefusedError(403, "the address that confirms the subscription is none of SNS")
            trust.fetch(address.geturl())
        return _of_s3(str(message.get("Message", ""))) if message["Type"] == "Notification" else []

    trust.check_google(headers)
    document = _document(body, "the request")
    kind = headers.get("ce-type") or (document.get("type") if "specversion" in document else None)
    if kind is not None and kind != "google.cloud.pubsub.topic.v1.messagePublished":
        if kind != "google.cloud.storage.object.v1.finalized":
            return []
        # Structured CloudEvents hold the data, binary ones are it.
        return _of_cloud_storage(document.get("data") or {} if "specversion" in document else document)
    envelope = (document.get("data") or {}) if "specversion" in document else document
    message = envelope.get("message")
    if not isinstance(message, dict):
        raise RefusedError(400, "the request is no CloudEvent of Cloud Storage and holds no Pub/Sub message")
    attributes = message.get("attributes") or {}
    if attributes.get("eventType", "OBJECT_FINALIZE") != "OBJECT_FINALIZE":
        return []
    if {"bucketId", "objectId", "objectGeneration"} <= attributes.keys():
        return [Arrival("gcp", attributes["bucketId"], attributes["objectId"], attributes["objectGeneration"])]
    try:
        data = base64.b64decode(message.get("data") or "", validate=True)
    except ValueError as error:
        raise RefusedError(400, "the data of the Pub/Sub message is not base 64") from error
    return _of_cloud_storage(_document(data, "the data of the Pub/Sub message"))
