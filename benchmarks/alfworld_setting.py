"""What is assumed about a turn in ALFWorld: policies, texts, tokens, prices."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage

from benchmarks.alfworld_house import House, Seat
from benchmarks.alfworld_policies import ScriptedPolicy, large_rate, small_rate
from cope_graph.agents.actions import Action, ToolCall, encode
from cope_graph.evaluation.alfworld import call_of
from cope_graph.money.prices import Price

SYSTEM: Final = (
    "You are in a house and have a task. Take one step at a time: call a tool, read what you see, "
    "and go on. Say so when the task is done or no steps are left."
)
PLAN: Final = (
    "First search the places where such a thing is usually kept, then take it, treat it as the "
    "task says and put it where it belongs; look out for closed places, which have to be opened "
    "(written before step {})."
)
DONE: Final = "That was the last step."
REPLY_TOKENS: Final = 40
"""Of a step: a sentence of thought and a call of a tool."""
PLAN_TOKENS: Final = 60
"""Of a guideline: two sentences."""
PRICES: Final = {"small": Price.of("0.15", "0.60"), "large": Price.of("2.50", "10")}
"""List prices of gpt-4o-mini and gpt-4o, USD per million tokens."""
_LETTERS: Final = 4
"""Characters of a token."""


@dataclass(frozen=True)
class Policies:
    """Who proposes what.

    Attributes:
        seed: Of the simulation.
        correlation: Of the small policy's errors within a step.
        effect: Share of the small policy's errors that a guideline prevents.
    """

    seed: int
    correlation: float
    effect: float = 0.0

    def small(self, game: str, seat: Seat, step: int, n: int) -> list[str]:
        """Propose as the small model does without a guideline."""
        return self._small(0.0).proposals(game, step, seat.right, seat.state.possible, n)

    def guided(self, game: str, seat: Seat, step: int, n: int) -> list[str]:
        """Propose under a guideline: other samples of the same step, so with its common draw."""
        policy = self._small(self.effect)
        return policy.proposals(game, step, seat.right, seat.state.possible, 2 * n)[n:]

    def large(self, game: str, seat: Seat, step: int) -> list[str]:
        """Propose as the large model does: one command."""
        policy = ScriptedPolicy("large", large_rate, 0.0, self.seed)
        return policy.proposals(game, step, seat.right, seat.state.possible, 1)

    def _small(self, effect: float) -> ScriptedPolicy:
        def rate(hardness: float) -> float:
            return small_rate(hardness) * (1 - effect)

        return ScriptedPolicy("small", rate, self.correlation, self.seed)


@dataclass(frozen=True)
class Table:
    """A game that is laid out for turns.

    Attributes:
        house: The game.
        tools: Those of the game, in OpenAI's format.
        limit: Commands after which a turn is over.
    """

    house: House
    tools: tuple[dict[str, Any], ...]
    limit: int

    @property
    def opening(self) -> list[BaseMessage]:
        """The messages that a turn begins with."""
        return [SystemMessage(SYSTEM), HumanMessage(self.house.question)]


def letters_of(tools: Sequence[Any]) -> int:
    """Count the characters of tools that are offered."""
    return len(json.dumps([*tools])) if tools else 0


def tokens(messages: Sequence[BaseMessage], letters: int = 0) -> int:
    """Estimate the tokens of a prompt: characters, those of calls and tools included, by four."""
    return (letters + sum(map(_letters, messages))) // _LETTERS


def _letters(message: BaseMessage) -> int:
    calls = message.tool_calls if isinstance(message, AIMessage) else []
    return len(message.text) + sum(len(call["name"]) + len(str(call["args"])) for call in calls)


def called(command: str, step: int) -> AIMessage:
    """Write a command as a call of a tool."""
    name, args = _call(command)
    call = {"name": name, "args": dict(args), "id": f"call_{step}", "type": "tool_call"}
    return AIMessage("", tool_calls=[call])


@lru_cache(maxsize=4096)
def action_of(command: str) -> str:
    """Write a command as what the vote counts."""
    name, args = _call(command)
    return encode(Action((ToolCall(name, dict(args)),)))


@lru_cache(maxsize=4096)
def _call(command: str) -> tuple[str, tuple[tuple[str, str], ...]]:
    call = call_of(command)
    assert call is not None, command
    return call[0], tuple(call[1].items())
