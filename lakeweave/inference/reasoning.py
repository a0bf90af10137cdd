"""What a model thought, told apart from what it said.

Servers that do not know a model's format leave its marks in the text: ``<think>…</think>`` and its relatives, the channels
of the Harmony format, and the tokens that end a turn. Reasoning comes first, so an opening mark counts where the text
begins. A text may also *speak* of such a mark ("close the block with ``</think>``"); a mark that stands free within a line,
in quotes or in code, is such a mention and stays.
"""

from __future__ import annotations

import re
from itertools import islice

_NAMES = "think|thinking|thought|thoughts|reasoning|reflection|scratchpad|seed:think|analysis|antthinking"
_PAIRS = (
    # With a vendor's prefix and attributes too: <longcat_think>, <think lang="en">.
    (rf"<\s*(?:[a-z]+[_:-])?(?:{_NAMES})(?:\s[^<>]*)?>", rf"<\s*/\s*(?:[a-z]+[_:-])?(?:{_NAMES})\s*>"),
    (r"<details\s[^<>]*\breasoning\b[^<>]*>", r"</details>"),
    (r"\[\s*THINK\s*\]", r"\[\s*/\s*THINK\s*\]"),
    (r"<\|begin_of_thought\|>", r"<\|end_of_thought\|>"),
    (r"◁think▷", r"◁/think▷"),
    (r"<\|START_THINKING\|>", r"<\|END_THINKING\|>"),
    (r"<\|channel>thought", r"<channel\|>"),
)
_MARKS = [(re.compile(opens, re.IGNORECASE), re.compile(closes, re.IGNORECASE)) for opens, closes in _PAIRS]
_CODE = re.compile(r"```.*?(?:```|\Z)|`[^`\n]*`", re.DOTALL)

_END_TOKENS = (
    r"<\|im_end\|>|<\|eot_id\|>|<\|eom_id\|>|<\|endoftext\|>|<\|end_of_text\|>|<\|end\|>|<\|return\|>|<\|eot\|>"
    r"|<end_of_turn>|<\|END_OF_TURN_TOKEN\|>|<\|END_RESPONSE\|>|<\|end_of_solution\|>|<\|end_of_turn\|>|<eos>"
    r"|<｜end▁of▁sentence｜>|<\|end_of_sentence\|>|<\|endofturn\|>|<\|END_TEXT\|>|\[\|endofturn\|\]|<\|end_of_box\|>"
)
_START_TOKENS = (
    r"<\|im_start\|>|<\|start_header_id\|>|<start_of_turn>|<\|start\|>|<\|user\|>|<\|assistant\|>|<\|system\|>|<bos>"
    r"|<\|begin_of_text\|>|<\|begin_of_solution\|>|<\|START_RESPONSE\|>|<\|START_TEXT\|>|<\|begin_of_box\|>"
    r"|<\|start_of_role\|>|<｜(?:User|Assistant|begin▁of▁sentence)｜>|\[\|(?:user|assistant|system)\|\]|<s>\s*\[INST\]|\[INST\]"
)
_END = re.compile(_END_TOKENS)
_LAST_TOKEN = re.compile(rf"(?:{_END_TOKENS}|<\|\w{{1,40}}\|>|<pad>|<unk>|\[/INST\])\Z")
_TURN_OF_LLAMA = re.compile(r"</s>\s*(?:<s>)?\s*\[INST\]")
_AT_START = re.compile(
    rf"\A\s*(?:<\|message\|>|assistant\n\n+(?=\S)|<\|im_start\|>\s*assistant\s*|<\|start_header_id\|>assistant<\|end_header_id\|>\s*"
    rf"|<start_of_turn>model\s*|<\|start_of_role\|>assistant<\|end_of_role\|>|<\|im_sep\|>|\[/INST\]\s*"
    rf"|(?:<s>\s*)?\[INST\].{{0,20000}}?\[/INST\]\s*|(?:{_START_TOKENS})\s*){{1,8}}",
    re.DOTALL,
)
_NEXT_TURN = re.compile(rf"\s*(?:{_START_TOKENS}|{_END_TOKENS})")

