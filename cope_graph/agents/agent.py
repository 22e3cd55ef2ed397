"""An agent whose steps are decided by COPE, compiled."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Literal, TypedDict, Unpack

from langchain_core.language_models import BaseChatModel, BaseLLM
from langchain_core.messages import BaseMessage, SystemMessage
from langchain_core.tools import BaseTool

from cope_graph.agents.canonical_form import Own
from cope_graph.agents.middleware import CopeMiddleware
from cope_graph.agents.replan import Replan
from cope_graph.agents.signatures import signatures
from cope_graph.agents.surprise import Surprise
from cope_graph.agents.tool_errors import ToolErrors
from cope_graph.context import CopeContext
from cope_graph.errors import InputError
from cope_graph.money.budget import Budget
from cope_graph.money.prices import Price
from cope_graph.redact import Redact

if TYPE_CHECKING:
    from langchain.agents.middleware.types import AgentMiddleware
    from langgraph.graph.state import CompiledStateGraph
    from langgraph.store.base import BaseStore
    from langgraph.types import Checkpointer


class CopeSettings(TypedDict, total=False):
    """What `CopeMiddleware` takes beside the models."""

    defaults: CopeContext | None
    prices: Mapping[str, Price | str] | None
    thresholds: None
    budget: Budget | None
    redact: Redact | None
    irreversible: Sequence[str]
    unagreed: Literal["end", "ask"]
    free_text: Mapping[str, Collection[str]] | None
    canonical: Mapping[str, Own] | None
    in_order: bool
    equal: Callable[[str, str], bool]
    large_sees: int | Callable[[Sequence[BaseMessage]], Sequence[BaseMessage]] | None
    replan: Replan
    surprise: Surprise | None
    max_steps: int | None
    budget_usd: Decimal | str | float | None
    budget_tokens: int | None
    tool_timeout_s: float | None


def create_cope_agent(  # noqa: PLR0913 - the models, the tools, and settings by name
    small: str | BaseChatModel | BaseLLM | Sequence[str | BaseChatModel | BaseLLM],
    large: str | BaseChatModel | BaseLLM,
    tools: Sequence[BaseTool | Callable[..., Any]],
    *,
    system_prompt: str | SystemMessage | None = None,
    middleware: Sequence[AgentMiddleware[Any, Any, Any]] = (),
    response_format: Any = None,
    state_schema: type[Any] | None = None,
    context_schema: type[Any] | None = None,
    checkpointer: Checkpointer = None,
    store: BaseStore | None = None,
    name: str | None = None,
    **settings: Unpack[CopeSettings],
) -> CompiledStateGraph[Any, Any, Any, Any]:
    """Build LangChain's agent with `CopeMiddleware` as the last of its middleware.

    The first of them turns what tools raise into messages, so that yours see the errors.

    Example:
        ```python
        from cope_graph import create_cope_agent

        agent = create_cope_agent("openai:gpt-4o-mini", "openai:gpt-4o", [search, send_mail])
        out = agent.invoke({"messages": [("user", "Tell Ann when the next train leaves.")]})
        print(out["messages"][-1].text, out["cope"]["usd"])
        ```

    Args:
        small: As in `create_cope`.
        large: As in `create_cope`.
        tools: At least one; each runs once, after the vote.
        system_prompt: As in `langchain.agents.create_agent`, as are the next seven.
        middleware: Your own; the cascade stands behind them.
        response_format: The form of the final answer, such as a pydantic class.
        state_schema: Further keys of the state.
        context_schema: Of the run's context.
        checkpointer: With one, a crash in the middle of a vote is resumed there.
        store: Of the agent's long-term memory.
        name: Of the agent.
        settings: As in `CopeMiddleware`.

    Returns:
        The compiled agent. What a turn took is under `cope` in its output, see `Episode`.

    Raises:
        InputError: There is no tool, two have one name, one cannot be described, or a setting
            cannot be used.
        CopeError: As `create_cope`.
    """
    from langchain.agents import create_agent  # noqa: PLC0415 - heavy

    known = _check(tools, middleware)
    cope = CopeMiddleware(small, large, **settings)
    cope.rules.check_names([*known, *_names_of(response_format)])
    cope.observes = False  # it is done in front of your middleware
    return create_agent(
        cope.model,
        list(tools),
        system_prompt=system_prompt,
        middleware=[ToolErrors(), *middleware, cope],
        response_format=response_format,
        state_schema=state_schema,
        context_schema=context_schema,
        checkpointer=checkpointer,
        store=store,
        name=name,
    )


def _check(tools: Sequence[Any], middleware: Sequence[Any]) -> list[str]:
    if any(isinstance(one, CopeMiddleware) for one in middleware):
        msg = "create_cope_agent adds CopeMiddleware itself: leave it out of middleware=."
        raise InputError(msg)
    known = signatures(
        [*tools, *(tool for one in middleware for tool in getattr(one, "tools", ()))]
    )
    if not known:
        msg = "An agent needs tools: pass at least one, or ask a ChatCope, which needs none."
        raise InputError(msg)
    return [*known]


def _names_of(response_format: Any) -> list[str]:
    """Name the tools that stand for answers of a form."""
    from langchain.agents import structured_output as forms  # noqa: PLC0415 - heavy

    match response_format:
        case None | forms.ProviderStrategy():  # the latter is refused by the first step
            return []
        case forms.ToolStrategy():
            form = response_format
        case forms.AutoStrategy():
            form = forms.ToolStrategy(response_format.schema)
        case _:
            form = forms.ToolStrategy(response_format)
    return [spec.name for spec in form.schema_specs]
