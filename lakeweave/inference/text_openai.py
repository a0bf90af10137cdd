"""Text from any server that speaks the OpenAI chat protocol (Ollama, vLLM, llama.cpp, hosted services).

One pool of worker threads, each with its own kept-alive connection, is shared by every DuckDB thread, so that
``concurrency`` bounds the requests in flight whatever the engine does. The standard library's client is used: it costs
a fifth of the processor time per request of the usual asynchronous ones, and brings no dependency.

What becomes of a request
    * an answer: ``ok``;
    * 408, 409, 429, 5xx, a time-out or a broken connection: tried again ``tries`` times with growing, jittered pauses,
      a ``Retry-After`` being honoured; then ``retryable``;
    * an answer that is not what was promised (no JSON, empty): ``retryable``, because the next answer may differ;
    * 400, 413, 422 and the other client errors, or a refusal by the content filter: ``failed``, for this input alone;
    * an address that cannot be reached, 401, 403, 404, 405 or a redirect: nothing is wrong with the input. It is
      ``unsent``, and after a few of them in a row the rest of the batch is not sent either. The same happens after
      ``give_up_after`` inputs in a row without a success.
"""

from __future__ import annotations

import base64
import email.utils
import http.client
import json
import os
import random
import re
import socket
import ssl
import threading
import time
import urllib.request
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import unquote, urlsplit

from lakeweave.inference.answers import FAILED, OK, RETRYABLE, UNSENT, Answer, status_text
from lakeweave.inference.config import OpenAIText
from lakeweave.inference.usage import read_usage

_AGAIN = frozenset({408, 409, 425, 429})
_NOT_THE_INPUT = frozenset({401, 402, 403, 404, 405, 407, 421})
_UNREACHABLE_IN_A_ROW = 8
_COOL_DOWN = 15.0
_PAUSE, _LONGEST_PAUSE = 0.2, 8.0
_FENCED = re.compile(r"\A\s*```(?:json)?\s*\n(.*?)\n?\s*```\s*\Z", re.DOTALL)
_BROKEN_PIPE = (http.client.RemoteDisconnected, ConnectionResetError, BrokenPipeError, ConnectionAbortedError)


class BackendError(RuntimeError):
    """The backend cannot be used as it is set up; the message says what to do."""


@dataclass(frozen=True, slots=True)
class _Reply:
    status: int
    headers: http.client.HTTPMessage
    body: bytes


@dataclass(slots=True)
class _Made:
    """The requests that were sent for one prompt."""

    requests: int = 0


def _always(_made: int) -> bool:
    return True


class _Unreachable(Exception):
    """No connection could be made at all."""


