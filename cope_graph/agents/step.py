"""An agent's next step as a task: it is proposed n times, voted on, and decided (paper, 4.1)."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any, Final, Required

from typing_extensions import TypedDict

from cope_graph.agents.actions import decode, encode, read_action
from cope_graph.agents.canonical_form import Form, canonical
from cope_graph.agents.rules import StepRules
from cope_graph.agents.signatures import signatures
from cope_graph.agents.step_gate import by_steps
from cope_graph.gates.verdict import Question, Verdict
from cope_graph.models.calls import message_of
from cope_graph.tasks.task import Offer, Plan, Prompts, Task

if TYPE_CHECKING:
    from cope_graph.state import Sample

STEP: Final = "Decide on the next step of the work above."
"""Stands in the place of a question, behind the agent's messages."""

_LONGEST: Final = 200  # characters of a tool's description that planners read


class StepInputs(TypedDict, total=False):
    """What a step is given beside the agent's messages."""

    tools: Required[list[dict[str, Any]]]
    """The tools that may be called, in OpenAI's format."""
    tool_choice: Any
    """What LangChain's `bind_tools` takes."""
    plan: str
    """The large model's guideline of an earlier step, which is kept."""


@dataclass(frozen=True)
class StepPrompts(Prompts):
    """Prompts of a step: without a plan an executor is asked as the agent itself would ask."""

    def executor(self, question: str, plans: Sequence[Plan] = ()) -> str:
        """Render the turn behind the agent's messages; empty without a plan."""
        return super().executor(question, plans) if any(plan.text for plan in plans) else ""


PROMPTS: Final = StepPrompts(
    goal=(
        "{question}\n\n"
        'What has to be found out or done next? Answer in one sentence that starts with "Next". Do '
        "not do it, and call no tool."
    ),
    guideline=(
        "{question}\n\n"
        "How would you go about what is left of the task? Answer in one or two sentences that "
        'start with "First", name the tools in their order, and say what to look out for. Call no '
        "tool."
    ),
    execute="{question}\n\n{plan}Take one step: call a tool, or give the final answer.",
    with_goal="{goal}\n\n",
    with_guideline="{guideline}\n\n",
)


def step_task(rules: StepRules) -> Task:
    """Make the task of an agent's step.

    Args:
        rules: When steps are the same, and who may decide which.
    """
    return Task(
        name="step",
        prompts=PROMPTS,
        read=read_step,
        gate=partial(_gate, rules),
        inputs=StepInputs,
        show=_shown,
        offer=_offer,
        condense=rules.condensed,
    )


def read_step(text: str) -> str | None:
    """Read the step in a reply; a call that no tool takes is read too, for the agent to see."""
    message = message_of(text)
    action = read_action(message)
    if action is not None:
        return encode(action)
    return text if message.tool_calls or message.invalid_tool_calls else None


def _offer(question: Question) -> Offer:
    given = question.inputs
    return Offer(tuple(given.get("tools") or ()), given.get("tool_choice"), given.get("plan"))


def _shown(question: Question) -> str:
    """Tell planners which tools there are."""
    functions = [tool.get("function", tool) for tool in question.inputs.get("tools") or ()]
    lines = [f"- {it.get('name')}: {_first_line(it)}" for it in functions]
    return "\n".join([question.text, *(["Tools:", *lines] if lines else [])])


def _first_line(function: Mapping[str, Any]) -> str:
    said = str(function.get("description") or "").strip()
    return said.partition("\n")[0][:_LONGEST]


def _gate(rules: StepRules, question: Question, samples: Sequence[Sample]) -> Verdict:
    tools = json.dumps(question.inputs.get("tools") or [], sort_keys=True)
    form = rules.form(_form(tools))
    # Most proposals are the same: each is looked at once.
    can = {said: _can_be_taken(said, form) for said in {sample["answer"] for sample in samples}}
    steps: list[Sample] = [
        sample if can[sample["answer"]] else {**sample, "answer": None} for sample in samples
    ]
    verdict = by_steps(form, rules.equal)(question, steps)
    if verdict.answer is None:
        return _none(verdict, samples)
    return _held_back(rules, verdict)


@lru_cache(maxsize=64)
def _form(tools: str) -> Form:
    return Form(tools=signatures(json.loads(tools)))


def _can_be_taken(said: str | None, form: Form) -> bool:
    action = None if said is None else decode(said)
    return action is not None and canonical(action, form) is not None


def _none(verdict: Verdict, samples: Sequence[Sample]) -> Verdict:
    """Hand on a call that cannot be made: where nothing better comes, the agent is told so."""
    for index, sample in enumerate(samples):
        if sample["answer"] is not None:
            reason = f"none of {len(samples)} proposals is a step that can be taken"
            return Verdict(None, index, sample["answer"], reason)
    return verdict


def _held_back(rules: StepRules, verdict: Verdict) -> Verdict:
    """Keep the small model's vote from deciding what cannot be undone."""
    action = decode(verdict.answer or "")
    calls = action.calls if action else ()
    held = next((call.name for call in calls if rules.is_irreversible(call.name)), None)
    if held is None:
        return verdict
    reason = f"{verdict.explanation}, to call {held}, which is the large model's to decide"
    return Verdict(None, verdict.winner, verdict.answer, reason)
