"""What is wrong when a server says that something is wrong, and whose fault it is.

A :class:`Fault` has a :class:`Kind`, from which everything else follows:

=====================  =====================================================================================
``Kind.AGAIN``         passes: asked again within the run, then ``retryable``
``Kind.INPUT``         this input's, for good: ``failed``
``Kind.DOUBTFUL``      this input's or the configuration's: the first few equal ones decide, see :mod:`.breaker`
``Kind.AWAY``          the address does not respond: ``unsent``, and after a few in a row nothing is sent
``Kind.CONFIGURATION`` the configuration's: ``unsent``, and nothing more is sent in this run
=====================  =====================================================================================
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from enum import Enum
from typing import Any

from lakeweave.inference.answers import FAILED, RETRYABLE
from lakeweave.inference.usage import UNKNOWN, Usage


class Kind(Enum):
    """Whose fault it is."""

    AGAIN = "again"
    INPUT = "input"
    DOUBTFUL = "doubtful"
    AWAY = "away"
    CONFIGURATION = "configuration"


@dataclass(frozen=True, slots=True)
class Fault:
    """No answer. ``status`` is for the ledger; ``state`` is that of a doubtful fault which turns out to be the input's.

    ``of_request`` says of a fault of the configuration that it is in what is asked (model, parameters), so that one
    success of the same request disproves it; a key or a quota can end in the middle of a run.
    """

    kind: Kind
    status: str
    state: str = FAILED
    usage: Usage = UNKNOWN
    of_request: bool = False
    served_model: str | None = None
    reasoning: str | None = None


@dataclass(frozen=True, slots=True)
class Said:
    """An error in a body: the ``message``, the ``words`` to go by (codes, types, message) and maybe an HTTP status."""

    message: str
    words: str
    code: int | None = None


_TYPES = {
    "authentication_error": 401, "invalid_api_key": 401, "unauthenticated": 401, "billing_error": 402,
    "insufficient_quota": 402, "permission_error": 403, "permission_denied": 403, "not_found_error": 404,
    "not_found": 404, "request_too_large": 413, "invalid_request_error": 400, "invalid_argument": 400,
    "failed_precondition": 400, "bad_request": 400, "badrequesterror": 400, "rate_limit_error": 429,
    "rate_limit_exceeded": 429, "resource_exhausted": 429, "overloaded_error": 529, "api_error": 500, "internal": 500,
    "server_error": 500, "internal_error": 500, "unavailable": 503, "deadline_exceeded": 504, "aborted": 409,
    "timeout": 504,
}  # fmt: skip

_TOO_LONG = re.compile(
    r"context.?(?:length|window|size)|maximum context|too long|too many (?:input |prompt )?tokens"
    r"|reduce the length|request too large|string_above_max_length|input token count"
    r"|exceeds? the (?:max|limit|available context|model)|payload too large|request_too_large|max_model_len"
    r"|prompt.{0,40}exceed|input.{0,40}exceed|inputs?\W.{0,20}(?:must have )?less than \d+ tokens|inputs?\W{0,3} tokens \+"
)
_FILTERED = re.compile(
    r"content.?filter|content management|content.?policy|usage policies|responsible.?ai|flagged|moderation"
    r"|safety system|inspection_failed|prohibited.content|guardrail|policyviolation|policy_violation|blocked by"
    r"|content exists risk|considered high risk|inappropriate content|usage guidelines|敏感内容|不安全"
)
_KEY = re.compile(
    r"invalid.?api.?key|incorrect api.?key|api.?key (?:is )?not (?:valid|found)|api_key_invalid|invalid_api_key"
    r"|unauthenticated|authentication|unauthori[sz]ed|no api.?key|missing api.?key"
    r"|api.?key.{0,20}(?:missing|required|expired|revoked|invalid|incorrect|wrong|disabled)|provide an api.?key"
    r"|(?:missing|invalid) subscription key|invalid (?:x-api-key|token|credentials|bearer)"
    r"|(?:token|key).{0,20}expired|permission.?denied"
)
_QUOTA = re.compile(
    r"insufficient.?quota|insufficient.?(?:credit|balance|fund)|credit balance|not enough credit"
    r"|payment required|billing.{0,20}(?:hard|limit)|out of credit|quota.{0,30}per.?day|per.?day.{0,30}quota"
    r"|perday|spend(?:ing)? limit|account.{0,30}(?:deactivated|suspended|disabled)|arrearage"
    r"|exceeded your (?:current|monthly|daily) quota|budget.{0,20}exceeded|key limit exceeded|out of call volume quota"
    r"|reached your.{0,30}usage limit|billing_not_active|not active.{0,40}billing"
)
_RATE = re.compile(r"resource_exhausted|rate.?limit|retrydelay|per.?minute|too many requests")
_CERTAIN_KEY = re.compile(r"(?:incorrect|invalid).?api.?key|authenticationerror")
_BROKEN = re.compile(
    r"internal (?:server )?error|bad gateway|service unavailable|gateway time-?out|upstream|overloaded|too many requests"
    r"|rate.?limit|time-?d? ?out|connection (?:reset|refused)|unavailable"
)
_PASSING = re.compile(r"temporar|try again|overloaded|currently busy|high demand")
_MODEL = re.compile(
    r"model_not_found|modelnotfound|deploymentnotfound|deployment.{0,60}(?:not exist|not found)|unknown.?model"
    r"|no such model|invalid.?model|model_not_available|no models? (?:are )?(?:currently )?loaded|try pulling"
    r"|decommissioned|model.{0,20}deprecated|no endpoints found"
    r"|models?[ :`'\"/].{0,120}(?:not found|not exist|does not exist|is not available|not supported|unknown"
    r"|no access|not been found)"
    r"|not (?:a valid|found).{0,20} model|does not work with the specified model|operationnotsupported"
)
_PARAMETER = re.compile(
    r"unsupported.?(?:parameter|value)|unknown.?(?:parameter|field|argument|name)"
    r"|unrecogni[sz]ed.{0,20}(?:argument|parameter|field|key)|extra_forbidden|extra inputs are not permitted"
    r"|extra fields not permitted|parameter.{0,60}(?:not supported|unsupported|unknown)"
    r"|(?:temperature|top_p|max_tokens|max_completion_tokens|response_format|seed|stop|reasoning_effort)"
    r".{0,60}(?:not support|unsupported|not allowed|must be|is deprecated|cannot be|only the default)"
    r"|does not support.{0,60}(?:temperature|top_p|max_tokens|response_format|seed|stop|parameter|json|thinking|reasoning)"
)
_LIMIT = re.compile(r"max_(?:completion_|output_)?tokens.{0,60}too large|array_above_max_length|array too long")
_MEMORY = re.compile(r"requires more (?:system |gpu |video )?memory")
#: What some servers call a bad request, and is the model's own answer: https://console.groq.com/docs/errors
_ANSWERS = (
    ("not_json: ", RETRYABLE, re.compile(r"json_validate_failed|failed to generate json")),
    ("tool_call: ", FAILED, re.compile(r"tool_use_failed|failed to call a function")),
)
_COUNTRY = re.compile(r"unsupported_country|(?:country|region|location|territory).{0,40}not (?:supported|available)")


_ERROR_FIELDS = ("error", "errors", "Error", "fault")
_CONTENT_FIELDS = ("choices", "message", "content", "candidates", "output")
_MESSAGE_FIELDS = ("detail", "error_message", "errorMessage", "error_msg", "msg")
_CODE_FIELDS = ("code", "status", "statusCode", "status_code", "error_code")


def find_error(said: Any) -> Said | None:
    """The error in a body that was read as JSON, None when it is none."""
    if isinstance(said, list) and said and isinstance(said[0], dict) and "error" in said[0]:
        return find_error(said[0])
    if not isinstance(said, dict):
        return None
    error = next((said[name] for name in _ERROR_FIELDS if _says(said.get(name))), None)
    base = said.get("base_resp")  # https://platform.minimax.io/docs/api-reference/errorcode
    if not error and isinstance(base, dict) and base.get("status_code"):
        error = {"message": base.get("status_msg") or base.get("status_code"), "code": base.get("status_code")}
    if not error and (said.get("object") == "error" or said.get("type") == "error" or said.get("status") == "error"):
        error = {name: value for name, value in said.items() if name not in ("object", "error")}
    if not error and not any(name in said for name in _CONTENT_FIELDS):
        name = next((name for name in _MESSAGE_FIELDS if _says(said.get(name))), None)
        if name is not None:
            error = said[name] if isinstance(said[name], dict | list) else said
        elif any((_code(said.get(name)) or 0) >= 400 for name in _CODE_FIELDS):
            error = said  # RFC 9457
    if not error and isinstance(said.get("message"), str) and said["message"] and "choices" not in said:
        error = said
    return _said(error) if error else None


def _says(error: Any) -> bool:
    """Whether something is there that is an error: gateways send fields of nothing with a success."""
    return any(_says(value) for value in error.values()) if isinstance(error, dict) else bool(error)


def read_error(body: bytes) -> Said:
    """The error in the body of a reply whose status says that it is one, whatever the server's habit."""
    text = body.decode("utf-8", "replace").strip()
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        value = None
    if value is not None:
        found = find_error(value)
        if found is None:
            found = _said(value)
        return found
    if text[:1] == "<" or "<html" in text[:500].lower():
        title = re.search(r"<title>\s*(.{1,200}?)\s*</title>", text[:20000], re.IGNORECASE | re.DOTALL)
        said = title.group(1) if title else "without a title"
        return Said(f"a page of HTML, {said}", "")
    return Said(text or "no explanation", text[:500].lower())


