"""What a model thought, told apart from what it said.

Servers that do not know a model's format leave its marks in the text: ``<think>…</think>`` and its relatives, the channels
of the Harmony format, and the tokens that end a turn. Reasoning comes first, so an opening mark counts where the text
begins. A text may also *speak* of such a mark ("close the block with ``</think>``"); a mark that stands free within a line,
in quotes or in code, is such a mention and stays.
"""

from __future__ import annotations

import re

_NAMES = "think|thinking|thought|thoughts|reasoning|reflection|scratchpad|seed:think|analysis|antthinking"
_PAIRS = (
    (rf"<\s*(?:{_NAMES})\s*>", rf"<\s*/\s*(?:{_NAMES})\s*>"),
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
    r"|<｜end▁of▁sentence｜>|<\|end_of_sentence\|>|<\|endofturn\|>|<\|END_TEXT\|>"
)
_START_TOKENS = (
    r"<\|im_start\|>|<\|start_header_id\|>|<start_of_turn>|<\|start\|>|<\|user\|>|<\|assistant\|>|<\|system\|>|<bos>"
    r"|<\|begin_of_text\|>|<\|begin_of_solution\|>|<\|START_RESPONSE\|>|<\|START_TEXT\|>"
)
_END = re.compile(_END_TOKENS)
_AT_END = re.compile(rf"(?:\s*(?:{_END_TOKENS}))+\s*\Z")
_STRIKE_END = re.compile(r"\s*</s>\s*\Z")
_AT_START = re.compile(
    rf"\A\s*(?:<\|im_start\|>\s*assistant\s*|<\|start_header_id\|>assistant<\|end_header_id\|>\s*"
    rf"|<start_of_turn>model\s*|(?:{_START_TOKENS})\s*)+"
)
_NEXT_TURN = re.compile(rf"\s*(?:{_START_TOKENS}|{_END_TOKENS})")

_HARMONY = re.compile(r"\A\s*(?:<\|start\|>assistant)?\s*<\|channel\|>")
_HARMONY_PART = re.compile(
    r"<\|channel\|>\s*(\w*)[^<]*(?:<\|constrain\|>[^<]*)?<\|message\|>(.*?)"
    r"(?=<\|end\|>|<\|return\|>|<\|call\|>|<\|start\|>|<\|channel\|>|\Z)",
    re.DOTALL,
)
_HARMONY_BARE = re.compile(r"\Aanalysis(?=[A-Z\s])(.*?)assistant(?:\s*)final(.*)\Z", re.DOTALL)

_QUOTES = "`'\"“”‘’«»([{"
_BEHIND = "`'\"“”‘’«».,;:!?)]}"


def split(text: str) -> tuple[str, str | None]:
    """The answer in ``text`` and the reasoning before it, None when there is none.

    A text that is nothing but reasoning, also one whose block is never closed, has the answer ``""``.
    """
    if "<" not in text and "[" not in text and "◁" not in text and not text.startswith("analysis"):
        return text, None
    if _HARMONY.match(text):
        return _harmony(text)
    bare = _HARMONY_BARE.match(text)
    if bare:
        return bare.group(2).strip(), bare.group(1).strip()
    text = _AT_START.sub("", text, count=1)
    thoughts: list[str] = []
    opened = True
    while opened:
        opened = False
        for opens, closes in _MARKS:
            start = opens.match(text.lstrip().lstrip("\ufeff").lstrip())
            if start:
                thought, text = _block(text.lstrip().lstrip("\ufeff").lstrip(), start, opens, closes)
                thoughts.append(thought)
                opened = True
    text = _after_bare_close(text, thoughts)
    text = _own_lines(text, thoughts)
    text = _until_end(_AT_START.sub("", text, count=1) if thoughts else text)
    return (text.strip() if thoughts else text), ("\n".join(t for t in thoughts if t) if thoughts else None)


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
        for close in closes.finditer(text):
            if opens.search(text, 0, close.start()) or _is_mention(text, close):
                continue
            thoughts.append(text[: close.start()].strip())
            text = text[close.end() :]
            break
    return text


def _own_lines(text: str, thoughts: list[str]) -> str:
    """A block that begins on a line of its own, after a preamble, is reasoning too."""
    for opens, closes in _MARKS:
        for start in opens.finditer(text):
            before, after = text[: start.start()], text[start.end() :]
            if before.rstrip(" \t")[-1:] not in ("", "\n") or _in_code(text, start.start()):
                continue
            close = closes.search(after)
            if close is None:
                continue
            thoughts.append(after[: close.start()].strip())
            return _own_lines(before.rstrip() + "\n" + after[close.end() :].lstrip(), thoughts)
    return text


def _until_end(text: str) -> str:
    """The text up to the token that ends the turn; what some servers let run on after it is no answer."""
    for token in _END.finditer(text):
        behind = text[token.end() :]
        if not behind.strip():
            break
        if _NEXT_TURN.match(behind) or not _is_mention(text, token):
            text = text[: token.start()]
            break
    text = _AT_END.sub("", text)
    if "</s>" in text:
        ended = _STRIKE_END.sub("", text)
        if "<s>" not in ended and "<s " not in ended:  # in HTML it ends what is struck through
            text = ended
    return text


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
    final, thoughts = [], []
    for part in _HARMONY_PART.finditer(text):
        (final if part.group(1) == "final" else thoughts).append(part.group(2).strip())
    if not final and not thoughts:
        thoughts.append(text)
    return "\n".join(final), "\n".join(thoughts) if thoughts else None
