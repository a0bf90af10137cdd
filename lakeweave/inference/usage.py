"""The token counts of one reply, in the forms that servers give them.

======================  ====================================================================================
OpenAI                  ``prompt_tokens``, ``completion_tokens``, ``prompt_tokens_details.cached_tokens``,
                        ``completion_tokens_details.reasoning_tokens``
Responses, Anthropic    ``input_tokens``, ``output_tokens``, ``cache_read_input_tokens``
DeepSeek                ``prompt_cache_hit_tokens``, ``prompt_cache_miss_tokens``
Ollama (native)         ``prompt_eval_count``, ``eval_count``
Gemini (native)         ``promptTokenCount``, ``candidatesTokenCount``, ``thoughtsTokenCount``
Bedrock                 ``inputTokens``, ``outputTokens``
Cohere                  ``billed_units.input_tokens``, ``billed_units.output_tokens``
======================  ====================================================================================

A count can be of any size and type. A whole number is kept, also as text or as a float; a larger one than
:data:`MOST_TOKENS` is cut to it; everything else is unknown. Nothing here raises.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

#: The largest count that is kept: sums of some million rows still fit into 64 bits.
MOST_TOKENS = 10**12

#: A total that is further from its parts than this is no count of reasoning.
_MOST_HIDDEN = 10**7

_PLAIN = frozenset(("prompt_tokens", "completion_tokens", "total_tokens"))
_INPUT = (
    "prompt_tokens",
    "input_tokens",
    "prompt_eval_count",
    "promptTokenCount",
    "prompt_token_count",
    "billed_units.input_tokens",
    "inputTokens",
)
_OUTPUT = (
    "completion_tokens",
    "output_tokens",
    "eval_count",
    "candidatesTokenCount",
    "candidates_token_count",
    "billed_units.output_tokens",
    "outputTokens",
)
_TOTAL = ("total_tokens", "totalTokenCount", "total_token_count", "totalTokens")
_CACHED = (
    "prompt_tokens_details.cached_tokens",
    "input_tokens_details.cached_tokens",
    "prompt_cache_hit_tokens",
    "cache_read_input_tokens",
    "cached_tokens",
    "cachedContentTokenCount",
    "cached_content_token_count",
)
_REASONING = (
    "completion_tokens_details.reasoning_tokens",
    "output_tokens_details.reasoning_tokens",
    "reasoning_tokens",
    "thoughtsTokenCount",
    "thoughts_token_count",
)
_THOUGHTS = ("thoughtsTokenCount", "thoughts_token_count")


@dataclass(frozen=True, slots=True)
class Usage:
    """What one or several requests used. None is unknown.

    ``input_tokens`` includes ``cached_input_tokens`` (input at the price of a cache's hit), and ``output_tokens``
    includes ``reasoning_tokens`` (output that was thought and not said): each total is what the provider bills.
    """

    input_tokens: int | None = None
    output_tokens: int | None = None
    cached_input_tokens: int | None = None
    reasoning_tokens: int | None = None

    def __add__(self, other: Usage) -> Usage:
        """The sum; what is unknown on one side counts as nothing, what is unknown on both stays unknown."""
        return Usage(
            _sum(self.input_tokens, other.input_tokens),
            _sum(self.output_tokens, other.output_tokens),
            _sum(self.cached_input_tokens, other.cached_input_tokens),
            _sum(self.reasoning_tokens, other.reasoning_tokens),
        )


#: The usage of a reply that says nothing of it.
UNKNOWN = Usage()


def read_usage(given: Any) -> Usage:
    """The usage in ``given``, the ``usage`` object of a reply; whatever it is, no error is raised."""
    if not isinstance(given, dict):
        return UNKNOWN
    if given.keys() <= _PLAIN:
        # What most servers say, without looking for anything else.
        one, other = given.get("prompt_tokens"), given.get("completion_tokens")
        if type(one) is int and type(other) is int and 0 <= one < MOST_TOKENS and 0 <= other < MOST_TOKENS:
            total = given.get("total_tokens")
            if total is None or total == one + other:
                return Usage(one, other)
    input_tokens, output_tokens = _first(given, _INPUT), _first(given, _OUTPUT)
    cached, reasoning = _first(given, _CACHED), _first(given, _REASONING)
    if "input_tokens" in given and "prompt_tokens" not in given and "input_tokens_details" not in given:
        # Anthropic counts what came from its cache, and what went into it, beside the input.
        beside = [_count(given.get(name)) for name in ("cache_read_input_tokens", "cache_creation_input_tokens")]
        for count in beside:
            input_tokens = _sum(input_tokens, count)
    if input_tokens is None:
        input_tokens = _sum(_count(given.get("prompt_cache_hit_tokens")), _count(given.get("prompt_cache_miss_tokens")))
    if reasoning is not None and _first(given, _THOUGHTS) is not None:
        output_tokens = _sum(output_tokens, reasoning)  # Gemini's own form counts thoughts beside the candidates
    else:
        output_tokens = _with_hidden(input_tokens, output_tokens, reasoning, _first(given, _TOTAL))
    if cached is not None and input_tokens is not None:
        cached = min(cached, input_tokens)
    if reasoning is not None and output_tokens is not None:
        reasoning = min(reasoning, output_tokens)
    return Usage(input_tokens, output_tokens, cached, reasoning)


def _with_hidden(
    input_tokens: int | None, output_tokens: int | None, reasoning: int | None, total: int | None
) -> int | None:
    """The output with the reasoning that some servers (xAI, Gemini's OpenAI form) count in the total alone."""
    if reasoning is not None and output_tokens is None:
        return reasoning
    if output_tokens is None:
        return None if total is None or input_tokens is None or total < input_tokens else _bounded(total - input_tokens)
    hidden = 0 if total is None or input_tokens is None else total - input_tokens - output_tokens
    if 0 < hidden <= _MOST_HIDDEN and hidden == (reasoning or hidden):
        return _bounded(output_tokens + hidden)
    return max(output_tokens, reasoning or 0)


def _first(given: dict[str, Any], names: tuple[str, ...]) -> int | None:
    for name in names:
        value: Any = given
        for part in name.split("."):
            value = value.get(part) if isinstance(value, dict) else None
        count = _count(value)
        if count is not None:
            return count
    return None


def _count(value: Any) -> int | None:
    if isinstance(value, str) and len(value) <= 40:
        try:
            value = int(value)
        except ValueError:
            try:
                value = float(value)
            except ValueError:
                return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    if isinstance(value, float):
        if math.isnan(value) or value < 0:
            return None
        value = MOST_TOKENS if value > MOST_TOKENS else math.ceil(value)
    return _bounded(value) if value >= 0 else None


def _bounded(value: int) -> int:
    return min(value, MOST_TOKENS)


def _sum(one: int | None, other: int | None) -> int | None:
    if one is None or other is None:
        return other if one is None else one
    return _bounded(one + other)
