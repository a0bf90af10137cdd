"""How much a model may think, in the form of the OpenAI protocol."""

from __future__ import annotations

from typing import Any


def thinking_parameters(options: dict[str, Any]) -> dict[str, Any]:
    """The fields of a request for the options ``reasoning_effort`` and ``thinking_config``; empty without them.

    ``reasoning_effort`` is a field of the protocol. ``thinking_config`` is Gemini's own and goes where Gemini's form of the
    protocol expects it: https://ai.google.dev/gemini-api/docs/openai#thinking
    """
    fields: dict[str, Any] = {}
    if options.get("reasoning_effort") is not None:
        fields["reasoning_effort"] = options["reasoning_effort"]
    if options.get("thinking_config") is not None:
        fields["extra_body"] = {"google": {"thinking_config": options["thinking_config"]}}
    return fields
