"""Turns of an agent in ALFWorld, simulated: who decides which step, and what that costs.

The decisions are the package's own: the gate of a step's task, `decide`, `surprise_in`, `kept_plan`
and `after_step`. What is left out is what takes time: LangChain, LangGraph and the models.
`benchmarks.alfworld_agent` plays the same turns by the real agent, and they come out equal.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Final

from langchain_core.messages import BaseMessage, HumanMessage

from benchmarks.alfworld_point import Bill, Point, Side, Turn
from benchmarks.alfworld_setting import (
    DONE,
    PLAN,
    PLAN_TOKENS,
    REPLY_TOKENS,
    Policies,
    Table,
    action_of,
    letters_of,
    tokens,
)
from cope_graph import CopeContext
from cope_graph.agents.actions import Action, encode
from cope_graph.agents.episode import Episode, after_step
from cope_graph.agents.replan import Replan, kept_plan
from cope_graph.agents.rules import StepRules
from cope_graph.agents.step import PROMPTS, STEP, step_task
from cope_graph.agents.surprise import surprise_in
from cope_graph.gates.decide import Onward, Threshold, decide
from cope_graph.gates.verdict import Question
from cope_graph.models.tool_words import told_in_words
from cope_graph.tasks.task import Plan

if TYPE_CHECKING:
    from cope_graph.state import Sample, Stage

Decider = Callable[["Point"], tuple[str, dict[str, Any]]]
"""From a point of a turn to the command, and the facts of the step for `after_step`."""

_TASK: Final = step_task(StepRules())
_SAID: Final = encode(Action(answer=DONE))


def alone(table: Table, policies: Policies, side: Side) -> Turn:
    """Play a turn by one model."""
    letters = letters_of(table.tools)

    def decided(point: Point) -> tuple[str, dict[str, Any]]:
        bill = Bill()
        bill.ask(side, tokens(point.messages, letters), REPLY_TOKENS)
        stage = 1 if side == "small" else 3
        facts = {"stage": stage, "accepted": True, "plan": None, "ledger": bill.ledger}
        return DONE if point.over else point.proposals(side, 1)[0], facts

    return _play(table, policies, decided, lambda *_: None)


def by_cope(table: Table, policies: Policies, settings: CopeContext, replan: Replan) -> Turn:
    """Play a turn by the cascade at every step; its first stage has no plan."""
    assert settings.small_plan == "none"
    assert settings.stages[-1] == 3
    question = Question(STEP, {"tools": [*table.tools]})
    shown, letters = _TASK.show(question), letters_of(table.tools)

    def keep(episode: Episode, surprised: bool) -> str | None:  # noqa: FBT001
        return kept_plan(replan, episode, surprised=surprised)

    def decided(point: Point) -> tuple[str, dict[str, Any]]:
        bill, plan = Bill(), keep(point.episode, _surprised(point))
        for stage, following in zip(settings.stages, (*settings.stages[1:], None), strict=True):
            if stage == 2 and plan is None:
                asked = _placed(point.messages, PROMPTS.planner("guideline", shown))
                bill.ask("large", tokens(told_in_words(asked)), PLAN_TOKENS)
                plan = PLAN.format(len(point.commands))
            side: Side = "large" if stage == 3 else "small"
            n = settings.n if side == "small" else 1
            plans = [Plan("guideline", plan)] if plan and stage != 1 else []
            asked = _placed(point.messages, PROMPTS.executor(shown, plans))
            bill.ask(side, tokens(asked, letters), n * REPLY_TOKENS)
            given = [DONE] * n if point.over else point.proposals(side, n, guided=stage != 1)
            taken = _vote(question, given, stage, settings, _onward(following))
            if taken is not None:
                facts = {"stage": stage, "accepted": True, "plan": plan, "ledger": bill.ledger}
                return taken, facts
        msg = "the large model's step is always taken"
        raise AssertionError(msg)

    return _play(table, policies, decided, keep)


def _play(
    table: Table,
    policies: Policies,
    decided: Decider,
    keep: Callable[[Episode, bool], str | None],
) -> Turn:
    point = Point(table, policies, table.house.start, table.opening)
    while True:
        surprised, over = _surprised(point), point.over
        command, facts = decided(point)
        kept = keep(point.episode, surprised)
        point.episode = after_step(point.episode, facts, kept=kept, surprised=surprised)
        if over:
            return Turn(point.seat.state.won, tuple(point.commands), point.episode)
        point.move(command)


def _surprised(point: Point) -> bool:
    return surprise_in(point.messages[1:], point.episode["since_plan"]) is not None


def _vote(
    question: Question, given: Sequence[str], stage: Stage, settings: CopeContext, onward: Onward
) -> str | None:
    """Give the command that is taken, `None` where the cascade goes on."""
    samples: list[Sample] = [
        {
            "text": "",
            "answer": _SAID if command == DONE else action_of(command),
            "finish": "stop",
            "goal": None,
            "id": None,
        }
        for command in given
    ]
    gate: Any = _TASK.gate
    verdict = gate(question, samples)
    tau = settings.tau1 if stage == 1 else settings.tau2
    threshold = None if stage == 3 else Threshold(tau, strict=settings.strict)
    _, accepted = decide(verdict, threshold, n=len(given), missing=(), onward=onward)
    return given[verdict.winner] if accepted else None


def _onward(following: Stage | None) -> Onward:
    if following is None:
        return "nothing"
    return "escalate" if following == 2 else "hand_over"


def _placed(messages: Sequence[BaseMessage], prompt: str) -> tuple[BaseMessage, ...]:
    """Put a prompt behind the conversation, as `Run.turn` does."""
    if not prompt:
        return tuple(messages)
    last = messages[-1]
    if isinstance(last, HumanMessage):
        return (*messages[:-1], HumanMessage(f"{last.text}\n\n{prompt}"))
    return (*messages, HumanMessage(prompt))
