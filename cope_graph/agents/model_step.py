"""A step of an agent between LangChain's request and its reply."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from langchain.agents.middleware.types import ExtendedModelResponse, ModelRequest, ModelResponse
from langchain.agents.structured_output import ProviderStrategy
from langchain_core.messages import AIMessage
from langgraph.types import Command

from cope_graph.agents.episode import Episode, after_step
from cope_graph.agents.limits import Limits
from cope_graph.errors import InputError


@dataclass(frozen=True)
class AgentStep:
    """A step that is about to be taken.

    Attributes:
        request: What the cascade is asked.
        episode: The turn before it.
        plan: The guideline that is kept, `None` where a new one may be written.
        surprise: What was surprising about the step before, in a few words.
    """

    request: ModelRequest[Any]
    episode: Episode
    plan: str | None
    surprise: str | None


def taken(
    step: AgentStep, response: ModelResponse[Any], limits: Limits
) -> ExtendedModelResponse[Any]:
    """Write the turn down with the step, in one update: a crash cannot come between.

    Raises:
        InputError: The reply is not the cascade's.
    """
    message = response.result[0] if response.result else None
    facts = message.response_metadata.get("cope") if isinstance(message, AIMessage) else None
    if message is None or facts is None:
        msg = (
            "A step was not taken by COPE: another middleware changes its model. Put "
            "CopeMiddleware last in the list of middleware."
        )
        raise InputError(msg)
    message.response_metadata["cope"] = {**facts, "surprise": step.surprise}
    episode = after_step(step.episode, facts, kept=step.plan, surprised=step.surprise is not None)
    if facts["stopped_by"] == "budget":
        episode = {**episode, "stopped_by": limits.nearest(episode)}
    return ExtendedModelResponse(response, Command(update={"cope": episode}))


def check_request(request: ModelRequest[Any]) -> None:
    """Refuse what a step could not heed.

    Raises:
        InputError: There are no messages or no tools, or the model gets settings of its own.
    """
    if not request.messages:
        msg = "There is no message: pass {'messages': [('user', '...')]}."
        raise InputError(msg)
    if not request.tools and request.response_format is None:
        msg = "There is no tool to call: pass tools, or ask a ChatCope, which needs none."
        raise InputError(msg)
    if request.model_settings:
        names = ", ".join(sorted(request.model_settings))
        msg = (
            f"A middleware sets {names} for the model, and a step has two models: set it on the "
            "models, or by defaults=CopeContext(...)."
        )
        raise InputError(msg)
    if isinstance(request.response_format, ProviderStrategy):
        msg = "Answers of a form are voted on as calls: pass response_format=ToolStrategy(Form)."
        raise InputError(msg)