class OpenAIBackend:
    """Answers prompts over HTTP. Thread safe; one instance serves all threads of a process."""

    def __init__(self, settings: OpenAIText) -> None:
        """Check nothing but the shape of the address; the key is looked for when the first answer is needed."""
        self._settings = settings
        parts = urlsplit(settings.base_url)
        self._secure = parts.scheme == "https"
        self._host = parts.hostname or ""
        self._port = parts.port or (443 if self._secure else 80)
        self._path = parts.path.rstrip("/") + "/chat/completions"
        self._origin = f"{parts.scheme}://{self._host}:{self._port}"
        self._proxy = self._find_proxy(parts.scheme)
        self._local = threading.local()
        self._pool: ThreadPoolExecutor | None = None
        self._pool_lock = threading.Lock()
        self._breaker = _Breaker(settings.give_up_after)
        self._tls = ssl.create_default_context() if self._secure else None

    @property
    def version(self) -> str:
        """What stands in ``model_version``: the served model, or what the profile says instead."""
        return self._settings.version or self._settings.model

    @property
    def where(self) -> str:
        """The address, for people."""
        return self._settings.base_url

    def check(self) -> None:
        """Raise when nothing can be asked.

        Raises:
            BackendError: the environment variable that should hold the key is not set.
        """
        self._key()

    def answer(
        self, prompts: Sequence[str], options: dict[str, Any], may_retry: Callable[[int], bool] = _always
    ) -> list[Answer]:
        """One answer per prompt, in order, ``concurrency`` at a time. No prompt is NULL or empty.

        ``may_retry`` is asked before each further request for a prompt, with the number of those that were made.
        """
        key = self._key()
        with self._pool_lock:
            if self._pool is None:
                self._pool = ThreadPoolExecutor(self._settings.concurrency, thread_name_prefix="lakeweave-text")
        return list(self._pool.map(lambda prompt: self._one(prompt, options, key, may_retry), prompts))

    def _one(self, prompt: str, options: dict[str, Any], key: str | None, may_retry: Callable[[int], bool]) -> Answer:
        made = _Made()
        try:
            answer = self._tried(prompt, options, key, may_retry, made)
        except Exception as error:  # one input must never take the batch, which holds paid answers, down with it
            answer = Answer(None, f"{type(error).__name__}: {status_text(error)}", RETRYABLE)
        return self._scrubbed(replace(answer, requests=made.requests), key)

    def _tried(
        self, prompt: str, options: dict[str, Any], key: str | None, may_retry: Callable[[int], bool], made: _Made
    ) -> Answer:
        body = json.dumps(self._request(prompt, options)).encode()
        answer = Answer(None, "not tried", UNSENT)
        for attempt in range(self._settings.tries):
            reason = self._breaker.reason()
            if reason:
                return answer if answer.state == RETRYABLE else Answer(None, reason, UNSENT)
            pause = min(_LONGEST_PAUSE, _PAUSE * 2**attempt) * random.uniform(0.5, 1.0)
            made.requests += 1
            try:
                reply = self._send(body, key)
            except _Unreachable as error:
                made.requests -= 1
                answer = Answer(None, f"{self._origin} cannot be reached: {error}", UNSENT)
                self._breaker.unreachable(answer.status)
            except TimeoutError:
                answer = Answer(None, f"no answer within {self._settings.timeout:g} s", RETRYABLE)
            except (OSError, http.client.HTTPException) as error:
                answer = Answer(None, f"{type(error).__name__}: {error}", RETRYABLE)
            else:
                code = reply.status
                if code == 200:
                    self._breaker.success()
                    return self._read(reply, options)
                answer = self._refusal(reply)
                if answer.state == FAILED:
                    self._breaker.success()
                    return answer
                if answer.state == UNSENT:
                    self._breaker.unreachable(answer.status)
                    return answer
                pause = max(pause, self._retry_after(reply))
            if attempt + 1 < self._settings.tries:
                if made.requests and not may_retry(made.requests):
                    break
                time.sleep(pause)
        if answer.state == RETRYABLE:
            self._breaker.failure(answer.status)
        return answer

    def _request(self, prompt: str, options: dict[str, Any]) -> dict[str, Any]:
        request: dict[str, Any] = {
            "model": self._settings.model,
            "messages": [{"role": "user", "content": prompt}],
            "temperature": options.get("temperature", 0),
        }
        names = {
            "max_output_tokens": self._settings.max_tokens_field,
            "top_p": "top_p",
            "stop_sequences": "stop",
            "seed": "seed",
        }
        request.update({theirs: options[ours] for ours, theirs in names.items() if options.get(ours) is not None})
        if options.get("response_format") == "json":
            request["response_format"] = {"type": "json_object"}
        return request

    def _refusal(self, reply: _Reply) -> Answer:
        code = reply.status
        said = f"{code}: {_message(reply.body)}"
        if code in _AGAIN or code >= 500:
            return Answer(None, said, RETRYABLE)
        if code in _NOT_THE_INPUT or 300 <= code < 400:
            return Answer(None, f"{self._origin} refused the request: {said}", UNSENT)
        return Answer(None, said, FAILED)

    @staticmethod
    def _read(reply: _Reply, options: dict[str, Any]) -> Answer:
        try:
            said = json.loads(reply.body)
            choice = said["choices"][0]
            content = choice["message"]["content"]
        except (ValueError, KeyError, IndexError, TypeError):
            return Answer(None, "the server's answer is not a chat completion", RETRYABLE)
        tokens = {"usage": read_usage(said.get("usage"))}
        finish = choice.get("finish_reason")
        if finish == "content_filter":
            return Answer(None, "refused by the content filter", FAILED, **tokens)
        if not isinstance(content, str) or not content.strip():
            return Answer(None, "the answer is empty", RETRYABLE, **tokens)
        if options.get("response_format") == "json":
            fenced = _FENCED.match(content)
            content = fenced.group(1) if fenced else content
            try:
                json.loads(content)
            except ValueError:
                cut = ", cut off at max_output_tokens" if finish == "length" else ""
                return Answer(None, f"the answer is not the promised JSON{cut}", RETRYABLE, **tokens)
        return Answer(content, "", OK, **tokens)

    def _send(self, body: bytes, key: str | None) -> _Reply:
        connection, fresh = self._connection()
        headers = {"Content-Type": "application/json", "Accept": "application/json"}
        if key:
            headers["Authorization"] = f"Bearer {key}"
        while True:
            end = time.monotonic() + self._settings.timeout
            try:
                if connection.sock is None:
                    self._connect(connection)
                connection.sock.settimeout(self._settings.timeout)
                connection.request("POST", self._target(), body=body, headers=headers)
                response = connection.getresponse()
                received = []
                while block := response.read1(65536):
                    received.append(block)
                    left = end - time.monotonic()
                    if left <= 0:
                        raise TimeoutError
                    if connection.sock is not None:
                        connection.sock.settimeout(left)
                closing = response.will_close
                response.close()  # read1 does not notice the end of a body of known length
                if closing:
                    self._drop()
                return _Reply(response.status, response.headers, b"".join(received))
            except _BROKEN_PIPE:
                self._drop()
                if fresh:
                    raise
                # The server closed a connection that had been idle; that says nothing about this request.
                connection, fresh = self._connection()
            except BaseException:
                self._drop()
                raise

    def _connect(self, connection: http.client.HTTPConnection) -> None:
        try:
            connection.connect()
        except ssl.SSLError as error:
            raise _Unreachable(error.reason or "TLS failed") from None
        except (ConnectionError, socket.gaierror, TimeoutError, OSError) as error:
            raise _Unreachable(error.strerror or type(error).__name__) from None
        if connection.sock is not None:
            connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def _connection(self) -> tuple[http.client.HTTPConnection, bool]:
        kept = getattr(self._local, "connection", None)
        if kept is not None:
            return kept, kept.sock is None
        timeout = self._settings.connect_timeout
        host, port = self._proxy[:2] if self._proxy else (self._host, self._port)
        if self._secure:
            made: http.client.HTTPConnection = http.client.HTTPSConnection(
                host, port, timeout=timeout, context=self._tls
            )
            if self._proxy:
                made.set_tunnel(self._host, self._port, headers=self._proxy[2])
        else:
            made = http.client.HTTPConnection(host, port, timeout=timeout)
        self._local.connection = made
        return made, True

    def _drop(self) -> None:
        kept = getattr(self._local, "connection", None)
        self._local.connection = None
        if kept is not None:
            kept.close()

    def _target(self) -> str:
        return f"{self._origin}{self._path}" if self._proxy and not self._secure else self._path

    def _find_proxy(self, scheme: str) -> tuple[str, int, dict[str, str]] | None:
        if self._host in ("localhost", "127.0.0.1", "::1") or urllib.request.proxy_bypass(self._host):
            return None
        address = urllib.request.getproxies().get(scheme)
        if not address:
            return None
        parts = urlsplit(address if "://" in address else f"http://{address}")
        headers = {}
        if parts.username:
            pair = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
            headers["Proxy-Authorization"] = "Basic " + base64.b64encode(pair.encode()).decode()
        return parts.hostname or "", parts.port or 8080, headers

    def _key(self) -> str | None:
        name = self._settings.api_key_env
        if name is None:
            return None
        key = os.environ.get(name, "").strip()
        if not key:
            raise BackendError(
                f"The text backend needs the key of {self._settings.base_url} in the environment variable {name}, "
                "which is not set. Set it, or remove `api_key_env` from the profile if the server wants no key."
            )
        if not key.isascii() or any(character.isspace() for character in key):
            raise BackendError(f"The environment variable {name} does not hold a key: it has blanks or odd letters.")
        return key

    @staticmethod
    def _scrubbed(answer: Answer, key: str | None) -> Answer:
        if not answer.status:
            return answer
        said = answer.status.replace(key, "***") if key else answer.status
        return replace(answer, status=status_text(said))

    def _retry_after(self, reply: _Reply) -> float:
        given = reply.headers.get("Retry-After")
        if not given:
            return 0.0
        try:
            wait = float(given)
        except ValueError:
            try:
                wait = email.utils.parsedate_to_datetime(given).timestamp() - time.time()
            except (TypeError, ValueError):
                return 0.0
        return min(max(wait, 0.0), self._settings.max_wait) if wait == wait else 0.0


