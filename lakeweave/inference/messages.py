"""The one form into which every reply is brought before it is judged.

Read are chat completions of OpenAI and of all that follow it, legacy completions, a stream of chunks although none was asked
for, and the own forms of Ollama, Anthropic, Gemini and OpenAI's Responses.
"""

from __future__ import annotations

import codecs
import json
import re
from dataclasses import dataclass, field
from typing import Any

from lakeweave.inference.errors import Said, find_error
from lakeweave.inference.finishes import End, finish_word, meaning
from lakeweave.inference.transport import Reply
from lakeweave.inference.usage import UNKNOWN, Usage, read_usage

_TEXT_PARTS = frozenset(("text", "output_text", "input_text", None))
_THOUGHT_PARTS = frozenset(("thinking", "reasoning", "reasoning_text", "thought", "redacted_thinking", "summary_text"))
_TOOL_PARTS = frozenset(("tool_use", "tool_call", "function_call", "toolcall", "server_tool_use"))
_THOUGHT_FIELDS = ("thinking", "text", "reasoning", "summary", "content")
_MOST_DEPTH = 6
_MOST_PARTS = 10_000
_MOST_PLAIN = 500
_BAD_ENDS = frozenset((End.TRUNCATED, End.FILTERED, End.REFUSED, End.TOOLS))


class NoCompletion(ValueError):
    """The body is nothing that could hold an answer."""


class Cut(ValueError):
    """The body ends before its JSON does: the connection broke, whatever the headers say."""


@dataclass(slots=True)
class Message:
    """One answer, whatever form it came in."""

    texts: list[str] = field(default_factory=list)
    thoughts: list[str] = field(default_factory=list)
    has_thought: bool = False
    """Whether the model thought, also where its thoughts are encrypted."""
    others: list[str] = field(default_factory=list)
    media: list[str] = field(default_factory=list)
    """What came in the place of a text, such as a picture."""
    refusal: str = ""
    finishes: list[Any] = field(default_factory=list)
    filtered: str = ""
    calls_tool: bool = False
    error: Said | None = None
    usage: Usage = UNKNOWN
    served_model: str | None = None
    is_cut: bool = False


def read_message(text: str, is_stream: bool) -> Message:
    """The message in the text of a body; ``is_stream`` says that the server calls it a stream.

    Raises:
        Cut: the text ends in the middle of its JSON.
        NoCompletion: it is nothing that could hold an answer.
    """
    text = text.strip().lstrip("\ufeff").strip()
    if is_stream or re.match(r"(?:data|event|id|retry):|:", text):
        return _streamed(_events(text), is_stream)
    try:
        said, end = _ENVELOPE.raw_decode(text)
    except RecursionError:
        raise NoCompletion("the server's answer is not a chat completion: it is nested too deeply") from None
    except ValueError as error:
        if isinstance(error, json.JSONDecodeError) and _is_cut(text, error):
            raise Cut from None
        raise NoCompletion(_not_a_completion(text)) from None
    if isinstance(said, list) and len(said) == 1 and isinstance(said[0], dict):
        said = said[0]
    rest = text[end:].strip()
    if rest:
        return _streamed(([said] if isinstance(said, dict) else []) + _lines(rest), False)
    return _message(said)


# ---- bytes to text ----


def body_text(reply: Reply) -> tuple[str, bool]:
    """The body as text, and whether some of it is damaged. JSON is UTF-8, whatever a server calls it."""
    body = reply.body
    for mark, name in (
        (codecs.BOM_UTF8, "utf-8-sig"),
        (codecs.BOM_UTF16_LE, "utf-16"),
        (codecs.BOM_UTF16_BE, "utf-16"),
    ):
        if body.startswith(mark):
            return _decoded(body, name)
    try:
        detected = json.detect_encoding(body)
        return body.decode(detected), False
    except UnicodeDecodeError:
        found = re.search(r"charset\s*=\s*[\"']?([\w.:-]+)", reply.headers.get("content-type", "").lower())
        named = found.group(1) if found else None
        if named and named not in ("utf-8", "utf8", "ascii", "us-ascii"):
            return _decoded(body, named)
        return body.decode("utf-8", "replace"), True


def _decoded(body: bytes, name: str) -> tuple[str, bool]:
    try:
        return body.decode(name), False
    except (UnicodeDecodeError, LookupError):
        return body.decode("utf-8", "replace"), True


# ---- text to message ----


def _whole(text: str) -> int:
    return int(text) if len(text) < 400 else 10**400


