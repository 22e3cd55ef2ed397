"""A step of an agent between LangChain's request and its reply."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from langchain.agents.middleware.types import ExtendedModelResponse, ModelRequest, ModelResponse
from langchain.agents.structured_output import ProviderStrategy
from langchain_core.messages import AIMessage
from langgraph.types import Command

from cope_graph.agents.episode import Episode, after_step, with_bill
from cope_graph.agents.limits import Limits
from cope_graph.errors import BudgetError, InputError, UnknownPriceError


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
    # A request a line is most of what a step leaves, and a long turn keeps every step.
    bill = {name: part for name, part in facts["ledger"].items() if name != "lines"}
    told = {**facts, "ledger": bill, "surprise": step.surprise}
    message.response_metadata["cope"] = told
    episode = after_step(step.episode, facts, kept=step.plan, surprised=step.surprise is not None)
    billed(step, facts["ledger"])
    if facts["stopped_by"] == "budget":
        episode = {**episode, "stopped_by": limits.nearest(episode)}
    return ExtendedModelResponse(response, Command(update={"cope": episode}))


def stopped(step: AgentStep, error: BudgetError, limits: Limits) -> ExtendedModelResponse[Any]:
    """End a turn whose money or tokens were up before a step had anything to take.

    Raises:
        BudgetError: The error: nothing was bought yet, so the settings are wrong, or the shared
            budget is spent.
    """
    bought = error.ledger is not None and error.ledger["requests"] > 0
    if isinstance(error, UnknownPriceError) or not (bought or step.episode["steps"]):
        raise error
    episode = with_bill(step.episode, error.ledger) if error.ledger else step.episode
    update = {"cope": {**episode, "stopped_by": limits.nearest(episode)}}
    said = AIMessage(f"Stopped: {error}")
    return ExtendedModelResponse(ModelResponse([said]), Command(update=update))


def billed(step: AgentStep, ledger: Mapping[str, Any] | None) -> None:
    """Put a try on its turn's bill, for the case that a middleware makes another.

    The node's own copy of the state is all that both see: only the last try updates the graph's.
    """
    state: Any = step.request.state
    if ledger is not None:
        state["cope"] = with_bill(step.episode, ledger)


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
