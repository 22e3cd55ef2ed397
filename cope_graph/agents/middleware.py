"""COPE inside LangChain's agents: each step of `create_agent` is decided by the cascade."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from decimal import Decimal
from typing import Annotated, Any, Literal, NotRequired

from langchain_core.language_models import BaseChatModel, BaseLLM
from langchain_core.messages import AIMessage, BaseMessage

from cope_graph.agents.alike import same_words
from cope_graph.agents.canonical_form import Form, Own
from cope_graph.agents.episode import NEW_EPISODE, Episode
from cope_graph.agents.limits import limits
from cope_graph.agents.not_run import not_run
from cope_graph.agents.replan import Replan, checked_replan, kept_plan
from cope_graph.agents.rules import StepRules
from cope_graph.agents.surprise import Surprise, surprise_in
from cope_graph.agents.tool_guard import aobserved, atimed, checked_timeout, observed, timed
from cope_graph.chat import ChatCope
from cope_graph.chat_steps import UNAGREED
from cope_graph.context import CopeContext
from cope_graph.errors import BudgetError, CopeError, InputError, MissingPackageError
from cope_graph.money.budget import Budget
from cope_graph.money.prices import Price
from cope_graph.redact import Redact

try:
    from langchain.agents.middleware.types import (
        AgentMiddleware,
        AgentState,
        ExtendedModelResponse,
        ModelRequest,
        ModelResponse,
        OmitFromSchema,
        ToolCallRequest,
        hook_config,
    )

    from cope_graph.agents.model_step import AgentStep, billed, check_request, stopped, taken
except ImportError as missing:
    _MISSING = "Agents need LangChain: pip install 'cope-graph[agents]'."
    raise MissingPackageError(_MISSING) from missing


class CopeAgentState(AgentState[Any]):
    """What an agent's state holds: its messages, and the turn so far, measured."""

    cope: NotRequired[Annotated[Episode, OmitFromSchema(input=True, output=False)]]
    """Written with each step, in one update."""


