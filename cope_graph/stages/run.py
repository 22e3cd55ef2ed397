"""One run as the stages see it, and the plain facts that follow from its settings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from langchain_core.messages import AnyMessage, BaseMessage, HumanMessage
from langchain_core.messages.utils import count_tokens_approximately

from cope_graph.context import CopeContext
from cope_graph.errors import InputError
from cope_graph.models.bound import Bound
from cope_graph.state import NO_LEDGER, CopeState, Stage
from cope_graph.tasks.task import Plan, PlanForm, Task

Node = Literal["small_plan", "small_execute", "large_plan", "large_execute"]

FRESH: Final[dict[str, Any]] = {
    "goals": [],
    "goal": None,
    "guideline": None,
    "samples": [],
    "best": None,
    "visits": [],
    "ledger": NO_LEDGER,
    "decision": None,
    "answer": None,
    "confidence": None,
    "accepted": False,
    "reason": "",
}
"""The run-scoped keys as a run finds them, whatever an earlier turn left in the thread."""


@dataclass(frozen=True)
class Cascade:
    """What a graph was built with.

    Attributes:
        small: The cheap model.
        large: The expensive one.
        task: The family of questions.
        defaults: The settings a run may override.
    """

    small: Bound
    large: Bound
    task: Task
    defaults: CopeContext


@dataclass(frozen=True)
class Draw:
    """One portion of the draw schedule.

    Attributes:
        voter: Who draws.
        k: How many samples.
    """

    voter: Bound
    k: int


@dataclass(frozen=True)
class Run:
    """One run: what it was built with, its state and its settings."""

    cascade: Cascade
    state: CopeState
    settings: CopeContext

    @property
    def question(self) -> str:
        """The text of the last message."""
        return self.state["messages"][-1].text

    def turn(self, prompt: str) -> tuple[BaseMessage, ...]:
        """Put a prompt where the question stands, behind the earlier conversation."""
        return (*self.state["messages"][:-1], HumanMessage(prompt))

    def small_plans(self, text: str | None) -> list[Plan]:
        """Give a plan of the small model in the form it was asked for."""
        form: PlanForm = "guideline" if self.settings.small_plan == "guideline" else "goal"
        return [Plan(form, text)] if text else []

    def large_plans(self) -> list[Plan]:
        """Give the plan of the large model in the form it was asked for."""
        text = self.state["guideline"]
        return [Plan(self.settings.large_plan, text)] if text else []

    def schedule(self) -> tuple[Draw, ...]:
        """List the draws of a small stage: one, or waves of at most `wave` samples."""
        n, small = self.settings.n, self.cascade.small
        wave = min(self.settings.wave or n, n)
        return tuple(Draw(small, min(wave, n - start)) for start in range(0, n, wave))

    def next_draw(self) -> Draw:
        """Give the draw that follows the samples there are."""
        drawn = len(self.state["samples"])
        for draw in self.schedule():
            if drawn < draw.k:
                return draw
            drawn -= draw.k
        msg = "the draw schedule is at its end"
        raise IndexError(msg)


def entry(settings: CopeContext) -> Node:
    """Name the first node of a run."""
    first = settings.stages[0]
    if first == 1:
        return "small_execute" if settings.small_plan == "none" else "small_plan"
    return "large_plan" if first == 2 or settings.own_plan else "large_execute"  # noqa: PLR2004


def stage_after(settings: CopeContext, stage: Stage) -> Stage | None:
    """Name the stage that follows, `None` after the last."""
    return next((later for later in settings.stages if later > stage), None)


def check_question(messages: Sequence[AnyMessage], models: Sequence[Bound]) -> None:
    """Refuse what no model could answer, before any is called.

    Raises:
        InputError: There is no question, it is empty, it is not text, or it is longer than a
            model's window.
    """
    if not messages or not isinstance(messages[-1], HumanMessage):
        msg = "The last message must be the user's question: pass {'messages': [('user', '...')]}."
        raise InputError(msg)
    for message in messages:
        _check_text(message)
    if not messages[-1].text.strip():
        msg = "The question is empty."
        raise InputError(msg)
    tokens = count_tokens_approximately(messages)
    for model in models:
        # The count is an estimate by length: refuse only what is too long for certain.
        if model.window is not None and tokens > 1.25 * model.window:
            msg = (
                f"The question is about {tokens} tokens long; the {model.side} model "
                f"{model.name} reads {model.window}. Shorten it, or take a model that reads more."
            )
            raise InputError(msg)


def _check_text(message: AnyMessage) -> None:
    if isinstance(message.content, str):
        return
    for part in message.content:
        kind = part.get("type") if isinstance(part, dict) else "text"
        if kind not in ("text", "reasoning", "thinking"):
            msg = f"A message holds a part of type {kind!r}; only text can be asked here."
            raise InputError(msg)