def _said(error: Any) -> Said:
    if isinstance(error, list):
        parts = [_said(each) for each in error[:3]]
        return Said(
            "; ".join(p.message for p in parts), " ".join(p.words for p in parts), next((p.code for p in parts), None)
        )
    if not isinstance(error, dict):
        text = str(error)
        if text.lstrip()[:1] == "{":
            try:
                inside = json.loads(text)
            except (ValueError, RecursionError):
                inside = None
            if isinstance(inside, dict) and inside:
                return find_error(inside) or _said(inside)
        return Said(text, text[:500].lower())
    message = next(
        (error[name] for name in ("message", *_MESSAGE_FIELDS, "error", "description", "title") if error.get(name)),
        None,
    )
    if isinstance(message, dict | list):
        return _said(message)
    place = error.get("loc")
    if isinstance(place, list) and place:
        message = f"{'.'.join(str(part) for part in place[:5])}: {message}"
    inner = error.get("innererror") or error.get("metadata") or {}
    more = inner if isinstance(inner, dict) else {}
    raw = more.get("raw")
    if isinstance(raw, str) and raw.strip() and raw not in str(message):
        message = f"{message}: {raw}"  # the server behind a gateway says more than the gateway
    labels = [error.get(name) for name in (*_CODE_FIELDS, "type", "error_type", "param", "reason")] + [
        more.get("code"),
        more.get("reasons"),
    ]
    details = error.get("details")
    if details:
        labels.append(json.dumps(details, default=str)[:500])
    known = [str(label).lower() for label in labels if label]
    code = next((code for name in _CODE_FIELDS if (code := _code(error.get(name)))), None) or next(
        (_TYPES[k] for k in known if k in _TYPES), None
    )
    said = str(message) if message is not None else json.dumps(error, default=str)
    return Said(said, " ".join([*known, said[:500].lower()]), code)