_ENVELOPE = json.JSONDecoder(parse_int=_whole, strict=False)


_WORDS = ("true", "false", "null", "NaN", "Infinity", "-Infinity")


def _is_cut(text: str, error: json.JSONDecodeError) -> bool:
    """Whether an object or a list is right as far as it goes, and does not go to its end."""
    rest = text[error.pos :]
    return text[:1] in ("{", "[") and (
        not rest
        or error.msg.startswith("Unterminated string")
        or (error.msg.startswith("Invalid \\") and len(rest) <= 6)
        or any(word.startswith(rest) for word in _WORDS)
    )


def plain_error(text: str) -> Said | None:
    """The error that a proxy says in a few plain words, None when it is none: no answer of a model comes as plain text."""
    text = text.strip()
    return Said(text, text.lower()) if 0 < len(text) <= _MOST_PLAIN and text[0] not in "<{[" else None


def _not_a_completion(text: str) -> str:
    said = "the server's answer is not a chat completion"
    if text[:1] == "<":
        title = re.search(r"<title>\s*(.{1,100}?)\s*</title>", text[:20000], re.IGNORECASE | re.DOTALL)
        said += f" but HTML{f' ({title.group(1)})' if title else ''}"
    return said


def _message(said: Any) -> Message:
    message = Message()
    is_part = isinstance(said, dict) and (said.get("done") is False or said.get("object") == "chat.completion.chunk")
    error = find_error(said)
    if not isinstance(said, dict):
        if error is None:
            raise NoCompletion("the server's answer is not a chat completion")
        said = {}
    _add(message, said)
    message.error = error or message.error
    if message.error is None and not _is_completion(said):
        raise NoCompletion("the server's answer is not a chat completion")
    message.is_cut = is_part and all(finish is None for finish in message.finishes)
    return message


def _is_completion(said: dict[str, Any]) -> bool:
    return any(
        name in said for name in ("choices", "message", "response", "candidates", "output", "promptFeedback")
    ) or ("content" in said and ("stop_reason" in said or said.get("type") == "message"))


def _index(choice: dict[str, Any]) -> int:
    index = choice.get("index")
    if isinstance(index, str) and index.isascii() and index.isdigit() and len(index) < 10:
        return int(index)
    return index if isinstance(index, int) else 0


def _choices(said: dict[str, Any]) -> list[dict[str, Any]] | None:
    choices = said.get("choices")
    if isinstance(choices, dict):
        return [choices]
    return [each for each in choices if isinstance(each, dict)] if isinstance(choices, list) else None


def _add(message: Message, said: dict[str, Any], index: int | None = None) -> None:
    """What one object says, a whole reply or a chunk of a stream, is added to the message.

    Of several choices the first counts; ``index`` is its index in a stream, whose chunks have one choice each.
    """
    name = said.get("model") or said.get("modelVersion") or said.get("model_version")
    if isinstance(name, str) and name.strip() and message.served_model is None:
        message.served_model = name.strip()
    usage = next((said[name] for name in ("usage", "usageMetadata", "usage_metadata") if said.get(name)), None)
    if isinstance(usage, list) and len(usage) == 1:
        usage = usage[0]
    if usage is None and isinstance(said.get("x_groq"), dict):
        usage = said["x_groq"].get("usage")
    if usage is None and ("prompt_eval_count" in said or "eval_count" in said):
        usage = said
    if usage is not None:
        read = read_usage(usage)
        message.usage = read if read != UNKNOWN else message.usage
    _add_filter(message, said.get("prompt_filter_results"))
    choices = _choices(said)
    if choices is not None:
        if index is not None:
            choices = [each for each in choices if _index(each) == index]
        if choices:
            _add_choice(message, min(choices, key=_index), index is not None)
            if usage is None and isinstance(choices[0].get("usage"), dict):
                message.usage = read_usage(choices[0]["usage"])
        message.finishes.append(said.get("finish_reason"))
    elif isinstance(said.get("message"), dict):  # Ollama
        _add_content(message, said["message"])
        message.finishes.append(said.get("done_reason"))
    elif isinstance(said.get("response"), str) and ("done" in said or "model" in said):
        _add_text(message, said["response"])
        _add_thought(message, said.get("thinking"))
        message.finishes.append(said.get("done_reason"))
    elif isinstance(said.get("candidates"), list):  # Gemini
        for candidate in said["candidates"][:1]:
            if isinstance(candidate, dict):
                message.finishes.append(candidate.get("finishReason") or candidate.get("finish_reason"))
                content = candidate.get("content")
                _add_parts(message, content.get("parts") if isinstance(content, dict) else content)
    elif isinstance(said.get("output"), list):  # Responses
        _add_parts(message, said["output"])
        why = said.get("incomplete_details")
        message.finishes.append(why.get("reason") if isinstance(why, dict) else said.get("status"))
    elif "content" in said:  # Anthropic
        _add_parts(message, said["content"])
        message.finishes.append(said.get("stop_reason"))
    feedback = said.get("promptFeedback") or said.get("prompt_feedback")
    if isinstance(feedback, dict) and (feedback.get("blockReason") or feedback.get("block_reason")):
        message.filtered = str(feedback.get("blockReason") or feedback.get("block_reason")).lower()


