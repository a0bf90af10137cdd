"""Token counts of replies: every form that a server gives, and every size and type that a count can have."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lakeweave.inference.answers import Answer, Answers
from lakeweave.inference.usage import MOST_TOKENS, Usage, read_usage


@pytest.mark.parametrize(
    ("said", "usage"),
    [
        ({"prompt_tokens": 12, "completion_tokens": 5, "total_tokens": 17}, Usage(12, 5)),
        (  # OpenAI: reasoning is within the completion, what was cached within the prompt
            {
                "prompt_tokens": 100,
                "completion_tokens": 50,
                "total_tokens": 150,
                "prompt_tokens_details": {"cached_tokens": 64},
                "completion_tokens_details": {"reasoning_tokens": 40},
            },
            Usage(100, 50, 64, 40),
        ),
        (  # xAI: reasoning is in the total alone
            {
                "prompt_tokens": 100,
                "completion_tokens": 10,
                "total_tokens": 150,
                "completion_tokens_details": {"reasoning_tokens": 40},
            },
            Usage(100, 50, None, 40),
        ),
        ({"prompt_tokens": 10, "completion_tokens": 3, "total_tokens": 40}, Usage(10, 30)),  # Gemini's OpenAI form
        (
            {"prompt_tokens": 20, "completion_tokens": 1, "prompt_cache_hit_tokens": 16, "prompt_cache_miss_tokens": 4},
            Usage(20, 1, 16),
        ),
        (  # Anthropic counts its cache beside the input
            {"input_tokens": 5, "output_tokens": 7, "cache_read_input_tokens": 90, "cache_creation_input_tokens": 3},
            Usage(98, 7, 90),
        ),
        (
            {"input_tokens": 5, "output_tokens": 7, "input_tokens_details": {"cached_tokens": 2}},
            Usage(5, 7, 2),
        ),
        (
            {"promptTokenCount": 8, "candidatesTokenCount": 2, "thoughtsTokenCount": 30, "totalTokenCount": 40},
            Usage(8, 32, None, 30),
        ),
        ({"prompt_eval_count": 11, "eval_count": 4}, Usage(11, 4)),
        ({"prompt_tokens": "12", "completion_tokens": 5.0}, Usage(12, 5)),
        ({"prompt_tokens": 2**63, "completion_tokens": 10**400}, Usage(MOST_TOKENS, MOST_TOKENS)),
        ({"prompt_tokens": -1, "completion_tokens": float("nan")}, Usage()),
        ({"prompt_tokens": True, "completion_tokens": {"a": 1}}, Usage()),
        ({"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2**63}, Usage(1, 1)),
        ({"prompt_tokens": None}, Usage()),
        ([1], Usage()),
        (None, Usage()),
        ("many", Usage()),
    ],
)
def test_each_form_of_usage_is_read(said: Any, usage: Usage) -> None:
    assert read_usage(said) == usage


ODD = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=30),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=5), inner, max_size=2),
    max_leaves=4,
)
NAMES = ("prompt_tokens", "completion_tokens", "total_tokens", "prompt_tokens_details", "completion_tokens_details")


@given(st.dictionaries(st.sampled_from(NAMES), ODD | st.integers(2**62, 2**70)) | ODD)
def test_no_usage_raises_or_leaves_its_bounds(said: Any) -> None:
    read = read_usage(said) + read_usage(said)
    array = Answers.of([Answer("text", usage=read)]).to_arrow()
    assert array.type.field("input_tokens").type == pa.int64()
    for name in ("input_tokens", "output_tokens", "cached_input_tokens", "reasoning_tokens"):
        count = array[0][name].as_py()
        assert count is None or 0 <= count <= MOST_TOKENS
