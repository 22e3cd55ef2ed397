"""What differs by task family: prompts, reading an answer, the gate."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from cope_graph.gates.verdict import Gate

PlanForm = Literal["goal", "guideline"]


@dataclass(frozen=True)
class Prompts:
    """The user turns of planner and executor, as templates.

    Attributes:
        goal: Asks for what is to be found; holds `{question}`.
        guideline: Asks for how to go about it; holds `{question}`.
        execute: Asks for a solution; holds `{question}` and `{plan}`.
        with_goal: The part of `{plan}` that shows a goal; holds `{goal}`.
        with_guideline: The part of `{plan}` that shows a guideline; holds `{guideline}`.
    """

    goal: str
    guideline: str
    execute: str
    with_goal: str
    with_guideline: str

    def planner(self, form: PlanForm, question: str) -> str:
        """Render the turn that asks for a plan."""
        template = self.goal if form == "goal" else self.guideline
        return template.format(question=question)

    def executor(
        self, question: str, *, goal: str | None = None, guideline: str | None = None
    ) -> str:
        """Render the turn that asks for a solution, with the plans there are."""
        parts = [
            self.with_goal.format(goal=goal) if goal else "",
            self.with_guideline.format(guideline=guideline) if guideline else "",
        ]
        return self.execute.format(question=question, plan="".join(parts))


@dataclass(frozen=True)
class Task:
    """A family of questions.

    Attributes:
        name: Its name, in traces and on screen.
        prompts: What planner and executor are asked.
        read: Reads the answer in a reply, `None` when there is none.
        gate: Turns the samples of a stage into a verdict.
    """

    name: str
    prompts: Prompts
    read: Callable[[str], str | None]
    gate: Gate
