"""One run as the stages see it, and the plain facts that follow from its settings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Final, Literal
from zlib import crc32

from langchain_core.messages import BaseMessage, HumanMessage

from cope_graph.calibration.platt import Platt
from cope_graph.calibration.thresholds import Thresholds
from cope_graph.context import CopeContext, Overrides
from cope_graph.gates.asking import AskingGate
from cope_graph.gates.verdict import Question
from cope_graph.models.bound import Bound
from cope_graph.money.budget import Budget
from cope_graph.money.lines import NO_LEDGER
from cope_graph.redact import Detector, Mask, hide_messages, mask_for, texts_of
from cope_graph.routing.router import Router
from cope_graph.state import CopeState, Stage
from cope_graph.tasks.task import Offer, Plan, PlanForm, Task

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
    "p_correct": None,
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
        small: The cheap model; of several the first, the cheapest.
        large: The expensive one.
        task: The family of questions.
        defaults: The settings of a run that asks for none.
        overrides: What a run may ask for.
        budget: What all runs of the graph share, `None` without a limit.
        detect: Finds what the large model must not see, `None` to show it everything.
        judge: Who is asked by a gate that asks, where that is a third model.
        router: Says where a run begins, `None` for its first stage.
        small_executor: The agent that executes in place of the small model, if any.
        large_executor: The same of the large one.
        more_voters: Further small models, in the order in which they are asked.
        thresholds: Calibrated ones, which the defaults hold and no run may change.
        platt: What says how likely an answer is right, by stage.
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
    small_executor: Bound | None = None
    large_executor: Bound | None = None
    more_voters: tuple[Bound, ...] = ()
    thresholds: Thresholds | None = None
    platt: Mapping[int, Platt] = field(default_factory=dict)

    @property
    def voters(self) -> tuple[Bound, ...]:
        """Who plans and samples on the small side, in order."""
        return self.small, *self.more_voters

    @property
    def samplers(self) -> tuple[Bound, ...]:
        """Who draws the samples of a small stage, in order: the voters, or an agent instead."""
        return self.voters if self.small_executor is None else (self.small_executor,)

    @property
    def executors(self) -> tuple[Bound, Bound]:
        """Who executes: the small and the large side's models, or agents in their place."""
        return self.small_executor or self.small, self.large_executor or self.large


@dataclass(frozen=True)
class Used:
    """A model that a run may ask, and what for."""

    model: Bound
    plans: bool = False
    answers: bool = False
    judges: bool = False


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

    @cached_property
    def offer(self) -> Offer | None:
        """The tools of an agent's step, `None` for any other question."""
        return None if self.cascade.task.offer is None else self.cascade.task.offer(self.question)

    @property
    def share(self) -> int:
        """How many of a small stage's samples each voter draws."""
        return self.settings.n // len(self.cascade.samplers)

    def sampler(self, index: int) -> Bound:
        """Give who draws a small stage's sample of an index; a smaller n moves the last ones."""
        samplers = self.cascade.samplers
        return samplers[min(index // self.share, len(samplers) - 1)]

    def turn(self, prompt: str) -> tuple[BaseMessage, ...]:
        """Put a prompt where the question stands, behind the earlier conversation."""
        return self._placed(self.state["messages"][:-1], prompt)

    def large_turn(self, prompt: str) -> tuple[BaseMessage, ...]:
        """Do the same for the large model, with a prompt made of `hidden` texts."""
        earlier: Sequence[BaseMessage] = self.state["messages"][:-1]
        if self.cascade.task.condense is not None:
            earlier = self.cascade.task.condense(earlier)
        hidden = earlier if self.mask is None else hide_messages(earlier, self.mask)
        return self._placed(hidden, prompt)

    def _placed(self, earlier: Sequence[BaseMessage], prompt: str) -> tuple[BaseMessage, ...]:
        if self.offer is None:
            return (*earlier, HumanMessage(prompt))
        if not prompt:  # an agent's step without a plan: as the agent itself would ask
            return tuple(earlier)
        if earlier and isinstance(earlier[-1], HumanMessage):  # some templates want turns in turn
            return (*earlier[:-1], HumanMessage(f"{earlier[-1].text}\n\n{prompt}"))
        return (*earlier, HumanMessage(prompt))

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
        by_large = self.cascade.executors[1]
        small_plans = 1 in stages and settings.small_plan != "none"
        large_plans = 2 in stages or (3 in stages and settings.own_plan)  # noqa: PLR2004
        judges = judged and self.cascade.judge is None
        samples = small and self.cascade.small_executor is None
        used = [
            *(Used(voter, small_plans, samples) for voter in self.cascade.voters),
            Used(
                self.cascade.large,
                large_plans,
                3 in stages and by_large is self.cascade.large,  # noqa: PLR2004
                judges,
            ),
        ]
        if self.cascade.small_executor is not None:
            used.append(Used(self.cascade.small_executor, answers=small))
        if self.cascade.large_executor is not None:
            used.append(Used(by_large, answers=3 in stages))  # noqa: PLR2004
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


def entry(settings: CopeContext) -> Node:
    """Name the first node of a run."""
    first = settings.stages[0]
    if first == 1:
        return "small_execute" if settings.small_plan == "none" else "small_plan"
    return "large_plan" if first == 2 or settings.own_plan else "large_execute"  # noqa: PLR2004


def stage_after(settings: CopeContext, stage: Stage) -> Stage | None:
    """Name the stage that follows, `None` after the last."""
    return next((later for later in settings.stages if later > stage), None)
