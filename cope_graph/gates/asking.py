"""A gate that asks a model about the samples before it judges them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from langchain_core.language_models import BaseChatModel

from cope_graph.gates.verdict import Question, Verdict

if TYPE_CHECKING:
    from cope_graph.state import Sample


@dataclass(frozen=True)
class AskingGate:
    """A gate whose verdict is made of a model's replies; they stand on the bill as `"judge"`.

    It is asked once a stage, when all its samples are there, and not in stage 3: the one answer of
    the large model has nothing to be chosen from.

    Attributes:
        model: Who is asked: a chat model or a name; `None` for the graph's large model.
        prompts: Makes the user turns that are asked side by side; none where nothing
            has to be asked. They stand behind the conversation before the question.
        verdict: Makes the verdict from the text of each reply, `None` for one that is lost.
        schema: JSON schema of a reply, which a model that can is held to.
        max_tokens: Longest reply in tokens; `None` for the model's own limit.
        temperature: Of the requests; `None` for the model's own.
    """

    model: str | BaseChatModel | None
    prompts: Callable[[Question, Sequence[Sample]], Sequence[str]]
    verdict: Callable[[Question, Sequence[Sample], Sequence[str | None]], Verdict]
    schema: Mapping[str, Any]
    max_tokens: int | None = None
    temperature: float | None = 0.0
