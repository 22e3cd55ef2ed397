"""Recorded trials of tau-bench as steps: where trials of a task stand at the same point."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from langchain_core.messages import AIMessage

from cope_graph.agents.actions import Action, ToolCall, decode, encode
from cope_graph.agents.canonical_form import Form, canonical, proposal
from cope_graph.agents.step_gate import by_steps
from cope_graph.gates.verdict import Question, Verdict
from cope_graph.state import Sample

WRITES: Final = frozenset(
    {
        "book_reservation",
        "cancel_reservation",
        "send_certificate",
        "update_reservation_baggages",
        "update_reservation_flights",
        "update_reservation_passengers",
    }
)
"""The airline's tools that change its database."""
_SCRATCH: Final = frozenset({"think", "calculate"})
"""They neither look at the database nor change it."""
_LAST: Final = "transfer_to_human_agents"
"""It ends the conversation."""
FORM: Final = Form(
    # The summary for the human agent is told anew each time; the thought too.
    own={_LAST: lambda _: "", "think": lambda _: ""}
)
_END: Final = encode(Action(answer="(no further call)"))

Message = Mapping[str, Any]


@dataclass(frozen=True)
class Step:
    """What a trial did at a point.

    Attributes:
        history: The point: what counts as having happened before.
        action: The step, as `encode` writes it; `None` for what is no step.
    """

    history: tuple[str, ...]
    action: str | None


@dataclass(frozen=True)
class Vote:
    """Trials of a task at the same point.

    Attributes:
        task: Its id.
        verdict: What the gate says of their steps.
        actions: The steps, one a trial.
        rewards: What the trials came to in the end, 0 or 1.
        gold: The task's right calls, canonical.
    """

    task: str
    verdict: Verdict
    actions: tuple[str | None, ...]
    rewards: tuple[float, ...]
    gold: frozenset[str]

    @property
    def agreement(self) -> float:
        """Share of the trials behind the largest class."""
        return self.verdict.confidence or 0.0


def by_messages(messages: Sequence[Message]) -> list[Step]:
    """Give a step for each message of the agent; before it, all messages, to the letter."""
    steps: list[Step] = []
    history: tuple[str, ...] = ()
    for message in messages:
        if message["role"] == "assistant":
            steps.append(Step(history, proposal(_parsed(message), FORM)))
        history = (*history, _without_ids(message))
    return steps


def by_calls(messages: Sequence[Message]) -> list[Step]:
    """Give a step for each call; before it, all calls with their results, whatever was said."""
    return _by_calls(messages, lambda name: name not in _SCRATCH)


def by_writes(messages: Sequence[Message]) -> list[Step]:
    """Give a step for each call that changes the database; before it, all of those."""
    return _by_calls(messages, lambda name: name in WRITES)


VIEWS: Final[Mapping[str, Callable[[Sequence[Message]], list[Step]]]] = {
    "same messages": by_messages,
    "same calls and results": by_calls,
    "same database": by_writes,
}


def _by_calls(messages: Sequence[Message], counts: Callable[[str], bool]) -> list[Step]:
    """Walk the calls that count; the end of a trial without a further one is a step too."""
    results = {one["tool_call_id"]: one["content"] for one in messages if one["role"] == "tool"}
    calls = [call for one in messages for call in one.get("tool_calls") or ()]
    steps: list[Step] = []
    history: tuple[str, ...] = ()
    for call in calls:
        name = call["function"]["name"]
        if counts(name):
            action = proposal(_parsed({"tool_calls": [call]}), FORM)
            steps.append(Step(history, action))
            said = canonical_of(action) or json.dumps(call["function"])
            history = (*history, said, str(results.get(call["id"])))
    ended = bool(calls) and calls[-1]["function"]["name"] == _LAST
    return steps if ended and counts(_LAST) else [*steps, Step(history, _END)]


def votes(runs: Sequence[Mapping[str, Any]], view: Callable[..., list[Step]]) -> list[Vote]:
    """Let the step's gate vote wherever at least two trials of a task stand at the same point."""
    at: dict[tuple[str, tuple[str, ...]], list[tuple[str | None, float]]] = defaultdict(list)
    gold: dict[str, frozenset[str]] = {}
    for run in runs:
        right = [Action((ToolCall(one["name"], one["kwargs"]),)) for one in run["gold_actions"]]
        gold[run["id"]] = frozenset(filter(None, (canonical(one, FORM) for one in right)))
        for step in view(run["messages"]):
            at[run["id"], step.history].append((step.action, run["reward"]))
    return [
        Vote(task, _verdict([action for action, _ in together]), *_columns(together), gold[task])
        for (task, _), together in at.items()
        if len(together) > 1
    ]


def _columns(
    together: Sequence[tuple[str | None, float]],
) -> tuple[tuple[str | None, ...], tuple[float, ...]]:
    return tuple(action for action, _ in together), tuple(reward for _, reward in together)


def _verdict(actions: Sequence[str | None]) -> Verdict:
    samples: list[Sample] = [
        {"text": "", "answer": action, "finish": "stop", "goal": None, "id": None}
        for action in actions
    ]
    return by_steps(FORM)(Question(""), samples)


def _parsed(message: Message) -> AIMessage:
    """Read a message of OpenAI's; a call whose arguments are no JSON stays as an invalid one."""
    calls = [*(message.get("tool_calls") or ())]
    return AIMessage(message.get("content") or "", additional_kwargs={"tool_calls": calls})


def canonical_of(action: str | None) -> str | None:
    """Give the canonical text of a step as `encode` writes it."""
    step = None if action is None else decode(action)
    return None if step is None else canonical(step, FORM)


def _without_ids(message: Message) -> str:
    calls = [call["function"] for call in message.get("tool_calls") or ()]
    said = {name: part for name, part in message.items() if name in {"role", "name", "content"}}
    return json.dumps([said, calls], sort_keys=True)