def _finish(choice: dict[str, Any]) -> Any:
    """The finish reason, wherever a server puts it. vLLM's ``stop_reason`` beside one is the text that stopped it."""
    for name in ("finish_reason", "finishReason"):
        if choice.get(name) is not None:
            return choice[name]
    details, inner = choice.get("finish_details"), choice.get("message")
    if isinstance(details, dict) and details.get("type") is not None:
        return details["type"]
    for place in (choice, inner if isinstance(inner, dict) else {}):
        for name in ("stop_reason", "finish_reason"):
            if isinstance(place.get(name), str):
                return place[name]
    return None


def _add_choice(message: Message, choice: dict[str, Any], is_chunk: bool) -> None:
    message.finishes.append(_finish(choice))
    native = choice.get("native_finish_reason")
    if isinstance(native, str) and meaning(finish_word(native)) in _BAD_ENDS:
        message.finishes.append(native)  # a gateway may call everything "stop"
    if choice.get("error"):
        message.error = find_error({"error": choice["error"]})
    _add_filter(message, choice.get("content_filter_results"))
    inner, delta = choice.get("message"), choice.get("delta")
    if is_chunk and isinstance(inner, dict) and not isinstance(delta, dict) and message.texts:
        # Some servers end a stream with the whole answer.
        whole = Message()
        _add_content(whole, inner)
        if whole.texts and "".join(whole.texts) != "".join(message.texts):
            raise NoCompletion("the server's answer is not a chat completion but several")
        return
    if isinstance(delta, dict) and (is_chunk or not isinstance(inner, dict)):
        inner = delta
    if isinstance(inner, dict):
        _add_content(message, inner)
    elif isinstance(inner, str):
        _add_text(message, inner)
    elif isinstance(choice.get("text"), str):
        _add_text(message, choice["text"])
        _add_thought(message, choice.get("reasoning") or choice.get("reasoning_content"))


def _add_content(message: Message, said: dict[str, Any]) -> None:
    _add_parts(message, said.get("content"))
    for name in ("reasoning_content", "reasoning", "thinking", "reasoning_text"):
        if _add_thought(message, said.get(name)):
            break
    else:
        details = said.get("reasoning_details")
        for detail in details if isinstance(details, list) else []:
            if isinstance(detail, dict):
                message.has_thought = True
                _add_thought(message, detail.get("text") or detail.get("summary"))
    refusal = said.get("refusal")
    if isinstance(refusal, str) and refusal.strip():
        message.refusal += refusal
    elif refusal and not isinstance(refusal, str):
        message.refusal += json.dumps(refusal, default=str)
    if said.get("tool_calls") or said.get("function_call"):
        message.calls_tool = True
    message.media += [name for name in ("audio", "images") if said.get(name)]


def _add_parts(message: Message, content: Any, depth: int = 0) -> None:
    if content is None or depth > _MOST_DEPTH:
        return
    if isinstance(content, str):
        _add_text(message, content)
    elif isinstance(content, list):
        for part in content:
            _add_parts(message, part, depth + 1)
    elif isinstance(content, dict):
        kind = content.get("type")
        kind = kind.lower() if isinstance(kind, str) else None
        if content.get("thought") is True or kind in _THOUGHT_PARTS:
            message.has_thought = True
            _add_thought(message, next((content[name] for name in _THOUGHT_FIELDS if content.get(name)), None))
        elif kind in _TOOL_PARTS or "functionCall" in content or "function_call" in content:
            message.calls_tool = True
        elif kind == "refusal":
            message.refusal += str(content.get("refusal") or content.get("text") or "the model declined")
        elif kind == "message":
            _add_parts(message, content.get("content"), depth + 1)
        elif kind in _TEXT_PARTS and isinstance(content.get("text"), str):
            _add_text(message, content["text"])
        elif kind in _TEXT_PARTS and "text" in content and content["text"] is None:
            pass
        elif kind in _TEXT_PARTS and isinstance(content.get("text"), dict):
            _add_parts(message, content["text"].get("value"), depth + 1)
        else:
            message.others.append(str(kind or "an object"))
    else:
        message.others.append(type(content).__name__)


