"""A small world of tools that write down what was done, and an agent in it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from langchain_core.messages import AIMessage, BaseMessage

from cope_graph import CopeContext
from cope_graph.agents.agent import create_cope_agent
from tests.unit_tests.agents.acting import ActingChat, Policy, by_turn, unsure

PRICES = {"small": "0.1,0.2", "large": "1,2"}
LOOK = ("look", {"at": "box"})
OPEN = ("look", {"at": "shelf"})
SEND = ("send_mail", {"to": "ann", "text": "The key is in the box."})
DONE = "The key is in the box."
HELLO = {"messages": [("user", "Where is the key?")]}
THREAD: Any = {"configurable": {"thread_id": "1"}}


@dataclass
class Shop:
    """Tools, and what was done with them."""

    done: list[str] = field(default_factory=list)

    @property
    def tools(self) -> list[Any]:
        def look(at: str) -> str:
            """Look somewhere."""
            self.done.append(f"look {at}")
            if at == "dark":
                msg = "it is dark"
                raise ValueError(msg)
            return f"You see the {at}."

        def send_mail(to: str, text: str) -> str:
            """Send a mail."""
            self.done.append(f"mail {to}: {text}")
            return "sent"

        return [look, send_mail]


def small(*steps: Any) -> ActingChat:
    """Give a model that is sure of its steps."""
    return ActingChat(model_name="small", policy=by_turn(*steps))


def torn(*steps: Any) -> ActingChat:
    """Give a model of which only every other proposal is the step: never a majority."""
    other = by_turn(*[("look", {"at": f"nowhere {i}"}) for i in range(len(steps))])
    return ActingChat(model_name="small", policy=unsure(by_turn(*steps), other))


def large(*steps: Any) -> ActingChat:
    return ActingChat(model_name="large", policy=by_turn(*steps))


def acting(policy: Policy, name: str) -> ActingChat:
    return ActingChat(model_name=name, policy=policy)


def agent(one: ActingChat, other: ActingChat, shop: Shop, **options: Any) -> Any:
    """Make an agent of n = 4 that plans with its large model alone."""
    defaults = options.pop("defaults", CopeContext(n=4, small_plan="none", retries=0))
    return create_cope_agent(one, other, shop.tools, defaults=defaults, **options)


def last_ai(messages: list[BaseMessage]) -> AIMessage:
    return next(m for m in reversed(messages) if isinstance(m, AIMessage))