_HARMONY = re.compile(r"\A\s*(?:<\|start\|>assistant)?\s*<\|channel\|>")
_HARMONY_PART = re.compile(
    r"<\|channel\|>\s*(\w*)[^<]*(?:<\|constrain\|>[^<]*)?<\|message\|>(.*?)"
    r"(?=<\|end\|>|<\|return\|>|<\|call\|>|<\|start\|>|<\|channel\|>|\Z)",
    re.DOTALL,
)
_HARMONY_LATER = re.compile(
    r"<\|(?:end|start)\|>\s*(?:<\|start\|>\s*)?(?:assistant\s*)?<\|channel\|>\s*\w+[^<]*(?:<\|constrain\|>[^<]*)?<\|message\|>"
)
_HARMONY_CALL = re.compile(r"<\|channel\|>\s*\w+\s+to=|<\|call\|>")
_TOOL_CALL = re.compile(
    r"\s*(?:<tool_call>|\[TOOL_CALLS\]|<\|python_tag\|>|<function=\w|<｜tool▁calls▁begin｜>|<\|tool_calls?(?:_section_begin)?\|?>"
    r"|<\|tool_call_start\|>|<minimax:tool_call>|<function_calls>)"
)
_HARMONY_BARE_CUT = re.compile(r"\Aanalysis(?=[A-Z][a-z'’]* )")
_HARMONY_BARE = re.compile(r"\Aanalysis(?=[A-Z\s])(.*?)assistant(?:\s*)final(.*)\Z", re.DOTALL)

#: Marks that are looked at in one text. A text with more is no answer that anybody meant.
_MOST_MARKS = 100

_OPENING_QUOTES = tuple("`'\"“‘«([{")
_QUOTES = "`'\"“”‘’«»([{"
_BEHIND = "`'\"“”‘’«».,;:!?)]}"


def split(text: str) -> tuple[str, str | None]:
    """The answer in ``text`` and the reasoning before it, None when there is none.

    A text that is nothing but reasoning, also one whose block is never closed, has the answer ``""``.
    """
    if "<" not in text and "[" not in text and "◁" not in text and not text.startswith(("analysis", "assistant\n\n")):
        return text, None
    if _HARMONY.match(text):
        return _harmony(text)
    later = _HARMONY_LATER.search(text)
    if later and not _in_code(text, later.start()):
        before = text[: later.start()].strip()
        answer, thought = _harmony(text[later.start() :])
        return answer, "\n".join(part for part in (before, thought) if part) or None
    bare = _HARMONY_BARE.match(text)
    if bare:
        return bare.group(2).strip(), bare.group(1).strip()
    if _HARMONY_BARE_CUT.match(text):
        return "", text.removeprefix("analysis")
    text = _AT_START.sub("", text, count=1)
    thoughts: list[str] = []
    text = _leading(text, thoughts)
    text = _after_bare_close(text, thoughts)
    text = _within(text, thoughts)
    text = _until_end(_AT_START.sub("", text, count=1) if thoughts else text)
    return (text.strip() if thoughts else text), ("\n".join(t for t in thoughts if t) if thoughts else None)


def is_tool_call(text: str, answer: str) -> bool:
    """Whether a text is the call of a tool, in a form that its server did not know. ``answer`` is what :func:`split` gave."""
    return _TOOL_CALL.match(answer) is not None or (not answer and _HARMONY_CALL.search(text) is not None)


def _leading(text: str, thoughts: list[str]) -> str:
    """The text after the blocks that it begins with."""
    for _ in range(_MOST_MARKS):
        begun = text.lstrip().lstrip("\ufeff").lstrip()
        found = next(((start, marks) for marks in _MARKS if (start := marks[0].match(begun))), None)
        if found is None:
            return text
        thought, text = _block(begun, found[0], *found[1])
        thoughts.append(thought)
    thoughts.append(text)
    return ""


def _block(text: str, start: re.Match[str], opens: re.Pattern[str], closes: re.Pattern[str]) -> tuple[str, str]:
    """The first block, from ``start``, and what comes after it: to the mark that balances, or else the last one."""
    depth, at, last = 1, start.end(), None
    while True:
        close = closes.search(text, at)
        if close is None:
            break
        depth += len(opens.findall(text, at, close.start())) - 1
        last, at = close, close.end()
        if depth <= 0:
            break
    if last is None:
        return text[start.end() :].strip(), ""
    return text[start.end() : last.start()].strip(), text[last.end() :]


