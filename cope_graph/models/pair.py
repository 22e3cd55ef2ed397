"""The embedded pair, and the preset that measurement supports for it."""

from __future__ import annotations

from typing import Final

from cope_graph.context import CopeContext

SMALL: Final = "local:qwen2.5-coder-0.5b-instruct"
LARGE: Final = "local:qwen2.5-coder-1.5b-instruct"

EMBEDDED: Final = CopeContext(
    small_plan="none",
    stages=(1, 3),
    max_plan_tokens=96,
    max_answer_tokens=320,
)
"""Plan-free: plans more than double the tokens, and no gain was shown (docs/performance.md)."""


def defaults_for(small: str, large: str) -> CopeContext:
    """Choose the settings of a pair: the paper's, or the preset of the embedded pair."""
    return EMBEDDED if (small, large) == (SMALL, LARGE) else CopeContext()
