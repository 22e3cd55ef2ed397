"""Perplexity of answers: how unsure a model is of a text, for the gate of open-ended questions."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from typing import Any

from langchain_core.messages import BaseMessage

from cope_graph.errors import InputError, RequestRefusedError
from cope_graph.huggingface.engine import engine_of
from cope_graph.huggingface.loaded import Loaded
from cope_graph.huggingface.prompt import prompt_tokens
from cope_graph.huggingface.request import room_for_reply
from cope_graph.huggingface.score import answer_log_probs


def submit_answers(
    loaded: Loaded,
    messages: Sequence[BaseMessage],
    answers: Sequence[str],
    template: Mapping[str, Any],
) -> Future[list[float]]:
    """Ask for exp(-mean token log-probability) of each answer to one prompt (paper, section 3.3).

    Args:
        loaded: The model.
        messages: The prompt; it is read once.
        answers: As written, without the token that ends a reply; scored side by side.
        template: Values for the chat template.

    Raises:
        InputError: An answer is empty.
        RequestRefusedError: An answer does not fit into the window.
    """
    prompt = prompt_tokens(loaded, messages, (), template)
    tokens = [loaded.tokens_of(answer) for answer in answers]
    if not all(tokens):
        msg = "An empty answer has no perplexity: leave it out."
        raise InputError(msg)
    longest = max(map(len, tokens), default=0)
    if room_for_reply(loaded, len(prompt), longest) < longest:
        msg = f"Prompt and answer do not fit into the context window of {loaded.name}."
        raise RequestRefusedError(msg)

    def score() -> list[float]:
        found = answer_log_probs(loaded.model, prompt, tokens)
        return [math.exp(-sum(values) / len(values)) for values in found]

    return engine_of(loaded).call(score)
