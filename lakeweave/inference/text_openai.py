"""Text from any server that speaks the OpenAI chat protocol (Ollama, vLLM, llama.cpp, hosted services).

One pool of worker threads, each with its own kept-alive connection, is shared by every DuckDB thread, so that
``concurrency`` bounds the requests in flight whatever the engine does.

The outcome of a request
    * a reply of success is judged by :mod:`.replies`: an answer is ``ok``; one that was cut off, filtered, refused or is no
      answer is ``failed`` with a status that begins with its kind; one that may be better the next time is ``retryable``;
    * an answer that does not fit the schema: the model is asked once more and told what does not fit; a second such answer is
      ``failed``, and the ledger keeps it as ``rejected_response``;
    * 408, 409, 425, 429, 5xx, a time-out or a broken connection: tried again ``tries`` times with growing, jittered pauses,
      a ``Retry-After`` being honoured; then ``retryable``;
    * other errors: see :mod:`.errors` for whose fault they are. What is the configuration's stops the run of the model;
      its rows are ``unsent`` and lose no attempt.

Every text from outside is scrubbed of the key before anything else is done with it (:mod:`.scrubbing`).
"""

from __future__ import annotations

import email.utils
import http.client
import json
import os
import random
import threading
import time
from collections.abc import Callable, Hashable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any

from lakeweave.errors import BackendError
from lakeweave.inference.answers import FAILED, RETRYABLE, UNSENT, Answer, clean_text, status_text
from lakeweave.inference.attachments import CannotBeSent, Question, content_part
from lakeweave.inference.backends import OpenAIText
from lakeweave.inference.breaker import EQUAL_IN_A_ROW, Breaker
from lakeweave.inference.errors import Fault, Kind, classify, read_error
from lakeweave.inference.replies import CORRECTABLE, judge
from lakeweave.inference.schema import Schema
from lakeweave.inference.served import is_same_model
from lakeweave.inference.thinking import thinking_parameters
from lakeweave.inference.transport import Reply, TooLarge, Transport, Unreachable
from lakeweave.inference.usage import UNKNOWN, Usage
from lakeweave.scrubbing import Scrubber

_PAUSE, _LONGEST_PAUSE = 0.2, 8.0
_LONGEST_REJECTED = 8_000
"""Characters of a rejected answer that the model is shown again."""
_CORRECT = "Answer again with the corrected JSON object and nothing else."


@dataclass(frozen=True, slots=True)
class _Call:
    """What the requests of one batch share."""

    options: dict[str, Any]
    headers: dict[str, str]
    schema: Schema | None
    scrubber: Scrubber
    may_retry: Callable[[int], bool]
    key: Hashable
    """Identifies the run and the options to the breaker."""


@dataclass(slots=True)
class _Made:
    """What was sent for one prompt, and what that used."""

    requests: int = 0
    usage: Usage = UNKNOWN


def _always(_made: int) -> bool:
    return True


def _is_correctable(answer: Answer) -> bool:
    return answer.rejected_response is not None and answer.status.partition(": ")[0] in CORRECTABLE


class _Doubtful(Answer):
    """The answer to a request that was refused, and maybe not for its input."""


