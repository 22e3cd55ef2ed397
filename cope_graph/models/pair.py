"""The embedded pair, and the preset that measurement supports for it."""

from __future__ import annotations

from collections.abc import Sequence
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


EMBEDDED_OPEN: Final = EMBEDDED.model_copy(update={"max_answer_tokens": 1024})
"""For open-ended questions, whose replies are longer: a reply that is cut off is no answer."""


def defaults_for(small: str | Sequence[str], large: str, task: str = "math") -> CopeContext:
    """Choose the settings of a pair: the paper's, or the preset of the embedded pair.

    Args:
        small: Name of the small model, or of several.
        large: Name of the large one.
        task: Name of the family of questions.
    """
    if (small, large) != (SMALL, LARGE):
        return CopeContext()
    return EMBEDDED_OPEN if task == "open_ended" else EMBEDDED