def _add_text(message: Message, text: str) -> None:
    message.texts.append(text)


def _add_thought(message: Message, thought: Any) -> bool:
    """Adds what was thought: a text, or the parts of one."""
    if isinstance(thought, str):
        if thought.strip():
            message.thoughts.append(thought)
            return True
        return False
    if isinstance(thought, list):
        return any([_add_thought(message, each) for each in thought[:_MOST_PARTS]])
    if isinstance(thought, dict):
        return _add_thought(
            message, next((thought[n] for n in _THOUGHT_FIELDS if isinstance(thought.get(n), str)), None)
        )
    return False


def _add_filter(message: Message, results: Any) -> None:
    """Azure says of each category whether it was filtered, also where the finish reason does not."""
    if isinstance(results, list):
        for each in results:
            _add_filter(message, each.get("content_filter_results") if isinstance(each, dict) else None)
    elif isinstance(results, dict):
        found = [str(name) for name, said in results.items() if isinstance(said, dict) and said.get("filtered") is True]
        if found:
            message.filtered = ", ".join(sorted(found))


# ---- streams ----


def _events(text: str) -> list[Any]:
    """The data of server-sent events; text that is no JSON is kept as text."""
    found: list[Any] = []
    data: list[str] = []
    for line in [*text.splitlines(), ""]:
        if line.startswith("data:"):
            data.append(line[5:].removeprefix(" "))
        elif not line.strip() and data:
            found.extend(_parsed("\n".join(data)))
            data = []
    return found


def _parsed(text: str) -> list[Any]:
    try:
        return [_ENVELOPE.decode(text)]
    except (ValueError, RecursionError):
        # Some servers leave out the empty line between two events.
        return [value for line in text.split("\n") for value in _line(line)]


def _line(line: str) -> list[Any]:
    try:
        return [_ENVELOPE.decode(line)]
    except (ValueError, RecursionError):
        return [line.strip()] if line.strip() else []


def _lines(text: str) -> list[Any]:
    found = [value for line in text.splitlines() for value in _line(line)]
    if not all(isinstance(value, dict) for value in found):
        raise NoCompletion("the server's answer is not a chat completion: something follows the JSON")
    return found


def _streamed(events: list[Any], is_stream: bool) -> Message:
    """The message in the chunks of a stream. One without an end was cut short."""
    message = Message()
    ended = False
    index = min(
        (_index(each) for event in events if isinstance(event, dict) for each in _choices(event) or ()), default=0
    )
    for event in events:
        if event == "[DONE]":
            ended = True
            continue
        if not isinstance(event, dict):
            continue
        error = find_error(event)
        if error is not None:
            message.error = error
        kind = event.get("type")
        if kind == "message_start" and isinstance(event.get("message"), dict):  # Anthropic
            message.served_model = message.served_model or event["message"].get("model")
            message.usage = read_usage(event["message"].get("usage"))
        elif kind == "content_block_delta" and isinstance(event.get("delta"), dict):
            _add_parts(message, event["delta"].get("text"))
            _add_thought(message, event["delta"].get("thinking"))
        elif kind == "message_delta" and isinstance(event.get("delta"), dict):
            message.finishes.append(event["delta"].get("stop_reason"))
            counted = read_usage(event.get("usage"))
            message.usage = Usage(
                message.usage.input_tokens if counted.input_tokens is None else counted.input_tokens,
                counted.output_tokens,
                message.usage.cached_input_tokens,
                counted.reasoning_tokens,
            )
        elif kind == "message_stop" or event.get("done") is True:
            ended = True
            _add(message, event, index)
        else:
            _add(message, event, index)
    ended = ended or any(finish is not None for finish in message.finishes)
    if message.error is None and not ended:
        if not message.texts and not message.thoughts and not is_stream:
            raise NoCompletion("the server's answer is not a chat completion")
        message.is_cut = True
    message.thoughts = ["".join(message.thoughts)] if message.thoughts else []
    return message
