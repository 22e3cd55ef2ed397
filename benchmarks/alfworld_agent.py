"""The simulated turns of ALFWorld by the real agent: real tools, scripted chat models."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, Final

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage
from langchain_core.outputs import ChatGeneration, ChatResult
from langchain_core.runnables import Runnable

from benchmarks.alfworld_point import Turn
from benchmarks.alfworld_setting import (
    DONE,
    PLAN,
    PLAN_TOKENS,
    PRICES,
    REPLY_TOKENS,
    SYSTEM,
    Policies,
    Table,
    called,
    letters_of,
    tokens,
)
from cope_graph import CopeContext, create_cope_agent
from cope_graph.agents.actions import read_action
from cope_graph.agents.replan import Replan
from cope_graph.evaluation.alfworld import Episode, Game, game_tools, start

_BOUNDS: Final = ("tokens_upper", "usd_upper")
"""Bounds are not simulated."""


class Speaker(BaseChatModel):
    """Speaks for a policy, and reports the tokens that the simulation counts."""

    takes_n: ClassVar[bool] = True

    model_name: str
    table: Any
    policies: Any
    episode: Any
    temperature: float | None = None

    @property
    def _llm_type(self) -> str:
        return "speaker"

    def bind_tools(self, tools: Sequence[Any], **kwargs: Any) -> Runnable[Any, AIMessage]:
        """Take tools as they come."""
        return self.bind(tools=list(tools), **kwargs)

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,  # noqa: ARG002
        run_manager: Any = None,  # noqa: ARG002
        *,
        n: int = 1,
        tools: Sequence[Any] = (),
        **_: Any,
    ) -> ChatResult:
        said = self._said(messages, n) if tools else [AIMessage(PLAN.format(self._step))]
        output = n * REPLY_TOKENS if tools else PLAN_TOKENS
        asked = tokens(messages, letters_of(tools))
        usage = {"input_tokens": asked, "output_tokens": output, "total_tokens": asked + output}
        said[0] = said[0].model_copy(update={"usage_metadata": usage})
        return ChatResult(generations=[ChatGeneration(message=one) for one in said])

    @property
    def _step(self) -> int:
        return len(self.episode.history)

    def _said(self, messages: Sequence[BaseMessage], n: int) -> list[AIMessage]:
        if self.episode.outcome.done:
            return [AIMessage(DONE) for _ in range(n)]
        table, policies, step = self.table, self.policies, self._step
        seat = table.house.after([one.command for one in self.episode.history])
        if self.model_name == "large":
            commands = policies.large(table.house.name, seat, step)
        else:
            last = messages[-1]
            guided = isinstance(last, HumanMessage) and "<guideline>" in last.text
            propose = policies.guided if guided else policies.small
            commands = propose(table.house.name, seat, step, n)
        return [called(command, 100 * step + i) for i, command in enumerate(commands)]


def by_agent(
    game: Game, table: Table, policies: Policies, settings: CopeContext, replan: Replan
) -> Turn:
    """Play a turn by `create_cope_agent`; a tool that ran twice, or unasked, is an error."""
    with start(game, max_steps=table.limit) as episode:
        small, large = (
            Speaker(model_name=name, table=table, policies=policies, episode=episode)
            for name in ("small", "large")
        )
        agent = create_cope_agent(
            small,
            large,
            game_tools(episode),
            system_prompt=SYSTEM,
            defaults=settings,
            prices=PRICES,
            replan=replan,
        )
        asked: Any = {"messages": [HumanMessage(episode.question)]}
        out = agent.invoke(asked, {"recursion_limit": 1_000})
        _check_run_once(out["messages"], episode)
        commands = tuple(step.command for step in episode.history)
        return Turn(episode.outcome.won, commands, out["cope"])


def same(one: Turn, other: Turn) -> bool:
    """Tell whether two turns are the same: commands, stages, plans, requests, tokens, USD."""
    parts = [
        (turn.won, turn.commands, {k: v for k, v in turn.episode.items() if k not in _BOUNDS})
        for turn in (one, other)
    ]
    return parts[0] == parts[1]


def _check_run_once(messages: Sequence[BaseMessage], episode: Episode) -> None:
    """Compare the accepted calls with what reached the game: each once, in order, none beside."""
    taken = [read_action(one) for one in messages if isinstance(one, AIMessage)]
    calls = [(call.name, dict(call.args)) for step in taken if step for call in step.calls]
    ran = [called(step.command, 0).tool_calls[0] for step in episode.history]
    assert calls == [(call["name"], call["args"]) for call in ran], "not each call ran once"