class _Breaker:
    """Stops a batch that has no prospect. Opens on failures in a row; any success closes it."""

    def __init__(self, give_up_after: int) -> None:
        self._give_up_after = give_up_after
        self._lock = threading.Lock()
        self._failures = 0
        self._unreachable = 0
        self._open_until = 0.0
        self._reason = ""

    def success(self) -> None:
        with self._lock:
            self._failures = self._unreachable = 0
            self._open_until = 0.0

    def failure(self, reason: str) -> None:
        with self._lock:
            self._failures += 1
            if self._failures >= self._give_up_after:
                self._open(f"not sent, after {self._failures} failures in a row: {reason}")

    def unreachable(self, reason: str) -> None:
        with self._lock:
            self._unreachable += 1
            if self._unreachable >= _UNREACHABLE_IN_A_ROW:
                self._open(reason)

    def reason(self) -> str:
        """Why nothing is sent at the moment; empty while the way is free."""
        with self._lock:
            if self._open_until and time.monotonic() < self._open_until:
                return self._reason
            if self._open_until:
                # Try again after a pause, and give up sooner than the first time.
                self._open_until = 0.0
                self._failures = max(0, self._give_up_after - 4)
                self._unreachable = _UNREACHABLE_IN_A_ROW - 4
            return ""

    def _open(self, reason: str) -> None:
        self._reason = reason
        self._open_until = time.monotonic() + _COOL_DOWN


def _message(body: bytes) -> str:
    """The sentence in an error's body, whatever the server's habit."""
    text = body[:4000].decode("utf-8", "replace")
    try:
        said = json.loads(text)
        error = said.get("error", said) if isinstance(said, dict) else said
        if isinstance(error, dict):
            error = error.get("message") or error.get("detail") or error
        return status_text(error)
    except ValueError:
        return status_text(text) or "no explanation"