def _code(value: Any) -> int | None:
    if isinstance(value, str) and value.isdigit() and len(value) == 3:
        value = int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) and 300 <= value < 600 else None


def classify(code: int | None, said: Said, usage: Usage = UNKNOWN) -> Fault:
    """The fault that ``said`` is. ``code`` is the HTTP status, None when the reply was one of success."""
    if code is None or (code == 500 and said.code is not None and 400 <= said.code < 500):
        code = said.code  # a gateway may wrap the code of its server
    words = said.words
    status = f"{code}: {said.message}" if code is not None else said.message

    def fault(kind: Kind, prefix: str = "", of_request: bool = False, state: str = FAILED) -> Fault:
        return Fault(kind, prefix + status, state, usage=usage, of_request=of_request)

    if code is not None and 300 <= code < 400:
        return fault(Kind.CONFIGURATION)
    if code in (401, 402, 407):
        return fault(Kind.CONFIGURATION)
    rejected = code is None or code in (400, 403, 404, 409, 413, 414, 422, 424, 429) or code >= 500
    for prefix, state, answer in _ANSWERS:
        if rejected and answer.search(words):
            return fault(Kind.INPUT, prefix, state=state)
    if _MEMORY.search(words):
        return fault(Kind.CONFIGURATION)
    if code in (400, 403) and _RATE.search(words) and not _QUOTA.search(words):
        return fault(Kind.AGAIN)
    if rejected and code != 404:
        if _LIMIT.search(words):
            return fault(Kind.DOUBTFUL)
        if _TOO_LONG.search(words) and not _is_rate(code, words):
            return fault(Kind.INPUT)
        if _FILTERED.search(words) and code != 429:
            return fault(Kind.INPUT, "filtered: ")
    if rejected and (code is None or code < 500):
        if _QUOTA.search(words) and (not _RATE.search(words) or "insufficient_quota" in words or "perday" in words):
            return fault(Kind.CONFIGURATION)
        if code != 429 and (_KEY.search(words) or _COUNTRY.search(words)):
            return fault(Kind.CONFIGURATION)
        if code is None and _PASSING.search(words):
            return fault(Kind.AGAIN)
        if code not in (429, 409) and (_MODEL.search(words) or _PARAMETER.search(words)):
            return fault(Kind.CONFIGURATION, of_request=True)
    elif rejected and (
        any(label in words for label in ("insufficient_quota", "model_not_found")) or _CERTAIN_KEY.search(words)
    ):
        return fault(Kind.CONFIGURATION)
    if code in (408, 409, 423, 424, 425, 429, 444, 498, 499) or (code is not None and code >= 500 and code != 501):
        return fault(Kind.AGAIN)
    if code is None:
        return fault(Kind.AGAIN)
    if code in (403, 404, 405, 410, 421, 451, 501):
        return fault(Kind.AWAY)
    if code in (413, 414, 431):
        return fault(Kind.INPUT)
    return fault(Kind.DOUBTFUL)


def is_known(said: Said) -> bool:
    """Whether a text without any form says an error that is known."""
    return _BROKEN.search(said.words) is not None or classify(None, said).kind is not Kind.AGAIN


def _is_rate(code: int | None, words: str) -> bool:
    return code == 429 and "request too large" not in words