def _after_bare_close(text: str, thoughts: list[str]) -> str:
    """Some templates open the block in the prompt, so that only its end is in the text."""
    for opens, closes in _MARKS:
        opened = opens.search(text)
        for close in islice(closes.finditer(text), _MOST_MARKS):
            if (opened and opened.start() < close.start()) or _is_mention(text, close):
                continue
            thoughts.append(text[: close.start()].strip())
            text = text[close.end() :]
            break
    return text


def _within(text: str, thoughts: list[str]) -> str:
    """The text without the blocks in the middle of it.

    A block is one that begins on a line of its own, after a preamble, or whose marks stand close around what they enclose.
    Without an end it goes to the end of the text, and what came before is no whole answer.
    """
    for opens, closes in _MARKS:
        at = 0
        for _ in range(_MOST_MARKS):
            start = opens.search(text, at)
            if start is None:
                break
            at = start.end()
            on_its_line = text[: start.start()].rstrip(" \t")[-1:] in ("", "\n")
            close = closes.search(text, at)
            if _in_code(text, start.start()) or _is_quoted(text, start):
                continue
            if close is None:
                if on_its_line and text[at : at + 1] == "\n":
                    thoughts.append(text)
                    return ""
                continue
            inside = text[start.end() : close.start()]
            if not on_its_line and (inside[:1].isspace() or inside[-1:].isspace() or not inside):
                continue
            thoughts.append(inside.strip())
            before, after = text[: start.start()].rstrip(), text[close.end() :].lstrip()
            between = "\n" if on_its_line else " "
            text, at = before + between + after, len(before)
    return text


def _until_end(text: str) -> str:
    """The text up to the token that ends the turn; what some servers let run on after it is no answer."""
    for token in islice(_END.finditer(text), _MOST_MARKS):
        if text[token.end() : token.end() + 200].isspace() or token.end() == len(text):
            continue
        if _NEXT_TURN.match(text, token.end()) or not _is_mention(text, token):
            text = text[: token.start()]
            break
    text = _without_last_tokens(text)
    if "</s>" in text:
        turn = _TURN_OF_LLAMA.search(text)
        text = text[: turn.start()] if turn else text
    return _without_sentence_marks(text)


def _without_last_tokens(text: str) -> str:
    for _ in range(_MOST_MARKS):
        ended = text.rstrip()
        token = _LAST_TOKEN.search(ended, max(0, len(ended) - 64))
        if token is None:
            break
        text = ended[: token.start()].rstrip()
    return text


def _without_sentence_marks(text: str) -> str:
    """The text without Llama's marks of a sentence, which in HTML are those of struck text."""
    strikes = text.count("<s>") + text.count("<s ")
    ends = text.count("</s>")
    begun = text.lstrip()
    if strikes == 1 and begun.startswith("<s>") and (ends == 0 or (ends == 1 and text.rstrip().endswith("</s>"))):
        text = begun.removeprefix("<s>").strip().removesuffix("</s>").rstrip()
    elif strikes == 0 and ends:
        place = text.index("</s>")
        if text[:place][-1:] not in _OPENING_QUOTES and not _in_code(text, place):
            text = text[:place].rstrip()
    return text


def _is_quoted(text: str, mark: re.Match[str]) -> bool:
    return text[: mark.start()][-1:] in _OPENING_QUOTES


def _is_mention(text: str, mark: re.Match[str]) -> bool:
    """Whether a text speaks of the mark: it is in code or quotes, or stands free within a line."""
    before, after = text[: mark.start()][-1:], text[mark.end() :][:1]
    if before and before in _QUOTES:
        return True
    if _in_code(text, mark.start()):
        return True
    return before in (" ", "\t") and (after in (" ", "\t") or (after != "" and after in _BEHIND))


def _in_code(text: str, place: int) -> bool:
    return any(code.start() < place < code.end() for code in _CODE.finditer(text)) if "`" in text else False


def _harmony(text: str) -> tuple[str, str | None]:
    final: list[str] = []
    thoughts: list[str] = []
    for part in _HARMONY_PART.finditer(text):
        (final if part.group(1) == "final" else thoughts).append(part.group(2).strip())
    if not final and not thoughts:
        thoughts.append(text)
    return "\n".join(final), "\n".join(thoughts) if thoughts else None
