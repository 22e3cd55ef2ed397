"""Where a simulated turn of ALFWorld stands, what a step costs, and how a turn ended."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Literal

from langchain_core.messages import BaseMessage, ToolMessage

from benchmarks.alfworld_house import Seat
from benchmarks.alfworld_setting import PRICES, Policies, Table, called
from cope_graph.agents.episode import NEW_EPISODE, Episode
from cope_graph.models.usage import Usage
from cope_graph.money.ledger import plain
from cope_graph.money.prices import cost

Side = Literal["small", "large"]


@dataclass(frozen=True)
class Turn:
    """How a turn ended.

    Attributes:
        won: Whether the goal is reached.
        commands: Those given, in order.
        episode: What it took.
    """

    won: bool
    commands: tuple[str, ...]
    episode: Episode


@dataclass
class Bill:
    """What one step costs."""

    usd: Decimal = Decimal(0)
    requests: int = 0
    tokens: list[int] = field(default_factory=lambda: [0, 0])

    def ask(self, side: Side, prompt: int, output: int) -> None:
        """Add a request."""
        self.usd += cost(Usage(prompt, output), PRICES[side])
        self.requests += 1
        self.tokens = [self.tokens[0] + prompt, self.tokens[1] + output]

    @property
    def ledger(self) -> dict[str, Any]:
        """The bill as `after_step` reads it."""
        usd, (asked, said) = plain(self.usd), self.tokens
        totals = {"input_tokens": asked, "output_tokens": said, "usd": usd, "usd_upper": usd}
        return {**totals, "requests": self.requests, "lines": []}


@dataclass
class Point:
    """Where a turn stands before a step.

    Attributes:
        table: The game.
        policies: Who proposes.
        seat: Where the player is.
        messages: The conversation, its system message first.
        commands: Those given.
        episode: What was taken so far.
    """

    table: Table
    policies: Policies
    seat: Seat
    messages: list[BaseMessage]
    commands: list[str] = field(default_factory=list)
    episode: Episode = field(default_factory=NEW_EPISODE.copy)

    @property
    def over(self) -> bool:
        """Whether nothing is left but to say so."""
        return self.seat.state.won or len(self.commands) >= self.table.limit

    def proposals(self, side: Side, n: int, *, guided: bool = False) -> list[str]:
        """Give the commands that a model proposes."""
        game, step = self.table.house.name, len(self.commands)
        if side == "large":
            return self.policies.large(game, self.seat, step)
        propose = self.policies.guided if guided else self.policies.small
        return propose(game, self.seat, step, n)

    def move(self, command: str) -> None:
        """Give a command, and write down what the game's tools say."""
        observation, self.seat = self.table.house.move(self.seat, command)
        call = called(command, len(self.commands))
        self.commands.append(command)
        name, call_id = call.tool_calls[0]["name"], call.tool_calls[0]["id"]
        seen = ToolMessage(self._said(observation), name=name, tool_call_id=call_id)
        self.messages += [call, seen]

    def _said(self, observation: str) -> str:
        if self.seat.state.won:
            return f"{observation}\nThe task is done."
        lost = "\nThe task is not done, and there are no steps left."
        return observation + lost if self.over else observation
