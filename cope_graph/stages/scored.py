"""A small model without log-probabilities, where the gate reads them: refused, never scored."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from cope_graph.errors import NoLogProbsError
from cope_graph.models.bound import Bound
from cope_graph.models.exchange import Reply

_FIX: Final = (
    "take one that does (OpenAI's chat completions, vLLM, llama.cpp, local:NAME, "
    "huggingface:NAME), let another model score its answers "
    "(tasks.open_ended(scorer=ChatTransformers(...))), or let one judge them "
    "(tasks.open_ended(gate=gates.judge()))."
)


def check_scorable(small: Bound) -> None:
    """Refuse a small model that is known to give no log-probabilities, when a graph is built.

    Raises:
        NoLogProbsError: It is one.
    """
    if small.is_cascade or small.lacks_log_probs:
        msg = f"The small model {small.name} cannot be asked for log-probabilities: {_FIX}"
        raise NoLogProbsError(msg)


def check_scored(small: Bound, replies: Sequence[Reply]) -> None:
    """Refuse a small model whose replies came without any.

    Raises:
        NoLogProbsError: None of the replies that are there has them.
    """
    came = [reply for reply in replies if "error" not in reply]
    if came and not any("log_probs" in reply for reply in came):
        msg = f"The small model {small.name} was asked for log-probabilities and gives none: {_FIX}"
        raise NoLogProbsError(msg)
