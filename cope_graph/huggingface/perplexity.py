"""How sure a model is of texts, for the gate of open-ended questions."""

from __future__ import annotations

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
from cope_graph.models.log_probs import summary
from cope_graph.state import LogProbs


def submit_answers(
    loaded: Loaded,
    messages: Sequence[BaseMessage],
    answers: Sequence[str],
    template: Mapping[str, Any],
) -> Future[list[LogProbs]]:
    """Ask for the log-probabilities of the tokens of each answer to one prompt, summed up.

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
        msg = "An empty answer has no log-probabilities: leave it out."
        raise InputError(msg)
    longest = max(map(len, tokens), default=0)
    if room_for_reply(loaded, len(prompt), longest) < longest:
        msg = f"Prompt and answer do not fit into the context window of {loaded.name}."
        raise RequestRefusedError(msg)

    def score() -> list[LogProbs]:
        return [summary(values) for values in answer_log_probs(loaded.model, prompt, tokens)]

    return engine_of(loaded).call(score)