class OpenAIBackend:
    """Answers prompts over HTTP. Thread safe; one instance serves all threads of a process."""

    is_remote = True

    def __init__(self, settings: OpenAIText) -> None:
        """Check nothing but the shape of the address; the key is looked for when the first answer is needed."""
        self._settings = settings
        self._transport = Transport(
            settings.base_url,
            "/chat/completions",
            settings.timeout,
            settings.connect_timeout,
            settings.max_answer_bytes,
        )
        self._pool: ThreadPoolExecutor | None = None
        self._pool_lock = threading.Lock()
        self._breaker = Breaker(settings.give_up_after)
        self._file_types = frozenset(name.strip() for name in settings.file_types.split(","))
        self._served = [name for name in (settings.model, *(settings.served_model or "").split(",")) if name.strip()]

    @property
    def version(self) -> str:
        """The value of ``model_version``: the served model, or the profile's own value."""
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
        self,
        prompts: Sequence[str | Question],
        options: dict[str, Any],
        may_retry: Callable[[int], bool] = _always,
        run: str | None = None,
    ) -> list[Answer]:
        """One answer per prompt, in order, ``concurrency`` at a time. No prompt is NULL or empty; one may have a file.

        ``may_retry`` is asked before each further request for a prompt, with the number of those that were made. ``run`` is
        the current run: what stops a model stops it for the rest of that run.
        """
        secret = self._key()
        headers = {"Content-Type": "application/json", "Accept": "application/json"}
        if secret:
            headers["Authorization"] = f"Bearer {secret}"
        with self._pool_lock:
            if self._pool is None:
                self._pool = ThreadPoolExecutor(self._settings.concurrency, thread_name_prefix="lakeweave-text")
        key = (run, json.dumps(options, sort_keys=True, default=str))
        call = _Call(options, headers, Schema.of(options), Scrubber([secret, *self._transport.secrets]), may_retry, key)
        order = range(len(prompts)) if self._breaker.is_proven(key) else _spread_first(len(prompts))
        answers = [_NOT_ASKED] * len(prompts)
        for i, answer in zip(order, self._pool.map(lambda i: self._one(prompts[i], call), order), strict=True):
            answers[i] = answer
        while self._breaker.is_proven(key) and not self._breaker.stopped(key):
            # What was held back on a suspicion that an answer then disproved.
            held = [i for i, answer in enumerate(answers) if answer.status == _HELD]
            if not held:
                break
            for i, answer in zip(held, self._pool.map(lambda i: self._one(prompts[i], call), held), strict=True):
                answers[i] = answer
        stopped = self._breaker.stopped(key)
        return [self._settled(answer, stopped) for answer in answers]

    def _settled(self, answer: Answer, stopped: str) -> Answer:
        """The answer once the batch is over, and it is known whose fault the doubtful ones are."""
        said = stopped if self._transport.origin in stopped else f"{self._transport.origin}: {stopped}"
        if answer.status == _HELD or (stopped and isinstance(answer, _Doubtful)):
            return Answer(None, status_text(said if stopped else "not sent"), UNSENT, answer.usage, answer.requests)
        return _plain(answer) if isinstance(answer, _Doubtful) else answer

    def _one(self, asked: str | Question, call: _Call) -> Answer:
        made = _Made()
        try:
            prompt, parts = self._parts(asked)
            answer = self._tried(prompt, parts, call, made)
            if isinstance(answer, _Doubtful) or answer.status == _HELD:
                return replace(answer, usage=made.usage, requests=made.requests)
            return self._finished(replace(answer, usage=made.usage, requests=made.requests), call)
        except CannotBeSent as error:
            nothing = Usage(input_tokens=0, output_tokens=0)
            return Answer(None, str(error), RETRYABLE if error.may_pass else FAILED, nothing, 0)
        except Exception as error:  # one input must never take the batch, which holds paid answers, down with it
            said = call.scrubber.status(f"{type(error).__name__}: {error}")
            return Answer(None, status_text(said), RETRYABLE, made.usage, made.requests)

    def _parts(self, asked: str | Question) -> tuple[str, list[dict[str, Any]]]:
        """The prompt, and its file as parts of a message."""
        if isinstance(asked, str):
            return asked, []
        return asked.prompt, [content_part(asked.path, self._file_types, self._settings.max_file_bytes)]

    def _tried(self, prompt: str, parts: list[dict[str, Any]], call: _Call, made: _Made) -> Answer:
        body = json.dumps(self._request(prompt, parts, call)).encode()
        wants_json = call.options.get("response_format") == "json"
        answer = Answer(None, "not tried", UNSENT)
        first: Answer | None = None
        attempt = 0
        while attempt < self._settings.tries:
            reason = self._breaker.reason(call.key)
            if reason:
                if answer.state == RETRYABLE:
                    break
                if self._breaker.stopped(call.key):
                    return Answer(None, _HELD, UNSENT)
                return Answer(None, reason, UNSENT)
            pause = min(_LONGEST_PAUSE, _PAUSE * 2**attempt) * random.uniform(0.5, 1.0)
            made.requests += 1
            reply: Reply | None = None
            try:
                reply = self._transport.post(body, call.headers)
            except Unreachable as error:
                made.requests -= 1
                said = self._said(f"{self._transport.origin} cannot be reached: {error}", call)
                answer = answer if answer.state == RETRYABLE else Answer(None, said, UNSENT)
                self._breaker.away(said)
            except TimeoutError:
                answer = Answer(None, f"no answer within {self._settings.timeout:g} s", RETRYABLE)
            except TooLarge:
                said = f"too_large: the reply is larger than {self._settings.max_answer_bytes} bytes (max_answer_bytes)"
                self._breaker.refused(call.key)
                return Answer(None, said, FAILED)
            except (OSError, http.client.HTTPException) as error:
                answer = Answer(None, self._said(f"{type(error).__name__}: {error}", call), RETRYABLE)
            if reply is not None:
                judged = self._judged(reply, wants_json, call.schema)
                made.usage += judged.usage
                if isinstance(judged, Answer):
                    self._breaker.success(call.key)
                    if not _is_correctable(judged):
                        return judged
                    if first is not None:
                        return replace(judged, state=FAILED, status=f"{judged.status} (the second answer)")
                    if not call.may_retry(made.requests):
                        return judged
                    # A correction is no further try: the server is well.
                    answer = first = judged
                    body = json.dumps(self._request(prompt, parts, call, judged)).encode()
                    continue
                answer = self._faulted(judged, call)
                if first is not None and answer.state == FAILED:
                    return replace(first, state=FAILED)
                if answer.state != RETRYABLE or judged.kind is not Kind.AGAIN:
                    return answer
                pause = max(pause, self._retry_after(reply))
            attempt += 1
            if attempt < self._settings.tries:
                if made.requests and not call.may_retry(made.requests):
                    break
                time.sleep(pause)
        if answer.state == RETRYABLE:
            self._breaker.failure(answer.status)
        return answer

    @staticmethod
    def _judged(reply: Reply, wants_json: bool, schema: Schema | None) -> Answer | Fault:
        if 200 <= reply.status < 300:
            return judge(reply, wants_json, schema)
        if 300 <= reply.status < 400:
            place = reply.headers.get("location") or "nowhere"
            return Fault(Kind.CONFIGURATION, f"{reply.status}: a redirect to {place}, which is not followed")
        return classify(reply.status, read_error(reply.body))

    def _faulted(self, fault: Fault, call: _Call) -> Answer:
        """The answer that a fault is, after the breaker has heard of it."""
        said = self._said(fault.status, call)
        kind = fault.kind
        if kind is Kind.CONFIGURATION and fault.of_request and self._breaker.is_proven(call.key):
            kind = Kind.INPUT  # the same model and parameters were right before
        if kind is Kind.DOUBTFUL and self._breaker.is_proven(call.key):
            kind = Kind.INPUT if fault.state == FAILED else Kind.DOUBTFUL
        kept: dict[str, Any] = {"reasoning": fault.reasoning, "served_model": fault.served_model}
        if kind is Kind.AGAIN:
            return Answer(None, said, RETRYABLE, **kept)
        if kind is Kind.INPUT:
            self._breaker.refused(call.key)
            return Answer(None, said, fault.state, **kept)
        if kind is Kind.DOUBTFUL:
            self._breaker.doubtful(call.key, said, said)
            if fault.state == RETRYABLE:
                self._breaker.failure(said)
            return _Doubtful(None, said, fault.state, **kept)
        refused = f"{self._transport.origin} refused the request: {said}"
        if kind is Kind.CONFIGURATION:
            self._breaker.misconfigured(call.key, refused)
        else:
            self._breaker.away(refused)
        return Answer(None, refused, UNSENT)

    def _request(
        self, prompt: str, parts: list[dict[str, Any]], call: _Call, rejected: Answer | None = None
    ) -> dict[str, Any]:
        """The request for a prompt. After a rejected answer the model is shown that answer, and told what does not fit."""
        options, schema, form = call.options, call.schema, self._settings.schema_form
        if schema is not None and form != "json_schema":
            prompt = f"{prompt}\n\n{schema.instruction()}"
        content: Any = [{"type": "text", "text": prompt}, *parts] if parts else prompt
        messages = [{"role": "user", "content": content}]
        if options.get("instruction"):
            messages.insert(0, {"role": "system", "content": options["instruction"]})
        if rejected is not None:
            written = (rejected.rejected_response or "")[:_LONGEST_REJECTED]
            messages.append({"role": "assistant", "content": written})
            messages.append({"role": "user", "content": f"That answer does not fit. {rejected.status}. {_CORRECT}"})
        request: dict[str, Any] = {
            "model": self._settings.model,
            "messages": messages,
            "temperature": options.get("temperature", 0),
        }
        if request["temperature"] is None:
            del request["temperature"]  # some models refuse any
        names = {
            "max_output_tokens": self._settings.max_tokens_field,
            "top_p": "top_p",
            "stop_sequences": "stop",
            "seed": "seed",
        }
        request.update({theirs: options[ours] for ours, theirs in names.items() if options.get(ours) is not None})
        request.update(thinking_parameters(options))
        if schema is not None and form == "json_schema":
            described = {"name": "answer", "strict": True, "schema": schema.json_schema()}
            request["response_format"] = {"type": "json_schema", "json_schema": described}
        elif options.get("response_format") == "json" or (schema is not None and form == "json_object"):
            request["response_format"] = {"type": "json_object"}
        return request

    def _finished(self, answer: Answer, call: _Call) -> Answer:
        """The answer without any secret, and with what is known of the model that gave it."""
        scrub = call.scrubber.answer
        served = answer.served_model
        reasoning = answer.reasoning if self._settings.keep_reasoning else None
        return Answer(
            None if answer.response is None else scrub(answer.response),
            status_text(self._said(answer.status, call)) if answer.status else "",
            answer.state,
            answer.usage,
            answer.requests,
            None if reasoning is None else clean_text(scrub(reasoning)),
            served if served is None or served in self._served else status_text(call.scrubber.status(served)),
            None if served is None else not self._is_asked(served),
            None if answer.rejected_response is None else clean_text(scrub(answer.rejected_response)),
        )

    def _is_asked(self, served: str) -> bool:
        return served in self._served or any(is_same_model(asked, served) for asked in self._served)

    @staticmethod
    def _said(text: str, call: _Call) -> str:
        return call.scrubber.status(text)

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

    def _retry_after(self, reply: Reply) -> float:
        given = reply.headers.get("retry-after")
        exact = reply.headers.get("retry-after-ms")
        if exact and exact.isascii() and exact.isdigit() and len(exact) < 10:
            return min(int(exact) / 1000, self._settings.max_wait)
        if not given:
            return 0.0
        try:
            wait = float(given)
        except ValueError:
            try:
                wait = email.utils.parsedate_to_datetime(given).timestamp() - time.time()
            except (TypeError, ValueError, OverflowError, OSError):
                return 0.0
        return min(max(wait, 0.0), self._settings.max_wait) if wait == wait else 0.0


def _spread_first(count: int) -> Sequence[int]:
    """The places of a batch, a few from all over it first: neighbours are alike, and so are the faults that they meet."""
    if count <= EQUAL_IN_A_ROW:
        return range(count)
    first = dict.fromkeys(round(n * (count - 1) / (EQUAL_IN_A_ROW - 1)) for n in range(EQUAL_IN_A_ROW))
    return [*first, *(place for place in range(count) if place not in first)]


_NOT_ASKED = Answer(None, "not asked", UNSENT)

#: The status of what was not sent because of a stop, until the batch is over.
_HELD = "held back"


def _plain(answer: _Doubtful) -> Answer:
    return Answer(
        answer.response,
        status_text(answer.status),
        answer.state,
        answer.usage,
        answer.requests,
        answer.reasoning,
        answer.served_model,
    )
