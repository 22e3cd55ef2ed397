"""What differs by task family: prompts, reading an answer, the gate."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from cope_graph.errors import InputError
from cope_graph.gates.verdict import Gate

PlanForm = Literal["goal", "guideline"]


@dataclass(frozen=True)
class Plan:
    """One or two sentences: what is to be found (goal), or how to go about it (guideline)."""

    form: PlanForm
    text: str


_FIELDS = {
    "goal": ("question",),
    "guideline": ("question",),
    "execute": ("question", "plan"),
    "with_goal": ("goal",),
    "with_guideline": ("guideline",),
}


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

    def __post_init__(self) -> None:
        """Render each template once, so that a bad one shows before anything is paid.

        Raises:
            InputError: A template lacks a field, or has one that is not known.
        """
        for name, fields in _FIELDS.items():
            template = getattr(self, name)
            values = {field: f"<{field}>" for field in fields}
            try:
                complete = all(value in template.format(**values) for value in values.values())
            except (KeyError, IndexError, ValueError) as error:
                msg = f"The prompt {name!r} is no template of {fields}: {error!r}."
                raise InputError(msg) from error
            if not complete:
                msg = f"The prompt {name!r} must hold {fields}; write other braces twice."
                raise InputError(msg)

    def planner(self, form: PlanForm, question: str) -> str:
        """Render the turn that asks for a plan."""
        template = self.goal if form == "goal" else self.guideline
        return template.format(question=question)

    def executor(self, question: str, plans: Sequence[Plan] = ()) -> str:
        """Render the turn that asks for a solution, with the plans there are."""
        shown = {"goal": self.with_goal, "guideline": self.with_guideline}
        parts = [shown[plan.form].format(**{plan.form: plan.text}) for plan in plans if plan.text]
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
