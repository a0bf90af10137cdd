"""The reasons why an answer ended, in the words of all servers, by what they mean."""

from __future__ import annotations

DONE = frozenset((
    "stop", "eos", "eos_token", "end_turn", "stop_sequence", "stop_token", "completed", "complete", "end", "done",
    "finished", "finish", "success",
))  # fmt: skip
TRUNCATED = frozenset((
    "length", "max_tokens", "max_output_tokens", "max_completion_tokens", "model_length", "max_length",
    "token_limit", "max_new_tokens", "model_context_window_exceeded", "context_length_exceeded",
    "context_window_exceeded", "incomplete",
))  # fmt: skip
FILTERED = frozenset((
    "content_filter", "content_filtered", "contentfilter", "safety", "recitation", "blocklist",
    "prohibited_content", "spii", "image_safety", "image_recitation", "image_prohibited_content", "language",
    "guardrail_intervened", "guardrails", "sensitive", "content_blocked", "blocked", "moderation", "flagged",
    "model_armor", "jailbreak",
))  # fmt: skip
REFUSED = frozenset((
    "refusal", "refused",
))  # fmt: skip
TOOLS = frozenset((
    "tool_calls", "tool_call", "function_call", "tool_use", "malformed_function_call", "unexpected_tool_call",
    "too_many_tool_calls", "pause_turn",
))  # fmt: skip
AGAIN = frozenset((
    "error", "abort", "aborted", "cancelled", "canceled", "insufficient_system_resource", "timeout", "load",
    "unload", "network_error", "server_error", "failed", "connection_error",
))  # fmt: skip

#: What a server may say in its own words while a gateway calls it "stop".
BAD_ENDS = TRUNCATED | FILTERED | REFUSED