class CopeMiddleware(AgentMiddleware[CopeAgentState, Any, Any]):
    """Decides each step of an agent by COPE: it is proposed n times, voted on, or escalated.

    A tool runs once, after the vote. It has to be the last of an agent's middleware, so that
    nothing changes a step behind it. The agent's own `model` takes no step then: pass `.model`.

    Example:
        ```python
        from cope_graph import CopeMiddleware
        from langchain.agents import create_agent

        cope = CopeMiddleware("openai:gpt-4o-mini", "openai:gpt-4o", irreversible=["send_*"])
        agent = create_agent(cope.model, tools=[search, send_mail], middleware=[cope])
        out = agent.invoke({"messages": [("user", "Tell Ann when the next train leaves.")]})
        print(out["messages"][-1].text, out["cope"])
        ```

    Attributes:
        model: The cascade that takes the steps.
        rules: Of the steps.
        observes: Whether it turns errors of tools into messages itself. `create_cope_agent` has
            that done in front of all middleware, so that those that retry tools see the errors.
    """

    state_schema = CopeAgentState

    def __init__(  # noqa: PLR0913 - the two models, and settings by name
        self,
        small: str | BaseChatModel | BaseLLM | Sequence[str | BaseChatModel | BaseLLM],
        large: str | BaseChatModel | BaseLLM,
        *,
        defaults: CopeContext | None = None,
        prices: Mapping[str, Price | str] | None = None,
        thresholds: None = None,
        budget: Budget | None = None,
        redact: Redact | None = None,
        irreversible: Sequence[str] = (),
        unagreed: Literal["end", "ask"] = "end",
        free_text: Mapping[str, Collection[str]] | None = None,
        canonical: Mapping[str, Own] | None = None,
        in_order: bool = False,
        equal: Callable[[str, str], bool] = same_words,
        large_sees: int | Callable[[Sequence[BaseMessage]], Sequence[BaseMessage]] | None = None,
        replan: Replan = "surprise",
        surprise: Surprise | None = None,
        max_steps: int | None = None,
        budget_usd: Decimal | str | float | None = None,
        budget_tokens: int | None = None,
        tool_timeout_s: float | None = None,
    ) -> None:
        """Build the cascade.

        Args:
            small: As in `create_cope`.
            large: As in `create_cope`.
            defaults: Settings of every step, as in `create_cope`.
            prices: As in `create_cope`.
            thresholds: None can be given: they are calibrated on questions with known answers, and
                a step has none. Set `defaults=CopeContext(tau1=..., tau2=...)`.
            budget: As in `create_cope`: what all turns of the agent share.
            redact: As in `create_cope`.
            irreversible: Names of tools, or patterns such as `"send_*"`, that only the large model
                may decide to call.
            unagreed: What follows where it cannot be asked: the turn ends and nothing is called
                (`"end"`), or the agent pauses until a person approves or rejects the call
                (`"ask"`, which needs a checkpointer).
            free_text: Arguments that are compared by their words, by tool.
            canonical: Your own form of a tool's arguments, by tool: equal texts are equal calls.
            in_order: Whether the order of calls made side by side counts.
            equal: Whether two final answers are the same.
            large_sees: What of the conversation the large model gets: all, the last so many
                messages, or what a function makes of it.
            replan: When the large model's guideline is written anew: at every step that escalates
                (`"every_step"`, the paper), when it is so many steps old (a number), or after a
                surprise: a tool failed, or a step repeated an earlier one and saw the same.
            surprise: Your own surprises, beside those: gets a step and what came of it.
            max_steps: Steps that one turn may take.
            budget_usd: USD that one turn may spend.
            budget_tokens: Tokens that one turn may use.
            tool_timeout_s: Seconds that a call of a tool may take; then the agent is told so. A
                tool that is no coroutine goes on in its thread, which is left behind.

        Raises:
            InputError: A setting cannot be used.
            CopeError: As `create_cope`.
        """
        super().__init__()
        self.rules = StepRules(
            free_text=free_text or {},
            canonical=canonical or {},
            in_order=in_order,
            equal=equal,
            irreversible=irreversible,
            large_sees=large_sees,
        )
        self._form = Form(
            free_text=self.rules.free_text, own=self.rules.canonical, in_order=in_order
        )
        self._replan = checked_replan(replan)
        self._surprise = surprise
        self._asks = _asks(unagreed)
        self._limits = limits(max_steps, budget_tokens, budget_usd)
        self.observes = True
        self._timeout_s = checked_timeout(tool_timeout_s)
        self.model = ChatCope(
            small=small,
            large=large,
            defaults=defaults or CopeContext(),
            prices=prices or {},
            thresholds=thresholds,
            budget=budget,
            redact=redact,
            steps=self.rules,
            resumable=True,
        )

    def before_agent(self, state: Any, runtime: Any) -> dict[str, Any]:  # noqa: ARG002
        """Begin a turn: what an earlier one took is not of this one."""
        return {"cope": NEW_EPISODE}

    async def abefore_agent(self, state: Any, runtime: Any) -> dict[str, Any]:
        """Do the same in an event loop."""
        return self.before_agent(state, runtime)

    @hook_config(can_jump_to=["end"])
    def before_model(self, state: Any, runtime: Any) -> dict[str, Any] | None:  # noqa: ARG002
        """End a turn that has taken what it may."""
        episode: Episode = state.get("cope", NEW_EPISODE)
        halt = self._limits.reached(episode)
        if halt is None:
            return None
        said = AIMessage(self._limits.said(halt, episode))
        return {"messages": [said], "cope": {**episode, "stopped_by": halt}, "jump_to": "end"}

    @hook_config(can_jump_to=["end"])
    async def abefore_model(self, state: Any, runtime: Any) -> dict[str, Any] | None:
        """Do the same in an event loop."""
        return self.before_model(state, runtime)

    def wrap_model_call(
        self,
        request: ModelRequest[Any],
        handler: Callable[[ModelRequest[Any]], ModelResponse[Any]],
    ) -> ExtendedModelResponse[Any]:
        """Take a step."""
        step = self._step(request)
        try:
            return taken(step, handler(step.request), self._limits)
        except BudgetError as error:
            return stopped(step, error, self._limits)
        except CopeError as error:
            billed(step, error.ledger)
            raise

    async def awrap_model_call(
        self,
        request: ModelRequest[Any],
        handler: Callable[[ModelRequest[Any]], Awaitable[ModelResponse[Any]]],
    ) -> ExtendedModelResponse[Any]:
        """Take a step in an event loop."""
        step = self._step(request)
        try:
            return taken(step, await handler(step.request), self._limits)
        except BudgetError as error:
            return stopped(step, error, self._limits)
        except CopeError as error:
            billed(step, error.ledger)
            raise

    @hook_config(can_jump_to=["model", "end"])
    def after_model(self, state: Any, runtime: Any) -> dict[str, Any] | None:  # noqa: ARG002
        """Keep steps from being run that must not be."""
        halted = state.get("cope", NEW_EPISODE)["stopped_by"] is not None
        return not_run(state["messages"], self.rules, stopped=halted, ask=self._asks)

    @hook_config(can_jump_to=["model", "end"])
    async def aafter_model(self, state: Any, runtime: Any) -> dict[str, Any] | None:
        """Do the same in an event loop."""
        return self.after_model(state, runtime)

    def wrap_tool_call(
        self, request: ToolCallRequest, handler: Callable[[ToolCallRequest], Any]
    ) -> Any:
        """Run a tool; what it raises is what the agent sees of it."""

        def run() -> Any:
            return timed(lambda: handler(request), self._timeout_s)

        return observed(request.tool_call, run) if self._observes(request) else run()

    async def awrap_tool_call(
        self, request: ToolCallRequest, handler: Callable[[ToolCallRequest], Awaitable[Any]]
    ) -> Any:
        """Run a tool in an event loop."""

        async def run() -> Any:
            return await atimed(lambda: handler(request), self._timeout_s)

        return await (aobserved(request.tool_call, run) if self._observes(request) else run())

    def _observes(self, request: ToolCallRequest) -> bool:
        # Nothing behind this one may make a call again that cannot be undone.
        return self.observes or self.rules.is_irreversible(request.tool_call["name"])

    def _step(self, request: ModelRequest[Any]) -> AgentStep:
        check_request(request)
        state: Any = request.state
        episode: Episode = state.get("cope", NEW_EPISODE)
        surprise = surprise_in(request.messages, episode["since_plan"], self._form, self._surprise)
        plan = kept_plan(self._replan, episode, surprised=surprise is not None)
        held = self._limits.of_step(episode, self.model.defaults)
        settings = {"plan": plan, "context": held, UNAGREED: True}
        given = {name: value for name, value in settings.items() if value is not None}
        asked = request.override(model=self.model, model_settings=given)
        return AgentStep(asked, episode, plan, surprise)


def _asks(unagreed: object) -> bool:
    if unagreed in ("end", "ask"):
        return unagreed == "ask"
    msg = f'unagreed is "end" or "ask", not {unagreed!r:.60}.'
    raise InputError(msg)
