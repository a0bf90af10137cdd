"""What a reply of success says: an answer, or why it is none.

A reply is judged by its error, its finish reason and its refusal before its content is looked at.

Each status that is not '' begins with a word that stays the same (:data:`WORDS`), for people who count them.
"""

from __future__ import annotations

from dataclasses import replace

from lakeweave.inference import reasoning
from lakeweave.inference.answers import FAILED, OK, RETRYABLE, Answer
from lakeweave.inference.errors import Fault, Kind, classify
from lakeweave.inference.finishes import AGAIN, DONE, FILTERED, REFUSED, TOOLS, TRUNCATED
from lakeweave.inference.messages import Message, NoCompletion, body_text, finish_word, read_message
from lakeweave.inference.strict_json import NotOneObject, one_object
from lakeweave.inference.transport import Reply

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
}


def judge(reply: Reply, wants_json: bool) -> Answer | Fault:
    """The answer in a reply whose HTTP status is one of success, or the fault that it is. Never raises."""
    if not reply.body.strip():
        return Fault(Kind.AGAIN, f"empty: the reply has no body ({reply.status})")
    if reply.encoding:
        said = f"unreadable: the server compressed its reply ({reply.encoding}) although it was asked for plain text"
        return Fault(Kind.DOUBTFUL, said)
    text, damaged = body_text(reply)
    try:
        message = read_message(text, reply.headers.get("content-type", "").lower().startswith("text/event-stream"))
    except NoCompletion as error:
        return Fault(Kind.DOUBTFUL, str(error), RETRYABLE)
    if message.is_cut:
        return Fault(Kind.AGAIN, "the stream ended before the answer did", usage=message.usage)
    if message.error is not None:
        fault = classify(None, message.error, message.usage)
        said = fault.status if fault.status.startswith("filtered: ") else f"the reply holds an error: {fault.status}"
        return replace(fault, status=said)
    return _judged(message, wants_json, damaged)


def _judged(message: Message, wants_json: bool, damaged: bool) -> Answer | Fault:
    content, thought = reasoning.split("".join(message.texts))
    thoughts = [each for each in (*message.thoughts, thought or "") if each.strip()]
    more = {
        "usage": message.usage,
        "reasoning": "\n".join(thoughts) or None,
        "served_model": message.served_model,
    }

    def no(word: str, said: str = "") -> Answer:
        meaning, state = WORDS[word]
        return Answer(None, f"{word}: {said or meaning}", state, **more)

    finishes = {finish_word(finish): finish for finish in message.finishes if finish is not None}
    words = [word for word in finishes if word not in ("", "null", "none")]
    if message.filtered:
        return no("filtered", f"the content filter found {message.filtered}")
    for word in words:
        if word in FILTERED:
            said = "refused by the content filter"
            return no("filtered", said if word == "content_filter" else f"{said}: finish reason {word}")
    if message.refusal or any(word in REFUSED for word in words):
        return no("refused", message.refusal)
    for word in words:
        if word in TRUNCATED:
            return no("truncated", f"the answer was cut off at max_output_tokens: finish reason {word}")
    if message.calls_tool or any(word in TOOLS for word in words):
        return no("tool_call")
    for word in words:
        if word in AGAIN:
            return Fault(Kind.AGAIN, f"the server gave up: finish reason {word}", **more)
        if word not in DONE:
            return no("unfinished", f"the finish reason is {finishes[word]}")
    if message.others and not content.strip():
        return no("unreadable", f"the answer is no text but {', '.join(sorted(set(message.others)))}")
    if not content.strip() or not content.strip("\ufeff\u200b \n\t\r"):
        return no("no_answer") if thoughts else no("empty")
    if message.others:
        return no("unreadable", f"beside text the answer holds {', '.join(sorted(set(message.others)))}")
    if damaged:
        return no("unreadable", "the reply is not valid UTF-8")
    if wants_json:
        try:
            content = one_object(content)
        except NotOneObject as error:
            return no("not_json", f"the answer is not the promised JSON: {error}")
    return Answer(content, "", OK, **more)
