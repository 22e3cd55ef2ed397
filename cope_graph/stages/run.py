"""One run as the stages see it, and the plain facts that follow from its settings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Final, Literal
from zlib import crc32

from langchain_core.messages import BaseMessage, HumanMessage

from cope_graph.context import CopeContext, Overrides
from cope_graph.gates.asking import AskingGate
from cope_graph.gates.verdict import Question
from cope_graph.models.bound import Bound
from cope_graph.money.budget import Budget
from cope_graph.money.lines import NO_LEDGER
from cope_graph.redact import Detector, Mask, hide_messages, mask_for, texts_of
from cope_graph.routing.router import Router
from cope_graph.state import CopeState, Stage
from cope_graph.tasks.task import Plan, PlanForm, Task

Node = Literal["small_plan", "small_execute", "large_plan", "large_execute"]

FRESH: Final[dict[str, Any]] = {
    "route": None,
    "inputs": {},
    "lesson": None,
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
    "degraded": False,
    "stopped_by": None,
    "failures": [],
    "seconds": 0.0,
}
"""The run-scoped keys as a run finds them, whatever an earlier turn left in the thread."""


@dataclass(frozen=True)
class Cascade:
    """What a graph was built with.

    Attributes:
        small: The cheap model.
        large: The expensive one.
        task: The family of questions.
        defaults: The settings of a run that asks for none.
        overrides: What a run may ask for.
        budget: What all runs of the graph share, `None` without a limit.
        detect: Finds what the large model must not see, `None` to show it everything.
        judge: Who is asked by a gate that asks, where that is a third model.
        router: Says where a run begins, `None` for its first stage.
    """

    small: Bound
    large: Bound
    task: Task
    defaults: CopeContext
    overrides: Overrides = "tighten"
    budget: Budget | None = None
    detect: Detector | None = None
    judge: Bound | None = None
    router: Router | None = None


@dataclass(frozen=True)
class Used:
    """A model that a run may ask, and what for."""

    model: Bound
    plans: bool = False
    answers: bool = False
    judges: bool = False


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

    @cached_property
    def question(self) -> Question:
        """The last message, and what the task asks for beside it."""
        state, seed = self.state, self.settings.seed
        # Of the run's name, whatever a client has made of it: a lot has to fall the same way again.
        lot = crc32(state.get("run", "").encode("utf-8", "replace")) if seed is None else seed
        earlier = tuple(state["messages"][:-1])
        return Question(state["messages"][-1].text, state["inputs"], lot, earlier)

    @cached_property
    def shown_question(self) -> Question:
        """The question as a judge sees it: with what models may see of the inputs."""
        return replace(self.question, text=self.cascade.task.show(self.question))

    @property
    def judge(self) -> Bound:
        """Who is asked by a gate that asks."""
        return self.cascade.judge or self.cascade.large

    @cached_property
    def asked(self) -> str:
        """What models may see of the question."""
        shown, lesson = self.cascade.task.show(self.question), self.state["lesson"]
        return f"{shown}\n\n{lesson}" if lesson else shown

    def turn(self, prompt: str) -> tuple[BaseMessage, ...]:
        """Put a prompt where the question stands, behind the earlier conversation."""
        return (*self.state["messages"][:-1], HumanMessage(prompt))

    def large_turn(self, prompt: str) -> tuple[BaseMessage, ...]:
        """Do the same for the large model, with a prompt made of `hidden` texts."""
        earlier: Sequence[BaseMessage] = self.state["messages"][:-1]
        hidden = earlier if self.mask is None else hide_messages(earlier, self.mask)
        return (*hidden, HumanMessage(prompt))

    @cached_property
    def mask(self) -> Mask | None:
        """What is hidden from the large model; made anew from what it gets, never stored."""
        if self.cascade.detect is None:
            return None
        plans = [plan.text for plan in self.large_plans()]  # a person may have edited it
        texts = [*texts_of(self.state["messages"]), self.asked, *plans]
        if isinstance(self.cascade.task.gate, AskingGate):
            texts += [sample["text"] for sample in self.state["samples"]]
        return mask_for(texts, self.cascade.detect)

    def hidden(self, text: str) -> str:
        """Hide in a text what the large model must not see; a prompt may spell it otherwise."""
        return text if self.mask is None else self.mask.hide(text)

    def shown(self, text: str, *, as_json: bool = False) -> str:
        """Undo the hiding in what the large model wrote, in words or in JSON."""
        return text if self.mask is None else self.mask.restore(text, as_json=as_json)

    def models_used(self) -> list[Used]:
        """List the models this run may ask."""
        settings = self.settings
        stages = set(settings.stages)
        small = bool(stages & {1, 2})
        judged = small and isinstance(self.cascade.task.gate, AskingGate)
        used = [
            Used(self.cascade.small, 1 in stages and settings.small_plan != "none", small),
            Used(
                self.cascade.large,
                plans=2 in stages or (3 in stages and settings.own_plan),  # noqa: PLR2004
                answers=3 in stages,  # noqa: PLR2004
                judges=judged and self.cascade.judge is None,
            ),
        ]
        if judged and self.cascade.judge is not None:
            used.append(Used(self.cascade.judge, judges=True))
        return [one for one in used if one.plans or one.answers or one.judges]

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

    @property
    def is_drawn(self) -> bool:
        """Whether a small stage has its samples: a resumed run may ask for fewer than it has."""
        return len(self.state["samples"]) >= self.settings.n

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
