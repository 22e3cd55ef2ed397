"""What differs by task family: prompts, reading an answer, the gate."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from string import Formatter
from typing import TYPE_CHECKING, Any, Literal

from langchain_core.messages import BaseMessage

from cope_graph import gates
from cope_graph.errors import InputError
from cope_graph.gates.asking import AskingGate
from cope_graph.gates.perplexities import Perplexity
from cope_graph.gates.verdict import AsyncGate, Gate, Question
from cope_graph.tasks.delimit import delimited

if TYPE_CHECKING:
    from cope_graph.tasks.programs import Programs

Condense = Callable[[Sequence[BaseMessage]], Sequence[BaseMessage]]
"""From a conversation to what of it the large model gets."""
PlanForm = Literal["goal", "guideline"]
Learn = Callable[[Question, Sequence[Any]], str | None]
"""From the samples of a stage that did not pass to a few words for the next one."""


@dataclass(frozen=True)
class Offer:
    """Tools that the next step of an agent may call.

    Attributes:
        tools: In OpenAI's format.
        choice: What LangChain's `bind_tools` takes as `tool_choice`.
        plan: A guideline of the large model from an earlier step, which is kept.
    """

    tools: tuple[Mapping[str, Any], ...]
    choice: Any = None
    plan: str | None = None


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

    Question, goal and guideline are put in between tags (`<question>`, a line of its own) that
    they cannot close: a template need not mark where they end. Other braces are written twice.

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
        """Read each template once, so that a bad one shows before anything is paid.

        Raises:
            InputError: A template lacks a field, has one that is not known, or has a field that
                is more than its name: a format such as `{question:.99}` would cut the tag off.
        """
        for name, fields in _FIELDS.items():
            try:
                parts = list(Formatter().parse(getattr(self, name)))
            except (TypeError, ValueError) as error:
                msg = f"The prompt {name!r} is no template of {fields}: {error!r}."
                raise InputError(msg) from error
            found = {tuple(field) for _, *field in parts if field[0] is not None}
            if found != {(field, "", None) for field in fields}:
                msg = (
                    f"The prompt {name!r} must hold {fields} as they are; write other braces twice."
                )
                raise InputError(msg)

    def planner(self, form: PlanForm, question: str) -> str:
        """Render the turn that asks for a plan."""
        template = self.goal if form == "goal" else self.guideline
        return template.format(question=delimited("question", question))

    def executor(self, question: str, plans: Sequence[Plan] = ()) -> str:
        """Render the turn that asks for a solution, with the plans there are."""
        shown = {"goal": self.with_goal, "guideline": self.with_guideline}
        parts = [
            shown[plan.form].format(**{plan.form: delimited(plan.form, plan.text)})
            for plan in plans
            if plan.text
        ]
        asked = delimited("question", question)
        return self.execute.format(question=asked, plan="".join(parts))


def text_of(question: Question) -> str:
    """Show a question's text alone."""
    return question.text


@dataclass(frozen=True)
class Task:
    """A family of questions.

    Attributes:
        name: Its name, in traces and on screen.
        prompts: What planner and executor are asked.
        read: Reads the answer in a reply, `None` when there is none.
        gate: Turns the samples of a stage into a verdict, by itself or by asking a model.
        agate: The gate's asynchronous twin, `None` to run the gate in a thread.
        inputs: What is asked for beside the messages: a `TypedDict`, whose keys become input keys
            of the graph; `None` for nothing.
        show: Puts what models may see of a question into words; by default its text alone.
        learn: Tells later stages, in their prompts, what became of a stage's samples; `None` tells
            them nothing (the paper).
        log_probs: Whether the gate reads the log-probabilities of the samples' tokens: a small
            model that gives none is refused.
        schema: JSON schema that the executors' replies are held to while they are written, where a
            model can; `None` leaves them free.
        offer: Of an agent's step: which tools the executors may call. The messages before the
            question are then the agent's; a sample's text is a message as
            `cope_graph.models.calls` writes it.
        condense: What of the conversation the large model gets; `None` for all of it.
        programs: Which samples of the small model are programs whose output is their answer;
            `None` for none (the paper).
    """

    name: str
    prompts: Prompts
    read: Callable[[str], str | None]
    gate: Gate | AskingGate
    agate: AsyncGate | None = None
    inputs: type | None = None
    show: Callable[[Question], str] = text_of
    learn: Learn | None = None
    log_probs: bool = False
    schema: Mapping[str, Any] | None = None
    offer: Callable[[Question], Offer] | None = None
    condense: Condense | None = None
    programs: Programs | None = None

    def __post_init__(self) -> None:
        """Refuse a gate that would fail, or escalate each run, once its samples are paid.

        Raises:
            InputError: The gate is none, was not made yet, or reads what nobody asks for.
        """
        gate: object = self.gate
        name = getattr(gate, "__name__", "")
        if name in gates.__all__ and gate is getattr(gates, name):
            msg = f"gates.{name} makes a gate: call it, gates.{name}(...)."
            raise InputError(msg)
        if not (isinstance(gate, AskingGate) or callable(gate)):
            msg = f"{gate!r:.60} is no gate: pass gates.judge() or a function of your own."
            raise InputError(msg)
        if isinstance(gate, Perplexity) and not self.log_probs:
            msg = "gates.perplexity() reads log-probabilities: pass Task(..., log_probs=True)."
            raise InputError(msg)
        in_words = self.schema is None and self.offer is None and not self.log_probs
        if self.programs is not None and not in_words:
            msg = (
                "Programs vote beside answers in words: leave them out of a task with log_probs, "
                "schema or offer."
            )
            raise InputError(msg)
