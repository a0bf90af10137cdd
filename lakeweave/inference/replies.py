"""What a reply of success says: an answer, or why it is none.

A reply is judged by its error, its finish reason and its refusal before its content is looked at.

Each status that is not '' begins with a word that stays the same (:data:`WORDS`), for people who count them.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from lakeweave.inference import reasoning
from lakeweave.inference.answers import FAILED, OK, RETRYABLE, Answer
from lakeweave.inference.errors import Fault, Kind, Said, classify, is_known
from lakeweave.inference.finishes import End, finish_word, meaning
from lakeweave.inference.messages import Cut, Message, NoCompletion, body_text, plain_error, read_message
from lakeweave.inference.schema import DoesNotFit, Schema
from lakeweave.inference.strict_json import NotOneObject, is_one_object, one_object
from lakeweave.inference.transport import Reply
from lakeweave.inference.usage import UNKNOWN, Usage

#: How the statuses begin, with what they mean and the state that they go with.
WORDS = {
    "truncated": ("the answer reached max_output_tokens", FAILED),
    "filtered": ("a content filter withheld the answer or refused the input", FAILED),
    "refused": ("the model declined to answer", FAILED),
    "tool_call": ("the model called a tool, and was offered none", FAILED),
    "no_answer": ("the model thought and said nothing", FAILED),
    "unfinished": ("the finish reason is not one that means done", FAILED),
    "unreadable": ("the answer cannot be read: damaged text, or a content that is no text", FAILED),
    "too_large": ("the reply is larger than max_answer_bytes", FAILED),
    "empty": ("the answer is empty", RETRYABLE),
    "not_json": ("the answer is not the one JSON object that was promised", RETRYABLE),
    "not_in_schema": ("the answer is a JSON object that does not fit the schema", RETRYABLE),
}
#: The words of answers that a model may correct after a second request that names the fault.
CORRECTABLE = ("not_json", "not_in_schema")


def judge(reply: Reply, wants_json: bool, schema: Schema | None = None) -> Answer | Fault:
    """The answer in a reply whose HTTP status is one of success, or the fault that it is. Never raises.

    With ``schema`` an answer is ``ok`` only if it fits, and it is written in the form of the schema.
    """
    if not reply.body.strip():
        return Fault(Kind.AGAIN, f"empty: the reply has no body ({reply.status})")
    if reply.encoding:
        said = f"unreadable: the server compressed its reply ({reply.encoding}) although it was asked for plain text"
        return Fault(Kind.DOUBTFUL, said)
    text, damaged = body_text(reply)
    try:
        message = read_message(text, reply.headers.get("content-type", "").lower().startswith("text/event-stream"))
    except Cut:
        return Fault(Kind.AGAIN, "the body ends too early")
    except NoCompletion as error:
        plain = plain_error(text)
        if plain is not None and is_known(plain):
            return _error(plain)
        return Fault(Kind.DOUBTFUL, str(error), RETRYABLE)
    if message.is_cut:
        return Fault(Kind.AGAIN, "the stream ended before the answer did", usage=message.usage)
    if message.error is not None:
        return _error(message.error, message.usage)
    return _judged(message, wants_json or schema is not None, damaged, schema)


def _error(error: Said, usage: Usage = UNKNOWN) -> Fault:
    fault = classify(None, error, usage)
    has_word = fault.status.partition(": ")[0] in WORDS
    return fault if has_word else replace(fault, status=f"the reply holds an error: {fault.status}")


def _judged(message: Message, wants_json: bool, damaged: bool, schema: Schema | None) -> Answer | Fault:
    text = "".join(message.texts)
    content, thought = (text, None) if wants_json and is_one_object(text) else reasoning.split(text)
    thoughts = [each for each in (*message.thoughts, thought or "") if each.strip()]
    more: dict[str, Any] = {
        "usage": message.usage,
        "reasoning": "\n".join(thoughts) or None,
        "served_model": message.served_model,
    }

    def no(word: str, said: str = "") -> Answer:
        explained, state = WORDS[word]
        rejected = content if schema is not None and word in CORRECTABLE else None
        return Answer(None, f"{word}: {said or explained}", state, rejected_response=rejected, **more)

    ends: dict[End, tuple[str, Any]] = {}
    for finish in message.finishes:
        if finish is not None:
            word = finish_word(finish)
            ends.setdefault(meaning(word), (word, finish))
    if message.filtered:
        return no("filtered", f"the content filter found {message.filtered}")
    if End.FILTERED in ends:
        word, said = ends[End.FILTERED][0], "refused by the content filter"
        return no("filtered", said if word == "content_filter" else f"{said}: finish reason {word}")
    if message.refusal or End.REFUSED in ends:
        return no("refused", message.refusal)
    if End.TRUNCATED in ends:
        return no("truncated", f"the answer was cut off at max_output_tokens: finish reason {ends[End.TRUNCATED][0]}")
    if message.calls_tool or End.TOOLS in ends or reasoning.is_tool_call(text, content):
        return no("tool_call")
    if End.AGAIN in ends:
        return Fault(Kind.AGAIN, f"the server gave up: finish reason {ends[End.AGAIN][0]}", **more)
    if End.UNKNOWN in ends:
        return no("unfinished", f"the finish reason is {ends[End.UNKNOWN][1]}")
    if message.others and not content.strip():
        return no("unreadable", f"the answer is no text but {', '.join(sorted(set(message.others)))}")
    if not content.strip() or not content.strip("\ufeff\u200b \n\t\r"):
        if message.media:
            return no("unreadable", f"the answer is no text but {', '.join(message.media)}")
        return no("no_answer") if thoughts or message.has_thought else no("empty")
    if message.others:
        return no("unreadable", f"beside text the answer holds {', '.join(sorted(set(message.others)))}")
    if damaged:
        return no("unreadable", "the reply is not valid UTF-8")
    if wants_json:
        try:
            content = one_object(content)
        except NotOneObject as error:
            return no("not_json", f"the answer is not the promised JSON: {error}")
    if schema is not None:
        try:
            content = schema.fitted(content)
        except DoesNotFit as error:
            return no("not_in_schema", str(error))
    return Answer(content, "", OK, **more)
